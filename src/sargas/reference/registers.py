"""What a vessel's numbers say about it: flag, kind of station, type of ship, a valid IMO number.

All of it is typed in aboard or assigned by an office: a hint for a person, never proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sargas.reference.files import read_json

ADDED_MIDS = {"471": ("AE", "ARE", "United Arab Emirates")}
"""Digits missing from the shipped table of 2021, from ITU's own."""

RENAMED = {"274": "North Macedonia", "306": "Curaçao", "669": "Eswatini"}
"""Names of states that the shipped table has in an older form."""


@dataclass(frozen=True)
class Flag:
    """The state or territory that an MMSI's identification digits were given to.

    Attributes:
        iso2, iso3: ISO 3166-1 codes.
        name: English name.
    """

    iso2: str
    iso3: str
    name: str


@cache
def _flags() -> dict[str, Flag]:
    """Read the table of identification digits, with what is missing from it added."""
    flags = {
        mid: Flag(iso2, iso3, RENAMED.get(mid, name))
        for mid, (iso2, iso3, _region, name) in read_json("mmsi_mid.json").items()
    }
    flags.update({mid: Flag(*row) for mid, row in ADDED_MIDS.items() if mid not in flags})
    return flags


# The digits before the three identification digits, longest first; ITU-R M.585-9, annex 1.
_MMSI_FORMS = (
    ("111", "sar_aircraft"),
    ("00", "coast_station"),
    ("98", "craft_of_parent"),
    ("99", "aid_to_navigation"),
    ("0", "group"),
    ("8", "handheld"),
)
_MMSI_DEVICES = {"970": "sart", "972": "mob", "974": "epirb"}


def _digits(mmsi: int | str) -> str:
    """Write an MMSI with its leading zeros; empty for what cannot be one."""
    text = str(mmsi).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return ""
    return text.zfill(9)


def _kind_and_mid(mmsi: int | str) -> tuple[str, str]:
    """Split an MMSI into the kind of station and its identification digits (may be empty)."""
    text = _digits(mmsi)
    if not text:
        return "unknown", ""
    if text[:3] in _MMSI_DEVICES:
        return _MMSI_DEVICES[text[:3]], ""
    if text[0] in "234567":
        return "ship", text[:3]
    for prefix, kind in _MMSI_FORMS:
        if text.startswith(prefix):
            mid = text[len(prefix) : len(prefix) + 3]
            return (kind, mid) if mid[0] in "234567" else ("unknown", "")
    return "unknown", ""


@cache
def mmsi_kind(mmsi: int | str) -> str:
    """Tell what kind of station an MMSI belongs to by its form.

    Args:
        mmsi: number or text of up to nine digits; leading zeros may be missing.

    Returns:
        `ship`, `coast_station`, `group`, `sar_aircraft`, `aid_to_navigation`,
        `craft_of_parent`, `handheld`, `sart`, `mob`, `epirb`, or `unknown` for a form that the
        recommendation does not know.

    Source: ITU-R M.585-9.

    Example:
        >>> mmsi_kind(276123456), mmsi_kind("002761000"), mmsi_kind(992761234), mmsi_kind(123)
        ('ship', 'coast_station', 'aid_to_navigation', 'unknown')
    """
    return _kind_and_mid(mmsi)[0]


@cache
def flag_of(mmsi: int | str) -> Flag | None:
    """Give the flag that an MMSI's identification digits stand for.

    None means that the MMSI carries none, or that they are not in the table of 2021: newly
    given digits are missing, so that None is a weak sign at most.

    Example:
        >>> flag_of(276123456)
        Flag(iso2='EE', iso3='EST', name='Estonia')
        >>> flag_of(970123456) is None
        True
    """
    return _flags().get(_kind_and_mid(mmsi)[1])


# ITU-R M.1371-5, annex 8, table 53.
_TYPES = {
    0: "not available",
    30: "fishing",
    31: "towing",
    32: "towing, longer than 200 m or wider than 25 m",
    33: "dredging or underwater work",
    34: "diving",
    35: "military",
    36: "sailing",
    37: "pleasure craft",
    50: "pilot",
    51: "search and rescue",
    52: "tug",
    53: "port tender",
    54: "anti-pollution",
    55: "law enforcement",
    56: "local vessel",
    57: "local vessel",
    58: "medical transport",
    59: "ship of a state not party to a conflict",
}
_TYPE_GROUPS = {
    2: "wing in ground",
    4: "high-speed craft",
    6: "passenger",
    7: "cargo",
    8: "tanker",
    9: "other",
}
_HAZARDS = {1: "X", 2: "Y", 3: "Z", 4: "OS"}


def ship_type_text(code: int) -> str:
    """Put a ship type code of AIS messages 5 and 24 into words.

    Args:
        code: 0-255 as sent.

    Source: ITU-R M.1371-5, table 53; 10 to 19, 38 and 39 and all above 99 are reserved.

    Example:
        >>> ship_type_text(70), ship_type_text(82), ship_type_text(33), ship_type_text(147)
        ('cargo', 'tanker, hazard category Y', 'dredging or underwater work', 'reserved (147)')
    """
    if code in _TYPES:
        return _TYPES[code]
    group = _TYPE_GROUPS.get(code // 10)
    if group is None or not 0 <= code <= 99:
        return f"reserved ({code})"
    hazard = _HAZARDS.get(code % 10)
    return f"{group}, hazard category {hazard}" if hazard else group


def imo_is_valid(imo: int | str) -> bool:
    """Check an IMO ship number: seven digits whose last one is the check digit.

    Args:
        imo: number, or text with or without the prefix `IMO`. 0 means that there is none.

    Source: IMO resolution A.1117(30): 7a + 6b + 5c + 4d + 3e + 2f ends in g.

    Example:
        >>> imo_is_valid(9329760), imo_is_valid("IMO 9187629"), imo_is_valid(9329761)
        (True, True, False)
    """
    text = str(imo).strip().upper().removeprefix("IMO").strip()
    if len(text) != 7 or not (text.isascii() and text.isdigit()) or text[0] == "0":
        return False
    total = sum(int(d) * w for d, w in zip(text, range(7, 1, -1), strict=False))
    return total % 10 == int(text[6])
