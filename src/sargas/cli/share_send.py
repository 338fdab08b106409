"""`sargas share send`: released alerts to a partner's system."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sargas.cli.acts import Acting, officer_of
from sargas.cli.words import counted, put_json, say
from sargas.errors import (
    EXIT_OK,
    ConflictError,
    FeedUnavailableError,
    FormatError,
    SargasError,
    StoreError,
    UsageError,
)

if TYPE_CHECKING:
    from sargas.share.formats import Document
    from sargas.share.policy import Policy
    from sargas.share.saying import About

Done = Callable[["Document"], None]
COT_AGAIN_S = 300.0
"""Open alerts are sent again after so long: half of what an event of Cursor on Target stays."""
LONGEST_PAUSE_S = 300.0
"""A place that takes nothing is asked at least so often."""
PASSING = (FeedUnavailableError, StoreError, ConflictError)
"""What may be over by itself: nobody answers, another process holds the ledger, a disk is full."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the other side is spoken to.

    Parameters
    ----------
    cert
        cot+tls: our certificate, PEM.
    key
        cot+tls: its key, PEM.
    ca
        Who signed the other side's certificate, PEM (default: whom this machine trusts).
    secret_file
        Webhook: a file with the secret it is signed with, or mail: with the password (default:
        SARGAS_WEBHOOK_SECRET, SARGAS_MAIL_PASSWORD).
    allow_private
        Webhook: let the address be one of a private network or of this machine.
    mail_to
        Mail: for whom it is. May be given several times.
    user
        Mail: whom to log in as.
    """

    cert: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    secret_file: Path | None = None
    allow_private: bool = False
    mail_to: Annotated[list[str] | None, Parameter(negative=())] = None
    user: str = ""


@dataclass(frozen=True)
class Way:
    """One way to send: the format it takes, how its address is told, and the sending itself."""

    format: str
    place: str
    send: Callable[[Sequence[Document], Done], None]


@dataclass(frozen=True)
class Asked:
    """What is to be sent, for whom, and who lets it leave."""

    home: Path | None
    to: str
    since: str | None
    until: str | None
    alerts: tuple[str, ...]
    officer: str
    dry_run: bool
    json: bool
    quiet: bool


@dataclass
class Owed:
    """Versions that the log says were sent and that were not taken, as `id:version`.

    What is sent is noted first, and the line that takes it back may fail too: without this it would
    count as sent for ever.
    """

    names: set[str] = field(default_factory=set)

    def left(self, known: set[str]) -> set[str]:
        """Leave out of what the log knows to have been sent what was not taken."""
        return known - self.names


def send(
    url: str,
    /,
    *,
    to: str,
    since: str | None = None,
    until: str | None = None,
    alert: Annotated[list[str] | None, Parameter(negative=())] = None,
    new: bool = False,
    follow: float | None = None,
    options: Annotated[Options, Parameter(name="*")] = Options(),
    officer: str | None = None,
    dry_run: bool = False,
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Send what a group gets to its system: Cursor on Target, a signed webhook, or mail.

    The newest version of each alert is sent, and the audit log notes it. With --new, from cron for
    instance, only what changed since is sent; with --follow it goes on by itself. Leaves with 4 if
    it is not taken.

    Examples:
      sargas share send cot+tcp://tak.example.org:8087 --to nato --officer "V. Petraitis"
      sargas share send cot+tls://tak.example.org:8089 --to 3+3 --cert me.pem --key me.key --new
      sargas share send https://partner.example.org/in --to eu --secret-file hook.key --follow 10
      sargas share send smtps://mail.example.org --to partners --mail-to duty@example.org --new

    Parameters
    ----------
    url
        Where to: cot+tcp://HOST:PORT, cot+udp://HOST:PORT, cot+tls://HOST:PORT, https://HOST/PATH,
        smtp://HOST:PORT (by STARTTLS) or smtps://HOST:PORT.
    to
        The release group that it is for.
    since
        Only alerts whose newest version became known at or after this time (ISO 8601 with zone).
    until
        Only those whose newest version became known before this time.
    alert
        Only this alert; its id or the beginning of it. May be given several times.
    new
        Only versions that by the audit log were not taken at this place before.
    follow
        Go on until interrupted: look every so many seconds, and send what is new. What is not
        taken, or cannot be noted, is tried again later. Open alerts are sent again as Cursor on
        Target before they fade.
    options
        How the other side is spoken to.
    officer
        Who lets it leave (default: SARGAS_OFFICER). It stands in the log.
    dry_run
        Send and note nothing; say what would be sent.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        What was sent, as one JSON object; with --follow one each time.
    quiet
        Print no remarks.
    """
    way = _way(url, options)
    name = "" if dry_run else officer_of(Acting(officer=officer))
    asked = Asked(home, to, since, until, tuple(alert or ()), name, dry_run, json, quiet)
    if follow is None:
        _once(way, asked, new=new)
        return EXIT_OK
    if dry_run or follow < 1:
        raise UsageError("--follow takes a second or more, and goes with no --dry-run.")
    return _follow(way, asked, follow)


