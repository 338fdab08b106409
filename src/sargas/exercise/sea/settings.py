"""What a simulated sea is made of: shares, noise, reception, happenings. TOML, checked."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]
"""The two ends between which a value is drawn evenly."""


@dataclass(frozen=True)
class Shares:
    """Vessels of each kind among 1,000.

    A merchant is at sea about half of its time, so that of 4,000 vessels some 1,500 are under
    way (detectors.md, section 6). The mix among those at sea follows the Finnish pairs of
    11 December 2025: of 149 that moved, cargo 74, tankers 21, passenger 23 (`data/traffic.toml`);
    the rest is chosen.
    """

    merchant: float = 545.0
    ferry: float = 34.0
    fast_ferry: float = 4.0
    trawler: float = 30.0
    tow: float = 12.0
    dredger: float = 8.0
    cable_layer: float = 1.5
    pilot: float = 20.0
    small_craft: float = 60.0
    anchored: float = 60.0

    def count(self, kind: str, vessels: int) -> int:
        """Give the number of a kind in a fleet of `vessels`; the rest lie in port."""
        return round(float(getattr(self, kind)) * vessels / 1000.0)


@dataclass(frozen=True)
class SeaSettings:
    """A simulated sea.

    Attributes:
        vessels: all, from `first_mmsi` on.
        every_s: at most one report a vessel in so many seconds; 0: as ITU says.
        static_every_min: how often statics are sent.
        copies: chance that another station heard a report, too.
        ship_loss, cell_loss: chance that a report is lost, drawn evenly up to `ship_loss` for
            each ship; for each cell, mostly small, up to `cell_loss`.
        class_b: share of class B among small craft and trawlers.
        no_heading, no_speed: share of ships that never send these.
        sog_noise_kn, sog_tau_min: spread and time constant of a ship's own speed.
        cog_noise_deg: spread of course reports.
        leeway_deg: heading off the course, either side, at most.
        hunt_deg, hunt_period_s: a sound autopilot's course hunting: standard deviation, period.
        poor_autopilot: share of ships that hunt up to `poor_hunt_deg`.
        speed_factor: on all speeds drawn.
        side_m, side_spread_m: how far to starboard of the lane's middle ships keep.
        lane_shift_m, lane_preference: see `lanes.load_lanes`.
        anchored_near_asset: share of ships at anchor that lie near a cable or pipeline; chosen: of
            80 lying ships near cables in the Finnish snapshot 9 were not in port (rules.toml).
        convoys: share of merchants that follow another at its speed.
        slow_for_eta, eta_loss, eta_hours: share of voyages that slow down for their time of
            arrival, by how much, and how long before it.
        gales_a_day, gale_loss, gale_hours, gale_km: weather that slows everyone.
        jams_a_day, jam_hours, jam_km: disturbed satellite navigation.
        outages_a_day, freezes_a_day: a part of the feed silent, or repeating itself, for minutes.
        engine_failures: a day and 1,000 vessels under way.
        shares: vessels of each kind.
    """

    name: str
    vessels: int
    first_mmsi: int
    every_s: float = 60.0
    static_every_min: int = 6
    copies: float = 0.05
    ship_loss: float = 0.15
    cell_loss: float = 0.5
    class_b: float = 0.6
    no_heading: float = 0.04
    no_speed: float = 0.004
    sog_noise_kn: Span = (0.1, 0.4)
    sog_tau_min: Span = (10.0, 60.0)
    cog_noise_deg: Span = (0.2, 0.9)
    leeway_deg: float = 4.0
    hunt_deg: Span = (0.3, 2.2)
    hunt_period_s: Span = (80.0, 120.0)
    poor_autopilot: float = 0.05
    poor_hunt_deg: float = 3.0
    speed_factor: float = 1.0
    side_m: float = 1500.0
    side_spread_m: float = 700.0
    lane_shift_m: float = 2000.0
    lane_preference: float = 0.1
    anchored_near_asset: float = 0.06
    convoys: float = 0.06
    slow_for_eta: float = 0.15
    eta_loss: Span = (0.1, 0.3)
    eta_hours: Span = (2.0, 7.0)
    gales_a_day: float = 1.5
    gale_loss: Span = (0.05, 0.25)
    gale_hours: Span = (3.0, 10.0)
    gale_km: Span = (80.0, 250.0)
    jams_a_day: float = 1.0
    jam_hours: Span = (1.0, 4.0)
    jam_km: Span = (15.0, 50.0)
    outages_a_day: float = 1.0
    freezes_a_day: float = 0.5
    engine_failures: float = 0.8
    shares: Shares = Shares()
