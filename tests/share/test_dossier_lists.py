"""What lists say of a vessel, in the dossier and on the terminal: a line an entry, text only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sargas.cli.alert_text import put_alert
from sargas.model.alerts import Subject
from sargas.share.dossier import as_html

from .conftest import HOSTILE, alert, evidence


def listed(*entries, **changes):
    made = alert(**changes)
    return replace(made, context=made.context | {"lists": list(entries), "lists_version": "v1"})


def entry(name="EU", **changes):
    return {"list": name, "entry": "27-614", "date": "2024-12-16", "kind": "flag_list",
            "matched_by": "imo"} | changes  # fmt: skip


def both(capsys, made):
    """The dossier's and the terminal's text."""
    shown = evidence(made)
    put_alert(dict(shown.alert))
    return as_html(shown), capsys.readouterr().out


def test_each_entry_has_its_line(capsys):
    page, text = both(capsys, listed(entry(), entry("Own", matched_by="mmsi")))
    assert (
        "<dt>Listed by</dt><dd>EU (flag list), entry 27-614 of 2024-12-16, matched by IMO<" in page
    )
    assert page.count("<dt>Listed by</dt>") == 2
    rows = [line.split(maxsplit=2)[2] for line in text.splitlines() if line.startswith("listed by")]
    assert rows == [
        "EU (flag list), entry 27-614 of 2024-12-16, matched by IMO",
        "Own (flag list), entry 27-614 of 2024-12-16, matched by MMSI",
    ]


@pytest.mark.parametrize(
    ("imo", "words"),
    [(9329760, "no entry"), (None, "those by IMO could not be compared, its IMO number was not")],
)
def test_no_entry_is_told_with_what_it_rests_on(capsys, imo, words):
    page, text = both(capsys, listed(subject=Subject("sea", 518_998_865, imo=imo)))
    assert words in page
    assert words in text


def test_no_list_no_line(capsys):
    page, text = both(capsys, alert())
    assert "Listed" not in page
    assert "listed" not in text


def test_hostile_text_is_text(capsys):
    bad = entry(HOSTILE, entry=HOSTILE, date=HOSTILE, kind=HOSTILE, matched_by=HOSTILE)
    page, text = both(capsys, listed(bad))
    assert "<script" not in page.lower()
    assert "\u202e" not in page + text
    assert "\x1b" not in page + text
