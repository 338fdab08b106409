"""Two instances on one machine: two homes, two services, alerts in both directions."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from sargas.model.alerts import Alert
from sargas.share import webhook
from sargas.share.partner.identity import instance_of
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from tests.share.conftest import alert, fixes

from .conftest import SARGAS, Call

SAME = "5" * 24
ONE, TWO, SECRET = (alert(id=letter * 24) for letter in "abc")
SECRET = replace(SECRET, text="NOT FOR PARTNERS", subject=replace(SECRET.subject, mmsi=276_111_222))
DRILL = alert(id="d" * 24, exercise="eagle-s")
WHO = ("--officer", "V.P.")


@dataclass
class Instance:
    """A home with a key, and its service while it runs."""

    home: Path
    call: Call
    name: str
    key: str
    fingerprint: str

    def run(self, *words: object, code: int = 0) -> list[dict[str, Any]]:
        done = self.call(*words, "--home", self.home, "--json")
        assert done.code == code, done.err
        return done.rows

    def knows(self, other: Instance, group: str = "nato", url: str = "") -> None:
        more = ("--url", url, "--allow-private") if url else ()
        self.run("share", "peers", "add", other.name, "--key", other.key, "--group", group,
                 *more, *WHO)  # fmt: skip
        self.run("share", "peers", "trust", other.name, "--fingerprint", other.fingerprint, *WHO)

    def adds(self, *alerts: Alert) -> None:
        with Ledger(Home(self.home, create=False)) as ledger:
            ledger.publish(alerts)

    def release(self, *ids: str, to: str = "nato") -> None:
        self.run("alerts", "release", *ids, "--to", to, *WHO)

    def came(self, origin: str = "partners") -> list[dict[str, Any]]:
        return self.run("alerts", "list", "--origin", origin, "--muted")

    def own(self) -> list[dict[str, Any]]:
        return self.run("alerts", "list", "--muted")

    def files(self) -> bytes:
        """Every byte of the ledger, what was written ahead too."""
        names = [p for p in self.home.iterdir() if p.name.startswith("sargas.db")]
        return b"".join(p.read_bytes() for p in names)

    def verbs(self) -> list[str]:
        with AuditLog(Home(self.home, create=False)) as log:
            assert log.verify().broken_at is None
            return [act.verb for act in log.lines()]


@pytest.fixture
def make(tmp_path: Path, call: Call) -> Callable[..., Instance]:
    def made(name: str, *alerts: Alert) -> Instance:
        home = Home(tmp_path / name)
        with ShardWriter(home) as writer:
            writer.append(fixes())
        with Ledger(home) as ledger:
            ledger.commit("s", 1, b"", alerts)
        [own] = call("share", "identity", "--name", name.title(), "--home", home.path,
                     "--json").rows  # fmt: skip
        return Instance(home.path, call, name, own["key"], own["fingerprint"])

    return made


@contextmanager
def serving(instance: Instance, *more: object) -> Iterator[str]:
    """The instance's service, a process of its own."""
    process = subprocess.Popen(
        [SARGAS, "serve", "--home", instance.home, "--port", "0", *map(str, more)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def told(rows: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(row["id"], row["version"]) for row in rows}


def test_two_services_exchange_in_both_directions(make: Callable[..., Instance]) -> None:
    ours, theirs = alert(id=SAME, text="as Klaipeda sees it"), alert(id=SAME, text="as Riga does")
    klaipeda = make("klaipeda", ONE, SECRET, DRILL, ours)
    riga = make("riga", TWO, theirs)
    with serving(klaipeda) as at_klaipeda, serving(riga) as at_riga:
        klaipeda.knows(riga, url=at_riga)
        riga.knows(klaipeda, url=at_klaipeda)
        klaipeda.release(ONE.id, DRILL.id, SAME)
        riga.release(TWO.id, SAME)
        [pushed] = klaipeda.run("share", "push", "riga", *WHO)
        assert {a["id"] for a in pushed["alerts"]} == {ONE.id, DRILL.id, SAME}
        assert pushed["exercise"]
        [fetched] = klaipeda.run("share", "fetch", "riga", *WHO)
        assert (fetched["added"], fetched["gap"], fetched["held"]) == (2, False, 1)
        assert riga.run("share", "fetch", "klaipeda", *WHO) == []
        assert klaipeda.run("share", "push", "riga", *WHO) == []

        later = replace(ONE, version=2, priority="P1", t_issued_ms=ONE.t_issued_ms + 1)
        klaipeda.adds(later)
        [more] = riga.run("share", "fetch", "klaipeda", *WHO)
        assert (more["added"], more["sequence"]) == (1, 2)

        klaipeda.run("alerts", "withdraw", ONE.id, "--to", "nato", *WHO)
        klaipeda.adds(replace(later, version=3, text="AFTER THE WITHDRAWAL"))
        assert riga.run("share", "fetch", "klaipeda", *WHO) == []

    # What came has its origin, and stands beside one's own of the same id.
    assert told(riga.came("klaipeda")) == {(ONE.id, 2), (DRILL.id, 1), (SAME, 1)}
    assert {a["id"]: a["exercise"] for a in riga.came()} == {
        ONE.id: None, DRILL.id: "eagle-s", SAME: None
    }  # fmt: skip
    assert {a["origin"]["name"] for a in riga.came()} == {"Klaipeda"}
    assert {a["text"] for a in riga.came("all") if a["id"] == SAME} == {
        "as Klaipeda sees it", "as Riga does"
    }  # fmt: skip
    assert {a["id"]: a["text"] for a in riga.own()} == {TWO.id: TWO.text, SAME: "as Riga does"}
    [shown] = riga.run("alerts", "show", SAME, "--origin", "klaipeda")
    assert (shown["text"], shown["origin"]["peer"]) == ("as Klaipeda sees it", "klaipeda")

    # Of what was not released, or no longer, there is not a byte.
    for trace in (b"NOT FOR PARTNERS", SECRET.id.encode(), b"276111222", b"AFTER THE WITHDRAWAL"):
        assert trace not in riga.files()
        assert trace in klaipeda.files()
    # Every exit and every entry is a line of the log.
    assert klaipeda.verbs().count("share") == 2
    assert riga.verbs().count("receive") == 2
    assert klaipeda.verbs().count("receive") == riga.verbs().count("share") == 1


def test_a_partners_alert_is_for_people_and_no_more(
    make: Callable[..., Instance], tmp_path: Path, call: Call
) -> None:
    klaipeda, riga, tallinn = make("klaipeda", ONE, DRILL), make("riga"), make("tallinn")
    for one, other in ((klaipeda, riga), (riga, klaipeda), (riga, tallinn), (tallinn, riga)):
        one.knows(other)
    klaipeda.release(ONE.id, DRILL.id)
    out = tmp_path / "out.sargas"
    klaipeda.run("share", "export", "--peer", "riga", "--out", out, *WHO)
    file = tmp_path / "EXERCISE-out.sargas"  # the name says so
    assert not out.exists()
    [taken] = riga.run("share", "import", file, *WHO)
    assert (taken["added"], taken["exercise"]) == (2, True)
    # It is said whose it is, and that an exercise is one.
    listed = call("alerts", "list", "--origin", "all", "--home", riga.home)
    assert listed.out.count("klaipeda") == 2
    assert listed.out.count("EXERCISE") == 2  # head and row
    assert "Partners sent 2 more" in call("alerts", "list", "--home", riga.home).err
    shown = call("alerts", "show", DRILL.id, "--origin", "klaipeda", "--home", riga.home).out
    assert shown.startswith("EXERCISE eagle-s: none of this is real.\nFROM klaipeda")
    # Nobody acts on it, releases it, or passes it on.
    riga.run("alerts", "ack", ONE.id, *WHO, code=5)
    refused = call("alerts", "ack", ONE.id, *WHO, "--home", riga.home)
    assert "--origin klaipeda" in refused.err
    riga.run("alerts", "release", ONE.id, "--to", "nato", *WHO, code=5)
    on = tmp_path / "on.sargas"
    (riga.home / "release.toml").write_text(
        '[groups.nato]\nlabel = "all of it"\nsees = [{exercises = true}]\n'
    )
    assert riga.run("share", "export", "--peer", "tallinn", "--out", on, *WHO) == []
    for format in ("geojson", "ndjson", "cot"):
        place = tmp_path / f"on.{format}"
        riga.run("share", "export", "--to", "nato", "--format", format, "--out", place, *WHO)
        assert not place.exists() or ONE.id.encode() not in place.read_bytes()
    assert not on.exists()
    # Nor does another take what is not for it, however it got there.
    tallinn.run("share", "import", file, *WHO, code=3)
    klaipeda.run("share", "import", file, *WHO, code=3)
    assert tallinn.came() == klaipeda.came() == []


def test_what_is_not_trusted_or_changed_is_not_taken(
    make: Callable[..., Instance], tmp_path: Path
) -> None:
    klaipeda, riga = make("klaipeda", ONE), make("riga")
    out = tmp_path / "out.sargas"
    add = ("share", "peers", "add", "riga", "--key", riga.key, "--group", "nato", *WHO)
    bare = klaipeda.call(*add, "--url", "http://127.0.0.1:9", "--home", klaipeda.home)
    assert bare.code == 2
    assert "address of a partner" in bare.err
    klaipeda.run(*add)
    klaipeda.release(ONE.id)
    early = klaipeda.call("share", "export", "--peer", "riga", "--out", out, *WHO,
                          "--home", klaipeda.home)  # fmt: skip
    assert early.code == 2
    assert 'peers trust riga --fingerprint "..."' in early.err
    wrong = klaipeda.fingerprint
    klaipeda.run("share", "peers", "trust", "riga", "--fingerprint", wrong, *WHO, code=2)
    klaipeda.run("share", "export", "--peer", "riga", "--out", out, *WHO, code=2)
    klaipeda.run("share", "peers", "trust", "riga", "--fingerprint", riga.fingerprint, *WHO)
    klaipeda.run("share", "export", "--peer", "riga", "--out", out, *WHO)
    riga.run("share", "import", out, *WHO, code=3)  # who is that?
    riga.run("share", "peers", "add", "klaipeda", "--key", klaipeda.key, "--group", "nato", *WHO)
    riga.run("share", "import", out, *WHO, code=3)
    riga.run(
        "share", "peers", "trust", "klaipeda", "--fingerprint", klaipeda.fingerprint.upper(), *WHO
    )
    data = bytearray(out.read_bytes())
    for at in (0, 20, 60, 100, 200, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        riga.run("share", "import", tmp_path / "changed", *WHO, code=3)
    assert riga.came() == []
    riga.run("share", "import", out, *WHO)
    [again] = riga.run("share", "import", out, *WHO)
    assert again["already"]
    assert len(riga.came()) == 1
    klaipeda.run("share", "peers", "add", "us", "--key", klaipeda.key, "--group", "nato", *WHO,
                 code=2)  # fmt: skip
    klaipeda.run("share", "peers", "add", "x", "--key", "00" * 32, "--group", "no", *WHO, code=5)
    riga.run("share", "import", tmp_path / "nothing", *WHO, code=5)
    before = riga.verbs()
    riga.run("share", "push", "klaipeda", *WHO, code=2)  # it has no address
    riga.run("share", "peers", "add", "inner", "--key", "00" * 32, "--group", "nato",
             "--url", "https://127.0.0.1:9", *WHO)  # fmt: skip
    riga.run("share", "peers", "trust", "inner", "--fingerprint", instance_of("00" * 32), *WHO)
    riga.run("share", "push", "inner", *WHO, code=2)  # and this one leads into our own network
    riga.run("share", "fetch", "inner", *WHO, code=2)
    assert riga.verbs() == [*before, "add_peer", "trust_peer"]
    riga.run("share", "fetch", "nobody", *WHO, code=5)


def test_a_lost_and_a_late_bundle_are_noticed_and_mended(
    make: Callable[..., Instance], tmp_path: Path
) -> None:
    klaipeda, riga = make("klaipeda", ONE, TWO, SECRET, DRILL), make("riga")
    klaipeda.knows(riga)
    riga.knows(klaipeda)
    files = []
    for n, one in enumerate((ONE, TWO, SECRET)):
        klaipeda.release(one.id)
        files.append(tmp_path / f"{n}.sargas")
        klaipeda.run("share", "export", "--peer", "riga", "--out", files[-1], *WHO)
    riga.run("share", "import", files[0], *WHO)
    [third] = riga.run("share", "import", files[2], *WHO)
    assert (third["gap"], third["held"], third["added"]) == (True, 1, 1)
    riga.run("share", "import", files[1], *WHO, code=1)  # too late
    assert len(riga.came()) == 2
    again = tmp_path / "again.sargas"
    klaipeda.run("share", "export", "--peer", "riga", "--out", again, "--after", "1", *WHO)
    [mended] = riga.run("share", "import", again, *WHO)
    assert (mended["gap"], mended["held"], mended["added"], mended["known"]) == (False, 4, 1, 1)
    assert len(riga.came()) == 3
    # And over the wire from there, without a word of where it stands.
    with serving(klaipeda) as at_klaipeda:
        riga.run("share", "peers", "remove", "klaipeda", *WHO)
        riga.knows(klaipeda, url=at_klaipeda)
        assert riga.run("share", "fetch", "klaipeda", *WHO) == []
        klaipeda.release(DRILL.id)
        [last] = riga.run("share", "fetch", "klaipeda", *WHO)
        assert (last["gap"], last["held"], last["exercise"]) == (False, 5, True)


def test_a_push_goes_on_where_the_partner_is(
    make: Callable[..., Instance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "FIRST_WAIT_S", 0.01)
    klaipeda, riga = make("klaipeda", ONE, TWO), make("riga")
    riga.knows(klaipeda)
    klaipeda.release(ONE.id)
    with serving(riga) as at_riga:
        klaipeda.knows(riga, url=at_riga)
    klaipeda.run("share", "push", "riga", *WHO, code=4)  # it is not there
    # A file that never arrives is thought to have been read; the partner knows better.
    klaipeda.run("share", "export", "--peer", "riga", "--out", tmp_path / "lost.sargas", *WHO)
    klaipeda.release(TWO.id)
    with serving(riga) as at_riga:
        klaipeda.run("share", "peers", "remove", "riga", *WHO)
        klaipeda.knows(riga, url=at_riga)
        pushed = klaipeda.run("share", "push", "riga", *WHO)
        assert {a["id"] for one in pushed for a in one["alerts"]} == {ONE.id, TWO.id}
        assert klaipeda.run("share", "push", "riga", *WHO) == []
        assert told(riga.came()) == {(ONE.id, 1), (TWO.id, 1)}
        # A partner that lost all is given all again.
        with closing(sqlite3.connect(riga.home / "sargas.db")) as database:
            database.execute("DELETE FROM partner_bundles")
            database.execute("DELETE FROM partner_alerts")
            database.commit()
        [whole] = riga_fetches(riga, klaipeda)
        assert whole["added"] == 2
    assert told(riga.came()) == {(ONE.id, 1), (TWO.id, 1)}


def riga_fetches(riga: Instance, klaipeda: Instance) -> list[dict[str, Any]]:
    with serving(klaipeda) as at_klaipeda:
        riga.run("share", "peers", "remove", "klaipeda", *WHO)
        riga.knows(klaipeda, url=at_klaipeda)
        return riga.run("share", "fetch", "klaipeda", *WHO)


def test_killed_at_any_moment_an_import_is_whole_or_not_there(
    make: Callable[..., Instance], tmp_path: Path
) -> None:
    many = [alert(id=f"{n:024x}") for n in range(1000)]
    klaipeda, riga = make("klaipeda", *many), make("riga")
    klaipeda.knows(riga)
    riga.knows(klaipeda)
    (klaipeda.home / "release.toml").write_text('[groups.nato]\nlabel = "N"\nsees = [{}]\n')
    out = tmp_path / "out.sargas"
    klaipeda.run("share", "export", "--peer", "riga", "--out", out, *WHO)
    words = [SARGAS, "share", "import", out, "--home", riga.home, *WHO, "--quiet"]
    begun = time.monotonic()
    trial = tmp_path / "trial"
    subprocess.run(["cp", "-r", riga.home, trial], check=True)
    subprocess.run([*words[:5], trial, *words[6:]], check=True, timeout=120)
    usual_s = time.monotonic() - begun
    chance, killed = random.Random(5), 0
    for k in range(8):
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        # Late ones more often: that is where it writes.
        time.sleep(usual_s * (0.5 + 0.5 * chance.random()))
        killed += process.poll() is None
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
        count = len(riga.came())
        assert count in (0, 1000), k
        assert riga.verbs().count("receive") == (count > 0)
    assert killed
    subprocess.run(words, check=True, timeout=120)
    assert len(riga.came()) == 1000
    assert riga.verbs().count("receive") == 1
    assert json.loads(json.dumps(riga.own())) == []


def test_over_tls_only_who_signed_the_certificate_is_believed(
    make: Callable[..., Instance], tmp_path: Path, call: Call
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    both = tmp_path / "both.pem"
    klaipeda, riga = make("klaipeda", ONE), make("riga")
    riga.knows(klaipeda)
    klaipeda.release(ONE.id)
    tls = ("--tls-cert", both, "--tls-key", both, "--name", "localhost")
    with serving(riga, *tls) as address:
        assert address.startswith("https://localhost:")
        klaipeda.knows(riga, url=address)
        done = call("share", "push", "riga", *WHO, "--home", klaipeda.home)
        assert (done.code, "not trusted" in done.err) == (4, True)
        klaipeda.run("share", "peers", "remove", "riga", *WHO)
        klaipeda.run("share", "peers", "add", "riga", "--key", riga.key, "--group", "nato", "--url",
                     address, "--allow-private", "--ca", tmp_path / "ca.pem", *WHO)  # fmt: skip
        klaipeda.run("share", "peers", "trust", "riga", "--fingerprint", riga.fingerprint, *WHO)
        assert len(klaipeda.run("share", "push", "riga", *WHO)) == 1
    assert told(riga.came()) == {(ONE.id, 1)}
