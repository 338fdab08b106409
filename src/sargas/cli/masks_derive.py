"""`sargas masks derive`: masks found in the home's own fixes, for review."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sargas.cli.home import home_dir, person
from sargas.cli.words import put_json, put_table, say
from sargas.errors import EXIT_OK, NotFoundError, UsageError
from sargas.model.time import DAY_MS, iso, parse_iso

YEAR_DAYS = 365


def derive(
    what: Literal["anchorages"],
    /,
    *,
    out: Path,
    home: Path | None = None,
    owner: str | None = None,
    until: str | None = None,
    stay_h: float = 12.0,
    within_m: float = 500.0,
    vessels: int = 20,
    positions: int = 200,
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Find anchorages in the home's own fixes, and write them as masks for review.

    Nothing is muted by it: look at the file on a map, take out what is wrong, and give it to
    'sargas masks add'. One that lies over an asset or beside it counts for that asset alone.

    The method is that of Global Fishing Watch: vessels that stay within 500 m for 12 hours, 20
    different ones in half a kilometre, with 200 positions, one a vessel and ten minutes. It wants
    weeks of data.

    Examples:
      sargas masks derive anchorages --home watch --out anchorages.geojson
      sargas masks derive anchorages --home watch --out few.geojson --vessels 5 --stay-h 6

    Parameters
    ----------
    what
        What to find.
    out
        The GeoJSON file to write.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    owner
        Who answers for these masks (default: you).
    until
        Their end (ISO 8601 with zone); a year after the newest fix if not given.
    stay_h
        Hours that a vessel lies still at least.
    within_m
        Metres that it stays within.
    vessels
        Different vessels in a place at least.
    positions
        Positions in a place at least, one a vessel and ten minutes.
    force
        Write also where there is such a file already.
    json
        One anchorage a line, as JSON.
    quiet
        Print no remarks.
    """
    from sargas.cli.deriving import archive_stays, write_collection
    from sargas.cli.masks import count_of
    from sargas.reference import home_assets
    from sargas.reference.anchorages import Criteria, anchorages, as_masks
    from sargas.reference.masks import feature_of
    from sargas.store import Archive, Home

    if not (stay_h > 0 and within_m > 0 and vessels >= 1 and positions >= 1):
        raise UsageError("--stay-h, --within-m, --vessels and --positions are all above zero.")
    if out.exists() and not force:
        raise UsageError("There is such a file already.", where=str(out),
                         hint="Name another one, or write over it with --force.")  # fmt: skip
    place = home_dir(home)
    if not (place / "home.json").is_file():
        raise NotFoundError("There is no home here.", where=str(place),
                            hint="Make one with 'sargas scan FILE --home DIR'.")  # fmt: skip
    stored = Home(place, create=False)
    with Archive(stored) as archive:
        span = archive.span()
    if span is None:
        raise NotFoundError("Nothing is stored here yet.", where=str(place))
    criteria = Criteria(stay_h, within_m, vessels, positions)
    stays = archive_stays(stored, criteria)
    found = anchorages(stays, criteria)
    until_ms = parse_iso(until) if until else span[1] + YEAR_DAYS * DAY_MS
    if until_ms <= span[1]:
        raise UsageError("--until is not after the newest stored fix.", where=iso(span[1]))
    masks = as_masks(found, home_assets(place).watched(), owner or person(), until_ms)
    write_collection(out, {
        "type": "FeatureCollection",
        "note": "Derived by 'sargas masks derive anchorages'; for review, not applied.",
        "criteria": vars(criteria),
        "span": {"from": iso(span[0]), "to": iso(span[1])},
        "features": [feature_of(mask) for mask in masks],
    })  # fmt: skip
    if json:
        for mask in masks:
            put_json(feature_of(mask)["properties"])
    elif masks:
        put_table(("id", "assets", "why"), [
            (m.id, count_of(m.assets), m.reason) for m in masks
        ])  # fmt: skip
    say(f"{len(stays):,} stays of {stay_h:g} h or more, {len(masks)} anchorages in {out}.",
        quiet=quiet)  # fmt: skip
    say("Nothing is muted yet: look at them on a map, then 'sargas masks add'.", quiet=quiet)
    return EXIT_OK
