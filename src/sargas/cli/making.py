"""Making the watch that the options of a command and its home ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sargas.cli.words import say
from sargas.errors import UsageError

if TYPE_CHECKING:  # imported where they are used: help loads no library
    from sargas.reference import Mask
    from sargas.watch.detect.base import Detector
    from sargas.watch.fold import Watch


def make_watch(
    assets: Path | None,
    rules: Path | None,
    home: Path | None,
    lateness_ms: int | None,
    exercise: str | None = None,
    masks: Path | None = None,
    *,
    lists: Sequence[Path] = (),
    detectors: tuple[type[Detector], ...] | None = None,
) -> Watch:
    """Set up a watch over the assets, rules, masks, lists and suspensions of options and home."""
    from sargas.cli.suspending import home_suspensions
    from sargas.reference import (
        home_assets,
        load_assets,
        load_masks,
        shipped_assets,
        shipped_geography,
    )
    from sargas.reference.mask_book import home_masks
    from sargas.reference.vessel_lists import load_vessel_lists
    from sargas.watch.fold import Watch
    from sargas.watch.rules import load_rules

    if assets is not None:
        notes: list[str] = []
        chosen = load_assets(assets, notes=notes)
        for note in notes:
            say(f"{assets}: {note}")
    elif home is not None:
        chosen = home_assets(home)
    else:
        chosen = shipped_assets()
    if not len(chosen.watched()):
        raise UsageError(
            "None of these assets is in service, out of service or of unknown status.",
            where=str(assets or home or ""),
            hint="There is nothing to watch.",
        )
    return Watch(
        chosen,
        shipped_geography(),
        load_rules(rules),
        lateness_ms=lateness_ms,
        exercise=exercise,
        masks=(
            *(load_masks(masks) if masks is not None else ()),
            *(home_masks(home) if home is not None else ()),
        ),
        lists=load_vessel_lists(lists) if lists else None,
        suspensions=home_suspensions(home) if home is not None else (),
        detectors=detectors,
    )


def masks_words(home: Path | None) -> tuple[str, ...]:
    """Name the masks that a home keeps, for the name of the scan; nothing where it has none."""
    from sargas.reference.mask_book import home_masks, masks_version

    kept = () if home is None else home_masks(home)
    return (masks_version(kept),) if kept else ()


def masks_anew(home: Path | None, masks: Path | None) -> Callable[[], tuple[Mask, ...] | None]:
    """Give what tells the masks of a file and a home anew when the home's have changed."""
    from sargas.reference import load_masks
    from sargas.reference.mask_book import BookFollower

    if home is None:
        return lambda: None
    from_file = load_masks(masks) if masks is not None else ()
    follower = BookFollower(home)

    def anew() -> tuple[Mask, ...] | None:
        kept = follower.changed()
        return None if kept is None else (*from_file, *kept)

    return anew


def judging_words(watch: Watch) -> tuple[str, ...]:
    """Name the vessel lists and suspensions of a watch; nothing where it has none."""
    from sargas.model.suspension import suspensions_version

    lists, suspensions = watch.judge.lists, watch.judge.suspensions
    return (
        *(() if lists is None else (f"lists:{lists.version}",)),
        *((f"suspensions:{suspensions_version(suspensions)}",) if suspensions else ()),
    )
