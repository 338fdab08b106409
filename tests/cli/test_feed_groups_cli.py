"""Release groups of feeds at the command line: what is refused, what leaves, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sargas.share.formats import FORMATS
from sargas.store import AuditLog, Home
from tests.share.feeds import (
    AFTER,
    CLOSED,
    OPEN,
    POLICY,
    SCAN,
    home_of,
    one_of,
    reports,
    told,
)

from .conftest import Call

WHO = ("--officer", "V.P.")
ONE, TWO = one_of(1), one_of(2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [reports(1, OPEN), reports(1, CLOSED, AFTER), reports(2, CLOSED), reports(2, OPEN)]
    return home_of(tmp_path / "home", [ONE, TWO], rows).path


def acts(home: Path) -> list[str]:
    with AuditLog(Home(home, create=False)) as log:
        return [f"{act.verb} {act.alert[:1]} {act.detail.get('group')}" for act in log.lines()]


def test_a_person_who_releases_it_is_refused_and_told_why(call: Call, home: Path) -> None:
    to = ("alerts", "release", TWO.id, "--home", home, *WHO, "--to")
    refused = call(*to, "nato")
    assert refused.code == 2
    assert f"Alert {TWO.id[:10]} rests on feed 'national-radar'" in refused.err
    assert "may not go to nato" in refused.err
    assert '[feeds."national-*"]' in refused.err
    assert acts(home) == []
    several = call("alerts", "release", ONE.id, TWO.id[:8], "--to", "national", "--to", "eu",
                   "--home", home, *WHO)  # fmt: skip
    assert (several.code, acts(home)) == (2, []), "all are looked at before the first is noted"
    assert call(*to, "national").code == 0
    assert call("alerts", "release", ONE.id, "--to", "eu", "--home", home, *WHO).code == 0
    # Taking away is never refused.
    assert call("alerts", "withdraw", TWO.id, "--to", "nato", "--home", home, *WHO).code == 0
    assert acts(home) == [
        f"release_to {TWO.id[0]} national", f"release_to {ONE.id[0]} eu",
        f"withdraw {TWO.id[0]} nato",
    ]  # fmt: skip


def test_a_release_of_before_the_row_lets_nothing_out(
    call: Call, home: Path, tmp_path: Path
) -> None:
    (home / "release.toml").write_text(POLICY.split("[feeds.")[0])
    assert call("alerts", "release", TWO.id, "--to", "eu", "--home", home, *WHO).code == 0
    out = tmp_path / "eu.ndjson"
    to = ("share", "export", "--to", "eu", "--format", "ndjson", "--home", home, *WHO, "--out")
    assert call(*to, out).code == 0
    assert TWO.id in out.read_text()
    (home / "release.toml").write_text(POLICY)
    assert call(*to, tmp_path / "later.ndjson").code == 0
    assert (tmp_path / "later.ndjson").read_text() == ""
    named = call(*to, tmp_path / "named.ndjson", "--alert", TWO.id)
    assert (named.code, "rests on feed 'national-radar'" in named.err) == (5, True)
    assert not (tmp_path / "named.ndjson").exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_leaves_without_it(call: Call, home: Path, tmp_path: Path, kind: str) -> None:
    to = ("share", "export", "--format", kind, "--home", home, *WHO, "--json", "--out")
    rows = call(*to, tmp_path / "nato", "--to", "nato").rows
    assert {one["id"] for row in rows for one in row["alerts"]} == {ONE.id}
    for row in rows:
        data = Path(row["file"]).read_bytes()
        assert told(data) <= {OPEN}
        assert TWO.id.encode() not in data
        assert str(TWO.subject.mmsi).encode() not in data
    rows = call(*to, tmp_path / "own", "--to", "national").rows
    assert {one["id"] for row in rows for one in row["alerts"]} == {ONE.id, TWO.id}


@pytest.mark.parametrize(
    "url", ["cot+tcp://127.0.0.1:9", "https://partner.example/in", "smtp://127.0.0.1:25"]
)
def test_nothing_of_it_is_sent(call: Call, home: Path, tmp_path: Path, url: str) -> None:
    (tmp_path / "key").write_bytes(b"a secret of the two of us")
    more = ("--secret-file", tmp_path / "key") if url.startswith("https") else ()
    more = ("--mail-to", "duty@partner.example") if url.startswith("smtp") else more
    for group, ids in (("nato", [ONE.id]), ("eu", []), ("national", [ONE.id, TWO.id])):
        done = call("share", "send", url, "--to", group, "--home", home, *more, "--dry-run",
                    "--json")  # fmt: skip
        assert done.code == 0, done.err
        assert [one["id"] for row in done.rows for one in row["alerts"]] == ids


@pytest.mark.parametrize("end", [".csv", ".geojson", ".zip"])
def test_evidence_for_a_group_has_the_fixes_of_its_feeds(
    call: Call, home: Path, tmp_path: Path, end: str
) -> None:
    to = ("alerts", "export", ONE.id, "--home", home, *WHO, "--json", "--out")
    (row,) = call(*to, tmp_path / f"nato{end}", "--to", "nato").rows
    data = (tmp_path / f"nato{end}").read_bytes()
    assert f"{59.9252:.4f}".encode() not in data
    assert f"{59.9131:.4f}".encode() in data
    assert row["fixes"] == 12
    (row,) = call(*to, tmp_path / f"own{end}").rows
    assert (row["fixes"], f"{59.9252:.4f}".encode() in (tmp_path / f"own{end}").read_bytes()) == (
        24, True,
    )  # fmt: skip
    if end == ".zip":
        assert call("alerts", "verify", tmp_path / "nato.zip").code == 0
        assert b"of the feeds that nato may have" in data
    refused = call("alerts", "export", TWO.id, "--home", home, *WHO, "--to", "nato", "--out",
                   tmp_path / f"two{end}")  # fmt: skip
    assert (refused.code, "national-radar" in refused.err) == (5, True)
    assert not (tmp_path / f"two{end}").exists()


def test_a_partners_bundle_has_none_of_it(call: Call, home: Path, tmp_path: Path) -> None:
    from tests.share.partners import lines_of

    other = home_of(tmp_path / "riga", [], []).path
    for one in (home, other):
        assert call("share", "identity", "--name", one.name.title(), "--home", one).code == 0
    (riga,) = call("share", "identity", "--home", other, "--json").rows
    added = call("share", "peers", "add", "riga", "--key", riga["key"], "--group", "nato",
                 "--home", home, *WHO)  # fmt: skip
    assert added.code == 0, added.err
    trusted = call("share", "peers", "trust", "riga", "--fingerprint", riga["fingerprint"],
                   "--home", home, *WHO)  # fmt: skip
    assert trusted.code == 0, trusted.err
    out = tmp_path / "to-riga.sargas"
    done = call("share", "export", "--peer", "riga", "--out", out, "--home", home, *WHO)
    assert done.code == 0, done.err
    _, *bodies = lines_of(out.read_bytes())
    assert [one["id"] for one in bodies] == [ONE.id]
    assert "national-radar" not in json.dumps(bodies)


def test_the_policy_shows_where_each_feed_may_go(call: Call, home: Path) -> None:
    told = call("share", "policy", "--home", home)
    assert told.code == 0, told.err
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert f"national-* national {CLOSED}" in lines
    assert f"{OPEN} national, nato, eu {OPEN}" in lines
    assert f"every other every group {SCAN}" in lines
    rows = call("share", "policy", "--home", home, "--json").rows
    assert {r["group"]: r["feeds_withheld"] for r in rows} == {
        "national": [], "nato": ["national-*"], "eu": ["national-*"],
    }  # fmt: skip
    assert "never: what rests on the feeds national-*" in (
        call("share", "policy", "--to", "nato", "--home", home).err
    )
    of_two = ("share", "policy", "--alert", TWO.id, "--home", home)
    assert {r["group"]: (r["gets"], r["feeds_withheld"]) for r in call(*of_two, "--json").rows} == {
        "national": (True, []), "nato": (False, [CLOSED]), "eu": (False, [CLOSED]),
    }  # fmt: skip
    assert f"nobody can: rests on {CLOSED}" in call(*of_two).out
    (home / "release.toml").write_text(POLICY + '[feeds.nationl-radar]\ngroups = ["national"]\n')
    assert '[feeds."nationl-radar"] fits no feed of this home' in (
        call("share", "policy", "--home", home).err
    )
    (home / "release.toml").write_text(POLICY.split("[feeds.")[0])
    plain = call("share", "policy", "--home", home)
    assert "bar none" not in plain.err
    rule = '[groups.six]\nlabel = "Six"\nsees = [{feeds = ["public-*"]}]\n'
    (home / "release.toml").write_text(POLICY.split("[feeds.")[0] + rule)
    chosen = call("share", "policy", "--home", home)
    assert "The rules of six choose by feed, and bar none" in chosen.err
    (home / "release.toml").write_text(POLICY + rule)
    assert "bar none" not in call("share", "policy", "--home", home).err
    assert "may go to" not in plain.out
    assert "Every feed may go to every group" in plain.err


def test_a_wrong_row_is_an_error_with_file_key_and_hint(call: Call, home: Path) -> None:
    (home / "release.toml").write_text(POLICY + '[feeds.other]\ngroups = ["natoo"]\n')
    for command in (("share", "policy"), ("alerts", "release", ONE.id, "--to", "nato", *WHO)):
        wrong = call(*command, "--home", home)
        assert wrong.code == 3
        for word in (str(home / "release.toml"), '[feeds."other"]', "'natoo'", "national, nato"):
            assert word in wrong.err.replace("\n", " ")
    assert acts(home) == []


def test_without_a_home_the_shipped_policy_is_shown(call: Call, tmp_path: Path) -> None:
    told = call("share", "policy", "--home", tmp_path / "none")
    assert told.code == 0
    assert "Every feed may go to every group" in told.err
    assert not (tmp_path / "none").exists()
