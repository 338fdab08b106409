"""The shipped geography and registers, each with its licence, and importers for a user's own."""

from __future__ import annotations

from sargas.reference.geography import Geography, Ports, port_at, shipped_geography
from sargas.reference.grid import Grid, sample
from sargas.reference.home import home_assets
from sargas.reference.importer import apply_import, load_assets, plan_import
from sargas.reference.licences import DISCLAIMER, attributions, licences
from sargas.reference.masks import Mask, load_masks
from sargas.reference.options import ImportOptions
from sargas.reference.registers import Flag, flag_of, imo_is_valid, mmsi_kind, ship_type_text
from sargas.reference.shipped import shipped_assets

__all__ = [
    "DISCLAIMER",
    "Flag",
    "Geography",
    "Grid",
    "ImportOptions",
    "Mask",
    "Ports",
    "apply_import",
    "attributions",
    "flag_of",
    "home_assets",
    "imo_is_valid",
    "licences",
    "load_assets",
    "load_masks",
    "mmsi_kind",
    "plan_import",
    "port_at",
    "sample",
    "ship_type_text",
    "shipped_assets",
    "shipped_geography",
]
