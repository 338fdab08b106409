"""What a notebook shows of an alert, a vessel or an asset: words over one still picture.

The picture is the dossier's own, smaller: the same map and the same chart. It has its ground and
its colours in itself, and the words take those of the notebook, so that a card can be read on a
light and on a dark page. There is no script, no style sheet and no address of elsewhere in it: what
nbconvert or a notebook page takes out of strange HTML is not missed here. Every text from outside
is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sargas.model.alerts import PRIORITY_WORDS
from sargas.model.assets import Asset
from sargas.model.fixes import Fixes
from sargas.model.place import place_text
from sargas.model.svg import (
    Moment,
    as_image,
    chart_height,
    colour,
    element,
    picture,
    shown,
    track_chart,
)
from sargas.model.svg_alert import (
    MARKS,
    alert_chart,
    alert_map,
    moments,
    points_ahead,
    value_text,
    who,
)
from sargas.model.svg_map import MapAsset, asset_box, asset_map, map_box, track_map
from sargas.model.time import iso, parse_iso

WIDTH, EDGE = 860, 8
MAP_WIDTH, CHART_WIDTH = 400, 436
HEIGHTS = (110, 92)
ALONE = (560, 330)
"""Size of a map that has no chart beside it."""

CAVEAT = "Public data, not evidence on its own. A match is information, not intent."
NOT_A_CHART = "Approximate; not for navigation, anchoring or excavation."

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """What is drawn around the subject of a card; all of it may be missing.

    Attributes:
        fixes: of the vessel, one a report, in order of time.
        assets: near it.
        land: shapely polygons, degrees.
        credits: whom to credit for what is drawn.
    """

    fixes: Fixes = field(default_factory=Fixes.empty)
    assets: Sequence[MapAsset] = ()
    land: Any = None
    credits: Sequence[str] = ()


def alert_card(alert: Mapping[str, Any], scene: Scene) -> str:
    """Write the card of an alert: the sentence, the pictures, each test, what speaks against it.

    Args:
        alert: one version, as `Alert.to_dict` writes it.
        scene: what is around it.
    """
    said = alert["evidence"] or {"from": alert["t_start"], "to": alert["t_detected"]}
    span_ms = parse_iso(said["from"]), parse_iso(said["to"])
    size = map_size(len(moments(alert)), bool(len(scene.fixes)))
    chart = alert_chart(alert, scene.fixes, span_ms, CHART_WIDTH, HEIGHTS, _beside())
    place = alert_map(alert, scene.fixes, scene.assets, scene.land, size, (EDGE, EDGE))
    title = f"{who(alert)}: {alert['detector'].replace('_', ' ')}"
    priority, muted = alert["priority"], alert["muted_by"]
    state = f"{alert['state']}, muted by {', '.join(muted)}" if muted else alert["state"]
    kind = (
        f"{MARKS.get(priority, '')} {PRIORITY_WORDS.get(priority, priority)} {priority} · "
        f"{alert['detector'].replace('_', ' ')} · {state} · {alert['t_detected']}"
    )
    tests = [
        f"{r['feature']} {value_text(r['value'], r['unit'])} (threshold "
        f"{value_text(r['threshold'], r['unit'])}, {'passed' if r['passed'] else 'not passed'})"
        for r in alert["why"]
    ]
    return _card(
        [_exercise(alert["exercise"]), _line(kind.strip()), _line(who(alert), "strong"),
         _line(alert["text"]), _line(_asset_words(alert["asset"]))],
        _whole(title, size, place, chart),
        [_told("Why", tests), _told("What speaks against it", alert["against"]),
         _small([*scene.credits, CAVEAT])],
    )  # fmt: skip


def alert_map_box(alert: Mapping[str, Any], fixes: Fixes) -> Box | None:
    """Give the degrees that an alert's card shows, so that land and assets can be found."""
    if alert["lon"] is None or alert["lat"] is None:
        return None
    size = map_size(len(moments(alert)), bool(len(fixes)))
    here = alert["lon"], alert["lat"]
    return map_box(fixes.lon_deg, fixes.lat_deg, here, points_ahead(alert), size)


def vessel_card(
    title: str, facts: Sequence[tuple[str, str]], scene: Scene, *,
    exercise: str | None = None, history: Sequence[str] = (),
) -> str:  # fmt: skip
    """Write the card of a vessel: who it said it is, and how it moved last.

    Args:
        title: its name and number.
        facts: what is known of it, as (name, value).
        scene: its last fixes, and what is around them.
        exercise: name of the exercise it belongs to.
        history: who it said it was, a line a version, where there is more than one.
    """
    fixes, drawn = scene.fixes, ""
    here = vessel_place(fixes)
    if here is not None:
        size = map_size(1, with_chart=True)
        place = track_map(
            fixes.t_ms, fixes.lon_deg, fixes.lat_deg, here, assets=scene.assets, land=scene.land,
            size=size, at=(EDGE, EDGE),
        )  # fmt: skip
        chart = track_chart(
            fixes.t_ms, fixes.sog_kn, fixes.cog_deg, fixes.heading_deg, width=CHART_WIDTH,
            heights=HEIGHTS, moments=[Moment(int(fixes.t_ms[-1]), "last fix")], at=_beside(),
        )  # fmt: skip
        drawn = _whole(title, size, place, chart)
    return _card(
        [_exercise(exercise), _line(title, "strong"), _facts(facts)],
        drawn,
        [_told("Who it said it was", history), _small([*scene.credits, CAVEAT])],
    )


