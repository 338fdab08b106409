"""Alerts in other people's hands: evidence bundles, GeoJSON, dossiers."""
