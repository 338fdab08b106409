"""A vessel of a home: who it said it was, where it was, what rang."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sargas.api.moments import FOREVER_MS, Time, t_ms
from sargas.errors import UsageError
from sargas.model.alerts import Alert
from sargas.model.fixes import SEA, Fixes
from sargas.model.static_history import StaticVersion, static_history
from sargas.model.time import DAY_MS, HOUR_MS, iso

if TYPE_CHECKING:
    import pyarrow.lib as pa  # without type stubs, as in model.arrow

    from sargas.api.home import Home

CARD_MS = 3 * HOUR_MS
"""A vessel's card shows the hours up to its last fix."""


class Vessel:
    """A vessel as a home knows it: who it said it was, where it was, what rang.

    Args:
        home: where it is stored.
        mmsi: its number.
    """

    def __init__(self, home: Home, mmsi: int) -> None:
        self.home, self.mmsi = home, int(mmsi)

    def __repr__(self) -> str:
        return f"Vessel({self.mmsi}, {self.name!r})" if self.name else f"Vessel({self.mmsi})"

    @cached_property
    def history(self) -> tuple[StaticVersion, ...]:
        """Who it said it was, from when until when, oldest first."""
        return tuple(static_history(self.home.archive.statics_of(SEA, self.mmsi)))

    @property
    def name(self) -> str | None:
        """Its name as last sent; hostile until escaped."""
        return self.history[-1].name if self.history else None

    @property
    def imo(self) -> int | None:
        """Its IMO number as last sent."""
        return self.history[-1].imo if self.history else None

    @property
    def callsign(self) -> str | None:
        """Its call sign as last sent; hostile until escaped."""
        return self.history[-1].callsign if self.history else None

    @cached_property
    def last(self) -> Fixes:
        """Its last fix with a position: one row, or none."""
        return self.home.archive.last_fix(SEA, self.mmsi)

    @cached_property
    def is_known(self) -> bool:
        """Whether the home has stored anything of it."""
        if self.history or len(self.last) or self.alerts:
            return True
        # Positions that are not available are reports all the same.
        found = self.home.archive.vessels(f"{self.mmsi:09d}", limit=50)
        return any(said["mmsi"] == self.mmsi and said["domain"] == "sea" for said in found)

    @cached_property
    def alerts(self) -> list[Alert]:
        """Its alerts, muted ones too, the newest last."""
        return self.home.alerts(mmsi=self.mmsi, muted=True)

    @property
    def lists(self) -> list[dict[str, Any]]:
        """What the user's lists said of it when it rang, each entry once; never proof."""
        found: dict[str, dict[str, Any]] = {}
        for alert in self.alerts:
            for entry in alert.context.get("lists") or ():
                found.setdefault(repr(sorted(entry.items())), dict(entry))
        return list(found.values())

    def track(self, since: Time | None = None, until: Time | None = None) -> pa.Table:
        """Read its fixes as an Arrow table, in order of time.

        Args:
            since: the first moment.
            until: the moment before which the track ends.

        Returns:
            `t` (timestamp, UTC), the unit columns `lon_deg lat_deg sog_kn cog_deg heading_deg`
            (null where the vessel sent "not available"), then the columns of `Fixes` with the
            integers of the wire. Copies of several stations are rows of their own.
        """
        from sargas.model.arrow import track_to_arrow

        return track_to_arrow(Fixes.concat(self.pieces(since, until)))

    def pieces(self, since: Time | None = None, until: Time | None = None) -> Iterator[Fixes]:
        """Read its fixes day by day, in order of time: a long track in little memory.

        Args:
            since, until: as in `track`.
        """
        low = -FOREVER_MS if since is None else t_ms(since)
        high = FOREVER_MS if until is None else t_ms(until)
        if low >= high:
            raise UsageError("The beginning is not before the end.")
        for day in self.home.archive.days():
            start = t_ms(day)
            begin, end = max(start, low), min(start + DAY_MS, high)
            if begin < end:
                fixes = self.home.archive.track(SEA, self.mmsi, begin, end - 1)
                if len(fixes):
                    yield fixes

    def _repr_html_(self) -> str:
        """Show it in a notebook: words, and a still picture of its last hours."""
        from sargas.model.card import Scene, fix_words, vessel_card, vessel_map_box
        from sargas.share.evidence import without_copies

        fixes = Fixes.empty()
        if len(self.last):
            end = int(self.last.t_ms[0])
            fixes = without_copies(self.home.archive.track(SEA, self.mmsi, end - CARD_MS, end))
        box = vessel_map_box(fixes)
        scene = Scene(fixes) if box is None else Scene(fixes, **self.home._around(box))
        title = f"{self.name} (MMSI {self.mmsi})" if self.name else f"MMSI {self.mmsi}"
        facts = [*said_words(self.history[-1] if self.history else None),
                 ("last fix", fix_words(self.last)), ("alerts", str(len(self.alerts)))]  # fmt: skip
        history = [version_words(version) for version in self.history]
        return vessel_card(
            title, facts, scene, exercise=self.home.exercise or None,
            history=history if len(history) > 1 else (),
        )  # fmt: skip


def said_words(said: StaticVersion | None) -> list[tuple[str, str]]:
    """Write what a vessel said of itself as (name, value); what it did not say is said too."""
    from sargas.reference import ship_type_text

    said = said or StaticVersion(0, 0)
    kind = f"{ship_type_text(said.ship_type)} ({said.ship_type})" if said.ship_type else ""
    size = f"{said.length_m} m" if said.length_m else ""
    size += f" × {said.beam_m} m" if size and said.beam_m else ""
    values = {
        "IMO": str(said.imo or ""), "call sign": said.callsign or "", "type": kind, "length": size,
    }  # fmt: skip
    return [(name, value or "not received") for name, value in values.items()]


def version_words(version: StaticVersion) -> str:
    """Write one version of a vessel's identity on a line."""
    said = ", ".join(f"{name} {value}" for name, value in said_words(version)
                     if value != "not received")  # fmt: skip
    span = f"{iso(version.from_ms)} to {iso(version.until_ms)}"
    return f"{span}: {version.name or 'name not received'}" + (f", {said}" if said else "")
