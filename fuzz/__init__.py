"""Hostile input for every decoder and importer; see `make fuzz` and CONTRIBUTING.md."""
