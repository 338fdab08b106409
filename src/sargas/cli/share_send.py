"""`sargas share send`: released alerts to a partner's system."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sargas.cli.acts import Acting, officer_of
from sargas.cli.words import put_json, say
from sargas.errors import EXIT_OK, SargasError, UsageError

if TYPE_CHECKING:
    from sargas.share.formats import Document


def send(
    url: str,
    /,
    *,
    to: str,
    since: str | None = None,
    until: str | None = None,
    alert: list[str] | None = None,
    new: bool = False,
    cert: Path | None = None,
    key: Path | None = None,
    ca: Path | None = None,
    officer: str | None = None,
    dry_run: bool = False,
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Send what a group gets to its system: Cursor on Target by TCP, UDP or TLS.

    The newest version of each alert is sent, and the audit log notes it. Run it again, from cron
    for instance, with --new to send only what changed since. Leaves with 4 if nobody takes it.

    Examples:
      sargas share send cot+tcp://tak.example.org:8087 --to nato --officer "V. Petraitis"
      sargas share send cot+tls://tak.example.org:8089 --to 3+3 --cert me.pem --key me.key --new

    Parameters
    ----------
    url
        Where to: cot+tcp://HOST:PORT, cot+udp://HOST:PORT or cot+tls://HOST:PORT.
    to
        The release group that it is for.
    since
        Only alerts whose newest version became known at or after this time (ISO 8601 with zone).
    until
        Only those whose newest version became known before this time.
    alert
        Only this alert; its id or the beginning of it. May be given several times.
    new
        Only versions that by the audit log were not sent to this place before.
    cert
        TLS: our certificate, PEM.
    key
        TLS: its key, PEM.
    ca
        TLS: who signed the server's certificate, PEM (default: whom this machine trusts).
    officer
        Who lets it leave (default: SARGAS_OFFICER). It stands in the log.
    dry_run
        Send and note nothing; say what would be sent.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        What was sent, as one JSON object.
    quiet
        Print no remarks.
    """
    from sargas import __version__
    from sargas.cli.sharing import leaving, note, sent_before, written
    from sargas.share.formats import FORMATS
    from sargas.share.saying import About
    from sargas.share.tak import Credentials, checked_url
    from sargas.share.tak import send as send_cot

    checked_url(url)
    if (cert is None) != (key is None):
        raise UsageError("--cert and --key go together.")
    credentials = Credentials(cert, key, ca) if cert and key else None
    name = "" if dry_run else officer_of(Acting(officer=officer))
    with leaving(home, to, since, until, alert or ()) as left:
        about = About(
            left.policy.sender, left.policy.contact, __version__, now_ms=time.time_ns() // 1_000_000
        )
        found: list[Document] = written(left, FORMATS["cot"], about, quiet=quiet)
        if new:
            known = sent_before(left.log, to, url)
            found = [one for one in found if not _names(one) <= known]
        if found and not dry_run:
            # Noted first: what left without a line would be worse than a line too many.
            note(left, name, "cot", url, found)
            try:
                send_cot(found, url, credentials)
            except SargasError as error:
                note(left, name, "cot", url, found, failed=str(error))
                raise
    exercise = any(one.exercise for one in found)
    if json:
        put_json({
            "url": url, "group": to, "format": "cot", "sent": 0 if dry_run else len(found),
            "alerts": [{"id": n, "version": v} for one in found for n, v in one.alerts],
            "exercise": exercise, "dry_run": dry_run,
        })  # fmt: skip
    if exercise:
        say("EXERCISE: some or all of this is not real, and says so.", quiet=quiet)
    say(f"{len(found):,} alerts {'would be sent' if dry_run else 'sent'} to {url}.", quiet=quiet)
    return EXIT_OK


def _names(document: Document) -> set[str]:
    return {f"{name}:{version}" for name, version in document.alerts}
