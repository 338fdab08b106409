"""`sargas alerts suspend` and its neighbours: what is ordinary for a while, muted with a reason."""

from __future__ import annotations

import json as json_text
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas.cli.acts import Acted, Acting, newest_ms, officer_of, until_ms
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, InputError, UsageError
from sargas.model.time import iso

if TYPE_CHECKING:  # imported where they are used: help loads no library
    from sargas.model.suspension import Suspension
    from sargas.store import Home

ALL = "all"
_SAID = Acting()


def home_suspensions(home: Path) -> tuple[Suspension, ...]:
    """Give the suspensions that a home's log tells of, for a watch; nothing is made.

    Example:
        >>> home_suspensions(Path("no-such-home"))
        ()
    """
    from sargas.store import AuditLog, Home

    if not (home / "home.json").is_file():
        return ()
    stored = Home(home, create=False)
    if not stored.ledger_path.exists():
        return ()
    with AuditLog(stored) as log:
        return log.suspensions()


def suspend(
    *,
    detector: list[str],
    until: str,
    reason: str,
    mmsi: list[int] | None = None,
    imo: list[int] | None = None,
    list: str = "",
    area: Path | None = None,
    said: Acted = _SAID,
) -> int:
    """Suspend alerts of a vessel or a list: they become Notes that name the suspension.

    It counts from the newest time known in the home on: alerts that are there already stand.
    What it mutes is kept, counted, and listed with 'sargas alerts list --muted'.

    Examples:
      sargas alerts suspend --mmsi 230123450 --detector loiter --until 7d --reason "Works"
      sargas alerts suspend --list "Own fleet" --detector all --until 24h --reason "Exercise"

    Parameters
    ----------
    detector
        Word of a detector as in 'sargas detectors list', or 'all'; may be given several times.
    until
        An ISO 8601 time with zone, or a length like 8h or 7d; at most 90 days.
    reason
        Why it is ordinary for now.
    mmsi
        MMSI of a vessel; may be given several times.
    imo
        IMO number of a vessel; may be given several times.
    list
        Instead: name of a vessel list ('sargas scan --lists') whose vessels are meant.
    area
        A GeoJSON file with one polygon; everywhere where it is not given.
    """
    stored, t_ms, officer = _beginning(said)
    about = {
        "mmsis": mmsi or [], "imos": imo or [], "list": list, "detectors": _words(detector),
        "area": None if area is None else _polygon(area),
        "where": "" if area is None else area.stem[:80],
        "until_ms": until_ms(until, t_ms), "reason": reason,
    }  # fmt: skip
    if said.comment:
        raise UsageError("A suspension has a --reason, no --comment.")
    from sargas.store import AuditLog

    with AuditLog(stored) as log:
        act = log.suspend(officer, about, t_ms=t_ms, at_ms=_now_ms())
    _put_act(act, said, t_ms)
    if not said.json:
        print(f"{act.detail['suspension']}  until {iso(act.detail['until_ms'])}")
    return EXIT_OK


def resume(id: str, /, *, said: Acted = _SAID) -> int:
    """End a suspension before its time, from the newest time known in the home on.

    Examples:
      sargas alerts resume s12 --officer "V. Petraitis" --comment "The works are over."

    Parameters
    ----------
    id
        Id of the suspension, as 'sargas alerts suspensions' prints it.
    said
        Who ends it, and what they say with it.
    """
    from sargas.store import AuditLog

    stored, t_ms, officer = _beginning(said)
    with AuditLog(stored) as log:
        act = log.end_suspension(id, officer, t_ms=t_ms, at_ms=_now_ms(), comment=said.comment)
    _put_act(act, said, t_ms)
    return EXIT_OK


def suspensions(
    *, home: Path | None = None, past: bool = False, json: bool = False, quiet: bool = False
) -> int:
    """List what is suspended, the newest last, and how many alerts each has muted.

    Examples:
      sargas alerts suspensions --home watch
      sargas alerts suspensions --past --json

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    past
        Those too that are over.
    json
        One suspension a line, as JSON; 'muted' is the number of alerts.
    quiet
        Print no count.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store import AuditLog
    from sargas.store.standing import stored_alerts

    stored = open_stored(home)
    alerts = stored_alerts(stored)
    t_ms = newest_ms(stored, alerts)
    with AuditLog(stored) as log:
        found = [one for one in log.suspensions() if past or one.ends_ms > t_ms]
    counts = {one.id: sum(one.name in a["muted_by"] for a in alerts) for one in found}
    if json:
        for one in found:
            put_json(one.to_dict() | {"muted": counts[one.id]})
    elif found:
        put_table(
            ("id", "for", "detectors", "where", "from", "until", "by", "muted", "reason"),
            [
                (one.id, who_of(one), ", ".join(one.detectors) or ALL,
                 (one.where or "an area") if one.area else "everywhere", iso(one.from_ms),
                 iso(one.ends_ms), one.by, str(counts[one.id]), one.reason)
                for one in found
            ],
        )  # fmt: skip
    say(f"{counted(len(found), 'suspension')}, at {iso(t_ms)}.", quiet=quiet)
    return EXIT_OK


def who_of(one: Suspension) -> str:
    """Say for whom a suspension is."""
    if one.list_name:
        return f"list {one.list_name}"
    return ", ".join([*map(str, one.mmsis), *(f"IMO {n}" for n in one.imos)])


def _beginning(said: Acting) -> tuple[Home, int, str]:
    """Give the home, the newest time it knows, and who acts."""
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.standing import stored_alerts

    officer = officer_of(said)
    stored = open_stored(said.home)
    return stored, newest_ms(stored, stored_alerts(stored)), officer


def _put_act(act: Any, said: Acting, t_ms: int) -> None:  # noqa: ANN401 - a line of the log
    if said.json:
        put_json(act.to_dict())
    say(f"Written into the log as {clean_text(act.officer)}, at {iso(t_ms)}.", quiet=said.quiet)


def _words(detectors: list[str]) -> list[str]:
    """Check the words of detectors; none for all of them.

    A word that no detector has would suspend nothing, and nobody would know.
    """
    from sargas.watch.detect import DETECTORS

    known = {make.word for make in DETECTORS if make.of_vessels}
    if detectors == [ALL]:
        return []
    if strange := sorted(set(detectors) - known):
        raise UsageError(
            f"'{strange[0]}' is no detector of vessels.",
            hint=f"One or more of {', '.join(sorted(known))}; or {ALL}.",
        )
    return detectors


def _polygon(path: Path) -> Any:  # noqa: ANN401 - GeoJSON
    """Read a GeoJSON file with one polygon: a geometry, a feature, or a collection of one."""
    try:
        read = json_text.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"The area cannot be read ({error}).", where=str(path)) from error
    if isinstance(read, dict) and read.get("type") == "FeatureCollection":
        features = read.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise InputError("The area is not one polygon.", where=str(path))
        read = features[0]
    if isinstance(read, dict) and read.get("type") == "Feature":
        read = read.get("geometry")
    if not isinstance(read, dict):
        raise InputError("This is no GeoJSON polygon.", where=str(path))
    return read


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
