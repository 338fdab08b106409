"""The gate: what of the alerts a group gets. Every exit takes what it gives and nothing else.

A writer or sender is given `Released`, which only this module makes, so that an alert cannot get
past the gate by a new way out. What a group was not released is not there for it: not the alert,
not a count of it, not a reference to it. What it gets lacks the fields that the policy keeps from
it; they are absent and named, never replaced by something false. Fields that nobody has thought of
yet stay inside.

An alert is released by a rule of the policy, or by a person (`release_to` in the audit log), who
can also withdraw it (`withdraw`), which ends what a rule lets out. Neither lets out what may rest
on a feed that may not go to the group, nor a fix of one. The group learns of the version
that was released and those after it. What was let out stays out when its priority falls or it is
retracted: who was told must hear of that.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np

from sargas.errors import FormatError, StoreError
from sargas.model.fixes import FIRST_FEED, Fixes
from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW, Act
from sargas.share.evidence import evidence_span_ms
from sargas.share.policy import UNKNOWN, Group, Policy, Rule

FIELDS = frozenset(
    ("id", "detector", "detector_version", "rules", "geometry", "version", "state", "priority",
     "t_start", "t_detected", "t_issued", "t_end", "subject", "lon", "lat", "asset", "next_assets",
     "why", "against", "context", "text", "exercise", "muted_by", "evidence", "notes", "triage",
     "log")
)  # fmt: skip
"""What can leave. `group` is not of it: it is made of the vessel's first alert, which may not be
released; nor are `versions`, of which the gate gives those that the group may know."""
FeedsOf = Callable[[Mapping[str, Any]], Collection[str]]
"""Names the feeds that an alert may rest on."""
SCANNED = "scan"
"""What files are called among the feeds: a home knows scans by number alone."""
_SEAL = object()
_LINE_ENDS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"


@final
class Released:
    """One alert as one group may have it. Only the gate makes them.

    Attributes:
        group: to whom it goes.
        own_id: the alert's id at home; the group may know it by another, see `id`.
        redacted: paths that the group never gets, the same for all its alerts.
        because: what released it: `rule 2`, or `line 17 of the log`.
    """

    __slots__ = ("_history", "because", "group", "own_id", "redacted")

    def __init__(
        self, seal: object, group: str, own_id: str, history: Sequence[dict[str, Any]],
        redacted: tuple[str, ...], because: str,
    ) -> None:  # fmt: skip
        if seal is not _SEAL:
            raise TypeError("Only the gate releases: call sargas.share.release.released.")
        self.group, self.own_id = group, own_id
        self.redacted, self.because = redacted, because
        self._history = tuple(history)

    def __init_subclass__(cls) -> None:
        raise TypeError("Released is made by the gate alone.")

    @property
    def id(self) -> str:
        """The alert's id, as the group knows it."""
        return str(self._history[-1]["id"])

    @property
    def version(self) -> int:
        """Number of the newest version that the group gets."""
        return int(self._history[-1]["version"])

    @property
    def exercise(self) -> str | None:
        """Name of the exercise it is of; None for a real one."""
        name = self._history[-1]["exercise"]
        return None if name is None else str(name)

    @property
    def body(self) -> dict[str, Any]:
        """A copy of the newest version, without what the group never gets."""
        return copy.deepcopy(self._history[-1])

    @property
    def history(self) -> list[dict[str, Any]]:
        """Copies of the versions that the group may know, oldest first; the last is `body`."""
        return copy.deepcopy(list(self._history))

    def __repr__(self) -> str:
        return f"Released({self.id!r}, version={self.version}, group={self.group!r})"


@final
class ReleasedTrack:
    """The fixes of a released alert's vessel, over the span that the alert rests on.

    Attributes:
        alert: what it belongs to.
        fixes: in order of time, n rows.
    """

    __slots__ = ("alert", "fixes")

    def __init__(self, seal: object, alert: Released, fixes: Fixes) -> None:
        if seal is not _SEAL:
            raise TypeError("Only the gate releases: call sargas.share.release.released_track.")
        self.alert, self.fixes = alert, fixes

    def __init_subclass__(cls) -> None:
        raise TypeError("ReleasedTrack is made by the gate alone.")


