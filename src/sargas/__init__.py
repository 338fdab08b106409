"""sargas: a sentry for the Baltic on open data."""

__version__ = "0.1.0"
