"""Releasing and withdrawing by keyboard: what is shown beforehand, and what the log says then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from sargas.share.outgoing import outgoing
from sargas.share.policy import FILE, load_policy
from sargas.store import Archive, AuditLog, Ledger
from sargas.store.audit import Seen
from sargas.store.standing import Standing

from .conftest import WEB
from .desk import END, DeskServer
from .partner import POLICY
from .test_watch import keys, open_page

pytestmark = pytest.mark.browser
__all__ = ["open_page"]  # a fixture, used by its name


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    with DeskServer(tmp_path) as server:
        (server.home.path / FILE).write_text(POLICY)
        yield server


def acts(desk: DeskServer) -> list[tuple[str, str, str | None, str | None]]:
    with AuditLog(desk.home) as log:
        return [
            (line.officer, line.verb, line.detail.get("group"), line.detail.get("comment"))
            for line in log.lines(alert=desk.alerts[0].id)
        ]


def gets(desk: DeskServer, group: str) -> list[str]:
    """What a group gets of the home, by the gate."""
    with AuditLog(desk.home) as log, Ledger(desk.home) as ledger, Archive(desk.home) as archive:
        found = outgoing(
            Standing(ledger, log), group, load_policy(desk.home.path), END, archive=archive
        )
        return [one.own_id for one in found]


def take_watch(page: Page, name: str) -> None:
    """Enter a name in the dialog that stands open; the one that was asked for follows it."""
    expect(page.locator("#dialog-title")).to_have_text("Take the watch")
    page.keyboard.type(name)
    keys(page, "Enter")
    expect(page.locator(".officer")).to_contain_text(name)


def open_dialog(page: Page) -> Locator:
    keys(page, ">")
    dialog = page.locator("dialog.release[open]")
    expect(dialog.locator("input[type=radio]").first).to_be_focused()
    return dialog


def test_an_officer_releases_and_withdraws_by_keyboard(
    desk: DeskServer, open_page: Callable[[str], Page]
) -> None:
    page = open_page(desk.url)
    expect(page.locator(".row").first).to_be_visible()
    keys(page, "j")
    reached = page.locator(".evidence .part", has_text="Released to whom")
    expect(reached).to_contain_text("It is released to nobody.")
    expect(reached).to_contain_text("Not released to: NATO <b>, Public.")
    keys(page, ">")
    take_watch(page, "V. Petraitis")
    dialog = page.locator("dialog.release[open]")
    expect(dialog.locator("input[type=radio]").first).to_be_focused()
    release = dialog.locator("button[type=submit]")
    # Nothing is chosen at first, and nothing goes without having been seen.
    expect(release).to_be_disabled()
    keys(page, "Control+Enter")
    expect(dialog).to_contain_text("It leaves as an exercise, marked so in every format")
    expect(dialog).to_contain_text("What has left cannot be called back.")
    keys(page, "2")
    preview = dialog.locator(".preview")
    expect(preview).to_contain_text("What Public will see")
    expect(preview).not_to_contain_text("MADE SHIP")
    expect(preview).not_to_contain_text("999000101")
    expect(preview).to_contain_text("Kept backwho the vessel is, the sentence")
    expect(preview).to_contain_text("They know it by another id")
    keys(page, "1")
    expect(preview).to_contain_text("What NATO <b> will see")
    for words in ("EXERCISEmade", "MADE SHIP 1 · MMSI 999000101", "Lost 4.6 of 11.4 kn",
                  "depth m: 62", "the exact kilometre"):  # fmt: skip
        expect(preview).to_contain_text(words)
    expect(preview).not_to_contain_text("41.7")
    assert gets(desk, "nato") == []
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("axe.run('dialog.release')")["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    dialog.locator("textarea").fill("as agreed <b>by phone</b> 1")
    keys(page, "Control+Enter")
    expect(dialog).to_have_count(0)
    expect(reached).to_contain_text("NATO <b> version 1")
    expect(reached).to_contain_text("released by V. Petraitis")
    expect(reached).to_contain_text("as agreed <b>by phone</b> 1")
    expect(page.locator(".act-log")).to_contain_text("released to a group nato")
    mine = ("V. Petraitis", "release_to", "nato", "as agreed <b>by phone</b> 1")
    assert acts(desk) == [mine]
    assert (gets(desk, "nato"), gets(desk, "public")) == ([desk.alerts[0].id], [])
    # Within ten seconds the same key takes back other acts: a release is withdrawn.
    expect(page.locator(".undo")).to_contain_text("Withdraw it")
    keys(page, "Control+z")
    expect(reached).to_contain_text("withdrawn by V. Petraitis")
    assert acts(desk) == [mine, ("V. Petraitis", "withdraw", "nato", None)]
    assert gets(desk, "nato") == []


def test_a_withdrawal_is_asked_for_and_says_what_it_cannot(
    desk: DeskServer, open_page: Callable[[str], Page]
) -> None:
    first = desk.alerts[0].id
    with AuditLog(desk.home) as log:
        log.act(
            "release_to", "J. Jonas", [Seen(first)], t_ms=END, at_ms=END, said={"group": "nato"}
        )
        log.note("share", "J. Jonas", t_ms=END, at_ms=END, detail={
            "group": "nato", "format": "bundle", "where": "peer <i>riga</i>", "count": 1,
            "sha256": "0" * 64, "policy": "x", "shared": [f"{first}:1"],
        })  # fmt: skip
    page = open_page(desk.url)
    expect(page.locator(".row").first).to_be_visible()
    keys(page, "j", "Enter")
    section = page.locator("main.dossier section", has_text="Released to whom")
    expect(section).to_contain_text("has left once: 2024-12-25 15:00Z peer <i>riga</i>")
    section.get_by_role("button", name="Withdraw from NATO <b>…").click()
    take_watch(page, "V. Petraitis")
    dialog = page.locator("dialog.release[open]")
    expect(dialog).to_contain_text("are not told that it was withdrawn")
    expect(dialog).to_contain_text(
        "cannot be called back: tell the partner yourself. has left once"
    )
    expect(dialog.locator("textarea")).to_be_focused()
    page.keyboard.type("not theirs")
    keys(page, "Control+Enter")
    expect(dialog).to_have_count(0)
    expect(section).to_contain_text("gets no more of it")
    assert acts(desk)[-1] == ("V. Petraitis", "withdraw", "nato", "not theirs")
    assert gets(desk, "nato") == []
    # The group can be chosen again, and the dialog says who withdrew it.
    dialog = open_dialog(page)
    expect(dialog).to_contain_text("withdrawn by V. Petraitis")
    keys(page, "Escape")
    expect(dialog).to_have_count(0)


def test_what_somebody_else_did_meanwhile_is_said_first(
    desk: DeskServer, open_page: Callable[[str], Page]
) -> None:
    page = open_page(desk.url)
    expect(page.locator(".row").first).to_be_visible()
    keys(page, "j", ">")
    take_watch(page, "V. Petraitis")
    dialog = page.locator("dialog.release[open]")
    expect(dialog.locator("input[type=radio]").first).to_be_focused()
    keys(page, "1")
    expect(dialog.locator(".preview")).to_contain_text("What NATO <b> will see")
    dialog.locator("textarea").fill("mine stays")
    with AuditLog(desk.home) as log:
        log.act("comment", "J. Jonas", [Seen(desk.alerts[0].id)], t_ms=END, at_ms=END,
                said={"comment": "wait: it is their own ship"})  # fmt: skip
    expect(page.locator(".act-log")).to_contain_text("it is their own ship")
    keys(page, "Control+Enter")
    expect(dialog.locator(".dialog-refused")).to_contain_text(
        "You have not seen this yet: J. Jonas"
    )
    assert gets(desk, "nato") == []
    expect(dialog.locator("textarea")).to_have_value("mine stays")
    expect(dialog.locator("button[type=submit]")).to_be_enabled()
    keys(page, "Control+Enter")
    expect(dialog).to_have_count(0)
    assert gets(desk, "nato") == [desk.alerts[0].id]