def vessel_place(fixes: Fixes) -> tuple[float, float] | None:
    """Give where a vessel was last; None where no fix has a position."""
    rows = np.flatnonzero(fixes.has_position)
    if not len(rows):
        return None
    return float(fixes.lon_deg[rows[-1]]), float(fixes.lat_deg[rows[-1]])


def vessel_map_box(fixes: Fixes) -> Box | None:
    """Give the degrees that a vessel's card shows."""
    here = vessel_place(fixes)
    if here is None:
        return None
    return map_box(fixes.lon_deg, fixes.lat_deg, here, size=map_size(1, with_chart=True))


def asset_card(asset: Asset, scene: Scene) -> str:
    """Write the card of an asset: what it is and where it runs."""
    drawn = ""
    line = MapAsset(asset.name, asset.kind, asset.geometry, asset.accuracy_m, is_main=True)
    if asset_map_box(line) is not None:
        place = asset_map(line, near=scene.assets, land=scene.land, size=ALONE, at=(EDGE, EDGE))
        drawn = _whole(asset.name, ALONE, place, "")
    facts = [("kind", asset.kind.replace("_", " ")), ("status", asset.status.replace("_", " "))]
    facts += [("operator", asset.operator)] if asset.operator else []
    facts += [("length", f"{asset.length_km:.1f} km")] if asset.length_km else []
    facts += [("place known to", f"±{asset.accuracy_m:,.0f} m at best"), ("id", asset.id)]
    return _card(
        [_line(asset.name, "strong"), _facts(facts)], drawn, [_small([*scene.credits, NOT_A_CHART])]
    )


def asset_map_box(asset: MapAsset) -> Box | None:
    """Give the degrees that an asset's card shows; None where it has no points."""
    if asset.geometry is None or asset.geometry.is_empty:
        return None
    return asset_box(asset, ALONE)


def map_size(marked: int, with_chart: bool) -> tuple[float, float]:
    """Give the size of a card's map: as high as the chart beside it, which marks some moments."""
    return (MAP_WIDTH, chart_height(marked, HEIGHTS)) if with_chart else ALONE


def _beside() -> tuple[float, float]:
    """Give the place of the chart, right of the map."""
    return float(EDGE + MAP_WIDTH + EDGE), float(EDGE)


def _whole(title: str, size: tuple[float, float], place: str, chart: str) -> str:
    """Lay map and chart on one ground; nothing where there is neither."""
    if not place and not chart:
        return ""
    width = WIDTH if chart else size[0] + 2 * EDGE
    height = size[1] + 2 * EDGE
    ground = element("rect", width=float(width), height=float(height), fill=colour("page"))
    svg = picture(width, height, title, filter(None, (ground, place, chart)))
    return as_image(svg, width, height, f"Map{' and chart' * bool(chart)} of {title}")


def _card(head: Iterable[str], drawn: str, foot: Iterable[str]) -> str:
    """Put words, picture and words under each other."""
    return "\n".join(["<div>", *filter(None, (*head, drawn, *foot)), "</div>"])


def _exercise(name: str | None) -> str:
    """Say first that it is an exercise, where it is one."""
    if not name:
        return ""
    return f"<div><strong>EXERCISE · SYNTHETIC</strong> {shown(name)}: none of this is real.</div>"


def _line(text: str, tag: str = "span") -> str:
    return f"<div><{tag}>{shown(text)}</{tag}></div>" if text else ""


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    """Write short facts on one line, each after its name."""
    said = " · ".join(f"{shown(name)}: {shown(value)}" for name, value in facts)
    return f"<div>{said}</div>" if said else ""


def _told(title: str, texts: Iterable[str]) -> str:
    """Write some sentences after a title, in small letters."""
    said = "; ".join(map(shown, texts))
    return f"<div><small><strong>{shown(title)}</strong> {said}.</small></div>" if said else ""


def _small(texts: Iterable[str]) -> str:
    return f"<div><small>{shown(' · '.join(texts))}</small></div>"


def _asset_words(asset: Mapping[str, Any] | None) -> str:
    """Say how far off the alert's asset is, and how well its own place is known."""
    if asset is None:
        return ""
    text = f"{asset['name']} ({asset['kind'].replace('_', ' ')})"
    if asset["distance_m"] is not None:
        text += f", {asset['distance_m']:,.0f} m off"
    if asset["kp_km"] is not None:
        text += f", at its km {asset['kp_km']:.1f}"
    if asset["accuracy_m"] is not None:
        text += f"; its own place is known to ±{asset['accuracy_m']:,.0f} m"
    return text


def fix_words(fixes: Fixes) -> str:
    """Say where and when a vessel's last fix was, with its speed and course.

    Args:
        fixes: of which the last row with a position is told.
    """
    rows = np.flatnonzero(fixes.has_position)
    if not len(rows):
        return "no position received"
    last = fixes.take(rows[-1:])
    sog, cog = float(last.sog_kn[0]), float(last.cog_deg[0])
    text = f"{iso(int(last.t_ms[0]))} at "
    text += place_text(float(last.lon_deg[0]), float(last.lat_deg[0]))
    text += "" if sog != sog else f", {sog:.1f} kn"
    return text if cog != cog else f"{text}, course {cog:05.1f}°"
