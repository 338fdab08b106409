"""The data files that ship: licence, whom to credit, how good each is. One licence per file.

The licence of the code does not cover them. Each file has a notice of the same name beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sargas.model.assets import AssetSet

DISCLAIMER = "Approximate; not for navigation, anchoring or excavation."

_OSM = "© OpenStreetMap contributors"
_GEM = "Global Energy Monitor, Global Gas Infrastructure Tracker"


@dataclass(frozen=True)
class LicenceRow:
    """What holds for one shipped file.

    Attributes:
        file: name under `sargas/reference/data/`.
        licence: SPDX identifier, or `public domain`.
        attribution: whom to credit, as text to show.
        source: where it comes from, with version.
        accuracy: how good positions or values are.
        note: what a user must know before leaning on it.
    """

    file: str
    licence: str
    attribution: str
    source: str
    accuracy: str
    note: str


_ROWS = (
    LicenceRow(
        "infrastructure-osm.geojson",
        "ODbL-1.0",
        f"{_OSM} (ODbL); Nord Stream 1 and 2: {_GEM} (CC BY 4.0)",
        "OpenStreetMap by way of Ventusltd/globalgrid2050 @e32728b (Overpass, 2026-04-24) and "
        "jumperr12/DualHack2026 @a2a3767; Nord Stream 1 and 2: "
        "GlobalEnergyMonitor/GOIT-GGIT-pipeline-routes @6bfab45",
        "200 m to 15 km, estimated; worse on pieces with far points, see accuracy per piece",
        "The licence is stated upstream for 102 features and inferred for 18. Nord Stream 1 and "
        "2 are one string each.",
    ),
    LicenceRow(
        "infrastructure-ccby.geojson",
        "CC-BY-4.0",
        f"{_GEM} (2024-10), CC BY 4.0; European Marine Observation and Data Network (EMODnet) "
        "Human Activities, CC BY 4.0",
        "GlobalEnergyMonitor/maps @094c98b (2024-10-08); EMODnet Human Activities by way of "
        "jumperr12/DualHack2026 @a2a3767",
        "wind farms 500 m, LNG terminals 1 km, estimated",
        "Selected, clipped and simplified. The status of wind farms is unverified; that "
        "EMODnet's polygons are CC BY 4.0 is unverified.",
    ),
    LicenceRow(
        "land_baltic_200m.geojson",
        "ODbL-1.0",
        _OSM,
        "npm @geo-maps/earth-lands-100m 0.6.0 (OpenStreetMap land polygons)",
        "coast: median 0 m, 95 % within 1.1 km",
        "Islands under 0.3 km² and lakes under 30 km² left out, simplified to 200 m.",
    ),
    LicenceRow(
        "land_distance.npz",
        "ODbL-1.0",
        _OSM,
        "computed from land_baltic_200m.geojson by tools/build_land_distance.py",
        "bilinear, against the exact distance to the same land: median 9 m, 95 % within 58 m, "
        "at most 0.3 km",
        "A database derived from OpenStreetMap. Islets under 0.3 km² count as sea.",
    ),
    LicenceRow(
        "territory_12nm.geojson",
        "ODbL-1.0",
        _OSM,
        "npm @osm_borders/maritime_100m 1.1.0 (OpenStreetMap admin_level=2)",
        "200 m",
        "Land and territorial sea, no baselines, no economic zones. Åland lies in Finland too; "
        "Estonia and Russia overlap by 167 km².",
    ),
    LicenceRow(
        "ports_wpi.geojson",
        "public domain",
        "National Geospatial-Intelligence Agency, World Port Index",
        "World Port Index (Pub. 150) by way of jordanbell2357/uscg-nais-data @5b20d4f (2024-02)",
        "about 1 minute of arc, up to 1.8 km",
        "One point a harbour. Its depths are classes and are not used.",
    ),
    LicenceRow(
        "mmsi_mid.json",
        "Apache-2.0",
        "MIDs by Michael Fazio (Apache-2.0)",
        "michaeljfazio/MIDs @3207519, facts from ITU",
        "state of 2021",
        "Digits given out later are missing; 471 is added by the code.",
    ),
    LicenceRow(
        "etopo5_baltic.npz",
        "public domain",
        "NOAA National Geophysical Data Center, ETOPO5",
        "Debian ferret-datasets 7.6.0-5, etopo5.cdf",
        "cells of 9 km by 4-6 km; narrow deeps up to 260 m too shallow",
        "A coarse hint only, never under-keel clearance. Public domain is unverified.",
    ),
)


def licences() -> tuple[LicenceRow, ...]:
    """List the shipped files with licence, attribution, source, accuracy and a note."""
    return _ROWS


def licence_table() -> list[dict[str, str]]:
    """Give `licences()` as dictionaries, for JSON."""
    return [asdict(row) for row in _ROWS]


def attributions(assets: AssetSet | None = None, files: Iterable[str] | None = None) -> list[str]:
    """List whom to credit, each once, sorted.

    Args:
        assets: the assets that are shown; their own attributions are listed.
        files: names of shipped files that are shown; all of them when neither is given.
    """
    credits = set(assets.attributions) if assets is not None else set()
    wanted = set(files) if files is not None else None
    if wanted is not None or assets is None:
        credits |= {r.attribution for r in _ROWS if wanted is None or r.file in wanted}
    return sorted(credits)
