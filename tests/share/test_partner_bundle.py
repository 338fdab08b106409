"""Bundles: what is in one, and everything that is not one of a partner for us, now."""

from __future__ import annotations

import json
import stat
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import FormatError, NotFoundError, StoreError, UsageError
from sargas.model.alerts import Subject
from sargas.share.partner import bundle as bundles
from sargas.share.partner.bundle import canonical, read, told_of
from sargas.share.partner.identity import (
    checked_key,
    instance_of,
    is_signed,
    load_identity,
    make_identity,
    own_identity,
    spoken,
)
from sargas.store import Home
from sargas.store.backup import back_up
from sargas.store.restore import restore

from .conftest import HOSTILE, alert
from .partners import (
    NOW_MS,
    OURS,
    STRANGER,
    THEIRS,
    bundle,
    gate,
    lines_of,
    lines_with,
    signed_lines,
)

ONE = "a" * 24


def opened(data: bytes, **more):
    known = {THEIRS.instance: THEIRS.key}
    given = {"key_of": known.get, "recipient": OURS.instance, "now_ms": NOW_MS} | more
    return read(data, **given)


WHOLE = bundle(alert(id=ONE), alert(id="b" * 24, exercise="drill"))


# ---- the key -------------------------------------------------------------------------------------
def test_a_key_is_made_once_and_is_its_owners(tmp_path):
    home = Home(tmp_path / "home").path
    assert load_identity(home) is None
    with pytest.raises(NotFoundError, match="no key yet"):
        own_identity(home)
    made = make_identity(home, "Klaipeda")
    assert make_identity(home, "Riga").key == made.key == own_identity(home).key
    path = home / "partner.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = json.loads(path.read_text())["private"]
    assert secret not in repr(made)
    assert is_signed(made.key, made.sign(b"x"), b"x")
    assert not is_signed(made.key, made.sign(b"x"), b"y")
    assert made.instance == instance_of(checked_key(f"ed25519:{made.key}"))
    assert spoken(made.instance).replace(" ", "") == made.instance
    path.chmod(0o640)
    with pytest.raises(StoreError, match="may be read by others"):
        own_identity(home)
    path.chmod(0o600)
    path.write_text('{"name": "x"}')
    with pytest.raises(StoreError, match="damaged"):
        own_identity(home)
    with pytest.raises(UsageError, match="no public key"):
        checked_key("ed25519:" + "0" * 63)


def test_the_key_is_in_no_backup(tmp_path):
    home = Home(tmp_path / "home")
    (home.path / "release.key").write_text("a secret that is in backups")
    make_identity(home.path, "Us")
    secret = json.loads((home.path / "partner.key").read_text())["private"]
    out = tmp_path / "b.tar"
    back_up(home, out, created="2027-01-01T00:00:00Z", version="0")
    assert b"a secret that is in backups" in out.read_bytes()
    assert secret.encode() not in out.read_bytes()
    restore(out, tmp_path / "new")
    assert not (tmp_path / "new" / "partner.key").exists()
    assert (tmp_path / "new" / "release.key").exists()


# ---- what is in one ------------------------------------------------------------------------------
def test_the_same_content_gives_the_same_bytes():
    made = bundle(alert(id=ONE))
    assert made == bundle(alert(id=ONE))
    assert made != bundle(alert(id=ONE), sequence=2)


def test_every_version_arrives_as_the_group_may_have_it():
    later = alert(id=ONE, version=2, state="retracted", t_issued_ms=alert().t_issued_ms + 1000)
    found = opened(bundle((alert(id=ONE), later)))
    assert [(r["id"], r["version"]) for r in found.rows] == [(ONE, 1), (ONE, 2)]
    body = json.loads(found.rows[1]["body"])
    assert body["state"] == "retracted"
    assert body["release"] == {"group": "nato", "redacted": []}
    assert body["asset"]["name"] == "Cable X"
    assert "kp_km" not in body["asset"]
    assert not {"triage", "log", "group"} & set(body)


