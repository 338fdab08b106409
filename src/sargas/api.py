"""The Python API: a home to be asked from a script or a notebook. `import sargas as sg`.

Everything here reads; what a person decides about an alert is written by the screen and the
command line, so that it ends in the audit log. Times are event times: ISO 8601 with its zone, a
plain day in UTC, a `datetime` with its zone, or milliseconds UTC.

Example:
    >>> import tempfile
    >>> import sargas as sg
    >>> from sargas.model.fixes import Fixes, Statics
    >>> from sargas.store import Home as Store, ShardWriter
    >>> folder = tempfile.TemporaryDirectory()
    >>> with ShardWriter(Store(folder.name)) as writer:  # as 'sargas scan FILE --home DIR' does
    ...     writer.append(Fixes.build(
    ...         2, subject_id=[230_123_450] * 2, t_ms=[1_735_122_000_000, 1_735_122_060_000],
    ...         lon_raw=[15_000_000, 15_001_000], lat_raw=[35_900_000] * 2, sog_raw=[98, 97]))
    ...     writer.append_statics(Statics.build(
    ...         1, subject_id=[230_123_450], t_ms=[1_735_122_000_000], name=[b"EXAMPLE"]))
    0
    0
    >>> home = sg.open(folder.name)
    >>> home.vessels("exam")
    [Vessel(230123450, 'EXAMPLE')]
    >>> home.vessel(230_123_450).track("2024-12-25", "2024-12-26").column("lon_deg").to_pylist()
    [25.0, 25.001666666666665]
    >>> home.alerts(), home.asset("Estlink 2").id
    ([], 'power-cable-estlink-2')
    >>> home.close(); folder.cleanup()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sargas.errors import NotFoundError, SargasError, UsageError
from sargas.model.alerts import Alert
from sargas.model.assets import Asset
from sargas.model.fixes import SEA, Fixes
from sargas.model.static_history import StaticVersion, static_history
from sargas.model.time import DAY_MS, HOUR_MS, iso, parse_iso

if TYPE_CHECKING:
    import pyarrow.lib as pa  # without type stubs, as in model.arrow

    from sargas.model.assets import AssetSet
    from sargas.model.card import Box, Scene
    from sargas.store import Archive

__all__ = ["Alert", "Asset", "Home", "SargasError", "Vessel", "open"]

Time = str | datetime | int
"""What a moment may be given as."""

CARD_MS = 3 * HOUR_MS
"""A vessel's card shows the hours up to its last fix."""
FOREVER_MS = 2**62


def open(home: str | Path) -> Home:
    """Open a home that a scan or a watch has written; nothing is made or changed.

    Args:
        home: its directory, as given to `--home`.

    Raises:
        StoreError: there is no home.
    """
    return Home(home)


def t_ms(moment: Time) -> int:
    """Read a moment.

    Raises:
        UsageError: it states no time zone, or is no moment.

    Example:
        >>> t_ms("2024-12-25") == t_ms("2024-12-25T02:00:00+02:00") == 1_735_084_800_000
        True
    """
    if isinstance(moment, datetime):
        moment = moment.isoformat()
    if isinstance(moment, str):
        text = moment.strip()
        # Days are those of the home, which are UTC: nothing is guessed.
        return parse_iso(f"{text}T00:00:00Z" if len(text) == 10 and text[4:5] == "-" else text)
    if isinstance(moment, bool) or not isinstance(moment, int):
        raise UsageError(f"{moment!r} is no moment.", hint="Give it like 2024-12-25T10:26:00Z.")
    return moment


