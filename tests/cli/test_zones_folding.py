"""What is drawn while a home is folded: taken up by the next batch, never in the midst of one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import shapely

from sargas.cli.demo import _Run
from sargas.cli.making import masks_anew
from sargas.exercise.scenario import load_scenario
from sargas.model.fixes import Batch
from sargas.model.time import MINUTE_MS
from sargas.reference import Mask
from sargas.reference.mask_book import (
    ADD,
    Act,
    BookFollower,
    MaskBook,
    read_book,
    write_book,
    writing,
)
from sargas.reference.masks import FOREVER_MS
from sargas.store import AuditLog, Home, Ledger
from sargas.web.desk import Desk
from sargas.web.zones import ZoneBook, ZoneCommand

RING = [[20, 58], [21, 58], [21, 59], [20, 58]]


def area(name: str) -> Mask:
    return Mask(name, "vigilance", shapely.box(20, 58, 21, 59), "me", "made", 0, FOREVER_MS,
                effect="raise")  # fmt: skip


class Folding:
    """A watch that notes by which masks it judged each batch, a minute a batch."""

    def __init__(self, waits: threading.Event | None = None) -> None:
        self.masks: tuple[Mask, ...] = ()
        self.judged: list[list[str]] = []
        self.judged_to_ms = 0
        self.begun, self.waits = threading.Event(), waits

    def take_masks(self, masks: tuple[Mask, ...]) -> None:
        self.masks = masks

    def push(self, batch: Batch) -> None:
        self.begun.set()
        if self.waits is not None:
            self.waits.wait(10)
        self.judged.append([m.id for m in self.masks])
        self.judged_to_ms += MINUTE_MS


def test_what_is_drawn_during_the_demo_counts_from_the_next_batch(tmp_path: Path) -> None:
    home = Home(tmp_path)
    run = _Run(load_scenario("eagle-s"), home.path, quiet=True)
    run.judged_to_ms = 0
    go_on = threading.Event()
    watch: Any = Folding(waits=go_on)
    follower = BookFollower(home.path)
    book = ZoneBook(home.path, lambda: run.judged_to_ms, run.turn)
    command = ZoneCommand(
        "draw", "V.P.", "seen", name="Made", effect="raise",
        geometry={"type": "Polygon", "coordinates": [RING]},
    )  # fmt: skip
    with Ledger(home) as ledger, AuditLog(home) as log:
        desk = Desk(ledger, log)
        done: list[Any] = []
        fold = threading.Thread(target=run._push, args=(watch, Batch.empty(), follower))
        draw = threading.Thread(target=lambda: done.append(book.write(command, desk, 5, 5)))
        fold.start()
        assert watch.begun.wait(10)
        draw.start()
        draw.join(0.3)
        assert draw.is_alive(), "it waits until the batch is judged"
        go_on.set()
        fold.join(10)
        draw.join(10)
    assert done[0].counts_from_ms == MINUTE_MS + 1
    run._push(watch, Batch.empty(), follower)
    assert watch.judged == [[], ["z1"]]
    assert run.judged_to_ms == 2 * MINUTE_MS


def test_a_scan_takes_up_what_was_added_beside_the_masks_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sargas.reference.load_masks", lambda path: (area("from-file"),))
    anew = masks_anew(tmp_path, tmp_path / "masks.geojson")
    assert anew() is None
    with writing(tmp_path):
        write_book(tmp_path, MaskBook().grown([Act(ADD, area("drawn"))], 0, "2025-01-01", "me"))
    assert [m.id for m in anew() or ()] == ["from-file", "drawn"]
    assert anew() is None
    assert len(read_book(tmp_path).entries) == 1
    assert masks_anew(None, None)() is None