def test_an_exercise_stays_one():
    found = opened(WHOLE)
    assert found.head.exercise
    assert [row["exercise"] for row in found.rows] == [None, "drill"]
    assert json.loads(found.rows[1]["body"])["exercise"] == "drill"


def test_only_what_the_gate_gave_can_be_told():
    with pytest.raises(TypeError, match="gate"):
        list(told_of([alert()]))
    assert len(list(told_of(gate(alert())))) == 1


def test_texts_of_others_are_cleaned_again():
    def change(body):
        body["text"] = body["subject"]["name"] = HOSTILE

    found = opened(lines_with(change, alert(id=ONE)))
    body = json.loads(found.rows[0]["body"])
    assert body["text"] == body["subject"]["name"] == '<script>alert("1")</script>&[31m'


def test_what_we_do_not_know_of_an_alert_is_left_out():
    def change(body):
        body["verdict"] = "guilty"
        body["triage"] = {"state": "ack"}

    body = json.loads(opened(lines_with(change, alert(id=ONE))).rows[0]["body"])
    assert not {"verdict", "triage"} & set(body)


# ---- what is none --------------------------------------------------------------------------------
@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(at, bits):
    changed = bytearray(WHOLE)
    changed[at] ^= bits
    with pytest.raises(FormatError):
        opened(bytes(changed))


def test_no_byte_of_its_first_lines_can_be_changed_in_any_way():
    end = WHOLE.index(b"\n", WHOLE.index(b"\n") + 1) + 11
    for at in range(end):
        for bits in (1, 2, 4, 8, 16, 32, 64, 128):
            changed = bytearray(WHOLE)
            changed[at] ^= bits
            with pytest.raises(FormatError):
                opened(bytes(changed))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=20))
def test_no_piece_can_be_cut_off_or_put_in(at, more):
    for changed in (WHOLE[:at], WHOLE[at + 1 :], WHOLE[:at] + b"\0" + more + WHOLE[at:]):
        with pytest.raises(FormatError):
            opened(changed)


@given(st.binary(max_size=300))
def test_noise_is_no_bundle(noise):
    for data in (noise, b"sargas-bundle 1 " + noise, WHOLE[:180] + noise):
        with pytest.raises(FormatError):
            opened(data)


def test_strangers_and_others_are_refused():
    with pytest.raises(FormatError, match="no trusted peer"):
        opened(bundle(by=STRANGER))
    with pytest.raises(FormatError, match="within something else"):  # a partner, in another's name
        opened(bundle(by=STRANGER), key_of={STRANGER.instance: STRANGER.key}.get)
    with pytest.raises(FormatError, match="another instance"):
        opened(bundle(recipient=STRANGER.instance))
    with pytest.raises(FormatError, match="one of our own"):
        opened(bundle(by=OURS))
    with pytest.raises(FormatError, match="signature"):  # a key that is not the one we know
        opened(bundle(), key_of={THEIRS.instance: STRANGER.key}.get)
    first, rest = WHOLE.split(b"\n", 1)
    with pytest.raises(FormatError, match="version 2"):
        opened(first.replace(b"bundle 1", b"bundle 2") + b"\n" + rest)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "within something else"),
        ({"version": 2}, "within something else"),
        ({"sequence": 0}, "no place"),
        ({"sequence": 10**13}, "no place"),
        ({"sequence": 3, "previous": 3, "previous_hash": "0" * 64}, "no place"),
        ({"sequence": 3, "previous": 2}, "no place"),
        ({"sequence": 3, "previous": 2, "previous_hash": "Z" * 64}, "no place"),
        ({"count": 2}, "others"),
        ({"created": "2027-01-15T09:00:00Z"}, "to come"),
        ({"created": "soon"}, "does not say"),
        ({"exercise": True}, "exercise"),
    ],
)
def test_what_a_bundle_says_of_itself_must_hold(changes, words):
    with pytest.raises(FormatError, match=words):
        opened(bundle(alert(id=ONE), **changes))


