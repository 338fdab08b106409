"""`sargas vessel`: find a vessel in a home, show who it said it is; its track: `vessel_track`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, NotFoundError, UsageError
from sargas.model.time import iso

if TYPE_CHECKING:
    from sargas.api import Vessel
    from sargas.model.fixes import Fixes

CAVEAT = "As the vessel reported itself over AIS; none of it was checked. An entry is no proof."

FOUND = ("MMSI", "name", "IMO", "call sign", "type", "flag", "last said", "note")

app = App(
    name="vessel",
    help="Find a vessel in a home; who it said it is, where it was, its track.",
    help_format="plaintext",
)
app.command(
    "sargas.cli.vessel_track:track", name="track", help="Write a track: GeoJSON, CSV, KML or GPX."
)


@app.command
def find(
    text: str,
    /,
    *,
    home: Path | None = None,
    limit: int = 20,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Find vessels by a part of their name, call sign, MMSI or IMO number.

    A name that a vessel had earlier finds it too, and the row says so. Leaves with 5 if there is
    none.

    Examples:
      sargas vessel find eagle --home watch
      sargas vessel find 9329760
      sargas vessel find 2761 --json | jq .mmsi

    Parameters
    ----------
    text
        What to look for; capitals do not matter.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    limit
        At most so many, the nearest first: equal, then by the beginning, then the latest heard.
    json
        One vessel a line, as JSON.
    quiet
        Print no count.
    """
    from sargas.api import Home
    from sargas.cli.crossings import put_marked
    from sargas.cli.kept_alerts import open_stored

    stored = open_stored(home)
    if not text.strip():
        raise UsageError("There is nothing to look for.", hint="Give a part of a name or number.")
    if limit < 1:
        raise UsageError(f"--limit {limit} is not 1 or more.")
    with Home(stored.path) as asked:
        found = asked.archive.vessels(text, limit + 1)
        exercise = asked.exercise
    if not found:
        raise NotFoundError(
            f"No vessel has '{clean_text(text)}' in its name, call sign, MMSI or IMO number.",
            where=str(stored.path),
            hint="Give a shorter part of it.",
        )
    rows = [_found(said, text, exercise) for said in found[:limit]]
    if json:
        for row in rows:
            put_json(row)
    else:
        put_marked(FOUND, [_found_cells(row) for row in rows], exercise=bool(exercise))
    count = counted(len(rows), "vessel")
    more = ", and there are more: raise --limit, or give a longer part" * (len(found) > limit)
    say(f"{count}{more}.", quiet=quiet)
    return EXIT_OK


def _found(said: dict[str, Any], text: str, exercise: str) -> dict[str, Any]:
    """Write a vessel that was found, as `--json` does."""
    from sargas.reference import flag_of

    flag = flag_of(said["mmsi"]) if said["domain"] == "sea" else None
    fields = ("domain", "mmsi", "imo", "name", "callsign", "ship_type", "length_m", "destination")
    return {
        **{field: said[field] for field in fields}, "flag": flag.name if flag else None,
        "last_said": iso(said["t_ms"]), "by_earlier": _by_earlier(text, said),
        "exercise": exercise or None,
    }  # fmt: skip


def _found_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Write a vessel that was found as a row of the table."""
    from sargas.reference import ship_type_text

    kind = ship_type_text(row["ship_type"]) if row["ship_type"] else None
    told = (row["name"], row["imo"], row["callsign"], kind, row["flag"], row["last_said"])
    note = "found by what it said earlier" if row["by_earlier"] else ""
    return (_number_text(row), *(str(value or "-") for value in told), note)


def _by_earlier(text: str, said: dict[str, Any]) -> bool:
    """Tell whether nothing that a vessel says now has the text in it: an earlier word found it."""
    wanted = text.strip().lower()
    now = (_number_text(said), said["imo"], said["name"], said["callsign"])
    return not any(wanted in str(value or "").lower() for value in now)


def _number_text(said: dict[str, Any]) -> str:
    """Write a vessel's number as it is written: nine digits at sea, hexadecimal in the air."""
    return f"{said['mmsi']:09d}" if said["domain"] == "sea" else f"{said['mmsi']:06x}"


