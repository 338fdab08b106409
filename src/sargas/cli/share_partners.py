"""`sargas share identity|import|push|fetch`, and bundles for `export`: exchange with partners."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas.cli.acts import Acted, Acting, newest_ms, officer_of
from sargas.cli.words import clean_text, counted, put_json, say
from sargas.errors import EXIT_OK, NotFoundError, SargasError, StoreError, UsageError

if TYPE_CHECKING:
    from sargas.share.partner.identity import Identity
    from sargas.share.partner.sending import Made
    from sargas.store import Home
    from sargas.store.partners import Partners, Taken
    from sargas.store.peers import Peer
    from sargas.store.users import By

_SAID = Acting()


def identity(
    *, name: str | None = None, home: Path | None = None, json: bool = False, quiet: bool = False
) -> int:
    """Show the key that partners know this instance by; with --name, make it first.

    Send the key to the partner, and read the fingerprint to them over the phone. The private key
    stays in the home, readable by its owner alone; it is in no backup.

    Examples:
      sargas share identity --name "Watch at Klaipeda" --home watch
      sargas share identity

    Parameters
    ----------
    name
        Make the key, if there is none yet, under this name; partners see it.
    home
        The home (default: SARGAS_HOME, else the XDG data folder).
    json
        As one JSON object.
    quiet
        Print no remarks.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.partner.identity import load_identity, make_identity, own_identity, spoken

    stored = open_stored(home)
    there = load_identity(stored.path)
    if name is not None and there is None:
        own = make_identity(stored.path, name)
    else:
        own = own_identity(stored.path)
        if name is not None and own.name != name:
            raise UsageError(
                f"This instance has a key already, under the name {own.name}.",
                hint="Partners know it by that; it stays.",
            )
    if json:
        put_json({
            "name": own.name, "instance": own.instance, "key": f"ed25519:{own.key}",
            "fingerprint": spoken(own.instance), "created": own.created,
        })  # fmt: skip
    else:
        print(f"name         {clean_text(own.name)}")
        print(f"key          ed25519:{own.key}")
        print(f"fingerprint  {spoken(own.instance)}")
    say("Send the key; read the fingerprint to each other over the phone.", quiet=quiet)
    return EXIT_OK


def import_(
    source: str,
    /,
    *,
    allow_private: bool = False,
    ca: Path | None = None,
    said: Acted = _SAID,
) -> int:
    """Import a partner's bundle, all of it or nothing; the same again changes nothing.

    It must be signed by a trusted partner, be for this instance, and be no older than what was
    imported. Its alerts stand apart from one's own: 'sargas alerts list --origin all'.

    Examples:
      sargas share import from-riga.sargas --officer "V. Petraitis"
      sargas share import https://riga.example/out/klaipeda.sargas --officer "V. Petraitis"

    Parameters
    ----------
    source
        A file, or an address that begins with https://.
    allow_private
        Let the address be one of a private network or of this machine, and http://.
    ca
        Who signed the certificate of the address, PEM (default: whom this machine trusts).
    said
        Who imports it, where, and how it is told.
    """
    from sargas.share.partner.exchange import download

    with _exchange(said.home, officer_of(said)) as here:
        if source.startswith(("https://", "http://")):
            data = download(source, allow_private=allow_private, ca=ca)
        else:
            data = _read_file(Path(source))
        here.take(data, json=said.json, quiet=said.quiet)
    return EXIT_OK


def push(peer: str, /, *, said: Acted = _SAID) -> int:
    """Give a partner what its group may have and it does not hold yet.

    Cut off, it goes on where the partner is: run it again, or from cron.

    Examples:
      sargas share push riga --officer "V. Petraitis"

    Parameters
    ----------
    peer
        Which partner.
    said
        Who lets it leave, where, and how it is told.
    """
    from sargas.share.partner import exchange

    with _exchange(said.home, officer_of(said)) as here:
        found = _trusted(here.partners.peer(peer))
        count = 0

        def done(made: Made, answer: Mapping[str, Any]) -> None:
            nonlocal count
            count += len(made.sent.told)
            if said.json:
                put_json(_told(made, found))
            if made.is_exercise:
                say("EXERCISE: some or all of this is not real, and says so.", quiet=said.quiet)

        line = exchange.Line(here.identity, found)
        bundles = exchange.push(line, here.partners, here.making(found), done)
    say(f"{found.name} took {counted(count, 'alert version')} in "
        f"{counted(bundles, 'bundle')}.", quiet=said.quiet)  # fmt: skip
    return EXIT_OK