class Home:
    """One home, to be asked. Reads only; use it in a `with`, or close it.

    Args:
        path: the directory.

    Attributes:
        path: the directory.

    Raises:
        StoreError: there is no home.
    """

    def __init__(self, path: str | Path) -> None:
        from sargas.store import Home as Store

        self.path = Path(path).expanduser()
        self._store = Store(self.path, create=False)

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the home; it is opened again when it is asked again."""
        if "archive" in vars(self):
            self.archive.close()
            del self.archive

    @cached_property
    def archive(self) -> Archive:
        """The fixes and static reports, for questions that this API does not have."""
        from sargas.store import Archive

        return Archive(self._store)

    @cached_property
    def exercise(self) -> str:
        """Name of the exercise that the home holds; empty for real traffic."""
        from sargas.store import Ledger
        from sargas.store.kind import kind_of

        if not self._store.ledger_path.exists():
            return ""
        with Ledger(self._store) as ledger:
            return kind_of(ledger) or ""

    @cached_property
    def assets(self) -> AssetSet:
        """The assets that the home knows: the shipped ones and those imported."""
        from sargas.reference import home_assets

        return home_assets(self.path)

    def alerts(
        self,
        since: Time | None = None,
        until: Time | None = None,
        *,
        priority: str | Sequence[str] | None = None,
        detector: str | None = None,
        mmsi: int | None = None,
        muted: bool = False,
    ) -> list[Alert]:
        """List the alerts, each in its latest version, the newest last.

        Args:
            since, until: only those detected from then on, and before then.
            priority: only `P1`, `P2` or `P3`; or several of them.
            detector: only of this detector's word, like `drag_onset`.
            mmsi: only of this vessel.
            muted: those too that a port, the coast or a mask mutes.
        """
        low = -FOREVER_MS if since is None else t_ms(since)
        high = FOREVER_MS if until is None else t_ms(until)
        wanted = (priority,) if isinstance(priority, str) else priority
        found = (KeptAlert.kept(body, self) for body in self._bodies())
        return [
            a
            for a in found
            if low <= a.t_detected_ms < high
            and (wanted is None or a.priority in wanted)
            and (detector is None or a.detector == detector)
            and (mmsi is None or a.subject.mmsi == mmsi)
            and (muted or not a.muted_by)
        ]

    def alert(self, id: str) -> Alert:
        """Give one alert in its latest version.

        Args:
            id: its id, or the beginning of it where no other begins so.

        Raises:
            NotFoundError: there is no such alert, or several.
        """
        found = [body for body in self._bodies() if body["id"].startswith(id.strip().lower())]
        if len(found) != 1 or not id.strip():
            count = f"{len(found)} alerts begin with" if found else "There is no alert"
            raise NotFoundError(f"{count} '{id}'.", where=str(self.path), hint="See .alerts().")
        return KeptAlert.kept(found[0], self)

    def vessels(self, text: str, limit: int = 20) -> list[Vessel]:
        """Find vessels by a part of their name, call sign, MMSI or IMO number, the best first."""
        return [
            Vessel(self, said["mmsi"])
            for said in self.archive.vessels(text, limit)
            if said["domain"] == "sea"
        ]

    def vessel(self, mmsi: int) -> Vessel:
        """Give a vessel by its MMSI.

        Raises:
            NotFoundError: nothing of it is stored here.
        """
        vessel = self.vessel_or_none(mmsi)
        if vessel is None:
            raise NotFoundError(
                f"Nothing of MMSI {mmsi} is stored here.",
                where=str(self.path),
                hint="Look for it by a part of its name.",
            )
        return vessel

    def vessel_or_none(self, mmsi: int) -> Vessel | None:
        """Give a vessel by its MMSI, None where nothing of it is stored."""
        vessel = Vessel(self, mmsi)
        return vessel if vessel.is_known else None

    def asset(self, wanted: str) -> Asset:
        """Give an asset by its id, or by an id or name that says the same.

        Raises:
            NotFoundError: no such asset, or several; the hint names those that come near.
        """
        asset = self.assets[self.assets.index_of(wanted)]
        said = {f.name: getattr(asset, f.name) for f in fields(asset)}
        return KeptAsset(**said, home=self)

    def _bodies(self) -> list[dict[str, Any]]:
        from sargas.store.standing import stored_alerts

        return stored_alerts(self._store)

    def _around(
        self, box: Box, main: Asset | None = None, accuracy_m: float | None = None
    ) -> dict[str, Any]:
        """Find the assets and the land of a picture, and whom to credit."""
        from sargas.reference.drawing import assets_within, credits_of, drawn, land_within

        near = assets_within(self.assets, box, main.id if main else None)
        return {
            "assets": [
                drawn(a, is_main=True, accuracy_m=accuracy_m)
                if main is not None and a.id == main.id
                else drawn(a)
                for a in near
            ],
            "land": land_within(box),
            "credits": credits_of((*near, *([main] if main else ())), with_land=True),
        }


@dataclass(frozen=True, repr=False)
class KeptAlert(Alert):
    """An alert that a home has kept: an `Alert` that knows the fixes and the sea around it."""

    home: Home | None = field(default=None, compare=False, kw_only=True)

    def __repr__(self) -> str:
        whom = self.subject.name or self.subject.mmsi or "no single vessel"
        return (
            f"<Alert {self.id[:10]} {self.priority} {self.detector} {self.state}, "
            f"{iso(self.t_detected_ms)}, {whom!r}>"
        )

    @classmethod
    def kept(cls, body: Mapping[str, Any], home: Home) -> KeptAlert:
        """Make it of what the ledger says."""
        alert = Alert.from_dict(body)
        return cls(**{f.name: getattr(alert, f.name) for f in fields(alert)}, home=home)

    @property
    def fixes(self) -> Fixes:
        """The vessel's fixes that it rests on, with an hour on either side, one a report."""
        from sargas.share.evidence import MARGIN_MS, without_copies

        subject = self.subject
        if self.home is None or not subject.mmsi or subject.domain != "sea":
            return Fixes.empty()
        low, high = self.evidence_ms or (self.t_start_ms, self.t_detected_ms)
        high = max(high, self.t_issued_ms)
        return without_copies(
            self.home.archive.track(SEA, subject.mmsi, low - MARGIN_MS, high + MARGIN_MS)
        )

    def _scene(self) -> Scene:
        from sargas.model.card import Scene, alert_map_box

        fixes = self.fixes
        box = alert_map_box(self.to_dict(), fixes)
        if self.home is None or box is None:
            return Scene(fixes)
        said = self.asset
        known = self.home.assets.assets
        main = next((a for a in known if said is not None and a.id == said.id), None)
        return Scene(fixes, **self.home._around(box, main, said.accuracy_m if said else None))


@dataclass(frozen=True, repr=False)
class KeptAsset(Asset):
    """An asset of a home: an `Asset` that knows the coast and its neighbours."""

    home: Home | None = field(default=None, compare=False, kw_only=True)

    def __repr__(self) -> str:
        return f"<Asset {self.id} {self.name!r}, {self.kind}, {self.status}>"

    def _scene(self) -> Scene:
        from sargas.model.card import Scene, asset_map_box
        from sargas.reference.drawing import drawn

        box = asset_map_box(drawn(self))
        if self.home is None or box is None:
            return Scene()
        around = self.home._around(box, self)
        around["assets"] = [a for a in around["assets"] if not a.is_main]
        return Scene(**around)


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
        import pyarrow.lib as pa

        from sargas.model.arrow import UNIT_COLUMNS, fixes_to_arrow

        fixes = Fixes.concat(self.pieces(since, until))
        table = fixes_to_arrow(fixes)
        moments = pa.array(fixes.t_ms).cast(pa.timestamp("ms", "UTC"))
        rest = [name for name in table.column_names if name not in UNIT_COLUMNS]
        return table.select([*UNIT_COLUMNS, *rest]).add_column(0, "t", moments)

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
