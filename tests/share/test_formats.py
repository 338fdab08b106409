"""Every format: an exercise is marked, what was not released leaves no trace, any text is text."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import UsageError
from sargas.model.alerts import AssetRef, NextAsset, Reason, Subject
from sargas.model.triage import RELEASE_TO, Act
from sargas.share.evidence import CAVEAT
from sargas.share.formats import FORMATS, Document, documents, format_of
from sargas.share.policy import REDACTIONS, read_policy, shipped_text
from sargas.share.release import released, released_track
from sargas.share.saying import About

from .conftest import HOSTILE, alert, fixes
from .formats import CAP, CHECKS, MARKS, is_seen, mail_of, xml_of

POLICY = read_policy(shipped_text(), key=b"k" * 64)
ABOUT = About("watch@example.org", "+370 5 000", "0.1")
NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x1b\n\t\r\u202e\u2066\ufeff\u2028\u2029\x85\x1c\ufffe\uffff<>&\"']\ud800\udfff"
        ),
    ),
    max_size=30,
).map(lambda text: text + "]]><!-- &x; \u202e")


def body(*versions):
    bodies = [v.to_dict() for v in versions or (alert(),)]
    return {**bodies[-1], "versions": bodies}


def gate(bodies, group="national", acts=(), policy=POLICY):
    return released(bodies, group, policy, acts)


def letting(*ids, group="nato"):
    return [Act(n, 0, 0, "V.P.", RELEASE_TO, name, 1, n, "", "", {"group": group})
            for n, name in enumerate(ids, 1)]  # fmt: skip


def written(word, alerts, about=ABOUT, rows=None):
    kind = format_of(word)
    items = alerts
    if kind.of_tracks:
        rows = fixes() if rows is None else rows
        tracks = [released_track(one, rows, POLICY, {}) for one in alerts]
        items = [track for track in tracks if track is not None and len(track.fixes)]
    return list(documents(kind, items, about))


@pytest.mark.parametrize("word", FORMATS)
def test_every_format_is_valid_in_its_own_terms(word):
    (document,) = written(word, gate([body()]))
    CHECKS[word](document)
    assert "EXERCISE" not in document.data.decode() + document.name
    assert document.name.startswith("sargas-")
    assert document.alerts == ((alert().id, 1),)
    again = written(word, gate([body()]))
    assert again == [document], "the same alert gives the same bytes"


@settings(max_examples=60, deadline=None)
@given(name=NASTY, rest=NASTY, drill=st.one_of(st.none(), NASTY, st.sampled_from(["", "\u202e"])))
@pytest.mark.parametrize("word", FORMATS)
def test_whatever_a_vessel_calls_itself_is_text_and_an_exercise_is_marked(word, name, rest, drill):
    bad = alert(
        subject=Subject("sea", 518_998_865, imo=9329760, name=name, callsign=rest),
        asset=AssetRef(rest, name, rest, 120.0, 14.2, 200.0),
        next_assets=(NextAsset(rest, name, rest, 3.2, 1_735_122_000_000, 25.5, 59.8),),
        why=(Reason(rest, 2.1, rest, float("inf"), 0.9, True),), against=(rest, name),
        context={rest: name, "gnss": name}, text=name, notes=(rest,), exercise=drill,
        detector=re.sub("[^a-z]", "", rest) or "gap",
    )  # fmt: skip
    for document in written(word, gate([body(bad)])):
        CHECKS[word](document)
        is_seen(document)
        if drill is not None:
            MARKS[word](document)
        assert document.exercise == document.name.startswith("EXERCISE-") == (drill is not None)
        assert re.fullmatch(r"[A-Za-z0-9.-]+", document.name)


@pytest.mark.parametrize("word", FORMATS)
def test_an_exercise_never_leaves_as_real_in_any_version(word):
    versions = [
        alert(version=n, exercise="eagle-s", state="retracted" if n == 3 else "open")
        for n in (1, 2, 3)
    ]
    about = About("watch@example.org", with_history=True, now_ms=1_800_000_000_000)
    found = written(word, gate([body(*versions)]), about)
    assert bool(found) == (word not in ("cise",)) or FORMATS[word].of_tracks
    for document in found:
        if document.alerts:
            MARKS[word](document)
            assert document.name.startswith("EXERCISE-")


@pytest.mark.parametrize("word", FORMATS)
def test_a_real_alert_beside_an_exercise_puts_the_mark_on_the_whole(word):
    pair = gate([body(), body(alert(id="e" * 24, exercise="eagle-s"))])
    for document in written(word, pair):
        drill = any(name == "e" * 24 for name, _ in document.alerts)
        assert document.exercise == drill
        assert document.name.startswith("EXERCISE-") == drill


@pytest.mark.parametrize("word", FORMATS)
def test_what_was_not_released_leaves_no_trace(word):
    """Byte for byte what is written where the other alert has never been."""
    first, other = alert(group="shared"), alert(id="f" * 24, text="SECRET", group="shared")
    acts = letting(first.id)
    with_other = written(word, gate([body(first), body(other)], "nato", acts))
    without = written(word, gate([body(first)], "nato", acts))
    assert with_other == without
    assert with_other
    assert all("f" * 24 not in d.data.decode() and b"SECRET" not in d.data for d in with_other)
    for document in written(word, gate([body(first), body(other)], "eu", acts)):
        assert document.alerts == ()
        assert first.id not in document.data.decode()


@pytest.mark.parametrize("word", FORMATS)
def test_what_the_public_does_not_get_stands_nowhere(word):
    one = alert(
        text="A SHIP (MMSI 518998865) at km 14.2", against=("A SHIP says so",), notes=("NOTE-N",),
        context={"lists": [{"list": "LIST-L"}], "coverage": "COV-C", "gnss": "not seen"},
    )  # fmt: skip
    for document in written(word, gate([body(one)], "public", letting(one.id, group="public"))):
        assert one.id not in document.data.decode() + document.name, "an id is a hash of the vessel"
        assert document.own in ((), ((one.id, 1),))
        text = document.data.decode()
        for secret in ("A SHIP", "518998865", "9329760", "14.2", "LIST-L", "COV-C", "NOTE-N"):
            assert secret not in text, secret
        assert "asset.kp_km" in text or not document.alerts, "it says what is missing"
    if FORMATS[word].of_tracks:
        assert written(word, gate([body(one)], "public", letting(one.id, group="public"))) == []


@pytest.mark.parametrize("word", FORMATS)
def test_nothing_but_what_the_gate_gave_is_written(word):
    kind = format_of(word)
    with pytest.raises(TypeError, match="gate"):
        list(documents(kind, [body()], ABOUT))
    with pytest.raises(TypeError, match="writes what leaves"):
        Document("x", ".json", b"{}", (), (), False)
    for document in written(word, gate([body()])):
        with pytest.raises((TypeError, ValueError)):
            replace(document, data=b"{}")


@pytest.mark.parametrize("word", ["cap", "cot", "cise"])
def test_every_message_says_what_it_is_not(word):
    (document,) = written(word, gate([body()]))
    text = " ".join(xml_of(document).itertext())
    if word == "cise":
        (content,) = xml_of(document).iter("Content")
        text = base64.b64decode(content.text).decode()
    assert CAVEAT in text
    assert "reports itself at anchor" in text, "what speaks against it goes with it"


# ---- CAP -----------------------------------------------------------------------------------------
def cap(document):
    return lambda path: xml_of(document).findtext(path, namespaces=CAP)


def test_cap_tells_the_life_of_an_alert():
    t = 1_735_122_900_000
    versions = [
        alert(version=1, priority="P2", t_issued_ms=t),
        alert(version=2, priority="P1", t_issued_ms=t + 60_250),
        alert(version=3, priority="P1", t_issued_ms=t + 120_000, state="retracted"),
    ]
    about = replace(ABOUT, with_history=True)
    found = written("cap", gate([body(*versions)]), about)
    for document in found:
        CHECKS["cap"](document)
    said = [cap(document) for document in found]
    assert [one("c:msgType") for one in said] == ["Alert", "Update", "Cancel"]
    assert [one("c:info/c:severity") for one in said] == ["Minor", "Moderate", "Moderate"]
    assert [one("c:info/c:certainty") for one in said] == ["Possible", "Possible", "Unlikely"]
    assert [one("c:info/c:urgency") for one in said] == ["Expected", "Expected", "Past"]
    named = [",".join((one("c:sender"), one("c:identifier"), one("c:sent"))) for one in said]
    assert said[0]("c:references") is None
    assert said[1]("c:references") == named[0]
    assert said[2]("c:references") == " ".join(named[:2])
    assert named[1].endswith("v2,2024-12-25T10:36:00-00:00")
    (last,) = written("cap", gate([body(*versions)]))
    assert last == found[-1], "one message alone says the same as in the row"


def test_cap_refers_to_no_version_that_the_group_was_not_given():
    versions = [alert(version=n) for n in (1, 2)]
    act = Act(1, 0, 0, "V.P.", RELEASE_TO, alert().id, 2, 1, "", "", {"group": "nato"})
    (one,) = written("cap", gate([body(*versions)], "nato", [act]))
    assert cap(one)("c:msgType") == "Alert"
    assert cap(one)("c:references") is None
    assert ".v1" not in one.data.decode()


def test_cap_says_for_whom_and_where():
    (one,) = written("cap", gate([body()], "nato", letting(alert().id)))
    assert (cap(one)("c:scope"), cap(one)("c:restriction")) == ("Restricted", "nato")
    assert cap(one)("c:status") == "Actual"
    assert cap(one)("c:info/c:area/c:circle") == "59.90000,25.60000 1.0"
    ring = cap(one)("c:info/c:area/c:polygon").split()
    assert ring[0] == ring[-1]
    assert len(ring) >= 4
    (public,) = written("cap", gate([body()], "public", letting(alert().id, group="public")))
    assert (cap(public)("c:scope"), cap(public)("c:restriction")) == ("Public", None)
    assert cap(public)("c:info/c:area/c:circle").endswith(" 18.5"), "of its error nothing is told"
    lost = alert(lon=float("nan"), lat=float("nan"), next_assets=())
    (nowhere,) = written("cap", gate([body(lost)]))
    CHECKS["cap"](nowhere)
    assert cap(nowhere)("c:info/c:area/c:areaDesc").startswith("Place not told")


def test_cap_needs_a_sender():
    with pytest.raises(UsageError, match="sender"):
        written("cap", gate([body()]), About())


# ---- Cursor on Target ----------------------------------------------------------------------------
def test_cot_is_a_mark_without_affiliation_and_keeps_its_uid():
    versions = [alert(version=n, priority="P1") for n in (1, 2)]
    found = written("cot", gate([body(*versions)]), About(with_history=True))
    roots = [xml_of(document) for document in found]
    assert {root.get("uid") for root in roots} == {f"sargas.alert.{alert().id}"}
    for root in roots:
        assert root.get("type") == "b-m-p-s-m"
        assert not re.match(r"a-[a-z]", root.get("type")), "no atom of any affiliation"
        assert root.get("how") == "m-g"
        assert root.get("opex") is None
        assert root.get("start") <= root.get("time") < root.get("stale")
        point = root.find("point").attrib
        assert (point["lat"], point["lon"], point["ce"]) == ("59.900000", "25.600000", "100.0")


def test_cot_says_that_nothing_is_known_of_the_error_under_interference():
    one = alert(context={"gnss": "active"})
    (document,) = written("cot", gate([body(one)]))
    assert xml_of(document).find("point").get("ce") == "9999999.0"


def test_cot_is_sent_with_the_time_of_sending_and_fades():
    now = About(now_ms=1_800_000_000_000)
    (document,) = written("cot", gate([body()]), now)
    root = xml_of(document)
    assert root.get("time") == "2027-01-15T08:00:00.000Z"
    assert root.get("stale") == "2027-01-15T08:10:00.000Z"
    over = alert(version=2, state="closed")
    (document,) = written("cot", gate([body(over)]), now)
    assert xml_of(document).get("stale") == "2027-01-15T08:00:10.000Z"
    assert "closed" in xml_of(document).find("detail/contact").get("callsign")


def test_cot_without_a_place_is_refused():
    lost = gate([body(alert(lon=float("nan"), lat=float("nan")))])
    assert written("cot", lost) == []
    assert "place" in FORMATS["cot"].refuses(lost[0])


# ---- CISE, MF-JSON, GeoJSON ----------------------------------------------------------------------
def test_cise_says_no_more_than_was_seen():
    def kind(**changes):
        (document,) = written("cise", gate([body(alert(**changes))]))
        CHECKS["cise"](document)
        return xml_of(document).findtext("Anomaly/AnomalyType")

    assert kind() == "UnexpectedMovement"
    assert kind(detector="off_route") == "VesselOutOfTrafficLanes"
    assert kind(detector="gap") is None, "not received is not 'without transmission'"
    assert kind(detector="position_integrity") is None
    (drill,) = gate([body(alert(exercise="x"))])
    assert "exercise" in FORMATS["cise"].refuses(drill)
    (gone,) = gate([body(alert(state="retracted"))])
    assert "retraction" in FORMATS["cise"].refuses(gone)
    (area,) = gate([body(alert(subject=Subject("area", 0)))])
    assert "object" in FORMATS["cise"].refuses(area)


def test_mf_json_breaks_where_nothing_was_received_and_keeps_the_units():
    import numpy as np

    from sargas.model.fixes import Fixes

    rows = fixes()
    late = np.where(np.arange(len(rows)) >= 125, 120_000, 0)
    hole = np.flatnonzero((np.arange(len(rows)) < 122) | (np.arange(len(rows)) > 130))
    gap = Fixes.build(len(rows), **rows.columns() | {"t_ms": rows.t_ms + late}).take(hole)
    whole = alert(evidence_ms=(int(gap.t_ms[0]), int(gap.t_ms[-1])))
    (document,) = written("mf-json", gate([body(whole)]), rows=gap)
    CHECKS["mf-json"](document)
    (feature,) = json.loads(document.data)["features"]
    assert len(feature["temporalGeometry"]["prisms"]) == 2
    assert sum(len(p["datetimes"]) for p in feature["temporalGeometry"]["prisms"]) == len(gap)
    said = {next(iter(set(p) - {"datetimes"})): p for p in feature["temporalProperties"]}
    assert said["sog_kn"]["sog_kn"]["form"] == "KNT"
    assert len(said["cog_deg"]["datetimes"]) == len(gap) - 1, "one course was not sent"


def test_geojson_is_what_a_map_reads():
    (document,) = written("geojson", gate([body()]))
    (feature,) = json.loads(document.data)["features"]
    assert feature["id"] == alert().id
    assert feature["geometry"]["coordinates"] == [25.6, 59.9]
    assert feature["properties"]["release"] == {"group": "national", "redacted": []}
    assert feature["properties"]["title"].startswith("Warning P2: slow in corridor, A SHIP")


def test_gpx_and_kml_of_a_track_are_escaped():
    bad = alert(subject=Subject("sea", 518_998_865, name=HOSTILE))
    for word in ("gpx", "kml"):
        (document,) = written(word, gate([body(bad)]))
        is_seen(document)
        assert ET.fromstring(document.data) is not None
        assert b"<script>" not in document.data


SECRETS = {
    "triage": ["OFFICER-O", "SAID-C"], "officers": ["OFFICER-O"], "comments": ["SAID-C"],
    "lists": ["LIST-L"], "sources": ["COV-C"], "mutes": ["MASK-M"], "notes": ["NOTE-N"],
    "rules": ["rrrrrrrrrrrr", "gggggggggggg"], "tests": ["mean speed over ground"],
    "against": ["AGAINST-A"], "context": ["LIST-L", "COV-C"], "text": ["TEXT-T"], "kp": ["14.217"],
    "asset": ["CABLE-X", "CABLE-Y", "power-cable-x"],
    "vessel": ["518998865", "9329760", "SHIP-S", "CALL-S"],
    "place": ["25.61234", "59.91234", "25.51234", "TEXT-T"],
}  # fmt: skip
TRIAGE = {"state": "ack", "owner": "OFFICER-O", "taken_by": "OFFICER-O", "comment": "SAID-C"}


@settings(max_examples=80, deadline=None)
@given(
    words=st.sets(st.sampled_from(sorted(REDACTIONS)), max_size=6),
    state=st.sampled_from(["open", "closed", "retracted"]),
)
@pytest.mark.parametrize("word", FORMATS)
def test_whatever_is_redacted_every_format_is_valid_and_tells_nothing_of_it(word, words, state):
    one = alert(
        state=state, lon=25.61234, lat=59.91234, text="TEXT-T", against=("AGAINST-A",),
        notes=("NOTE-N",), muted_by=("MASK-M",),
        subject=Subject("sea", 518_998_865, imo=9329760, name="SHIP-S", callsign="CALL-S"),
        asset=AssetRef("power-cable-x", "CABLE-X", "power_cable", 120.0, 14.217, 200.0),
        next_assets=(NextAsset("c2", "CABLE-Y", "telecom_cable", 3.2, 1_735_122_000_000, 25.51234,
                               59.9),),
        context={"lists": [{"list": "LIST-L"}], "coverage": "COV-C", "gnss": "not seen"},
    )  # fmt: skip
    text = f'[groups.nato]\nlabel = "NATO"\nredact = {json.dumps(sorted(words))}'
    made = read_policy(text.encode(), key=b"k" * 64)
    whole = body(one) | {"triage": TRIAGE, "log": [{"officer": "OFFICER-O", "comment": "SAID-C"}]}
    for document in written(word, gate([whole], "nato", letting(one.id), made)):
        CHECKS[word](document)
        said = document.data.decode() + document.name
        if word == "cise":
            (content,) = xml_of(document).iter("Content")
            said += base64.b64decode(content.text).decode()
        if word == "mail":
            said += mail_of(document).get_content()
        for secret in {secret for redacted in words for secret in SECRETS.get(redacted, ())}:
            assert secret not in said, secret
