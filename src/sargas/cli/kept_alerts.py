"""Finding alerts that a home has kept: light, for a list is asked for often."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sargas.store import Home

LEAST_PREFIX = 4
"""Letters of an id that are looked for at least."""


def open_stored(home: Path | None) -> Home:
    """Open a home that was written before; nothing is made.

    Raises:
        NotFoundError: there is none.
    """
    from sargas.cli.home import home_dir
    from sargas.store import Home

    place = home_dir(home)
    if not (place / "home.json").is_file():
        raise NotFoundError(
            "There is no home here.",
            where=str(place),
            hint="Make one with 'sargas scan FILE --home DIR' or 'sargas watch FEED --home DIR',"
            " and name it with --home.",
        )
    return Home(place, create=False)


def whole_id(alerts: list[dict[str, Any]], wanted: str, home: Home) -> str:
    """Complete an alert's id from its beginning.

    Raises:
        NotFoundError: there is no such alert.
        UsageError: there are several, which are named, or too little was given.
    """
    beginning = wanted.strip().lower()
    same = [a for a in alerts if a["id"].startswith(beginning)]
    if any(a["id"] == beginning for a in same):
        return beginning
    if len(beginning) < LEAST_PREFIX:
        raise UsageError(
            f"'{wanted}' is too short for an alert's id.",
            hint=f"Give {LEAST_PREFIX} letters of it or more, as 'sargas alerts list' prints it.",
        )
    if not same:
        raise NotFoundError(
            f"There is no alert '{wanted}' of our own.",
            where=str(home.path),
            hint=_partners_hint(beginning, home)
            or "Look for it with 'sargas alerts list --muted'.",
        )
    if len(same) > 1:
        named = "; ".join(f"{a['id']} {a['detector']} {a['t_detected']}" for a in same[:8])
        more = f"; and {len(same) - 8} more" if len(same) > 8 else ""
        raise UsageError(f"{len(same)} alerts begin with '{wanted}': {named}{more}.")
    return str(same[0]["id"])


def _partners_hint(beginning: str, home: Home) -> str:
    """Say of whom an alert is that is not ours: nobody here acts on it. Empty where nobody's."""
    from sargas.store.partners import Partners

    with Partners(home) as partners:
        theirs = [one for one in partners.alerts() if one["id"].startswith(beginning)]
    if not theirs:
        return ""
    origin = theirs[0]["origin"]
    name = origin["peer"] or origin["instance"]
    return (
        f"{name} sent one: 'sargas alerts show {theirs[0]['id'][:10]} --origin {name}'. "
        "It is theirs to act on and to release."
    )
