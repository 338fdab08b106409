"""`sargas share`: what leaves for partners, in which form, and what a group would get and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from sargas.cli.acts import Acting, officer_of
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, StoreError, UsageError

if TYPE_CHECKING:
    from sargas.share.formats import Document
    from sargas.share.policy import Policy

app = App(
    name="share",
    help="Share released alerts and tracks with partners: files, messages, and the policy.",
    help_format="plaintext",
)
app.command(
    "sargas.cli.share_send:send", name="send", help="Send released alerts: CoT, webhook, mail."
)
_PARTNERS = (
    ("identity", "share_partners:identity", "Make or show the key that partners know us by."),
    ("peers", "share_peers:app", "Partners that alerts are exchanged with: add, trust, remove."),
    ("import", "share_partners:import_", "Import a partner's bundle from a file or an address."),
    ("push", "share_partners:push", "Give a partner what it may have and does not hold yet."),
    ("fetch", "share_partners:fetch", "Get from a partner what it lets us have."),
)
for _name, _place, _help in _PARTNERS:
    app.command(f"sargas.cli.{_place}", name=_name, help=_help)


@app.command
def formats(*, json: bool = False, quiet: bool = False) -> int:
    """List the formats that alerts and tracks are shared in.

    Examples:
      sargas share formats
      sargas share formats --json | jq .standard

    Parameters
    ----------
    json
        One format a line, as JSON.
    quiet
        Print no remarks.
    """
    from sargas.share.formats import FORMATS

    rows = [
        {"format": f.word, "what": f.title, "standard": f.standard, "end": f.suffix,
         "takes": "tracks" if f.of_tracks else "alerts"}
        for f in FORMATS.values()
    ]  # fmt: skip
    if json:
        for row in rows:
            put_json(row)
    else:
        put_table(list(rows[0]), [list(row.values()) for row in rows])
    say("What of an alert goes where: docs/sharing.md.", quiet=quiet)
    return EXIT_OK


@app.command
def policy(
    *,
    to: str | None = None,
    alert: str | None = None,
    file: bool = False,
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Show the release policy: who would get what, why, without which fields, and of which feeds.

    Examples:
      sargas share policy --home watch
      sargas share policy --to nato
      sargas share policy --alert 03a570d1
      sargas share policy --file > watch/release.toml

    Parameters
    ----------
    to
        Only this group, with every alert it would get and what released it.
    alert
        Which groups get this alert, from which version on, and what released it to each.
    file
        Print the policy file itself, to copy into the home and change there.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        One group a line, or with --to one alert, as JSON.
    quiet
        Print no remarks.
    """
    from sargas.cli.home import home_dir
    from sargas.cli.sharing import tell_feeds
    from sargas.share.policy import FILE, load_policy, shipped_text

    place = home_dir(home)
    if file:
        own = place / FILE
        text = own.read_bytes() if own.exists() else shipped_text()
        print(text.decode("utf-8", "backslashreplace"), end="")
        return EXIT_OK
    found = load_policy(place)
    if alert is not None:
        return _of_alert(alert, home, only=to, json=json, quiet=quiet)
    if to is not None:
        return _group(to, home, json=json, quiet=quiet)
    rows: list[dict[str, Any]] = [
        {"group": name, "label": group.label, "sees": len(group.sees),
         "redacted": list(group.redact), "feeds_withheld": _withheld(found, name)}
        for name, group in found.groups.items()
    ]  # fmt: skip
    if json:
        for row in rows:
            put_json(row)
    else:
        put_table(
            ("group", "label", "by itself", "never gets"),
            [(r["group"], r["label"], counted(r["sees"], "rule") if r["sees"] else "nothing",
              ", ".join(r["redacted"]) or "everything is told") for r in rows],
        )  # fmt: skip
        tell_feeds(found, place, quiet=quiet)
    say(f"{found.where or 'The shipped policy'}, version {found.version}; each group stands by "
        "itself.", quiet=quiet)  # fmt: skip
    return EXIT_OK


def _withheld(found: Policy, group: str) -> list[str]:
    """Name the rows of feeds that may not go to a group."""
    return [row for row, said in found.feeds.items() if group not in said.groups]


