"""`sargas share peers`: the partners that alerts are exchanged with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sargas.cli.acts import Acted, Acting, officer_of
from sargas.cli.words import counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    from sargas.store.peers import Peer

_SAID = Acting()
app = App(
    name="peers",
    help="Partners that alerts are exchanged with: add, trust, list, remove.",
    help_format="plaintext",
)


@app.command
def add(
    name: str,
    /,
    *,
    key: str,
    group: str,
    url: str = "",
    allow_private: bool = False,
    ca: Path | None = None,
    said: Acted = _SAID,
) -> int:
    """Add a partner's instance; nothing is exchanged with it until it is trusted.

    Examples:
      sargas share peers add riga --key ed25519:5f... --group partners --officer "V. Petraitis"
      sargas share peers add riga --key ed25519:5f... --group nato --url https://riga.example

    Parameters
    ----------
    name
        What you call it: small letters, digits and . _ -
    key
        Its public key, as its 'sargas share identity' prints it.
    group
        Release group it belongs to: what it may see of ours.
    url
        Where its service is, for push and fetch. Without it only files are exchanged.
    allow_private
        Let its address be one of a private network or of this machine, and http://.
    ca
        Who signed its certificate, PEM (default: whom this machine trusts).
    said
        Who adds it, where, and how it is told.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.cli.share_partners import by_of
    from sargas.share.partner.identity import checked_key, instance_of, load_identity
    from sargas.share.policy import load_policy
    from sargas.share.webhook import checked_url
    from sargas.store.partners import Partners
    from sargas.store.peers import Peer

    stored, officer = open_stored(said.home), officer_of(said)
    load_policy(stored.path).group(group)
    if url:
        parts = checked_url(url, allow_private=allow_private, what="a partner")
        if parts.query or parts.fragment:
            raise UsageError("The address of a service has no query.", hint="https://HOST[:PORT]")
    if ca is not None and not ca.is_file():
        raise UsageError("There is no such file of certificates.", where=str(ca))
    hex_key = checked_key(key)
    own = load_identity(stored.path)
    if own is not None and own.key == hex_key:
        raise UsageError("This is our own key.", hint="Ask the partner for theirs.")
    with Partners(stored) as partners:
        by = by_of(stored, officer)
        peer = partners.add(
            Peer(name, instance_of(hex_key), hex_key, url, group, False, allow_private,
                 str(ca.resolve()) if ca else "", by.at_ms),
            by,
        )  # fmt: skip
    _tell(peer, said)
    # The fingerprint is not shown here: it is to be heard from them, not copied from a screen.
    say("Now call them, let them read their fingerprint to you, and enter it: "
        f'sargas share peers trust {peer.name} --fingerprint "..."', quiet=said.quiet)  # fmt: skip
    return EXIT_OK


@app.command
def trust(
    name: str,
    /,
    *,
    fingerprint: Annotated[str, Parameter()],
    said: Acted = _SAID,
) -> int:
    """Trust a partner: enter the fingerprint that they read to you, not one from a message.

    Examples:
      sargas share peers trust riga --fingerprint "6668 7aad f862 bd77 6c8f c18b 8e9f 8e20"

    Parameters
    ----------
    name
        Which partner.
    fingerprint
        What their 'sargas share identity' shows, as they said it.
    said
        Who trusts it, where, and how it is told.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.cli.share_partners import by_of
    from sargas.store.partners import Partners

    stored, officer = open_stored(said.home), officer_of(said)
    with Partners(stored) as partners:
        peer = partners.peer(name)
        if "".join(fingerprint.lower().split()) != peer.instance:
            raise UsageError(
                f"This is not the fingerprint of the key that is kept of {peer.name}.",
                hint="Let them read it again. If it stays so, the key is not theirs: remove it.",
            )
        peer = partners.trust(name, by_of(stored, officer))
    _tell(peer, said)
    say(f"{peer.name} gets what is released to {peer.group}; what it sends is taken.",
        quiet=said.quiet)  # fmt: skip
    return EXIT_OK


@app.command
def remove(name: str, /, *, said: Acted = _SAID) -> int:
    """Remove a partner: nothing is exchanged with it any more. What came from it stays.

    Examples:
      sargas share peers remove riga --officer "V. Petraitis"

    Parameters
    ----------
    name
        Which partner.
    said
        Who removes it, where, and how it is told.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.cli.share_partners import by_of
    from sargas.store.partners import Partners

    stored, officer = open_stored(said.home), officer_of(said)
    with Partners(stored) as partners:
        peer = partners.remove(name, by_of(stored, officer))
    _tell(peer, said)
    say(f"{peer.name} is removed; its alerts stay, under {peer.instance}.", quiet=said.quiet)
    return EXIT_OK


@app.command(name="list")
def list_(*, home: Path | None = None, json: bool = False, quiet: bool = False) -> int:
    """List the partners, what each may see, and whether it is trusted.

    Examples:
      sargas share peers list --home watch

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        One partner a line, as JSON.
    quiet
        Print no remarks.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.partner.identity import load_identity, spoken
    from sargas.store.partners import Partners

    stored = open_stored(home)
    own = load_identity(stored.path)
    with Partners(stored) as partners:
        peers = partners.peers()
        us = own.instance if own else ""
        held = {peer.name: partners.held(peer.instance, us) for peer in peers}
    if json:
        for peer in peers:
            put_json(peer.to_dict() | {"held": held[peer.name]})
    elif peers:
        put_table(
            ("name", "group", "trusted", "held", "fingerprint", "address"),
            [(p.name, p.group, "yes" if p.is_trusted else "no", held[p.name],
              spoken(p.instance) if p.is_trusted else "to be compared",
              p.url or "files alone") for p in peers],
        )  # fmt: skip
    say(f"{counted(len(peers), 'partner')}.", quiet=quiet)
    return EXIT_OK


def _tell(peer: Peer, said: Acting) -> None:
    if said.json:
        put_json(peer.to_dict())
