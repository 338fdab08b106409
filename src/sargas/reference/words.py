"""The words of other people's files in the house's own: status, kind, licence."""

from __future__ import annotations

import re
from collections.abc import Mapping

STATUSES = (
    "in_service", "out_of_service", "planned", "construction", "idle", "retired", "unknown",
)  # fmt: skip

_STATUS_WORDS = {
    "in_service": "in service, operational, operating, in operation, in use, active, live, "
    "production, commissioned, fully commissioned, partial generation/under construction, yes",
    "out_of_service": "damaged out of service, out of service, damaged, faulted, broken",
    "planned": "proposed, planned, planned or construction, planning, pre construction, "
    "permitted, authorised, authorized, approved, announced, concept, development",
    "construction": "under construction, in construction, building",
    "idle": "mothballed, inactive, suspended, not in use",
    "retired": "decommissioned, disused, abandoned, removed, dismantled, obsolete",
    "unknown": "none, n/a, na, not available, other",
}
_STATUS = {word: word for word in STATUSES} | {
    text.strip().replace(" ", "_"): status
    for status, texts in _STATUS_WORDS.items()
    for text in texts.split(",")
}


def status_of(text: object) -> str | None:
    """Put a status into the house's words; an absent one is `unknown`.

    Returns:
        One of `STATUSES`; None for a word that is not known.

    Example:
        >>> status_of("damaged_out_of_service"), status_of("Operating"), status_of(None)
        ('out_of_service', 'in_service', 'unknown')
        >>> status_of("purple") is None
        True
    """
    if text is None or not str(text).strip():
        return "unknown"
    return _STATUS.get(re.sub(r"[\s_-]+", "_", str(text).strip().lower()))


# Tried in order: the first whose pattern is found in the text names the kind.
_KIND_PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("lng_terminal", r"\blng\b|fsru"),
        ("wind_farm", r"wind\W?(farm|park)|windpark|offshore wind|wind turbine"),
        ("oil_pipeline", r"\boil\b.*pipe|pipe.*\boil\b|crude"),
        ("gas_pipeline", r"\bgas\b|pipeline|\bpipe\b"),
        ("telecom_cable", r"tele(com|phone|graph)|communication|fibre|fiber|\bdata\b|internet"),
        ("power_cable", r"power|electric|hvdc|hvac|\bexport cable|\barray cable|interconnector"),
        ("unspecified_cable", r"cable|kabel|\bline\b"),
    )
)


def kind_of(text: object) -> str | None:
    """Put a kind of asset into the house's words.

    Returns:
        One of `sargas.model.assets.KINDS`; None when the text says nothing known.

    Example:
        >>> kind_of("Submarine power cable"), kind_of("telecom_cable"), kind_of("Gas pipeline")
        ('power_cable', 'telecom_cable', 'gas_pipeline')
    """
    words = re.sub(r"[\s_-]+", " ", str(text or "").strip().lower())
    if not words:
        return None
    if words == "other":
        return "other"
    return next((kind for kind, pattern in _KIND_PATTERNS if pattern.search(words)), None)


def kind_of_osm_tags(tags: Mapping[str, object]) -> str | None:
    """Read the kind of asset from OpenStreetMap tags; None when they say nothing known.

    Source: OpenStreetMap wiki, keys `power`, `communication`, `man_made`, `seamark:type`.
    """

    def tag(key: str) -> str:
        return str(tags.get(key) or "").lower()

    category = tag("seamark:cable_submarine:category") or tag("cable:type")
    if tag("seamark:type") == "pipeline_submarine" or tag("man_made") == "pipeline":
        product = " ".join(
            tag(k) for k in ("substance", "type", "seamark:pipeline_submarine:product")
        )
        return "oil_pipeline" if "oil" in product else "gas_pipeline" if "gas" in product else None
    if tag("power") in ("cable", "line") or "power" in category or "transmission" in category:
        return "power_cable"
    if any(word in category for word in ("telephone", "telegraph", "fibre", "fiber", "optic")):
        return "telecom_cable"
    if tag("communication") in ("line", "cable") or tag("telecom") in ("line", "cable", "yes"):
        return "telecom_cable"
    if tag("seamark:type") == "cable_submarine":
        return "unspecified_cable"
    return "wind_farm" if "wind" in tag("generator:source") + tag("plant:source") else None


_LICENCES = (
    ("ODbL-1.0", r"\bodbl|open database licen[cs]e|opendatacommons\.org/licenses/odbl"),
    ("CC-BY-NC-SA-4.0", r"by[- ]nc[- ]sa|noncommercial[- ]sharealike"),
    ("CC-BY-NC-4.0", r"by[- ]nc\b|non-?commercial"),
    ("CC-BY-SA-4.0", r"by[- ]sa\b|sharealike"),
    ("CC-BY-4.0", r"cc[- ]?by\b|creativecommons\.org/licenses/by/|creative commons attribution"),
    ("CC0-1.0", r"\bcc[- ]?0\b|publicdomain/zero"),
    ("PDDL-1.0", r"\bpddl\b"),
    ("public domain", r"public domain|us government work"),
)


def licence_of(text: object) -> str:
    """Name a licence in short where its text is known; other text is kept as it is.

    A sentence that mentions the ODbL is read as ODbL-1.0: of two licences on one geometry the
    database licence binds.

    Example:
        >>> licence_of("CC-BY-4.0 (GEM); geometry carries OSM name tags: treat as ODbL-1.0")
        'ODbL-1.0'
        >>> licence_of("Elering, by letter of 2026-03-01")
        'Elering, by letter of 2026-03-01'
    """
    words = str(text or "").strip()
    if re.fullmatch(r"[A-Za-z0-9.+-]+-\d\.\d", words):
        return words
    for name, pattern in _LICENCES:
        if re.search(pattern, words.lower()):
            return name
    return words


def is_non_commercial(licence: str) -> bool:
    """Tell whether a licence forbids commercial use, so that nothing of it may be passed on."""
    return re.search(r"\bNC\b|non-?commercial", licence, re.IGNORECASE) is not None