def _group(name: str, home: Path | None, *, json: bool, quiet: bool) -> int:
    """Show what one group would get."""
    from sargas.cli.sharing import leaving
    from sargas.share.policy import REDACTION_WORDS
    from sargas.share.saying import title

    with leaving(home, name) as out:
        group = out.policy.group(name)
        rows: list[dict[str, Any]] = [
            {"alert": one.own_id, "told_as": one.id, "version": one.version, "because": one.because,
             "exercise": one.exercise, "title": title(one.body)}
            for one in out.alerts
        ]  # fmt: skip
    if json:
        for row in rows:
            put_json(row)
    elif rows:
        put_table(
            ("alert", "version", "released by", "title"),
            [(r["alert"][:10], r["version"], r["because"], r["title"]) for r in rows],
        )
    say(f"{name} ({clean_text(group.label)}) gets {counted(len(rows), 'alert')}.", quiet=quiet)
    for word in group.redact:
        say(f"  never: {word}, {REDACTION_WORDS[word]}", quiet=quiet)
    if withheld := _withheld(out.policy, name):
        say(f"  never: what rests on the feeds {', '.join(withheld)}", quiet=quiet)
    return EXIT_OK


def _of_alert(wanted: str, home: Path | None, *, only: str | None, json: bool, quiet: bool) -> int:
    """Show which groups get one alert."""
    from sargas.cli.kept_alerts import whole_id
    from sargas.cli.sharing import reading
    from sargas.share.reach import reach

    with reading(home) as (archive, policy, standing, t_ms):
        name = whole_id(standing.alerts(), wanted, archive.home)
        rows: list[dict[str, Any]] = []
        for one in reach(standing, policy, name, t_ms, archive=archive, only=only):
            said = one.to_dict()
            rows.append({
                "group": one.group, "gets": one.alert is not None, "versions": said["versions"],
                "because": said["because"], "told_as": said["told_as"],
                "redacted": list(one.words), "feeds_withheld": list(one.withheld),
            })  # fmt: skip
    if json:
        for row in rows:
            put_json(row)
    else:
        put_table(
            ("group", "gets versions", "released by", "never gets"),
            [(r["group"], ", ".join(map(str, r["versions"])) or "nothing", _because(r),
              ", ".join(r["redacted"])) for r in rows],
        )  # fmt: skip
    count = sum(row["gets"] for row in rows)
    say(f"Alert {name} is released to {count} of {len(rows)} groups.", quiet=quiet)
    return EXIT_OK


def _because(row: dict[str, Any]) -> str:
    """Say what released an alert to a group, or which feed keeps it back."""
    withheld = ", ".join(row["feeds_withheld"])
    return f"nobody can: rests on {withheld}" if withheld else row["because"] or ""


