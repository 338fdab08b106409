"""The book of masks: versions that only grow, and a replay that sees what the watch saw."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.model.time import DAY_MS, iso, parse_iso
from sargas.reference.mask_book import (
    ADD,
    CHANGE,
    EXPIRE,
    MaskBook,
    book_path,
    home_masks,
    masks_version,
    read_book,
    write_book,
    writing,
)
from sargas.reference.masks import Mask, feature_of, mask_of

T0 = parse_iso("2026-01-01T00:00:00Z")
NOW = "2026-11-29T12:00:00Z"


def mask(name="m1", **changes) -> Mask:
    made = Mask(
        id=name, kind="anchorage", geometry=shapely.box(24.0, 59.0, 25.0, 60.0), owner="the port",
        reason="roads", valid_from_ms=T0, valid_until_ms=T0 + 365 * DAY_MS,
    )  # fmt: skip
    return replace(made, **changes)


def grown(book: MaskBook, *masks: Mask, at: int = 0) -> MaskBook:
    return book.grown(book.plan_add(masks), at, NOW, "me")


def held(book: MaskBook, t_ms: int) -> list[tuple[str, str]]:
    """Which masks hold for a fix in the middle of them, with their effect."""
    return [(m.id, m.effect) for m in book.masks() if m.holds(24.5, 59.5, t_ms)]


def test_what_is_added_holds_from_then_on():
    book = grown(MaskBook(), mask(), at=T0 + DAY_MS)
    assert held(book, T0 + DAY_MS - 1) == []
    assert held(book, T0 + DAY_MS) == [("m1", "mute")]
    assert held(book, T0 + 365 * DAY_MS) == []


def test_a_change_leaves_the_time_before_as_it_was():
    book = grown(MaskBook(), mask())
    book = grown(book, mask(effect="downgrade"), at=T0 + 10 * DAY_MS)
    assert held(book, T0 + 10 * DAY_MS - 1) == [("m1", "mute")]
    assert held(book, T0 + 10 * DAY_MS) == [("m1", "downgrade")]
    assert [(e.version, e.act) for e in book.entries] == [(1, ADD), (2, CHANGE)]


def test_a_withdrawn_mask_still_holds_for_yesterday():
    book = grown(MaskBook(), mask())
    book = book.grown([book.plan_expire("m1")], T0 + 5 * DAY_MS, NOW, "me", "moved")
    assert held(book, T0 + 5 * DAY_MS - 1) == [("m1", "mute")]
    assert held(book, T0 + 5 * DAY_MS) == []
    last = book.latest["m1"]
    assert (last.act, last.reason, last.by) == (EXPIRE, "moved", "me")
    assert not book.plan_expire("m1").is_new
    again = grown(book, mask(), at=T0 + 8 * DAY_MS)
    assert held(again, T0 + 6 * DAY_MS) == []
    assert held(again, T0 + 8 * DAY_MS) == [("m1", "mute")]


def test_the_same_again_changes_nothing():
    book = grown(MaskBook(), mask(), mask("m2"))
    assert grown(book, mask("m2"), mask(), at=T0 + DAY_MS).entries == book.entries


def test_a_mask_without_a_reason_is_refused_and_named():
    with pytest.raises(UsageError, match="1 of 2 masks have no reason: m2"):
        MaskBook().plan_add([mask(), mask("m2", reason=" ")])


def test_an_unknown_mask_cannot_be_withdrawn():
    with pytest.raises(NotFoundError) as caught:
        grown(MaskBook(), mask()).plan_expire("m9")
    assert "m1" in caught.value.hint


def test_a_version_that_counts_earlier_takes_the_place_from_there():
    """Only by an explicit --counts-from; the later word counts, wherever it begins."""
    book = grown(MaskBook(), mask(), at=T0 + 5 * DAY_MS)
    book = grown(book, mask(effect="downgrade"), at=T0 + 2 * DAY_MS)
    assert held(book, T0 + 3 * DAY_MS) == [("m1", "downgrade")]
    assert held(book, T0 + 6 * DAY_MS) == [("m1", "downgrade")]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["mute", "downgrade", "expire"])), max_size=8
    ),
    st.integers(0, 45),
)
def test_at_any_time_the_last_word_that_counts_then_holds(acts, day):
    book = MaskBook()
    said = []
    for at, word in acts:
        if word == "expire":
            if "m1" not in book.latest or not book.plan_expire("m1").is_new:
                continue
            book = book.grown([book.plan_expire("m1")], T0 + at * DAY_MS, NOW, "me", "why")
        else:
            before = len(book.entries)
            book = grown(book, mask(effect=word), at=T0 + at * DAY_MS)
            if len(book.entries) == before:
                continue
        said.append((at, word))
    counting = [word for at, word in said if at <= day]
    wanted = [("m1", counting[-1])] if counting and counting[-1] != "expire" else []
    assert held(book, T0 + day * DAY_MS) == wanted


def test_written_and_read_back_it_is_the_same(tmp_path):
    book = grown(MaskBook(), mask(assets=("a", "b"), detectors=("loiter",)), mask("ö"))
    book = book.grown([book.plan_expire("ö")], T0, NOW, "me", "why")
    with writing(tmp_path):
        write_book(tmp_path, book)
    again = read_book(tmp_path)
    assert [e.to_dict() for e in again.entries] == [e.to_dict() for e in book.entries]
    assert masks_version(again.masks()) == masks_version(book.masks())
    assert home_masks(tmp_path)[0].assets == ("a", "b")
    assert not list(book_path(tmp_path).parent.glob("*.part"))


def test_without_a_book_there_is_no_mask(tmp_path):
    assert home_masks(tmp_path) == ()
    (tmp_path / "masks").touch()
    assert read_book(tmp_path).entries == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1"), ("[]\n", "line 1"), ('{"sargas": 2}\n', "version 2"),
        ('{"sargas": 1}\n{}\n', "line 2"), ('{"sargas": 1}\nnot json\n', "not a book"),
        ('{"sargas": 1}\n{"act": "delete"}\n', "act 'delete'"),
    ],
)  # fmt: skip
def test_a_book_that_is_none_is_refused(tmp_path, text, words):
    path = book_path(tmp_path)
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(StoreError) as caught:
        home_masks(tmp_path)
    assert words in str(caught.value)


def test_a_full_disk_leaves_the_book_before(tmp_path, monkeypatch):
    first = grown(MaskBook(), mask())
    write_in(tmp_path, first)
    before = book_path(tmp_path).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_book(tmp_path, grown(first, mask("m2")))
    assert book_path(tmp_path).read_bytes() == before
    assert sorted(p.name for p in book_path(tmp_path).parent.iterdir()) == [".lock", "book.jsonl"]


def write_in(home: Path, book: MaskBook) -> None:
    with writing(home):
        write_book(home, book)


def test_a_feature_is_read_back_as_the_mask_it_was():
    one = mask(assets=("a",), detectors=("gap",), effect="downgrade")
    again = mask_of(json.loads(json.dumps(feature_of(one))))
    assert feature_of(again) == feature_of(one)
    assert iso(again.valid_from_ms) == one.valid_from