def released(
    alerts: Iterable[Mapping[str, Any]],
    group: str,
    policy: Policy,
    acts: Iterable[Act],
    feeds: FeedsOf = lambda _: (),
) -> list[Released]:
    """Give what of some alerts a group gets.

    Args:
        alerts: bodies as `Standing` gives them; with all `versions`, or the group gets the
            newest alone.
        group: a name of the policy's groups.
        policy: of the home.
        acts: lines of the log, in order; those about a release count.
        feeds: names the feeds that an alert may rest on; asked where a rule asks for feeds, which
            an alert without any does not fit, and where some feed may not go to the group, which
            an alert without any might rest on.

    Raises:
        NotFoundError: there is no such group.
    """
    asked = policy.group(group)
    said = releases(acts)
    out = []
    for alert in alerts:
        act = said.get((str(alert["id"]), group))
        known, because = _known(alert, asked, act, feeds)
        if known and policy.restricts(group) and policy.withheld(group, feeds(alert)):
            continue  # whoever released it
        if known:
            own_id = str(alert["id"])
            name = _name_for(own_id, group, asked, policy)
            history = [_redacted(version, asked) | {"id": name} for version in known]
            out.append(Released(_SEAL, group, own_id, history, asked.redacted, because))
    return out


def released_track(
    alert: Released, fixes: Fixes, policy: Policy, names: Mapping[int, str]
) -> ReleasedTrack | None:
    """Give the fixes that a group gets with an alert; None if it never gets tracks.

    Args:
        alert: from the gate.
        fixes: of the alert's vessel, in order of time; what lies outside the evidence is left out,
            and what a feed brought that may not go to the group.
        policy: of the home, as for the alert.
        names: of the home's feeds, by number.
    """
    number = alert.body["subject"].get("mmsi")
    if "track" in alert.redacted or not number:
        return None
    try:
        spans = [evidence_span_ms(version) for version in alert.history]
    except FormatError:
        return None
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    own = (fixes.t_ms >= low) & (fixes.t_ms <= high) & (fixes.subject_id == np.uint32(number))
    return ReleasedTrack(_SEAL, alert, fixes_for(alert.group, fixes.take(own), policy, names))


def fixes_for(group: str, fixes: Fixes, policy: Policy, names: Mapping[int, str]) -> Fixes:
    """Give those of some fixes whose feed may go to a group, in the same order.

    Args:
        group: a name of the policy's groups.
        fixes: n rows.
        policy: of the home.
        names: of the home's feeds, by number; one that is in none of it might be any feed's.
    """
    if not policy.restricts(group):
        return fixes
    numbers = np.unique(fixes.src_id)
    given = [n for n in numbers.tolist() if not policy.withheld(group, (feed_of(n, names),))]
    return fixes.take(np.isin(fixes.src_id, np.array(given, dtype=numbers.dtype)))


def feed_of(number: int, names: Mapping[int, str]) -> str:
    """Name the feed that a row's number stands for.

    Example:
        >>> [feed_of(n, {1000: "north"}) for n in (0, 1000, 1001)]
        ['scan', 'north', '']
    """
    return names.get(number, UNKNOWN) if number >= FIRST_FEED else SCANNED


def _name_for(alert_id: str, group: str, asked: Group, policy: Policy) -> str:
    """Give the id under which a group knows an alert.

    An id is a hash of vessel, asset and second: who knows two of them tries all ships in a moment.
    A group that must not know one of them gets an id that says nothing, the same each time.
    """
    if not {"subject.mmsi", "asset", "lon"} & set(asked.redacted):
        return alert_id
    if not policy.key:
        raise StoreError("There is no secret by which an alert could be named otherwise.")
    told = f"{group}\x1f{alert_id}".encode()
    return hmac.new(policy.key, told, hashlib.sha256).hexdigest()[: len(alert_id)]