def put(name, value):
    return lambda body: body.__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("origin", {"instance": OURS.instance}), "claims an origin"),
        (put("id", "../x"), "no id"),
        (put("id", 7), "is none"),
        (put("version", 0), "no id or version"),
        (put("version", True), "is none"),
        (put("version", 1.0), "is none"),
        (put("state", "muted"), "is none"),
        (put("priority", "P0"), "is none"),
        (put("detector", "a b"), "no detector"),
        (put("subject", "x"), "is none"),
        (put("why", [1]), "is none"),
        (put("against", "x"), "is none"),
        (put("context", []), "is none"),
        (put("lon", "25"), "is none"),
        (put("text", None), "is none"),
        (put("exercise", 1), "is none"),
        (put("t_issued", "yesterday"), "is none"),
        (put("t_issued", "2024-12-25T10:00:00"), "is none"),
        (put("t_end", "2100-01-01T00:00:00Z"), "to come"),
        (put("t_start", "2027-01-17T00:00:00Z"), "to come"),
        (lambda body: body.pop("exercise"), "is none"),
        (lambda body: body.pop("t_issued"), "is none"),
    ],
)
def test_an_alert_that_is_none_refuses_the_whole(change, words):
    with pytest.raises(FormatError, match=words):
        opened(lines_with(change, alert(id=ONE), alert(id="b" * 24)))


def test_an_alert_comes_once_in_a_bundle():
    first, body = lines_of(bundle(alert(id=ONE)))
    with pytest.raises(FormatError, match="others"):
        opened(signed_lines(canonical(first | {"count": 2}), canonical(body), canonical(body)))


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "cannot be read"),
        (b"\xff\xff", "cannot be read"),
        (b"", "cannot be read"),
        (b'{"a": 1}', "not written"),
        (b'{"a":1,"a":1}', "not written"),
        (b'{"b":1,"a":1}', "not written"),
        (b'{"a":NaN}', "cannot be read"),
        (b'{"a":1e999}', "cannot be read"),
        (b'{"a":' + b"9" * 5000 + b"}", "cannot be read"),
        (b'{"a":"\\ud800"}', "cannot be read"),
        (nested(17), "too deep"),
        (nested(100_000), "cannot be read|too deep"),
        (b'"' + b"a" * (1 << 20) + b'"', "more than"),
        (b"[1]", "is none"),
    ],
)
def test_json_that_is_no_line_of_a_bundle(line, words):
    first, _ = lines_of(bundle(alert(id=ONE)))
    with pytest.raises(FormatError, match=words):
        opened(signed_lines(canonical(first), line))
    with pytest.raises(FormatError):
        opened(signed_lines(line))


def packed_zeros(size):
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packing.compress(b"0" * (1 << 20)) for _ in range(size >> 20)) + packing.flush()


def test_bombs_do_not_go_off(monkeypatch):
    with pytest.raises(FormatError, match="too much"):
        opened(signed_lines(packed=packed_zeros(200 << 20)))
    first, body = lines_of(bundle(alert(id=ONE)))
    with pytest.raises(FormatError, match="more than 5,000"):
        opened(signed_lines(canonical(first), *[b"{}"] * 5001))
    packing = zlib.compressobj(6, zlib.DEFLATED, 31)
    whole = packing.compress(canonical(first) + b"\n" + canonical(body) + b"\n") + packing.flush()
    assert opened(signed_lines(packed=whole)).rows
    for wrong in (whole + whole, whole + b"x", whole[:-1], whole[:-8] + bytes(8), b"", b"x"):
        with pytest.raises(FormatError):
            opened(signed_lines(packed=wrong))
    with pytest.raises(FormatError, match="more than"):
        opened(b"x" * (bundles.BYTES_MOST + 1))
    assert opened(WHOLE).rows  # nothing of it stays


def test_a_group_that_must_not_know_the_vessel_gets_no_trace_of_it():
    hidden = alert(id=ONE, subject=Subject("sea", 518_998_865, name="A SHIP", imo=9329760))
    for released in gate(hidden, group="eu"):
        assert released.id != ONE
        _, body = next(iter(told_of([released])))
        said = canonical(body)
        for trace in (b"518998865", b"A SHIP", b"9329760", ONE.encode(), b"25.6"):
            assert trace not in said
