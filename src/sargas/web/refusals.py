"""How the service refuses: JSON with an error and a hint, and the fitting status."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from sargas.errors import SargasError


def refusal(status: int, error: str, hint: str = "", **more: Any) -> JSONResponse:  # noqa: ANN401
    """Write a refusal of the contract."""
    return JSONResponse({"error": error, "hint": hint, **more}, status)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer an error of ours as JSON, with the fitting status."""
    if isinstance(error, PermissionError):
        needs = getattr(error, "needs", None)
        return refusal(403, str(error), **({"needs": needs} if needs else {}))
    assert isinstance(error, SargasError)
    status = {2: 400, 5: 404}.get(error.exit_code, 500)
    return refusal(status, error.what, error.hint)


async def refuse_http(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method as JSON."""
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing here.", 405: "This path does not take that method."}
    answer = refusal(error.status_code, words.get(error.status_code, error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def refuse_gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client has gone in the midst of a request, which is no fault of ours."""
    return Response(status_code=400)


async def refuse_failed(request: Request, error: Exception) -> Response:
    """Answer a fault of ours as JSON; what it was stands in the service's own log."""
    return refusal(500, "The service failed on this request.", "See what it printed.")


def is_same_origin(connection: HTTPConnection, *, is_needed: bool = False) -> bool:
    """Tell our own pages from others; a browser says where a request comes from.

    Args:
        connection: the request.
        is_needed: false lets through what says nothing, as a program does; with the cookie of a
            session it has to be said.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return not is_needed
    try:
        return urlsplit(origin).netloc == connection.headers.get("host")
    except ValueError:  # half an IPv6 address
        return False
