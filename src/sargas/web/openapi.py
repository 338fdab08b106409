"""The description of the service for programs: OpenAPI 3.1, at `/api`.

What a path takes and answers is said here in code; commands come from the structures that read
them, and the role that a path needs from the table of roles. docs/wire.md says it to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.share.partner.bundle import MEDIA_TYPE
from sargas.share.partner.request import PATH as BUNDLES
from sargas.web.clocks import HEADER, NAME, QUERY
from sargas.web.commands import ActCommand, SuspendCommand, UndoCommand, WatchCommand
from sargas.web.files import EVIDENCE, TRACKS
from sargas.web.health import CAUSES
from sargas.web.player import PlaybackAction
from sargas.web.roles import PATHS, PUBLIC
from sargas.web.users import UserCommand
from sargas.web.zones import ZoneCommand

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html; charset=utf-8"
BYTES = "application/octet-stream"
MEASURES = "text/plain; version=0.0.4; charset=utf-8"
OPENAPI_3_0 = "application/vnd.oai.openapi+json;version=3.0"
COMMANDS = (ActCommand, UndoCommand, WatchCommand, SuspendCommand, ZoneCommand, PlaybackAction,
            UserCommand)  # fmt: skip
Schema = dict[str, Any]


def _object(**fields: Schema) -> Schema:
    """Describe an object that has at least these fields."""
    return {"type": "object", "required": sorted(fields), "properties": fields}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


TEXT: Schema = {"type": "string"}
INT: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOL: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
ANY: Schema = {}
MAYBE_INT: Schema = {"type": ["integer", "null"]}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_OBJECT: Schema = {"type": ["object", "null"]}
MS = INT | {"description": "Event time, ms UTC."}
COLUMN = _list({"type": ["number", "null"]})

SCHEMAS: Mapping[str, Schema] = {
    "Refusal": _object(error=TEXT, hint=TEXT),
    "Clock": _object(
        t_ms=INT, t=TIME, playing=BOOL, live=BOOL, own=BOOL, speed=NUMBER, analysed_to_ms=INT,
        span=_object(from_ms=INT, to_ms=INT),
    ),
    "Feed": _object(name=TEXT, kind=TEXT, last_ms=MAYBE_INT, fixes=INT, rejected=INT, note=TEXT),
    "Halt": _object(
        cause={"enum": list(CAUSES)}, what=TEXT, since_ms=INT, until_ms=MAYBE_INT,
        judged_to_ms=MAYBE_INT, unstored_count=INT,
        unstored=_list(_object(id=TEXT, priority=TEXT, t_detected=TIME, text=TEXT)),
    ),
    "Status": _object(
        version=TEXT, mode=TEXT, exercise=MAYBE_OBJECT, clock=_ref("Clock"),
        feeds=_list(_ref("Feed")), attribution=_list(TEXT), vessels=INT, fixes=INT,
        user=MAYBE_OBJECT, halt={"anyOf": [_ref("Halt"), {"type": "null"}]},
    ),
    "Features": _object(type={"const": "FeatureCollection"}, features=_list(_object(type=TEXT))),
    "Alert": _object(
        id=TEXT, detector=TEXT, version=INT, state={"enum": ["open", "closed", "retracted"]},
        priority={"enum": ["P1", "P2", "P3"]}, t_start=TIME, t_detected=TIME, subject=_object(),
        text=TEXT, triage=_object(state=TEXT, last_seq=INT), muted_by=_list(TEXT),
    ),
    "PartnerAlert": _object(
        id=TEXT, detector=TEXT, version=INT, state={"enum": ["open", "closed", "retracted"]},
        priority={"enum": ["P1", "P2", "P3"]}, t_start=TIME, t_detected=TIME, subject=_object(),
        exercise=MAYBE_TEXT, release=_object(group=TEXT, redacted=_list(TEXT)),
        origin=_object(instance=TEXT, peer=MAYBE_TEXT, name=TEXT, received=TIME, bundle=TEXT),
    ),
    "Reach": _object(
        group=TEXT, label=TEXT, versions=_list(INT), because=MAYBE_TEXT, told_as=MAYBE_TEXT,
        redacted=_list(TEXT), withheld=_list(TEXT), released=MAYBE_OBJECT, withdrawn=MAYBE_OBJECT,
        left=_list(_object(at=TIME, officer=TEXT, format=TEXT, where=TEXT)), left_count=INT,
    ),
    "LogLine": _object(
        seq=INT, at=TIME, t=TIME, officer=TEXT, verb=TEXT, alert=MAYBE_TEXT, version=INT, batch=INT,
        old=TEXT, new=TEXT,
    ),
    "Track": _object(
        t_ms=_list(INT), lon=COLUMN, lat=COLUMN, sog_kn=COLUMN, cog_deg=COLUMN, heading_deg=COLUMN
    ),
    "Vessel": _object(mmsi=INT, name=MAYBE_TEXT, last=MAYBE_OBJECT, exercise=BOOL),
    "Suspension": _object(id=TEXT, from_ms=INT, until_ms=INT, ends_ms=INT, reason=TEXT, by=TEXT),
    "User": _object(name=TEXT, role=TEXT, disabled=BOOL, created=TIME),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """What a path does with a method.

    Attributes:
        summary: what, in a sentence.
        answers: schema of what it answers with 200; None for what is no JSON.
        query: its parameters, the required ones without a `?` behind their name.
        command: name of the schema of its body.
        media: types of what it answers.
    """

    summary: str
    answers: Schema | None = None
    query: Mapping[str, Schema] | None = None
    command: str = ""
    media: tuple[str, ...] = (JSON,)


_ANYONES: Schema = {"anyOf": [_ref("Alert"), _ref("PartnerAlert")]}
_LINKS = _list(_object(href=TEXT, rel=TEXT))
_GROUP = {"group?": TEXT}
_SPAN = {"from_ms": MS, "to_ms": MS}
_PAGE = Operation("A page of the screen.", media=(HTML,))
_ZONES = _ref("Features")
OPERATIONS: Mapping[str, Operation] = {
    "GET /login": Operation("The form to log in, or who is logged in.", media=(HTML,)),
    "POST /login": Operation("Log in with a form: name, password, next.", media=(HTML,)),
    "GET /login.css": Operation("The style of the form.", media=("text/css; charset=utf-8",)),
    "POST /logout": Operation("End the session.", media=(HTML,)),
    "GET /healthz": Operation("How the service is, in a word; 503 where it is failing.",
                              _object(status={"enum": ["ok", "degraded", "failing"]})),
    "GET /metrics": Operation("Measures of the service, for Prometheus.", media=(MEASURES,)),
    "GET /": _PAGE,
    "GET /alert/{id}": _PAGE,
    "GET /handover": _PAGE,
    "GET /quality": _PAGE,
    "GET /table": _PAGE,
    "GET /api": Operation("This description.", _object(openapi=TEXT, paths=_object())),
    "GET /api/status": Operation("What is shown, the clock, the feeds, and who asks.",
                                 _ref("Status")),
    "GET /api/assets": Operation("Cables, pipelines and wind farms.", _ref("Features"),
                                 media=(GEOJSON,)),
    "GET /api/alerts": Operation("Alerts as of the clock, and of partners, newest first.",
                                 _object(alerts=_list(_ANYONES)),
                                 {"whole?": TEXT, "origin?": TEXT}),
    "GET /api/alerts/{id}": Operation("One alert with its evidence, versions and log.",
                                      _ANYONES, {"origin?": TEXT}),
    "GET /api/partners": Operation(
        "Partners, and how many of their alerts are open.",
        _object(partners=_list(_object(
            instance=TEXT, peer=MAYBE_TEXT, name=MAYBE_TEXT, trusted=BOOL, alerts=INT,
            open=_object(P1=INT, P2=INT, P3=INT), received=MAYBE_TEXT,
        ))),
    ),
    "GET /api/partners/bundle": Operation("Signed by a partner: what it does not hold yet.",
                                          query={"after?": INT}, media=(MEDIA_TYPE,)),
    "POST /api/partners/bundle": Operation(
        "Signed by a partner: take a bundle.",
        _object(sequence=INT, already=BOOL, gap=BOOL, added=INT, known=INT, held=INT),
    ),
    "GET /api/alerts/{id}/dossier": Operation("What a dossier shows of an alert.",
                                              _object(alert=_ref("Alert"), kept=_object())),
    "GET /api/alerts/{id}/releases": Operation(
        "To which groups an alert is released; with `to`, what that group would get.",
        _object(policy=TEXT, version=INT, groups=_list(_ref("Reach"))),
        {"to?": TEXT, "version?": INT},
    ),
    "GET /api/alerts/{id}/{file}": Operation("A file of evidence, or of the vessel's track.",
                                             media=tuple((EVIDENCE | TRACKS).values())),
    "GET /api/histogram": Operation(
        "Alerts by the time they arose.",
        _object(from_ms=INT, to_ms=INT, P1=_list(INT), P2=_list(INT), P3=_list(INT)),
        _SPAN | {"bins?": INT, "at_ms?": MS},
    ),
    "GET /api/vessels/{mmsi}": Operation("Who a vessel said it is, and its last fix.",
                                         _ref("Vessel")),
    "GET /api/vessels/{mmsi}/track": Operation("Where a vessel was.", _ref("Track"), _SPAN),
    "GET /api/vessels/{mmsi}/identities": Operation(
        "Who a vessel said it was, newest first.",
        _object(mmsi=INT, versions=_list(_object(reports=INT)), total=INT),
    ),
    "GET /api/search": Operation("Vessels by a part of name, number or call sign.",
                                 _object(vessels=_list(_object(mmsi=INT))), {"q?": TEXT}),
    "GET /api/watches": Operation("Who has the watch, and who looks at what.",
                                  _object(on_watch=_list(_object(officer=TEXT, seq=INT)),
                                          looking=_list(_object(officer=TEXT, alert=TEXT)))),
    "POST /api/watches": Operation("Take the watch, or hand it over.", _ref("LogLine"),
                                   command="WatchCommand"),
    "GET /api/suspensions": Operation("Suspensions as of the clock.",
                                      _object(suspensions=_list(_ref("Suspension")))),
    "POST /api/suspensions": Operation("Suspend, or end a suspension.", _ref("LogLine"),
                                       command="SuspendCommand"),
    "GET /api/log": Operation("Lines of the audit log.", _object(lines=_list(_ref("LogLine"))),
                              {"after?": INT}),
    "GET /api/quality": Operation("How good the picture is.",
                                  _object(t=TIME, feeds=_list(_object()),
                                          detectors=_list(_object())),
                                  {"officer?": TEXT}),
    "GET /api/handover": Operation("What rang in a watch, and what is open.",
                                   _object(watch=_object(officer=TEXT)),
                                   {"officer?": TEXT, "watch?": INT}),
    "GET /api/handover.csv": Operation("The same as a table.",
                                       query={"officer?": TEXT, "watch?": INT},
                                       media=("text/csv; charset=utf-8",)),
    "GET /api/zones": Operation("Zones, vigilance areas and masks.", _ZONES),
    "POST /api/zones": Operation("Draw, change or withdraw a zone.",
                                 _object(id=TEXT, counts_from=MAYBE_TEXT, zones=_ZONES),
                                 command="ZoneCommand"),
    "GET /api/layers/masks": Operation("Masks that hold at the clock.", _ref("Features"),
                                       media=(GEOJSON,)),
    "GET /api/layers/coverage": Operation("Cells with and without a report in the hour before.",
                                          _ref("Features"), media=(GEOJSON,)),
    "GET /geo/{layer}.geojson": Operation("A layer of the map: land, territory or ports.",
                                          _ref("Features"), media=(GEOJSON,)),
    "POST /api/acts": Operation("Act on alerts: all of them, or none.",
                                _object(acts=_list(_ref("LogLine"))), command="ActCommand"),
    "POST /api/undo": Operation("Take a command back within ten seconds.",
                                _object(acts=_list(_ref("LogLine"))), command="UndoCommand"),
    "POST /api/playback": Operation(
        "Move the clock: that of all screens, or in a live watch that of the one which asks.",
        _ref("Clock"), command="PlaybackAction",
    ),
    "GET /ogc": Operation("OGC API Features: the landing page.", _object(links=_LINKS), _GROUP),
    "GET /ogc/api": Operation("OGC API Features: its own description.", _object(openapi=TEXT),
                              _GROUP, media=(OPENAPI_3_0,)),
    "GET /ogc/conformance": Operation("OGC API Features: the classes that are met.",
                                      _object(conformsTo=_list(TEXT)), _GROUP),
    "GET /ogc/collections": Operation("OGC API Features: alerts, tracks, assets.",
                                      _object(links=_LINKS, collections=_list(_object(id=TEXT))),
                                      _GROUP),
    "GET /ogc/collections/{collection}": Operation("OGC API Features: one collection.",
                                                   _object(id=TEXT, links=_LINKS), _GROUP),
    "GET /ogc/collections/{collection}/items": Operation(
        "OGC API Features: what a group gets of a collection.", _ref("Features"),
        _GROUP | {"bbox?": TEXT, "datetime?": TEXT, "limit?": INT, "offset?": INT},
        media=(GEOJSON,),
    ),
    "GET /ogc/collections/{collection}/items/{item}": Operation(
        "OGC API Features: one feature.", _object(type=TEXT, id=TEXT), _GROUP, media=(GEOJSON,)
    ),
    "GET /api/users": Operation("The users.", _object(users=_list(_ref("User")))),
    "POST /api/users": Operation("Add a user, or change one.", _ref("User"),
                                 command="UserCommand"),
}  # fmt: skip
"""By method and path; what is below `/static` and the socket `/ws` are no operations of OpenAPI."""

_REFUSALS = {
    "400": "The request is not what it should be.",
    "401": "Nobody is logged in.",
    "403": "Another role is needed, or the officer has not taken the watch.",
    "404": "There is no such thing, or not yet at the clock.",
    "409": "Somebody else was first, or there is nothing to do it with; nothing was done.",
    "429": "The client asks too much; Retry-After says when it may go on.",
    "503": "The service is busy.",
}
_IN_PATH: Mapping[str, Schema] = {
    "id": TEXT, "mmsi": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    "collection": {"enum": ["alerts", "tracks", "assets"]}, "item": TEXT,
    "file": {"enum": [*EVIDENCE, *TRACKS]}, "layer": {"enum": ["land", "territory", "ports"]},
}  # fmt: skip

_SCREEN: Schema = {
    "name": HEADER.title(), "in": "header", "required": False,
    "schema": {"type": "string", "pattern": NAME},
    "description": "Which screen asks, by an id of its own making: in a live watch it may look "
    f"back by itself. Where no header can be sent, `{QUERY}` in the query.",
}  # fmt: skip


@cache
def document(version: str = "") -> Schema:
    """Write the description.

    Args:
        version: that of sargas.
    """
    _, commands = msgspec.json.schema_components(
        COMMANDS, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Schema] = {}
    for row, operation in OPERATIONS.items():
        method, path = row.split(" ")
        paths.setdefault(path, {})[method.lower()] = _described(row, path, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sargas", "version": version, "license": {"name": "Apache-2.0"},
            "summary": "What ships do near cables and pipelines, and who acted on it.",
        },
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **commands},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "sargas-8750",
                            "description": "From /login; named by the service's port."},
                "token": {"type": "http", "scheme": "bearer",
                          "description": "From 'sargas tokens add'."},
            },
        },
    }  # fmt: skip


def _described(row: str, path: str, operation: Operation) -> Schema:
    """Write one operation."""
    role = next(role for key, role in PATHS.items() if key.replace(":int", "") == row)
    in_path = [part.partition("}")[0] for part in path.split("{")[1:]]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATH[name]} for name in in_path
    ]
    if path.startswith("/api/") and path != BUNDLES:
        parameters.append(_SCREEN)
    parameters += [
        {"name": name.rstrip("?"), "in": "query", "required": name[-1] != "?", "schema": schema}
        for name, schema in (operation.query or {}).items()
    ]
    schema = operation.answers or {}
    good: Schema = {"description": operation.summary,
                    "content": {kind: {"schema": schema} for kind in operation.media}}  # fmt: skip
    refusal = {JSON: {"schema": _ref("Refusal")}}
    if row == "POST /login":
        refusal[HTML] = {"schema": {}}
    answers = {status: {"description": text, "content": refusal}
               for status, text in _REFUSALS.items()}  # fmt: skip
    out: Schema = {
        "summary": operation.summary,
        "operationId": f"{row.split(' ')[0].lower()} {path}",
        "x-needs": role,
        "security": [] if role == PUBLIC else [{}, {"session": []}, {"token": []}],
        "responses": {"200": good, **answers},
    }
    if path == BUNDLES:
        out["responses"] |= _of_bundles(row)
    if row == f"POST {BUNDLES}":
        out["requestBody"] = {"required": True, "content": {BYTES: {"schema": {}}}}
    if HTML in operation.media:
        out["responses"]["303"] = {"description": "To the login, or on from it."}
    if parameters:
        out["parameters"] = parameters
    if operation.command:
        body = {JSON: {"schema": _ref(operation.command)}}
        out["requestBody"] = {"required": True, "content": body}
    if row == "POST /login":
        form = _object(name=TEXT, password=TEXT)
        body = {"application/x-www-form-urlencoded": {"schema": form}}
        out["requestBody"] = {"required": True, "content": body}
    return out


def _of_bundles(row: str) -> Schema:
    """Describe what the exchange with partners answers besides."""
    if row.startswith("GET"):
        return {"204": {"description": "Nothing is due."}}
    refusal = {JSON: {"schema": _ref("Refusal")}}
    return {"413": {"description": "The bundle is too long.", "content": refusal},
            "422": {"description": "It is no bundle for us.", "content": refusal}}  # fmt: skip


def routes(version: str) -> list[Route]:
    """Give the path of the description."""

    async def answer(request: Request) -> Response:
        return JSONResponse(document(version))

    return [Route("/api", answer)]
