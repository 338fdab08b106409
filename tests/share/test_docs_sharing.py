"""docs/sharing.md says what is there, and its lines for receivers do what they promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sargas.share.formats import FORMATS
from sargas.share.policy import REDACTIONS, read_policy, shipped_text
from sargas.share.release import FIELDS
from sargas.share.webhook import AGAIN, LONGEST_WAIT_S, SECRET_LEAST, TRIES, signature

TEXT = (Path(__file__).parents[2] / "docs" / "sharing.md").read_text()
SHIPPED = read_policy(shipped_text())


@pytest.mark.parametrize("word", FORMATS)
def test_every_format_has_its_row(word: str) -> None:
    assert re.search(rf"^\| `{word}` \| .+ \| .+ \| .+ \| .+ \|$", TEXT, re.MULTILINE), word


@pytest.mark.parametrize("word", REDACTIONS)
def test_every_redaction_has_its_row(word: str) -> None:
    rows = re.findall(r"^\| (`[^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)
    assert any(f"`{word}`" in row for row in rows), word


def test_the_shipped_groups_are_told_as_they_are() -> None:
    for name in SHIPPED.groups:
        assert f"`{name}`" in TEXT
    common = SHIPPED.groups["nato"].redact
    for name in ("3+3", "eu", "nato"):
        assert SHIPPED.groups[name].redact == common
    assert f"never get `{' '.join(common)}`" in TEXT
    partners = [w for w in SHIPPED.groups["partners"].redact if w not in common]
    assert f"`partners` not `{' '.join(partners)}` either" in TEXT
    more = [w for w in SHIPPED.groups["public"].redact if w not in (*common, *partners)]
    assert f"`public` not `{' '.join(more)}` besides" in re.sub(r"\s+", " ", TEXT)


def test_every_field_that_can_leave_is_in_the_table() -> None:
    told = TEXT[TEXT.index("### What of an alert goes where") :]
    names = {
        "id", "version", "state", "priority", "detector", "t_start", "t_issued", "subject", "asset",
        "next_assets", "why", "text", "against", "context", "notes", "triage", "log",
    }  # fmt: skip
    assert names <= FIELDS
    for name in names:
        assert f"`{name}`" in told, name


def test_the_lines_for_receivers_hold() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    said: dict = {}
    exec(code, said)
    secret, body = b"a secret of the two of us", b'{"id":"0a"}'
    header = signature(secret, 1_735_122_360, body)
    is_ours = said["is_ours"]
    assert is_ours(header, body, secret, 1_735_122_400)
    assert not is_ours(header, body + b" ", secret, 1_735_122_400)
    assert not is_ours(header, body, secret[1:], 1_735_122_400)
    assert not is_ours(header, body, secret, 1_735_123_000), "of long ago"
    assert not is_ours(header.replace("t=1735122360", "t=1735122361"), body, secret, 1_735_122_400)


def test_the_numbers_of_webhooks_are_those_of_the_code() -> None:
    text = re.sub(r"\s+", " ", TEXT)
    assert (TRIES, LONGEST_WAIT_S, SECRET_LEAST) == (5, 30.0, 16)
    assert "up to five times" in text
    assert "end at 30 seconds" in text
    assert "16 letters or more" in text
    for status in AGAIN:
        assert str(status) in text


def test_a_request_can_be_signed_from_the_document_alone() -> None:
    """By the words of docs/wire.md, with the package `cryptography` and no line of ours."""
    import hashlib

    from sargas.share.partner.request import SKEW_MS, asker

    from .partners import NOW_MS, OURS, THEIRS, peer_of

    wire = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()
    for name in ("Instance", "Time", "Nonce", "Digest", "Signature"):
        assert f"`X-Sargas-{name}`" in wire
    assert SKEW_MS == 5 * 60_000
    target, body = "/api/partners/bundle?after=7", b""
    digest = hashlib.sha256(body).hexdigest()
    said = [THEIRS.instance, OURS.instance, str(NOW_MS), "ab" * 16, digest]
    text = "\n".join(["sargas-request 1", "GET", target, *said]).encode()
    headers = {
        "x-sargas-instance": said[0], "x-sargas-time": said[2], "x-sargas-nonce": said[3],
        "x-sargas-digest": said[4], "x-sargas-signature": THEIRS.sign(text).hex(),
    }  # fmt: skip
    peer = peer_of(THEIRS)
    known = {peer.instance: peer}
    assert asker(headers, OURS.instance, "GET", target, known.get, NOW_MS) == peer
    for method, path in (("POST", target), ("GET", target + "0")):
        assert isinstance(asker(headers, OURS.instance, method, path, known.get, NOW_MS), str)


def test_the_bounds_of_a_bundle_are_told_as_they_are() -> None:
    from sargas.share.partner import bundle

    assert (bundle.BYTES_MOST, bundle.PLAIN_MOST, bundle.LINE_MOST) == (8 << 20, 64 << 20, 1 << 20)
    assert (bundle.COUNT_MOST, bundle.DEPTH_MOST) == (5000, 16)
    text = re.sub(r"\s+", " ", TEXT)
    assert "8 MB, 64 MB unpacked, 5,000 alert versions, 1 MB a line, 16 levels" in text


def test_the_deadlines_are_told_as_they_are() -> None:
    import inspect

    from sargas.share import mail, tak, webhook
    from sargas.share.partner import exchange

    text = re.sub(r"\s+", " ", TEXT)
    assert f"A try has {webhook.TRY_S:g} seconds" in text
    cot_s = inspect.signature(tak.send).parameters["timeout_s"].default
    told = f"Cursor on Target {cot_s:g} seconds for all, mail {mail.MESSAGE_S:g} a message"
    assert f"{told}, a partner {exchange.TRY_S:g} a bundle" in text


def test_the_rows_of_feeds_do_what_is_told() -> None:
    (rows,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    made = read_policy(shipped_text() + b"\n" + rows.encode())
    assert made.feed_groups("national-radar") == ("national",)
    assert made.feed_groups("public-ais") == tuple(made.groups)
    assert made.feed_groups("scan") == made.feed_groups("other") == ("national", "3+3")
