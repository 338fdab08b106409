"""Answers as JSON, written by msgspec: a quarter of the time of the standard library."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response


class Json(Response):
    """An answer as JSON, in UTF-8 without blanks.

    What is no number (NaN, infinity) is null: JSON has no word for it.

    Example:
        >>> Json({"name": "Š", "lon": 24.5, "lat": float("nan")}).body.decode()
        '{"name":"Š","lon":24.5,"lat":null}'
    """

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
        """Write the body."""
        return msgspec.json.encode(content)
