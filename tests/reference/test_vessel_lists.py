"""Vessel lists from CSV: what is required, what is refused and where, what counts when."""

from __future__ import annotations

import pytest

from sargas.errors import FormatError, InputError
from sargas.model.time import parse_iso
from sargas.reference.vessel_lists import COLUMNS, LIST_KINDS, MAX_BYTES, load_vessel_lists

HEAD = ",".join(COLUMNS)
ROW = {"imo": "1234567", "list": "Port watch", "entry": "7", "date": "2025-01-10", "kind": "watch"}


def row(**changes):
    cells = ROW | changes
    return ",".join(f'"{cells[c]}"' if c in cells else "" for c in COLUMNS)


def write(tmp_path, *rows, head=HEAD, name="lists.csv"):
    path = tmp_path / name
    path.write_text("\n".join((head, *(rows or (row(),)))) + "\n", "utf-8")
    return path


def load(path):
    return load_vessel_lists([path]).entries


def test_an_entry_with_all_columns(tmp_path):
    (entry,) = load(write(tmp_path, row(
        imo="imo 1234567", mmsi="200000001", name="Ünnamed Ship", kind="Sanctions", effect="RAISE",
        valid_from="2025-01-11T12:00:00+02:00", valid_until="2025-02-01",
    )))  # fmt: skip
    assert (entry.imo, entry.mmsi, entry.name) == (1234567, 200000001, "Ünnamed Ship")
    assert (entry.kind, entry.effect, entry.matched_by) == ("sanctions", "raise", "imo")
    assert entry.valid_from_ms == parse_iso("2025-01-11T10:00:00Z")
    assert entry.to_dict() == {
        "list": "Port watch", "entry": "7", "date": "2025-01-10", "kind": "sanctions",
        "matched_by": "imo",
    }  # fmt: skip


def test_defaults_show_from_the_entrys_date_without_end(tmp_path):
    (entry,) = load(write(tmp_path))
    assert entry.effect == "show"
    assert not entry.holds(parse_iso("2025-01-09T23:59:59Z"))
    assert entry.holds(parse_iso("2025-01-10T00:00:00Z"))
    assert entry.holds(parse_iso("2099-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("until", "last", "first_after"),
    [
        ("2025-01-31", "2025-01-31T23:59:59Z", "2025-02-01T00:00:00Z"),
        ("2025-01-31T12:00:00Z", "2025-01-31T11:59:59Z", "2025-01-31T12:00:00Z"),
    ],
)
def test_a_day_counts_to_its_end_and_a_time_up_to_it(tmp_path, until, last, first_after):
    (entry,) = load(write(tmp_path, row(valid_until=until)))
    assert entry.holds(parse_iso(last))
    assert not entry.holds(parse_iso(first_after))


def test_the_last_day_there_is_may_stand_for_no_end(tmp_path):
    (entry,) = load(write(tmp_path, row(valid_until="9999-12-31")))
    assert entry.holds(parse_iso("9999-12-31T23:59:59Z"))


@pytest.mark.parametrize("kind", LIST_KINDS)
def test_every_kind_is_read(tmp_path, kind):
    assert load(write(tmp_path, row(kind=kind)))[0].kind == kind


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_in_any_order_and_any_of_three_separators(tmp_path, separator):
    head = ("Kind", "date", "entry", "LIST", "mmsi")
    path = write(
        tmp_path, "", separator.join(("age", "2025-01-01", "built 1998", "Own", "200000001")),
        head="\ufeff" + separator.join(head),
    )  # fmt: skip
    (entry,) = load(path)
    assert (entry.kind, entry.entry, entry.mmsi, entry.matched_by) == (
        "age", "built 1998", 200000001, "mmsi",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"imo": ""}, "imo", "give one of them"),
        ({"imo": "1234568"}, "imo", "no IMO number"),
        ({"imo": "123456"}, "imo", "no IMO number"),
        ({"imo": "９１８７６２９"}, "imo", "no IMO number"),
        ({"mmsi": "20000000"}, "mmsi", "no MMSI"),
        ({"mmsi": "000000000"}, "mmsi", "no MMSI"),
        ({"list": " "}, "list", "is empty"),
        ({"entry": ""}, "entry", "is empty"),
        ({"date": ""}, "date", "is empty"),
        ({"date": "10.01.2025"}, "date", "write it like"),
        ({"date": "2025-02-30"}, "date", "neither a day"),
        ({"kind": ""}, "kind", "is empty"),
        ({"kind": "rumour"}, "kind", "none of sanctions, detention"),
        ({"effect": "wake"}, "effect", "neither show nor raise"),
        ({"valid_from": "soon"}, "valid_from", "neither a day"),
        ({"valid_from": "2025-01-11T12:00:00"}, "valid_from", "nor a time with its zone"),
        ({"valid_until": "2025-01-09"}, "valid_until", "not after valid_from"),
        ({"list": "x" * 81}, "list", "81 characters; 80 at most"),
        ({"name": "x" * 121}, "name", "120 at most"),
        ({"entry": "x" * 161}, "entry", "160 at most"),
        ({"imo": "1" * 41}, "imo", "40 at most"),
        ({"name": "A\x1b[31mB"}, "name", "U+001B"),
        ({"entry": "A\u202eB"}, "entry", "U+202E"),
        ({"list": "A\nB"}, "list", "U+000A"),
        ({"list": "A\x00B"}, "list", "U+0000"),
    ],
)
def test_a_wrong_cell_is_named_with_file_line_and_column(tmp_path, changes, column, words):
    path = write(tmp_path, row(), row(**changes))
    with pytest.raises(InputError) as caught:
        load(path)
    line = 4 if "\n" in changes.get("list", "") else 3
    said = str(caught.value)
    assert said.startswith(f"{path}: 1 of 2 entries are wrong: line {line}, column {column}: ")
    assert words in said
    assert said.isprintable(), "what the file says is text here, no more"


