"""The service and the screen. The screen's source is `web/` at the root, its build `static/`."""