@app.command
def export(
    *,
    out: Path,
    to: str | None = None,
    format: str | None = None,
    peer: str | None = None,
    after: int | None = None,
    since: str | None = None,
    until: str | None = None,
    alert: Annotated[list[str] | None, Parameter(negative=())] = None,
    history: bool = False,
    officer: str | None = None,
    dry_run: bool = False,
    force: bool = False,
    home: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Write what a group gets, as files for it; the audit log notes what left.

    Nothing is written that was not released, by a rule of the policy or by a person. Where any
    alert of a file is an exercise the file's name begins with EXERCISE. Files come whole or not
    at all.

    Examples:
      sargas share export --to nato --format cap --out outbox/ --officer "V. Petraitis"
      sargas share export --to eu --format geojson --out alerts.geojson --since 2024-12-25T10:00Z
      sargas share export --to partners --format mf-json --alert 03a570d1 --out track.mfjson
      sargas share export --peer riga --out to-riga.sargas --officer "V. Petraitis"

    Parameters
    ----------
    out
        A file; or a folder, where the name has no end and for several messages.
    to
        The release group that it is for.
    format
        What to write: geojson, ndjson, cap, cot, cise, json, mail, mf-json, gpx or kml.
    peer
        Write a signed bundle for this partner, with what its group may have and was not in a
        bundle for it before.
    after
        With --peer: what follows this bundle; 0 for everything.
    since
        Only alerts whose newest version became known at or after this time (ISO 8601 with zone).
    until
        Only those whose newest version became known before this time.
    alert
        Only this alert; its id or the beginning of it. May be given several times.
    history
        CAP, CoT and CISE: a message for every version that the group may know.
    officer
        Who lets it leave (default: SARGAS_OFFICER). It stands in the log.
    dry_run
        Write and note nothing; say what would be written.
    force
        Write over other files of these names.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    json
        One file a line, as JSON.
    quiet
        Print no remarks.
    """
    from sargas import __version__
    from sargas.cli.sharing import leaving, note, written
    from sargas.share.formats import format_of
    from sargas.share.saying import About

    if peer is not None:
        if to or format or since or until or alert or history or dry_run:
            raise UsageError("With --peer there are only --after, --out and --force.")
        from sargas.cli.share_partners import export_bundle

        return export_bundle(
            peer, out, home, officer_of(Acting(officer=officer)), after=after, force=force,
            json=json, quiet=quiet,
        )  # fmt: skip
    if to is None or format is None or after is not None:
        raise UsageError("For whom, and in which form?", hint="Give --to and --format, or --peer.")
    kind = format_of(format)
    name = "" if dry_run else officer_of(Acting(officer=officer))
    with leaving(home, to, since, until, alert or ()) as left:
        sender, contact = left.policy.sender, left.policy.contact
        about = About(sender, contact, __version__, with_history=history)
        found = written(left, kind, about, quiet=quiet)
        placed = _places(out, found)
        _refuse_others(placed, force=force)
        if placed and not dry_run:
            begun = _begin(placed)
            try:
                note(left, name, kind.word, str(out), found)
                for temporary, place in begun:
                    temporary.replace(place)
            finally:
                for temporary, _ in begun:
                    temporary.unlink(missing_ok=True)
    for place, document in placed:
        _tell(place, document, to, kind.word, json=json)
    count = sum(len(one.alerts) for one in found)
    if any(one.exercise for one in found):
        say("EXERCISE: some or all of this is not real, and says so.", quiet=quiet)
    would = "would leave" if dry_run else "left"
    messages, files = counted(count, "message"), counted(len(placed), "file")
    say(f"{messages} {would} for {to}, in {files}.", quiet=quiet)
    return EXIT_OK


def _places(out: Path, found: Sequence[Document]) -> list[tuple[Path, Document]]:
    """Choose where each document goes.

    Raises:
        UsageError: there are several, and one file.
    """
    if out.is_dir() or not out.suffix:
        return [(out / one.name, one) for one in found]
    from sargas.cli.sharing import marked

    if len(found) > 1:
        raise UsageError(
            f"There are {len(found)} messages, and one file.", where=str(out),
            hint="Name a folder with --out, or one alert with --alert.",
        )  # fmt: skip
    return [(marked(out, exercise=one.exercise), one) for one in found]


def _refuse_others(placed: Sequence[tuple[Path, Document]], *, force: bool) -> None:
    """Refuse to write over other files, before any is written."""
    for place, document in placed:
        if place.exists() and not force and place.read_bytes() != document.data:
            raise UsageError(
                "There is another such file already.", where=str(place),
                hint="Name another one with --out, or write over it with --force.",
            )  # fmt: skip


def _begin(placed: Sequence[tuple[Path, Document]]) -> list[tuple[Path, Path]]:
    """Write every file under a name for the time being.

    Raises:
        StoreError: one cannot be written; none is left.
    """
    begun: list[tuple[Path, Path]] = []
    try:
        for place, document in placed:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(f".{place.name}.part")
            begun.append((temporary, place))
            temporary.write_bytes(document.data)
    except OSError as error:
        for temporary, _ in begun:
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"The file cannot be written ({error.strerror}).", where=str(place),
            hint="Choose a folder with room that you may write to, with --out.",
        ) from error  # fmt: skip
    return begun


def _tell(place: Path, document: Document, group: str, kind: str, *, json: bool) -> None:
    sha256 = hashlib.sha256(document.data).hexdigest()
    if not json:
        print(f"{sha256}  {place}")
        return
    row: dict[str, Any] = {
        "file": str(place), "bytes": len(document.data), "sha256": sha256, "group": group,
        "format": kind, "exercise": document.exercise,
        "alerts": [{"id": name, "version": version} for name, version in document.own],
    }  # fmt: skip
    put_json(row)