def _once(way: Way, asked: Asked, *, new: bool, owed: Owed | None = None) -> None:
    """Send what there is now, note it, and say so.

    Raises:
        FeedUnavailableError: it was not taken, or not all of it.
        StoreError: it cannot be noted; then it was not sent, or not taken.
    """
    from sargas.cli.sharing import leaving, note, sent_before, written
    from sargas.share.formats import FORMATS

    owed = owed or Owed()
    with leaving(asked.home, asked.to, asked.since, asked.until, asked.alerts) as left:
        found: list[Document] = written(
            left, FORMATS[way.format], _about(left.policy), quiet=asked.quiet or new
        )
        if new:
            known = owed.left(sent_before(left.log, asked.to, way.place))
            found = [one for one in found if not _names(one) <= known]
        if found and not asked.dry_run:
            # Noted first: what left without a line would be worse than a line too many.
            note(left, asked.officer, way.format, way.place, found)
            taken: list[Document] = []
            try:
                way.send(found, taken.append)
            except (SargasError, KeyboardInterrupt) as error:
                rest = [one for one in found if one not in taken]
                owed.names |= {name for one in rest for name in _names(one)}
                why = str(error) or "It was interrupted."
                note(left, asked.officer, way.format, way.place, rest, failed=why)
                raise
            finally:
                owed.names -= {name for one in taken for name in _names(one)}
    _tell(way, asked, found)


def _tell(way: Way, asked: Asked, found: Sequence[Document]) -> None:
    exercise = any(one.exercise for one in found)
    if asked.json:
        put_json({
            "place": way.place, "group": asked.to, "format": way.format,
            "sent": 0 if asked.dry_run else len(found),
            "alerts": [{"id": n, "version": v} for one in found for n, v in one.own],
            "exercise": exercise, "dry_run": asked.dry_run,
        })  # fmt: skip
        sys.stdout.flush()
    if exercise:
        say("EXERCISE: some or all of this is not real, and says so.", quiet=asked.quiet)
    would = "would be sent" if asked.dry_run else "sent"
    say(f"{counted(len(found), 'alert')} {would} to {way.place}.", quiet=asked.quiet)


def _follow(way: Way, asked: Asked, every_s: float) -> int:
    """Send what is new until interrupted; what fails is tried again, less and less often."""
    pause_s, again_s = every_s, time.monotonic() + COT_AGAIN_S
    silent, owed = replace(asked, json=False, quiet=True), Owed()
    passing: tuple[type[SargasError], ...] = PASSING
    while True:
        try:
            if _is_news(way, asked, owed):
                _once(way, asked, new=True, owed=owed)
            if way.format == "cot" and time.monotonic() >= again_s:
                _again(way, silent)
                again_s = time.monotonic() + COT_AGAIN_S
            pause_s = every_s
            passing = (*PASSING, FormatError)  # a policy that was read once is being edited
        except passing as error:
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            say(f"{error} Tried again in {pause_s:.0f} s.", quiet=asked.quiet)
        time.sleep(pause_s)


