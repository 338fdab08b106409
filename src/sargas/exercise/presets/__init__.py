"""Presets: the rules of other systems, by their published figures, on the same rows as ours.

One file a family. Each says where its definition comes from and where the data at hand force a
difference. They are small pure functions over `tracks.Tracks`; no code of the peers is in them.
A preset is held only against what it asks for: an encounter rule misses no drag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sargas.errors import UsageError
from sargas.exercise.presets import amsa, gfw, prox_slow, prox_wander, rtec, skylight, starboard
from sargas.exercise.presets.tracks import Tracks

DRAG_KINDS = ("drag_onset", "drag_sustained")


@dataclass(frozen=True)
class Rule:
    """One word of a preset and what it is an answer to.

    Attributes:
        asks: the question in words.
        kinds: staged kinds it is held against; empty where the scoreboard stages none.
    """

    asks: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Preset:
    """One family of rules.

    Attributes:
        find: gives `tracks.ROW`s of all its rules.
        rules: by word.
    """

    find: Callable[[Tracks], NDArray[np.void]]
    rules: dict[str, Rule]


_NEAR_SLOW = Rule("slow near an asset", (*DRAG_KINDS, "slow_in_corridor"))
_NEAR_WANDERING = Rule("slow and wandering near an asset", DRAG_KINDS)
_DRIFT = Rule("drifts: course across the heading", ("drift",))
_GAP = Rule("silences", ("gap",))
_PAIR = Rule("encounters of two vessels", ("encounter",))
_LOITER = Rule("loitering", ("loiter",))

PRESETS: dict[str, Preset] = {
    "gfw": Preset(
        gfw.find, {"gfw_gap": _GAP, "gfw_encounter": _PAIR, "gfw_loitering": _LOITER}
    ),
    "skylight": Preset(
        skylight.find, {"skylight_rendezvous": _PAIR, "skylight_dark": _GAP}
    ),
    "starboard": Preset(starboard.find, {"starboard_50m": _PAIR, "starboard_200m": _PAIR}),
    "rtec": Preset(rtec.find, {
        "rtec_drifting": _DRIFT, "rtec_loitering": _LOITER,
        "rtec_below_type": Rule("under way below its type's least speed", DRAG_KINDS),
    }),
    "amsa": Preset(amsa.find, {"amsa_drift": _DRIFT, "amsa_drift_1nm": _DRIFT}),
    "prox_slow": Preset(prox_slow.find, {
        "aisguardian_readme": _NEAR_SLOW, "aisguardian_code": _NEAR_SLOW, "formerlab": _NEAR_SLOW,
    }),
    "prox_wander": Preset(prox_wander.find, {
        "wachta": _NEAR_WANDERING, "infra_analysis": _NEAR_WANDERING,
    }),
}  # fmt: skip


def chosen(names: str) -> tuple[str, ...]:
    """Read a list of presets: `all`, `none`, or names with commas between them.

    Raises:
        UsageError: there is no such preset.

    Example:
        >>> chosen("amsa, prox-slow")
        ('amsa', 'prox_slow')
    """
    if names in ("all", "none"):
        return tuple(PRESETS) if names == "all" else ()
    wanted = tuple(name.strip().replace("-", "_") for name in names.split(","))
    for name in wanted:
        if name not in PRESETS:
            raise UsageError(
                f"There is no preset '{name}'.", hint=f"There are: all, none, {', '.join(PRESETS)}."
            )
    return tuple(dict.fromkeys(wanted))
