"""A home of a script or a notebook, and what it gives that knows the home it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sargas.api.moments import FOREVER_MS, Time, t_ms
from sargas.api.vessel import Vessel
from sargas.errors import NotFoundError
from sargas.model.alerts import Alert
from sargas.model.assets import Asset
from sargas.model.fixes import SEA, Fixes
from sargas.model.time import iso

if TYPE_CHECKING:
    from sargas.model.assets import AssetSet
    from sargas.model.card import Box, Scene
    from sargas.store import Archive


def open(home: str | Path) -> Home:
    """Open a home that a scan or a watch has written; nothing is made or changed.

    Args:
        home: its directory, as given to `--home`.

    Raises:
        StoreError: there is no home.
    """
    return Home(home)


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
