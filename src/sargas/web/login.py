"""The login page: one form, no script, in the language that the browser asks for."""

from __future__ import annotations

import asyncio
import html
import sys
import time
from collections.abc import Callable
from importlib import resources
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sargas.store.access import SESSION_MOST_MS, Principal
from sargas.store.passwords import AT_ONCE
from sargas.store.users import login_of
from sargas.web.gate import Gate, address_of, cookie_name, is_https, secret_of
from sargas.web.limits import LoginDelays
from sargas.web.refusals import is_same_origin
from sargas.web.roles import needed_for

FORM_MOST = 4000
"""Bytes of a form: a name, a password and a path fit."""
WAITING_MOST = 32
"""Logins that wait for their turn: each takes memory and a core for a tenth of a second."""
BODY_S = 10.0

WORDS = {
    "en": {
        "title": "Log in", "name": "Name", "password": "Password", "go": "Log in",
        "wrong": "Name and password do not belong together.",
        "wait": "Too many attempts. Try again in {} s.",
        "busy": "Many log in just now. Try again in a moment.",
        "elsewhere": "This request comes from another page. Try again here.",
        "as": "Logged in as", "out": "Log out", "on": "To the watch",
        "lost": "Lost your password? An admin gives you another.",
        "roles": {"viewer": "viewer", "officer": "officer", "supervisor": "supervisor",
                  "admin": "admin"},
    },
    "lt": {
        "title": "Prisijungimas", "name": "Vardas", "password": "Slaptažodis", "go": "Prisijungti",
        "wrong": "Vardas ir slaptažodis nedera.",
        "wait": "Per daug bandymų. Bandykite po {} s.",
        "busy": "Šiuo metu jungiasi daug žmonių. Bandykite netrukus.",
        "elsewhere": "Ši užklausa atėjo iš kito puslapio. Bandykite čia dar kartą.",
        "as": "Prisijungta kaip", "out": "Atsijungti", "on": "Į budėjimą",
        "lost": "Pamiršote slaptažodį? Naują suteiks administratorius.",
        "roles": {"viewer": "stebėtojas", "officer": "budėtojas", "supervisor": "vyresnysis",
                  "admin": "administratorius"},
    },
}  # fmt: skip

PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>SARGAS · {title}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>SARGAS</h1>
{body}
</main>
</body>
</html>
"""
FORM = """<form method="post" action="/login">
<input type="hidden" name="next" value="{next}">
<label for="name">{name}</label>
<input id="name" name="name" value="{typed}" autocomplete="username" maxlength="80" required{focus}>
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" \
maxlength="800" required{focus_password}>
{said}<button>{go}</button>
</form>
<p class="small">{lost}</p>"""
WHO = """<p>{as_} <b>{who}</b>, {role}.</p>
<p class="row"><a class="button" href="/">{on}</a></p>
<form method="post" action="/logout"><button class="plain">{out}</button></form>"""


class Login:
    """The paths of logging in and out.

    Args:
        gate: knows who asks.
        now_ms: gives the event time, for the log.
    """

    def __init__(self, gate: Gate, now_ms: Callable[[], int]) -> None:
        self.gate, self.now_ms = gate, now_ms
        self.delays = LoginDelays()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [
            Route("/login", self.page),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/login.css", self.style),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def style(self, request: Request) -> Response:
        """Give the page's style: it stands apart, for inline styles are forbidden."""
        return FileResponse(str(resources.files("sargas.web").joinpath("login.css")))

    async def page(self, request: Request) -> Response:
        """Show the form, or who is logged in; to them the form, too, where they ask for it."""
        if not await self.gate.has_users():
            return RedirectResponse("/", 303)
        who = await self.gate.who(request)
        is_again = "again" in request.query_params
        if who is not None and not who.token and not is_again:
            return _page(request, _who(request, who))
        name = "" if who is None else who.name
        return _form(request, request.query_params.get("next", ""), typed=name)

    async def log_in(self, request: Request) -> Response:
        """Take name and password; answer alike whatever was wrong with them."""
        words = WORDS[language_of(request)]
        form = await _read_form(request)
        next_, name = form.get("next", ""), form.get("name", "")[:200]
        if not await self.gate.has_users():
            return RedirectResponse("/", 303)
        if not is_same_origin(request):
            return _form(request, next_, str(words["elsewhere"]), 403)
        login, address = login_of(name), address_of(request)
        if self._waiting >= WAITING_MOST:
            return _form(request, next_, str(words["busy"]), 503, name)
        wait_s = self.delays.wait_s(login, address, time.monotonic())
        if wait_s > 0:
            rounded = int(wait_s) + 1
            answer = _form(request, next_, str(words["wait"]).format(rounded), 429, name)
            answer.headers["retry-after"] = str(rounded)
            return answer
        secret = await self._verified(name, form.get("password", ""))
        if secret is None:
            # Not the name: people type their password there.
            print(f"sargas: a login from {address or 'somewhere'} was refused.", file=sys.stderr)
            return _form(request, next_, str(words["wrong"]), 401, name)
        self.delays.succeeded(login, address)
        before, is_token = secret_of(request)
        if before and not is_token:
            await self._end(before)
        answer = RedirectResponse(safe_next(next_), 303)
        _set_cookie(request, answer, secret, SESSION_MOST_MS // 1000)
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        secret, is_token = secret_of(request)
        if secret and not is_token:
            await self._end(secret)
        answer = RedirectResponse("/login", 303)
        _set_cookie(request, answer, "", 0)
        return answer

    async def _verified(self, name: str, password: str) -> str | None:
        """Begin a session, in turn: more at once would take the cores from the watch."""
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(
                    self.gate.access.log_in, name, password,
                    t_ms=self.now_ms(), at_ms=time.time_ns() // 1_000_000,
                )  # fmt: skip
        finally:
            self._waiting -= 1

    async def _end(self, secret: str) -> None:
        await asyncio.to_thread(
            self.gate.access.log_out, secret,
            t_ms=self.now_ms(), at_ms=time.time_ns() // 1_000_000,
        )  # fmt: skip
        self.gate.forget(secret)


def language_of(request: Request) -> str:
    """Give the first language of ours that the browser asks for; English otherwise."""
    for asked in request.headers.get("accept-language", "").lower().split(","):
        word = asked.partition(";")[0].strip().partition("-")[0]
        if word in WORDS:
            return word
    return "en"


def safe_next(asked: str) -> str:
    r"""Give where to go after the login: a page of ours, whatever was asked for.

    Example:
        >>> safe_next("/alert/0a?x=1"), safe_next("//evil.example"), safe_next("/\\evil.example")
        ('/alert/0a?x=1', '/', '/')
    """
    path = asked.partition("?")[0]
    is_plain = asked.isascii() and asked.isprintable() and "\\" not in asked and " " not in asked
    scope = {"type": "http", "method": "GET", "path": path}
    return asked if is_plain and path[:2] != "//" and needed_for(scope).is_page else "/"


async def _read_form(request: Request) -> dict[str, str]:
    """Read a small form; one that is none, is too long or too slow is as an empty one."""
    body = b""
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > FORM_MOST:
                    return {}
    except TimeoutError:
        return {}
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=10))
    except ValueError:
        return {}


def _set_cookie(request: Request, answer: Response, secret: str, lasts_s: int) -> None:
    answer.set_cookie(
        cookie_name(request), secret, max_age=lasts_s, path="/", httponly=True, samesite="strict",
        secure=is_https(request),
    )  # fmt: skip


def _form(
    request: Request, next_: str, said: str = "", status: int = 200, typed: str = ""
) -> Response:
    words = {k: html.escape(str(v)) for k, v in WORDS[language_of(request)].items()}
    body = FORM.format(
        **words, next=html.escape(safe_next(next_)),
        typed=html.escape("".join(c for c in typed if c.isprintable())),
        said=f'<p class="said" role="alert">{html.escape(said)}</p>\n' if said else "",
        focus="" if typed else " autofocus", focus_password=" autofocus" if typed else "",
    )  # fmt: skip
    return _page(request, body, status)


def _who(request: Request, who: Principal) -> str:
    words = WORDS[language_of(request)]
    roles = words["roles"]
    assert isinstance(roles, dict)
    texts = {k: html.escape(str(v)) for k, v in words.items()}
    return WHO.format(
        **texts, as_=texts["as"], who=html.escape(who.name), role=html.escape(roles[who.role])
    )


def _page(request: Request, body: str, status: int = 200) -> Response:
    lang = language_of(request)
    text = PAGE.format(lang=lang, title=html.escape(str(WORDS[lang]["title"])), body=body)
    # The form's own origin must come with it, which "no-referrer" would hide.
    headers = {"referrer-policy": "same-origin", "cache-control": "no-store",
               "vary": "accept-language, cookie"}  # fmt: skip
    return HTMLResponse(text, status, headers)
