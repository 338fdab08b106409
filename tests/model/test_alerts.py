"""Alerts read back from what was written of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import FormatError
from sargas.model.alerts import Alert, AssetRef, NextAsset, Reason, Subject

TIMES = st.integers(0, 4_102_444_800_000)
NUMBERS = st.floats()
TEXTS = st.text(max_size=12)
COUNTS = st.integers(0, 999_999_999)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def tuples(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3).map(tuple)


SUBJECTS = st.builds(
    Subject, domain=st.sampled_from(["sea", "air"]), mmsi=COUNTS, segment=st.integers(0, 9),
    imo=maybe(COUNTS), name=maybe(TEXTS), callsign=maybe(TEXTS), ship_type=maybe(COUNTS),
    length_m=maybe(COUNTS),
)  # fmt: skip
ASSETS = st.builds(
    AssetRef, id=TEXTS, name=TEXTS, kind=TEXTS, distance_m=NUMBERS, kp_km=maybe(NUMBERS),
    accuracy_m=NUMBERS,
)  # fmt: skip
NEXT = st.builds(
    NextAsset, id=TEXTS, name=TEXTS, kind=TEXTS, distance_km=NUMBERS, eta_ms=TIMES, lon=NUMBERS,
    lat=NUMBERS,
)  # fmt: skip
REASONS = st.builds(
    Reason, feature=TEXTS, value=NUMBERS, unit=TEXTS, threshold=NUMBERS, margin=NUMBERS,
    passed=st.booleans(),
)  # fmt: skip
ALERTS = st.builds(
    Alert, id=TEXTS, detector=TEXTS, detector_version=TEXTS, rules=TEXTS,
    version=st.integers(1, 99), state=st.sampled_from(["open", "closed", "retracted"]),
    priority=st.sampled_from(["P1", "P2", "P3"]), t_start_ms=TIMES, t_detected_ms=TIMES,
    t_issued_ms=TIMES, subject=SUBJECTS, lon=NUMBERS, lat=NUMBERS, asset=maybe(ASSETS),
    next_assets=tuples(NEXT), why=tuples(REASONS), against=tuples(TEXTS),
    context=st.dictionaries(TEXTS, maybe(st.integers() | TEXTS), max_size=3), text=TEXTS,
    exercise=maybe(TEXTS), muted_by=tuples(TEXTS), group=maybe(TEXTS), t_end_ms=maybe(TIMES),
    evidence_ms=maybe(st.tuples(TIMES, TIMES)), geometry=TEXTS, notes=tuples(TEXTS),
)  # fmt: skip


@given(ALERTS)
def test_what_was_written_is_read_back(alert: Alert) -> None:
    body = alert.to_dict()
    assert Alert.from_dict(body).to_dict() == body
    assert Alert.from_dict(json.loads(alert.to_json())).to_json() == alert.to_json()


@given(ALERTS)
def test_what_is_no_number_is_none_again(alert: Alert) -> None:
    read = Alert.from_dict(alert.to_dict())
    assert [r.value != r.value for r in read.why] == [
        r.value != r.value or abs(r.value) == float("inf") for r in alert.why
    ]


BODY = Alert(
    "0a", "gap", "1", "r", 1, "open", "P3", 0, 1000, 1000, Subject("sea", 230_000_000), 20.0, 57.0,
    AssetRef("c", "C", "power_cable", 1.0, None, 200.0), (), (Reason("x", 2, "m", 1, 1, True),),
    ("unknown length",), {}, "Not received.", evidence_ms=(0, 1000),
).to_dict()  # fmt: skip


@pytest.mark.parametrize("field", sorted(BODY.keys() - {"caveat"}))
def test_a_missing_field_is_named(field: str) -> None:
    short = {name: value for name, value in BODY.items() if name != field}
    with pytest.raises(FormatError, match=f"no field '{field}'"):
        Alert.from_dict(short)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("t_start", "yesterday"), ("t_start", 12), ("lon", "east"), ("why", [1]), ("why", None),
        ("against", "unknown length"), ("subject", None), ("subject", []), ("asset", {}),
        ("state", None), ("context", 3), ("version", "first"), ("version", None), ("notes", [1]),
        ("evidence", {"from": None}), ("next_assets", [{}]), ("text", ["Not", "received"]),
    ],
)  # fmt: skip
def test_a_damaged_field_is_refused_with_the_alert_named(field: str, value: object) -> None:
    with pytest.raises(FormatError, match="alert") as caught:
        Alert.from_dict(BODY | {field: value})
    assert caught.value.where == "0a"


@pytest.mark.parametrize("body", [None, [], "alert", {}])
def test_what_is_no_alert_is_refused(body: Any) -> None:
    with pytest.raises(FormatError, match="alert"):
        Alert.from_dict(body)
