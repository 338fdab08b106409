"""Pictures as text: a chart of a track over time, in SVG without script, font or outside reference.

Every colour is a CSS variable with a value behind it, so that the same picture stands alone (in a
notebook) and follows the light and dark scheme of the page around it (in a dossier). Equal input
gives equal text, byte for byte. Texts from outside are escaped here.
"""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sargas.model.time import MINUTE_MS, iso

COLOURS = {
    "ink": "#10202a", "soft": "#465862", "faint": "#8d9aa1", "grid": "#cfd8dd",
    "page": "#ffffff", "sea": "#dbe7ee", "land": "#f3f1ea", "coast": "#8d9aa1",
    "alarm": "#6e0012", "cable": "#0072b2", "pipeline": "#8a3f6b", "farm": "#5d7280",
    "sog": "#10202a", "cog": "#0b7285", "heading": "#8a5a00", "limit": "#a84a00",
    "span": "#10202a",
}  # fmt: skip
"""Names of the colours, each with the value for a light page (ui.md, section 8)."""

LEAST_GAP_MS = 6 * MINUTE_MS
"""Reports farther apart than this, and than four usual intervals, are joined by no line."""

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 18, 22
MOMENT_ROW = 13
WORD_APART = 13
HEIGHTS = (150, 120)
"""Of the panels of speed and of angles."""
BETWEEN = 22
HOUR_APART = 73
"""Pixels between two words of the time scale at least."""
STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400)


@dataclass(frozen=True)
class Limit:
    """A threshold drawn as a line over the speed.

    Attributes:
        value_kn: where, in knots.
        text: what it is.
    """

    value_kn: float
    text: str


@dataclass(frozen=True)
class Moment:
    """A moment marked by an upright line."""

    t_ms: int
    text: str


def as_image(svg: str, width: float, height: float, alt: str) -> str:
    """Put a picture into an image that HTML holds in itself.

    Notebook pages take SVG elements out of HTML that they did not make themselves and leave an
    image with its data; and an image is a document of its own, in which nothing runs and which
    shares no names and no style with the page around it.

    Args:
        svg: as `picture` writes it.
        width, height: of the picture, in pixels.
        alt: what it shows, for who cannot see it.
    """
    # In the text all quotation marks are escaped: what is left are those around attributes.
    url = svg.replace("\n", "").replace('"', "'").replace("%", "%25").replace("#", "%23")
    src = "data:image/svg+xml;charset=utf-8," + url.replace("&", "&amp;")
    return (
        f'<img alt="{shown(alt)}" width="{width:.0f}" height="{height:.0f}" '
        f'style="max-width:100%;height:auto" src="{src}">'
    )


def colour(name: str) -> str:
    """Give a colour as a CSS value.

    Example:
        >>> colour("ink")
        'var(--ink, #10202a)'
    """
    return f"var(--{name}, {COLOURS[name]})"


