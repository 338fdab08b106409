"""The detectors, one a file. `DETECTORS` lists those that run; docs/detectors.md has the table."""

from __future__ import annotations

from sargas.watch.detect.base import Detector
from sargas.watch.detect.drag import DragOnset
from sargas.watch.detect.drag_confirmed import DragConfirmed
from sargas.watch.detect.drift import Drift
from sargas.watch.detect.encounter import Encounter
from sargas.watch.detect.feed import FeedHealth
from sargas.watch.detect.gap import Gap
from sargas.watch.detect.gnss import GnssArea
from sargas.watch.detect.identity import IdentityConflict
from sargas.watch.detect.integrity import PositionIntegrity
from sargas.watch.detect.loiter import Loiter
from sargas.watch.detect.off_route import OffRoute
from sargas.watch.detect.repeat import RepeatCrossing
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.detect.speed_loss import SpeedLoss
from sargas.watch.detect.status import StatusMismatch
from sargas.watch.detect.stop import UnexplainedStop
from sargas.watch.detect.sustained import DragSustained
from sargas.watch.detect.swing import SwingCircle
from sargas.watch.detect.visit import GapVisit

DETECTORS: tuple[type[Detector], ...] = (
    DragOnset, DragConfirmed, DragSustained, SpeedLoss, Drift, UnexplainedStop, SlowInCorridor,
    Loiter, SwingCircle, RepeatCrossing, StatusMismatch, Encounter, Gap, GapVisit,
    PositionIntegrity, GnssArea, IdentityConflict, FeedHealth, OffRoute,
)  # fmt: skip