@app.command
def show(
    mmsi: int,
    /,
    *,
    home: Path | None = None,
    lists: list[Path] | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Show one vessel: who it said it is and from when until when, its last fix, its alerts.

    What your lists said of it when it rang is told with it; name lists with --lists to ask them
    as they are now. Leaves with 5 if the home has nothing of it.

    Examples:
      sargas vessel show 518998865 --home watch
      sargas vessel show 518998865 --lists port-watch.csv
      sargas vessel show 518998865 --json | jq .history

    Parameters
    ----------
    mmsi
        The vessel's MMSI.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    lists
        A CSV of what your own lists say of vessels, as 'sargas scan --lists' reads it; may be
        given several times.
    json
        All of it as one JSON object.
    quiet
        Print no caveat.
    """
    vessel = stored_vessel(mmsi, home)
    listed = _listed(vessel, lists)
    if json:
        put_json(_as_dict(vessel, listed))
    else:
        _put_vessel(vessel, listed, asked=bool(lists))
    say(CAVEAT, quiet=quiet)
    return EXIT_OK


def stored_vessel(mmsi: int, home: Path | None) -> Vessel:
    """Find a vessel in a home.

    Raises:
        UsageError: this is no MMSI. NotFoundError: there is nothing of it, or no home.
    """
    from sargas.api import Home
    from sargas.cli.kept_alerts import open_stored

    stored = open_stored(home)
    if not 0 < mmsi < 10**9:
        raise UsageError(
            f"{mmsi} is no MMSI: it has nine digits at most.",
            hint="Look for the vessel with 'sargas vessel find TEXT'.",
        )
    vessel = Home(stored.path).vessel_or_none(mmsi)
    if vessel is None:
        raise NotFoundError(
            f"Nothing of MMSI {mmsi:09d} is stored here.",
            where=str(stored.path),
            hint="Look for it by a part of its name with 'sargas vessel find TEXT'.",
        )
    return vessel


def _listed(vessel: Vessel, lists: list[Path] | None) -> list[dict[str, Any]]:
    """Give the entries on lists: those of its alerts, and of the lists that are named.

    A list is asked about the last moment that something of the vessel is known of.
    """
    found = vessel.lists
    if lists:
        from sargas.reference.vessel_lists import load_vessel_lists

        last_ms = [v.until_ms for v in vessel.history[-1:]] + vessel.last.t_ms.tolist()
        entries = load_vessel_lists(lists).about(vessel.imo, vessel.mmsi, max(last_ms, default=0))
        found += [e.to_dict() for e in entries if e.to_dict() not in found]
    return found


def _as_dict(vessel: Vessel, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Write all that is known of a vessel, as `--json` does."""
    from sargas.reference import flag_of, mmsi_kind

    said = vessel.history[-1] if vessel.history else None
    flag = flag_of(vessel.mmsi)
    return {
        "mmsi": vessel.mmsi, "mmsi_kind": mmsi_kind(vessel.mmsi),
        "flag": flag.name if flag else None,
        **{name: getattr(said, name, None) for name in ("imo", "name", "callsign", "ship_type",
                                                        "length_m", "beam_m")},
        "history": [version.to_dict() for version in vessel.history],
        "last": _fix_dict(vessel.last),
        "alerts": [
            {"id": a.id, "detector": a.detector, "priority": a.priority, "state": a.state,
             "t_detected": iso(a.t_detected_ms), "muted_by": list(a.muted_by), "text": a.text}
            for a in vessel.alerts
        ],
        "lists": listed,
        "exercise": vessel.home.exercise or None,
    }  # fmt: skip


def _fix_dict(last: Fixes) -> dict[str, Any] | None:
    """Write a vessel's last fix."""
    if not len(last):
        return None

    def known(value: float, digits: int) -> float | None:
        return None if value != value else round(float(value), digits)

    return {
        "t": iso(int(last.t_ms[0])), "lon": known(last.lon_deg[0], 6),
        "lat": known(last.lat_deg[0], 6), "sog_kn": known(last.sog_kn[0], 1),
        "cog_deg": known(last.cog_deg[0], 1), "heading_deg": known(last.heading_deg[0], 0),
        "nav_status": int(last.nav_status[0]), "station": int(last.station[0]),
    }  # fmt: skip


def _put_vessel(vessel: Vessel, listed: list[dict[str, Any]], *, asked: bool) -> None:
    """Write one vessel for people."""
    from sargas.api.vessel import said_words
    from sargas.model.card import fix_words
    from sargas.model.listing import entry_text
    from sargas.reference import flag_of

    if vessel.home.exercise:
        print(f"EXERCISE {clean_text(vessel.home.exercise)}: none of this is real.")
    print(f"{clean_text(vessel.name or 'name not received')}, MMSI {vessel.mmsi:09d}\n")
    flag = flag_of(vessel.mmsi)
    none = "no entry" if asked else "no entry told with its alerts; --lists FILE asks a list"
    put_table(("what", "value"), [
        *said_words(vessel.history[-1] if vessel.history else None),
        ("flag by its MMSI", flag.name if flag else "unknown"),
        ("last fix", fix_words(vessel.last)),
        *[("listed by", entry_text(entry)) for entry in listed],
        *([] if listed else [("listed by", none)]),
    ])  # fmt: skip
    print()
    put_table(("from", "until", "reports", "name", "IMO", "call sign", "type", "length"), [
        (iso(v.from_ms), iso(v.until_ms), f"{v.reports:,}", v.name or "-", v.imo or "-",
         v.callsign or "-", v.ship_type or "-", f"{v.length_m} m" if v.length_m else "-")
        for v in vessel.history
    ] or [("no static report was received",) + ("",) * 7])  # fmt: skip
    print()
    put_table(("alert", "priority", "detected", "detector", "state", "what"), [
        (a.id[:10], a.priority, iso(a.t_detected_ms), a.detector,
         f"{a.state}, muted" if a.muted_by else a.state, a.text)
        for a in vessel.alerts
    ] or [("none",) + ("",) * 5])  # fmt: skip
