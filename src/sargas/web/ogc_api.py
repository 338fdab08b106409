"""The definition of `/ogc` as OpenAPI 3.0, for programs that read what an API can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sargas.web.ogc_query import LIMIT_MOST, LIMIT_USUAL

_GROUP = {
    "name": "group", "in": "query", "required": False, "schema": {"type": "string"},
    "description": "Release group, for who may see everything. A token that is bound to a group "
    "is of that one; else it is public.",
}  # fmt: skip
_PAGE = [
    {
        "name": "bbox", "in": "query", "required": False, "style": "form", "explode": False,
        "description": "West, south, east, north in degrees; west > east crosses the antimeridian.",
        "schema": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
    },
    {
        "name": "datetime", "in": "query", "required": False, "style": "form", "explode": False,
        "description": "A moment, or an interval of which one end may be open (..).",
        "schema": {"type": "string"},
    },
    {
        "name": "limit", "in": "query", "required": False, "style": "form", "explode": False,
        "description": "Features of a page; more than the most gives the most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_USUAL},
    },
    {
        "name": "offset", "in": "query", "required": False,
        "description": "How many features to pass over; follow the links instead.",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
]  # fmt: skip


def definition(server: str, collections: Iterable[str]) -> dict[str, Any]:
    """Give the definition.

    Args:
        server: address of the service, without a / at its end.
        collections: their names.
    """
    paths = {
        "/ogc": _get("What is here", "application/json", [_GROUP]),
        "/ogc/api": _get("This definition", "application/vnd.oai.openapi+json;version=3.0", []),
        "/ogc/conformance": _get("What is met", "application/json", []),
        "/ogc/collections": _get("The collections", "application/json", [_GROUP]),
    }
    for name in collections:
        path = f"/ogc/collections/{name}"
        item = {"name": "item", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[path] = _get(f"The collection {name}", "application/json", [_GROUP])
        paths[f"{path}/items"] = _get(f"A page of {name}", "application/geo+json", [*_PAGE, _GROUP])
        paths[f"{path}/items/{{item}}"] = _get(
            f"One of {name}", "application/geo+json", [item, _GROUP]
        )
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "sargas: OGC API Features", "version": "1.0",
            "description": "Alerts, tracks and assets as one release group gets them.",
        },
        "servers": [{"url": server}],
        "paths": paths,
    }  # fmt: skip


def _get(summary: str, kind: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    refused = {
        "description": "Refused", "content": {"application/json": {"schema": {"type": "object"}}},
    }  # fmt: skip
    answers = {
        "200": {
            "description": summary, "content": {kind: {"schema": {"type": "object"}}},
        },
        "400": refused, "403": refused, "404": refused, "500": refused,
    }  # fmt: skip
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}
