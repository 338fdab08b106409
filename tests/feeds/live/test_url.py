"""Addresses of feeds: what they say, and what of them may be shown."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import UsageError
from sargas.feeds.live import open_transport
from sargas.feeds.live.url import SCHEMES, parse_feed_url, shown

SECRET = "hunter2"
NETWORK = [scheme for scheme in SCHEMES if scheme not in ("tail", "-")]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("wss://watch@station.example/mqtt?station=hunter2", "wss://station.example/mqtt?..."),
        ("http://hunter2@127.0.0.1/x", "http://127.0.0.1/x"),
        ("tcp://station.example:5631#name=a", "tcp://station.example:5631"),
        ("mqtts://watch@h.example:8883/ais/+/raw", "mqtts://h.example:8883/ais/+/raw"),
        ("udp://:10110", "udp://:10110"), ("udp://[::1]:10110", "udp://[::1]:10110"),
        ("aisstream:?bbox=1;2;3;4", "aisstream:?..."), ("aishub:", "aishub:"),
        ("tail:log?a@b.nmea", "tail:log?a@b.nmea"), ("-", "-"),
    ],
)  # fmt: skip
def test_user_and_query_are_not_shown(text, want):
    url = parse_feed_url(text)
    assert url.text == want
    assert SECRET not in repr(url)
    assert url.address == ("-" if text == "-" else text.partition("#")[0])


@pytest.mark.parametrize(
    "query",
    [
        "apikey=hunter2", "x=1&token=hunter2", "API_KEY=hunter2", "access-token=hunter2",
        "key=hunter2", "Password=hunter2", "pwd=hunter2", "client_secret=hunter2", "auth=hunter2",
        "%6bey=hunter2", "sig=hunter2", "authorization=hunter2", "sessionid=hunter2",
        "pass=hunter2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["https://h.example/x?{}", "wss://h.example/x?{}", "aishub:?{}"])
def test_a_secret_in_a_query_is_refused_unsaid(query, place):
    with pytest.raises(UsageError, match="looks like a secret") as caught:
        parse_feed_url(place.format(query))
    assert SECRET not in str(caught.value)
    assert "secret=FILE" in str(caught.value)


@pytest.mark.parametrize("query", ["station=3", "author=a", "bbox=1;2;3;4", "format=nmea", "v=2"])
def test_other_queries_are_not_refused(query):
    assert parse_feed_url(f"https://h.example/x?{query}").query


@pytest.mark.parametrize(
    "text",
    [
        "tcp://anna:hunter2@[bad:1", "ftp://anna:hunter2@h/x", "tcp://anna:hunter2@h:99999999",
        "tcp://anna:hunter2@h:1", "anna:hunter2@h", "tcp://anna:hunter2\u2100@h:1",
        "tcp:anna:hunter2@h:1", "tcp://anna:hunter2?x@h:1", "tcp://anna:hunter2/x@h:1",
        "https://anna:hunter2@h/x", "aisstream:hunter2", "aishub://hunter2",
        "aisstream:#server=wss://anna:hunter2@h/x", "aishub:#server=https://h/x?key=hunter2",
        "aisstream:#server=wss://[hunter2@", "https://h/?key=hunter2#idle",
    ],
)  # fmt: skip
def test_an_address_that_is_refused_is_not_repeated_with_its_secret(text):
    with pytest.raises(UsageError) as caught:
        open_transport(parse_feed_url(text))
    assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(text, "")
    assert SECRET not in str(caught.value)


def test_a_secret_that_is_taken_for_its_file_is_not_repeated():
    with pytest.raises(UsageError, match="No such file") as caught:
        parse_feed_url("mqtts://h.example/#secret=hunter2").secret()
    assert SECRET not in str(caught.value)


def said_of(text: str) -> str:
    """What is said of an address when it is used."""
    try:
        url = parse_feed_url(text)
        open_transport(url)
    except UsageError as error:
        return str(error)
    return url.text + url.name


ODD = st.text(st.sampled_from(list("ab:/?#[]@%,;. -\u2100")), max_size=6)


@given(st.sampled_from([*NETWORK, "ftp", ""]), ODD, ODD, ODD)
def test_whatever_is_wrong_with_it_a_password_is_not_shown(scheme, before, after, rest):
    """Between the slashes and the last @, whatever stands around it; behind an @ it is a host."""
    text = f"{scheme}://anna:{before.replace('@', '')}{SECRET}{after}@{rest.replace('@', '')}"
    assert SECRET not in shown(text)
    assert SECRET not in said_of(text)