def test_all_or_nothing_and_the_first_five_faults_are_told(tmp_path):
    rows = [row(), *(row(kind=f"k{k}") for k in range(7)), row()]
    with pytest.raises(InputError, match=r"7 of 9 entries are wrong: line 3, .*line 7, .*2 more"):
        load(write(tmp_path, *rows))
    good = write(tmp_path, name="good.csv")
    with pytest.raises(InputError):
        load_vessel_lists([good, write(tmp_path, row(kind="x"))])


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        (b"", "line 1", "list, entry, date, kind, imo or mmsi is missing"),
        (b"imo,list,entry,date,kind\n", "", "no entry below the header"),
        (b"imo,list,entry,date\n", "line 1", "column kind is missing"),
        (b"name,list,entry,date,kind\n", "line 1", "imo or mmsi is missing"),
        (b"imo,list,entry,date,kind,valid_untill\n", "line 1", "no column 'valid_untill'"),
        (b"imo,list,entry,date,kind,imo\n", "line 1", "column imo occurs twice"),
        (b"imo,list,entry,date,kind\n1234567,A,B,C\n", "line 2", "has 4 cells, the header 5"),
        (b'imo,list,entry,date,kind\n1234567,"A,1,2025-01-01,age\n', "line 2", "CSV is broken"),
        (b"imo,list,entry,date,kind\n1234567,\xff,1,2025-01-01,age\n", "line 2", "not UTF-8"),
        (b"PK\x03\x04\xff\xff", "line 1", "not UTF-8"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, content, where, words):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.where == (f"{path}, {where}" if where else str(path))
    assert words in caught.value.what
    assert caught.value.hint


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.csv")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="larger than 50 MB"):
        load(large)


def test_the_order_of_rows_and_files_and_repeated_rows_change_nothing(tmp_path):
    one, two = row(), row(imo="9329760", entry="8")
    a, b = write(tmp_path, one, name="a.csv"), write(tmp_path, two, name="b.csv")
    both = write(tmp_path, two, one, two, name="both.csv")
    lists = [load_vessel_lists(p) for p in ([a, b], [b, a], [both], [both, a])]
    assert {x.version for x in lists} == {lists[0].version}
    assert {x.entries for x in lists} == {lists[0].entries}
    assert len(lists[0].entries) == 2
    assert load_vessel_lists([a]).version != lists[0].version


def test_by_imo_first_and_by_mmsi_only_what_has_no_imo(tmp_path):
    lists = load_vessel_lists([write(
        tmp_path, row(imo="", mmsi="200000001", entry="by mmsi", list="A"),
        row(mmsi="200000001", entry="by imo", list="B"),
    )])  # fmt: skip
    t_ms = parse_iso("2025-06-01T00:00:00Z")
    assert [e.entry for e in lists.about(1234567, 200000001, t_ms)] == ["by imo", "by mmsi"]
    assert [e.entry for e in lists.about(None, 200000001, t_ms)] == ["by mmsi"]
    assert [e.entry for e in lists.about(9329760, 200000001, t_ms)] == ["by mmsi"]
    assert [e.entry for e in lists.about(1234567, 200000002, t_ms)] == ["by imo"]
    assert lists.about(1234567, 200000001, parse_iso("2025-01-01T00:00:00Z")) == ()