def releases(acts: Iterable[Act]) -> dict[tuple[str, str], list[Act]]:
    """Fold what people released and withdrew, by alert and group; what was undone is left out.

    Example:
        >>> act = Act(1, 0, 0, "A", RELEASE_TO, "0a", 1, 1, "", "", {"group": "nato"})
        >>> list(releases([act]))
        [('0a', 'nato')]
    """
    lines = list(acts)
    undone = {line.detail["undoes"] for line in lines if line.verb == UNDO}
    out: dict[tuple[str, str], list[Act]] = {}
    for line in lines:
        if line.verb in (RELEASE_TO, WITHDRAW) and line.batch not in undone:
            out.setdefault((line.alert, line.detail["group"]), []).append(line)
    return out


def _known(
    alert: Mapping[str, Any], group: Group, said: list[Act] | None, feeds: FeedsOf
) -> tuple[list[Mapping[str, Any]], str]:
    """Give the versions that a group may know, and why; none where nothing is released."""
    versions = [v for v in alert.get("versions", ()) if v["version"] < alert["version"]]
    versions.append(alert)
    first, because = None, ""
    for version in versions:
        number = _rule_of(version, alert, group.sees, feeds)
        if number:
            first, because = int(version["version"]), f"rule {number}"
            break
    for act in said or ():
        if act.verb == WITHDRAW:
            first = None
        elif first is None or act.version < first:
            first, because = act.version, f"line {act.seq} of the log"
    if first is None:
        return [], ""
    # A version that was released is stored; a clock moved back may show none of it yet.
    return [v for v in versions if v["version"] >= first], because


def _rule_of(
    version: Mapping[str, Any], now: Mapping[str, Any], rules: Sequence[Rule], feeds: FeedsOf
) -> int:  # fmt: skip
    """Number the first rule that fits a version, from 1; 0 for none."""
    if now["muted_by"]:  # suspended meanwhile
        return 0
    fitting = (n for n, rule in enumerate(rules, 1) if rule.fits(version, lambda: feeds(now)))
    return next(fitting, 0)


def _redacted(version: Mapping[str, Any], group: Group) -> dict[str, Any]:
    """Copy one version without what a group never gets."""
    body = {name: cleaned(value) for name, value in version.items() if name in FIELDS}
    if version["exercise"] is not None:  # a name of nothing but unseen letters is one too
        body["exercise"] = body["exercise"] or "unnamed"
    for path in group.redacted:
        _remove(body, path.split("."))
    # A feed's own alert tells of nothing but the feed, an area's name is its place.
    domain = body["subject"].get("domain")
    if "place" in group.redact and domain not in ("sea", "air"):
        body["subject"] = {"domain": domain}
    if "sources" in group.redact and domain == "feed":
        body["subject"] = {"domain": domain}
        for name in ("text", "against", "lon", "lat"):
            body.pop(name, None)
    return body


def _remove(body: Any, path: list[str]) -> None:  # noqa: ANN401 - JSON
    name, *rest = path
    if not isinstance(body, dict) or name not in body:
        return
    if rest:
        _remove(body[name], rest)
    else:
        del body[name]


def cleaned(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Copy a value with nothing unseen in its texts, so that every writer can write them."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): cleaned(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(one) for one in value]
    if isinstance(value, float) and value - value != 0.0:  # no JSON and no XML has such a number
        return None
    return value


def clean(text: str) -> str:
    r"""Take out of a text what cannot be seen, or turns the direction of what can.

    Example:
        >>> clean("A\x00\x1b[31mB\u202eC\ud800\ufffe]]>\n<D>")
        'A[31mBC]]> <D>'
        >>> clean("one\u2028two")
        'one two'
    """
    if text.isprintable():  # most are, and letter by letter takes long
        return text
    # Whatever ends a line anywhere (mail, JavaScript) becomes a blank.
    spaced = "".join(" " if c in _LINE_ENDS else c for c in text)
    unseen = ("Cc", "Cf", "Cs", "Co", "Cn")
    return "".join(c for c in spaced if unicodedata.category(c) not in unseen)