def fetch(peer: str, /, *, said: Acted = _SAID) -> int:
    """Get from a partner what it lets this instance have and is not here yet.

    Examples:
      sargas share fetch riga --officer "V. Petraitis"

    Parameters
    ----------
    peer
        Which partner.
    said
        Who fetches it, where, and how it is told.
    """
    from sargas.share.partner import exchange

    with _exchange(said.home, officer_of(said)) as here:
        found = _trusted(here.partners.peer(peer))
        line = exchange.Line(here.identity, found)
        bundles = exchange.fetch(
            line,
            lambda: here.partners.held(found.instance, here.identity.instance),
            lambda data: here.take(data, json=said.json, quiet=said.quiet, only=found),
        )
    say(f"{counted(bundles, 'bundle')} came from {found.name}.",
        quiet=said.quiet)  # fmt: skip
    return EXIT_OK


def export_bundle(
    peer: str, out: Path, home: Path | None, officer: str, *, after: int | None, force: bool,
    json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Write the next bundle for a partner into a file, as `sargas share export --peer` does."""
    from sargas.cli.sharing import marked
    from sargas.share.partner.bundle import SUFFIX

    with _exchange(home, officer) as here:
        found = _trusted(here.partners.peer(peer))
        if after is None:  # files say nothing back: what was written counts as arrived
            sent = here.partners.sent(here.identity.instance, found.instance)
            after = sent[-1].sequence if sent else 0
        place = out / f"to-{found.name}{SUFFIX}" if out.is_dir() else out
        places = [marked(place, exercise=is_drill) for is_drill in (False, True)]
        if there := [p for p in places if p.exists() and not force]:
            raise UsageError(
                "There is another such file already.", where=str(there[0]),
                hint="Name another one with --out, or write over it with --force.",
            )  # fmt: skip
        made = here.making(found)(after)
    if made is None:
        again = ", but for what was in bundles before; --after 0 writes all again" if after else ""
        say(f"Nothing is due for {found.name}{again}.", quiet=quiet)
        return EXIT_OK
    place = marked(place, exercise=made.is_exercise)
    try:
        _write(place, made.data)
    except SargasError as error:
        again = f"It counts as sent: write it again with --after {after}."
        raise StoreError(error.what, where=error.where, hint=again) from error
    if json:
        put_json(_told(made, found) | {"file": str(place)})
    else:
        print(f"{made.sent.hash}  {place}")
    if made.is_exercise:
        say("EXERCISE: some or all of this is not real, and says so.", quiet=quiet)
    say(f"Bundle {made.sent.sequence} for {found.name}: {len(made.sent.told):,} alert versions.",
        quiet=quiet)  # fmt: skip
    if made.has_more:
        say("More is due: write the next one.", quiet=quiet)
    return EXIT_OK


@dataclass(frozen=True)
class _Here:
    """This instance, open for an exchange."""

    stored: Home
    identity: Identity
    partners: Partners
    officer: str

    def by(self) -> By:
        """Say who does it, now."""
        return by_of(self.stored, self.officer)

    def making(self, peer: Peer) -> Callable[[int | None], Made | None]:
        """Give what makes the next bundle for a peer."""
        from sargas.cli.sharing import leaving
        from sargas.share.partner.sending import next_bundle

        def make(after: int | None) -> Made | None:
            with leaving(self.stored.path, peer.group) as left:
                by, version = self.by(), left.policy.version
                return next_bundle(
                    self.partners, self.identity, peer, left.alerts, by, version, after=after
                )

        return make

    def take(self, data: bytes, *, json: bool, quiet: bool, only: Peer | None = None) -> None:
        """Check and keep a bundle, and say what came."""
        from sargas.share.partner.bundle import read

        by = self.by()
        keys = {p.instance: p.key for p in self.partners.peers() if p.is_trusted}
        if only is not None:
            keys = {only.instance: only.key}
        came = read(data, keys.get, self.identity.instance, by.at_ms)
        taken = self.partners.take(came.incoming(), by)
        peer = self.partners.peer_of(came.head.origin.id)
        name = peer.name if peer else came.head.origin.id
        if json:
            put_json({"peer": name, "instance": came.head.origin.id, **taken.to_dict(),
                      "exercise": came.head.exercise, "sha256": came.hash})  # fmt: skip
        if came.head.exercise:
            say("EXERCISE: some or all of this is not real, and says so.", quiet=quiet)
        _say_taken(name, taken, quiet=quiet)


def _say_taken(name: str, taken: Taken, *, quiet: bool) -> None:
    if taken.is_known:
        say(f"Bundle {taken.sequence} of {name} was imported before; nothing changed.", quiet=quiet)
        return
    say(f"Bundle {taken.sequence} of {name}: {taken.added:,} alert versions are new, "
        f"{taken.known:,} were here.", quiet=quiet)  # fmt: skip
    if taken.is_gap:
        say(
            f"Bundles of {name} before it are missing: ask for what follows {taken.held}, with "
            f"'sargas share fetch {name}' or their 'share export --after {taken.held}'."
        )
    for one in taken.differing[:5]:
        say(f"Alert {one[:10]} came with another text for a version that was here; the first "
            "stands.")  # fmt: skip


@contextmanager
def _exchange(home: Path | None, officer: str) -> Iterator[_Here]:
    """Open a home that has an identity.

    Raises:
        NotFoundError: there is no home, or it has no key yet.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.partner.identity import own_identity
    from sargas.store.partners import Partners

    stored = open_stored(home)
    own = own_identity(stored.path)
    with Partners(stored) as partners:
        yield _Here(stored, own, partners, officer)


def by_of(stored: Home, officer: str) -> By:
    """Say who does something with partners: at the newest event time that the home knows."""
    from sargas.store.standing import stored_alerts
    from sargas.store.users import By

    return By(officer, newest_ms(stored, stored_alerts(stored)), time.time_ns() // 1_000_000)


def _trusted(peer: Peer) -> Peer:
    if not peer.is_trusted:
        raise UsageError(
            f"{peer.name} is not trusted yet.",
            hint="Let them read their fingerprint to you, then: "
            f'sargas share peers trust {peer.name} --fingerprint "..."',
        )
    return peer


def _told(made: Made, peer: Peer) -> dict[str, Any]:
    return {
        "peer": peer.name, "group": peer.group, "sequence": made.sent.sequence,
        "sha256": made.sent.hash, "bytes": len(made.data), "exercise": made.is_exercise,
        "more": made.has_more,
        "alerts": [{"id": name, "version": version} for name, version in made.sent.told],
    }  # fmt: skip


def _read_file(path: Path) -> bytes:
    """Read a file that may be a bundle, no more of it than a bundle can have."""
    from sargas.share.partner.bundle import BYTES_MOST
    from sargas.store.home import unusable

    try:
        with path.open("rb") as file:
            return file.read(BYTES_MOST + 1)
    except FileNotFoundError as error:
        raise NotFoundError("There is no such file.", where=str(path)) from error
    except OSError as error:
        raise unusable(error, path, "read the bundle") from error


def _write(place: Path, data: bytes) -> None:
    from sargas.store.home import unusable

    begun = place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        begun.write_bytes(data)
        begun.replace(place)
    except OSError as error:
        begun.unlink(missing_ok=True)
        raise unusable(error, place, "write the bundle") from error
