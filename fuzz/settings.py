"""Targets: what users write: rules, scenarios, release policies, column maps, addresses, times."""

from __future__ import annotations

from fuzz.mutate import TIMES
from fuzz.seeds import as_json, shipped
from fuzz.target import JSON, Target, demand, written
from sargas.cli.reading import column_map
from sargas.cli.suspending import _polygon
from sargas.errors import SargasError
from sargas.exercise.scenario import parse_scenario
from sargas.feeds.generic import split_map
from sargas.feeds.live.url import parse_feed_url
from sargas.model.time import iso, parse_iso
from sargas.share import mail, tak, webhook
from sargas.share.policy import read_policy
from sargas.store.retention import read_rule
from sargas.watch.rules import load_rules

TOML_WORDS = (
    b"[", b"]", b"[[", b"]]", b"=", b'"""', b"'''", b"{", b"}", b"#", b"\n[a.b.c]\n", b"\nx = 1\n",
    b"inf", b"nan", b"1979-05-27T07:32:00Z", b"0xFFFFFFFFFFFFFFFFFFFF", b"\\UFFFFFFFF",
    b"a.b.c = 1",
)  # fmt: skip


AREA = {"type": "Polygon", "coordinates": [[[20, 57], [21, 57], [21, 58], [20, 57]]]}


def rules(data: bytes) -> None:
    """Lay a user's thresholds over the shipped ones."""
    made = load_rules(written("rules.toml", data))
    demand(all(abs(v) <= 1e9 for t in made.tables for v in made[t].values()), "values are bounded")


def scenario(data: bytes) -> None:
    """Read a scenario."""
    made = parse_scenario(data, "fuzz.toml")
    demand(made.start_ms <= made.play_from_ms < made.end_ms, "a scenario runs forward")


def policy(data: bytes) -> None:
    """Read a release policy."""
    for group in read_policy(data, "release.toml").groups.values():
        demand(isinstance(group.redacted, tuple), "fields are named")


def retention(data: bytes) -> None:
    """Read a rule of retention; it never lets go of the newest days."""
    rule = read_rule(data.decode("utf-8", "replace"), "retention.toml")
    for days in (rule.fixes_days, rule.statics_days):
        demand(days is None or days >= 7, "the newest days stay")


def mapping(data: bytes) -> None:
    """Read the value of `--map`."""
    pairs = column_map(data.decode("utf-8", "replace"))
    if pairs is not None:
        split_map(pairs)


def feed_url(data: bytes) -> None:
    """Read the address of a live feed; it never shows a user or a password."""
    url = parse_feed_url(data.decode("utf-8", "replace"))
    demand(bool(url.name) and len(url.name) <= 40, "a feed has a name")
    demand(url.scheme == "tail" or "@" not in url.text, "a user is not shown")
    demand(0 < url.idle_s <= 7 * 86_400, "silence is bounded")
    demand(url.secret_variable.replace("_", "").isalnum(), "a variable has a plain name")


def send_url(data: bytes) -> None:
    """Read an address as each sender does."""
    text = data.decode("utf-8", "replace")
    for read in (webhook.checked_url, tak.checked_url, mail.checked_url):
        try:
            read(text)
        except SargasError:
            continue
        webhook.place(text)


def moment(data: bytes) -> None:
    """Read a time, and write it again."""
    t_ms = parse_iso(data.decode("utf-8", "replace"))
    demand(parse_iso(iso(t_ms)) == t_ms, "a time is written as it was read")


def area(data: bytes) -> None:
    """Read the area of a suspension."""
    _polygon(written("area.geojson", data))


FEED_URLS = (
    b"tcp://153.44.253.27:5631#name=kystverket,idle=30", b"udp://:10110", b"tail:log.nmea#from=end",
    b"mqtts://user@meri.digitraffic.fi:443/vessels-v2/+/location#lateness=60,secret=/x", b"-",
    b"wss://[::1]:443/mqtt?a=b&c", b"https://h/p?q=1#name=a", b"aisstream:#secret=f", b"aishub:",
)  # fmt: skip
SEND_URLS = (
    b"https://hooks.example.org:8443/T0/secret?k=v", b"http://127.0.0.1/x", b"cot+tls://[::1]:8089",
    b"cot+udp://239.2.3.1:6969", b"smtps://mail.example.org", b"smtp://mail.example.org:25",
)  # fmt: skip
TARGETS = (
    Target(
        "rules", rules, ("sargas.watch.rules",),
        lambda: [shipped("sargas.watch", "rules.toml")[:3000],
                 b"[drag_onset]\nmin_speed_kn = 4.0\n", b"[gap]\n",
                 b"[drag_onset.min_speed_kn]\nvalue = 3.5\n"],
        words=TOML_WORDS,
    ),
    Target(
        "scenario", scenario, ("sargas.exercise.scenario",),
        lambda: [shipped("sargas.exercise", "scenarios", "eagle-s.toml"),
                 shipped("sargas.exercise", "scenarios", "yi-peng-3.toml")],
        words=TOML_WORDS,
    ),
    Target(
        "release-policy", policy, ("sargas.share.policy",),
        lambda: [shipped("sargas.share", "release.toml"),
                 b'[groups.nato]\nlabel = "NATO"\nredact = ["kp"]\n'
                 b'sees = [{priorities = ["P1"]}]\n'],
        words=(*TOML_WORDS, b'"P1"', b"exercises = true", b"[groups.a]", b"redact"),
    ),
    Target(
        "retention-rule", retention, ("sargas.store.retention",),
        lambda: [b'fixes_days = 90\nstatics_days = 365\nkeep_evidence = true\n'
                 b'keep = ["2024-12-25"]\n'],
        words=(*TOML_WORDS, b"fixes_days", b"keep_evidence", b'"P1"'),
    ),
    Target(
        "column-map", mapping, ("sargas.feeds.generic",),
        lambda: [b"mmsi=id,t=time,lon=x,lat=y,sog=speed,waters=any", b"t=a,mmsi=b,lon=c,lat=d"],
        words=(b"=", b",", b"t=", b"lon=", b"waters="),
    ),
    Target(
        "feed-url", feed_url, ("sargas.feeds.live.url",), lambda: FEED_URLS,
        words=(b"://", b"#", b"[", b"]", b":", b"@", b"name=", b"idle=", b"%00", b"tail:",
               b"\xe2\x84\x80"),
    ),
    Target(
        "send-url", send_url, ("sargas.share.webhook", "sargas.share.tak", "sargas.share.mail"),
        lambda: SEND_URLS,
        words=(b"://", b"[", b"]", b":", b"@", b"https://", b"%00", b"\xe2\x84\x80"),
    ),
    Target("time", moment, ("sargas.model.time",), lambda: TIMES),
    Target(
        "suspension-area", area, ("sargas.cli.suspending",),
        lambda: as_json(AREA),
        kind=JSON,
    ),
)  # fmt: skip