def shown(value: object) -> str:
    r"""Make a text from outside safe to stand in SVG and HTML: escaped, nothing unseen in it.

    Control characters go, and so do the marks that turn the direction of writing: they could make
    a name read as another one.

    Example:
        >>> shown("<script>\x1b & \u202eEVIL")
        '&lt;script&gt; &amp; EVIL'
    """
    kept = (c for c in str(value) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return html.escape("".join(kept), quote=True)


def number(value: float) -> str:
    """Write a coordinate of the picture, to a tenth of a pixel.

    Example:
        >>> number(12.04), number(-0.01)
        ('12', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(name: str, text: str | None = None, **attributes: object) -> str:
    """Write one element; `_` in a name stands for `-`, and a None leaves the attribute out.

    Args:
        name: of the element.
        text: what stands in it, as it is: escape it before with `shown`.
        attributes: numbers are rounded, texts escaped.

    Example:
        >>> element("line", x1=1.25, stroke_width=2)
        '<line x1="1.2" stroke-width="2"/>'
    """
    words = [name]
    for key, value in attributes.items():
        if value is None:
            continue
        said = number(value) if isinstance(value, float) else html.escape(str(value), quote=True)
        words.append(f'{key.rstrip("_").replace("_", "-")}="{said}"')
    head = " ".join(words)
    return f"<{head}/>" if text is None else f"<{head}>{text}</{name}>"


def label(x: float, y: float, text: str, *, anchor: str = "start", size: int = 11,
          tint: str = "soft", bold: bool = False, rim: str | None = None) -> str:  # fmt: skip
    """Write a text at a place, on a rim of a colour where it may lie on something."""
    return element(
        "text", shown(text), x=float(x), y=float(y), text_anchor=anchor, font_size=size,
        fill=colour(tint), font_weight=600 if bold else None,
        paint_order="stroke" if rim else None, stroke=colour(rim) if rim else None,
        stroke_width=4 if rim else None,
    )  # fmt: skip


def picture(
    width: float, height: float, title: str, parts: Iterable[str],
    at: tuple[float, float] | None = None,
) -> str:  # fmt: skip
    """Wrap drawn parts into one picture that scales to the width it is given.

    Args:
        width, height: of what is drawn; nothing outside shows.
        title: what it is, for who cannot see it.
        parts: drawn before.
        at: where it stands in another picture; None for a picture of its own.
    """
    body = "\n".join(parts)
    if at is not None:
        return element(
            "svg", f"\n<title>{shown(title)}</title>\n{body}\n", x=float(at[0]), y=float(at[1]),
            width=float(width), height=float(height),
        )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'role="img" width="100%" style="max-width:{number(width)}px;font-family:system-ui,'
        f'-apple-system,Segoe UI,Noto Sans,sans-serif">\n<title>{shown(title)}</title>\n'
        f"{body}\n</svg>"
    )


def track_chart(
    t_ms: NDArray[np.int64],
    sog_kn: NDArray[np.float64],
    cog_deg: NDArray[np.float64],
    heading_deg: NDArray[np.float64],
    *,
    limits: Sequence[Limit] = (),
    moments: Sequence[Moment] = (),
    span_ms: tuple[int, int] | None = None,
    width: float = WIDTH,
    heights: tuple[float, float] = HEIGHTS,
    at: tuple[float, float] | None = None,
) -> str:
    """Draw speed, and course with heading, over time.

    Args:
        t_ms: (n,) int64, ms UTC, in order.
        sog_kn, cog_deg, heading_deg: (n,) float64, NaN where not available.
        limits: thresholds over the speed.
        moments: marked by upright lines.
        span_ms: shaded: what the alert rests on.
        width: of the whole chart.
        heights: of the panels of speed and of angles.
        at: as in `picture`.

    Returns:
        SVG; a line stops where nothing was received.
    """
    if not len(t_ms):
        return ""
    ends = [int(t_ms[0]), int(t_ms[-1]), *(m.t_ms for m in moments), *(span_ms or ())]
    low_ms, high_ms = min(ends), max(max(ends), min(ends) + MINUTE_MS)
    x_px = _Axis(low_ms, high_ms, float(LEFT), float(width - RIGHT))
    # The marked moments have rows of their own above: no word lies on a curve.
    speed_top = TOP + MOMENT_ROW * len(moments)
    speed_bottom = speed_top + heights[0]
    angle_top = speed_bottom + BETWEEN
    angle_bottom = angle_top + heights[1]
    parts = []
    if span_ms is not None:
        left, right = x_px.at(span_ms[0]), x_px.at(span_ms[1])
        parts.append(
            element("rect", x=left, y=float(speed_top), width=max(right - left, 1.0),
                    height=float(angle_bottom - speed_top), fill=colour("span"),
                    fill_opacity="0.07")
        )  # fmt: skip
    parts += _time_grid(x_px, speed_top, angle_bottom)
    parts += _moments(moments, x_px, speed_top, angle_bottom)
    parts += _speed(t_ms, sog_kn, x_px, (speed_top, speed_bottom), limits)
    parts += _angles(t_ms, cog_deg, heading_deg, x_px, (angle_top, angle_bottom))
    title = f"Speed, course and heading from {iso(low_ms)} to {iso(high_ms)}"
    return picture(width, angle_bottom + BOTTOM, title, parts, at)


def chart_height(moments: int, heights: tuple[float, float] = HEIGHTS) -> float:
    """Give the height of a chart with so many marked moments."""
    return TOP + MOMENT_ROW * moments + heights[0] + BETWEEN + heights[1] + BOTTOM


@dataclass(frozen=True)
class _Axis:
    """Maps values onto pixels, straight."""

    low: float
    high: float
    from_px: float
    to_px: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.from_px + share * (self.to_px - self.from_px)


def _time_grid(x_px: _Axis, top: float, bottom: float) -> list[str]:
    """Draw the hours: lines over both panels, words under them."""
    span_min, words = (x_px.high - x_px.low) / MINUTE_MS, (x_px.to_px - x_px.from_px) // HOUR_APART
    step_ms = next((s for s in STEPS_MIN if span_min / s <= words), STEPS_MIN[-1]) * MINUTE_MS
    parts = []
    first = math.ceil(x_px.low / step_ms) * step_ms
    for t_ms in range(int(first), int(x_px.high) + 1, step_ms):
        x = x_px.at(t_ms)
        parts.append(element("line", x1=x, x2=x, y1=float(top), y2=float(bottom),
                             stroke=colour("grid")))  # fmt: skip
        text = iso(t_ms)[11:16] if step_ms < 1440 * MINUTE_MS else iso(t_ms)[5:10]
        parts.append(label(x, bottom + 15, text, anchor="middle"))
    parts.append(label(x_px.to_px, top - 5, f"{iso(int(x_px.low))[:10]}, UTC", anchor="end"))
    return parts


def _speed(
    t_ms: NDArray[np.int64],
    sog_kn: NDArray[np.float64],
    x_px: _Axis,
    box: tuple[float, float],
    limits: Sequence[Limit],
) -> list[str]:
    """Draw the speed with its thresholds."""
    top, bottom = box
    most = max([2.0, *sog_kn[~np.isnan(sog_kn)], *(limit.value_kn for limit in limits)])
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50) if most / s <= 6 or s == 50)
    high = math.ceil(most * 1.08 / step) * step
    y_px = _Axis(0.0, high, bottom, top)
    parts = [label(LEFT, top - 5, "Speed over ground, kn", bold=True, tint="sog", rim="page")]
    parts += _scale(x_px, y_px, np.arange(0.0, high + step / 2, step), lambda v: f"{v:g}")
    last_word = -99.0
    for limit in sorted(limits, key=lambda one: -one.value_kn):
        y = y_px.at(limit.value_kn)
        parts.append(element("line", x1=float(LEFT), x2=x_px.to_px, y1=y, y2=y,
                             stroke=colour("limit"), stroke_dasharray="6 3"))  # fmt: skip
        # Over its line, or under it where that would lie on the word before.
        word = y - 3 if y - 3 - last_word >= WORD_APART else max(y + 11, last_word + WORD_APART)
        last_word = word
        parts.append(label(x_px.to_px - 2, word, limit.text, anchor="end",
                           tint="limit", rim="page"))  # fmt: skip
    parts.append(_line(t_ms, sog_kn, x_px, y_px, "sog", None))
    return parts


def _angles(
    t_ms: NDArray[np.int64],
    cog_deg: NDArray[np.float64],
    heading_deg: NDArray[np.float64],
    x_px: _Axis,
    box: tuple[float, float],
) -> list[str]:
    """Draw course and heading on one scale that runs on through north."""
    top, bottom = box
    middle = circular_middle_deg(np.concatenate([cog_deg, heading_deg]))
    course, heading = unwrapped_deg(cog_deg, middle), unwrapped_deg(heading_deg, middle)
    both = np.concatenate([course, heading])
    both = both[~np.isnan(both)]
    parts = [
        label(LEFT, top - 5, "Course over ground, degrees", bold=True, tint="cog", rim="page"),
        label(LEFT + 185, top - 5, "Heading (dashed)", bold=True, tint="heading", rim="page"),
    ]
    if not len(both):
        return [*parts, label(LEFT + 8, (top + bottom) / 2, "neither was reported")]
    low, high = float(both.min()), float(both.max())
    reach = max(high - low, 40.0)
    low, high = (low + high - reach) / 2 - 4, (low + high + reach) / 2 + 4
    step = next(s for s in (10, 20, 30, 45, 90) if (high - low) / s <= 5 or s == 90)
    y_px = _Axis(low, high, bottom, top)
    ticks = np.arange(math.ceil(low / step) * step, high, step)
    parts += _scale(x_px, y_px, ticks, lambda v: f"{v % 360:03.0f}°")
    parts.append(_line(t_ms, course, x_px, y_px, "cog", None))
    parts.append(_line(t_ms, heading, x_px, y_px, "heading", "5 3"))
    return parts


def _scale(
    x_px: _Axis, y_px: _Axis, ticks: Iterable[float], write: Callable[[float], str]
) -> list[str]:
    """Draw level lines and their words."""
    parts = []
    for value in ticks:
        y = y_px.at(float(value))
        parts.append(element("line", x1=float(LEFT), x2=x_px.to_px, y1=y, y2=y,
                             stroke=colour("grid")))  # fmt: skip
        parts.append(label(LEFT - 5, y + 4, write(float(value)), anchor="end"))
    return parts


def _moments(moments: Sequence[Moment], x_px: _Axis, top: float, bottom: float) -> list[str]:
    """Draw the marked moments, each word above the panels in a row of its own."""
    parts = []
    for row, moment in enumerate(moments):
        x = x_px.at(moment.t_ms)
        y = 11.0 + MOMENT_ROW * row
        is_right = x > x_px.from_px + 0.75 * (x_px.to_px - x_px.from_px)
        parts.append(element("line", x1=x, x2=x, y1=y - 8, y2=float(bottom),
                             stroke=colour("alarm"), stroke_width="1.2"))  # fmt: skip
        parts.append(
            label(x + (-4 if is_right else 4), y, f"{moment.text} {iso(moment.t_ms)[11:16]}",
                  anchor="end" if is_right else "start", tint="alarm", bold=True)
        )  # fmt: skip
    return parts


def _line(
    t_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    x_px: _Axis,
    y_px: _Axis,
    tint: str,
    dashes: str | None,
) -> str:
    """Draw one curve, a piece for each run without a gap; a lone report is a dot."""
    d = []
    for run in runs(t_ms, ~np.isnan(values)):
        points = [(x_px.at(int(t_ms[i])), y_px.at(float(values[i]))) for i in run]
        d.append(path_d(thinned(points)))
    return element(
        "path", d=" ".join(d), fill="none", stroke=colour(tint), stroke_width="1.6",
        stroke_linejoin="round", stroke_linecap="round", stroke_dasharray=dashes,
    )  # fmt: skip


def path_d(points: Sequence[tuple[float, float]]) -> str:
    """Write a chain of points as a path; one point becomes a dot under a round cap.

    Example:
        >>> path_d([(1, 2), (3, 4.25)]), path_d([(1, 2)])
        ('M1 2L3 4.2', 'M1 2h0')
    """
    if len(points) == 1:
        return f"M{number(points[0][0])} {number(points[0][1])}h0"
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def runs(t_ms: NDArray[np.int64], known: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Cut the known rows where nothing was received for long.

    Args:
        t_ms: (n,) int64, in order.
        known: (n,) true where there is a value.

    Returns:
        Indices of each run, none of them empty.

    Example:
        >>> minutes = np.array([0, 1, 2, 60, 61]) * 60_000
        >>> [r.tolist() for r in runs(minutes, np.ones(5, bool))]
        [[0, 1, 2], [3, 4]]
    """
    rows = np.flatnonzero(known)
    if not len(rows):
        return []
    steps = np.diff(t_ms[rows])
    limit = max(LEAST_GAP_MS, 4 * float(np.median(steps))) if len(steps) else LEAST_GAP_MS
    return np.split(rows, np.flatnonzero(steps > limit) + 1)


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep of each pixel column the first, lowest, highest and last point: the same picture.

    Example:
        >>> thinned([(1.0, 5.0), (1.2, 9.0), (1.3, 7.0), (1.4, 6.0), (2.0, 6.0)])
        [(1.0, 5.0), (1.2, 9.0), (1.4, 6.0), (2.0, 6.0)]
    """
    columns: dict[int, list[int]] = {}
    for i, (x, _) in enumerate(points):
        columns.setdefault(math.floor(x), []).append(i)
    kept: set[int] = set()
    for rows in columns.values():
        kept |= {rows[0], rows[-1]}
        kept |= {min(rows, key=lambda i: points[i][1]), max(rows, key=lambda i: points[i][1])}
    return [points[i] for i in sorted(kept)]


def circular_middle_deg(angles_deg: NDArray[np.float64]) -> float:
    """Give the circular mean of the angles that are known, 180 where there is none."""
    known = np.radians(angles_deg[~np.isnan(angles_deg)])
    east, north = float(np.sin(known).sum()), float(np.cos(known).sum())
    return math.degrees(math.atan2(east, north)) % 360.0 if east or north else 180.0


def unwrapped_deg(angles_deg: NDArray[np.float64], middle_deg: float) -> NDArray[np.float64]:
    """Turn angles so that they lie within 180 degrees of a middle.

    Example:
        >>> unwrapped_deg(np.array([350.0, 10.0]), 0.0).tolist()
        [-10.0, 10.0]
    """
    return np.asarray((angles_deg - middle_deg + 180.0) % 360.0 - 180.0 + middle_deg)