def _is_news(way: Way, asked: Asked, owed: Owed) -> bool:
    """Tell whether there is a version that was not taken there yet."""
    from sargas.cli.sharing import leaving, sent_before
    from sargas.share.formats import FORMATS

    with leaving(asked.home, asked.to, asked.since, asked.until, asked.alerts) as left:
        known = owed.left(sent_before(left.log, asked.to, way.place))
        refuses = FORMATS[way.format].refuses
        return any(
            f"{one.own_id}:{one.version}" not in known and not refuses(one) for one in left.alerts
        )


def _again(way: Way, asked: Asked) -> None:
    """Send open alerts again that were taken before, so that they do not fade; nothing is noted."""
    from sargas.cli.sharing import leaving, sent_before
    from sargas.share.formats import FORMATS, documents

    with leaving(asked.home, asked.to, asked.since, asked.until, asked.alerts) as left:
        known = sent_before(left.log, asked.to, way.place)
        still = [one for one in left.alerts if one.body["state"] == "open"]
        found = documents(FORMATS[way.format], still, _about(left.policy))
        way.send([one for one in found if _names(one) <= known], lambda _: None)


def _about(policy: Policy) -> About:
    from sargas import __version__
    from sargas.share.saying import About

    return About(policy.sender, policy.contact, __version__, time.time_ns() // 1_000_000)


def _way(url: str, options: Options) -> Way:
    """Choose by the address how it is sent; what cannot be is refused before anything is read."""
    scheme = url.partition(":")[0]
    if scheme in ("http", "https"):
        return _webhook(url, options)
    if scheme in ("smtp", "smtps"):
        return _mail(url, options)
    if not scheme.startswith("cot+"):
        raise UsageError(
            f"'{url[:80]}' is no address that anything is sent to.",
            hint="Write cot+tcp://HOST:PORT, cot+udp:// or cot+tls://, https://HOST/PATH, "
            "smtp://HOST:PORT or smtps://HOST:PORT.",
        )
    return _cot(url, options)


def _cot(url: str, options: Options) -> Way:
    from sargas.share.tak import Credentials, checked_url, send

    checked_url(url)
    if (options.cert is None) != (options.key is None):
        raise UsageError("--cert and --key go together.")
    credentials = None
    if options.cert and options.key:
        credentials = Credentials(options.cert, options.key, options.ca)

    def sending(found: Sequence[Document], done: Done) -> None:
        send(found, url, credentials)
        for one in found:
            done(one)

    return Way("cot", url, sending)


def _webhook(url: str, options: Options) -> Way:
    from sargas.share.webhook import Hook, checked_url, place, secret_of, send

    checked_url(url, allow_private=options.allow_private)
    secret = secret_of(options.secret_file)
    hook = Hook(url, secret, options.allow_private, options.ca)
    return Way("json", place(url), lambda found, done: send(hook, found, done))


def _mail(url: str, options: Options) -> Way:
    from sargas.share.mail import Server, checked_address, checked_url, password_of, send

    host, port, _ = checked_url(url)
    recipients = [checked_address(one) for one in options.mail_to or ()]
    if not recipients:
        raise UsageError("To whom is the mail?", hint="Give --mail-to ADDRESS.")
    password = password_of(options.secret_file) if options.user else ""
    server = Server(url, recipients, options.user, password, options.ca)
    place = f"{url.partition(':')[0]}://{host}:{port} {', '.join(recipients)}"
    return Way("mail", place, lambda found, done: send(server, found, done))


def _names(document: Document) -> set[str]:
    return {f"{name}:{version}" for name, version in document.own}
