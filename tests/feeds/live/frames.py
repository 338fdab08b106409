"""Frames as aisstream.io makes them, from the bits of AIS payloads: a second, plain decoder.

It shares nothing with sargas' own: big integers and the offsets of ITU-R M.1371-5.
"""

from __future__ import annotations

import json
from typing import Any

NAMES = {
    1: "PositionReport", 2: "PositionReport", 3: "PositionReport", 4: "BaseStationReport",
    5: "ShipStaticData", 9: "StandardSearchAndRescueAircraftReport", 11: "BaseStationReport",
    18: "StandardClassBPositionReport", 19: "ExtendedClassBPositionReport",
    21: "AidsToNavigationReport", 24: "StaticDataReport", 27: "LongRangeAisBroadcastMessage",
}  # fmt: skip
LENGTHS = {5: 424, 19: 312, 21: 272, 24: 160, 27: 96}


class Bits:
    def __init__(self, payload: str, fill: int = 0) -> None:
        values = [c - 48 if c < 88 else c - 56 for c in payload.encode()]
        self.n = 6 * len(values) - fill
        self.value = 0
        for value in values:
            self.value = self.value << 6 | value
        self.value >>= fill

    def u(self, at: int, width: int) -> int:
        return self.value >> (self.n - at - width) & ((1 << width) - 1)

    def s(self, at: int, width: int) -> int:
        value = self.u(at, width)
        return value - (1 << width) if value >> (width - 1) else value

    def b(self, at: int) -> bool:
        return bool(self.u(at, 1))

    def text(self, at: int, width: int) -> str:
        codes = [self.u(k, 6) for k in range(at, at + width - 5, 6)]
        said = "".join(chr(c + 64 if c < 32 else c) for c in codes)
        return said.partition("@")[0]

    def sizes(self, at: int) -> dict[str, int]:
        return {
            "A": self.u(at, 9), "B": self.u(at + 9, 9), "C": self.u(at + 18, 6),
            "D": self.u(at + 24, 6),
        }  # fmt: skip


def place(bits: Bits, at: int, per: float = 600_000.0) -> dict[str, float]:
    w = 28 if per > 1000 else 18
    return {"Longitude": bits.s(at, w) / per, "Latitude": bits.s(at + w, w - 1) / per}


def body(bits: Bits) -> dict[str, Any]:
    kind, out = bits.u(0, 6), {}
    if kind in (1, 2, 3):
        out = {
            "NavigationalStatus": bits.u(38, 4), "RateOfTurn": bits.s(42, 8),
            "Sog": bits.u(50, 10) / 10, "PositionAccuracy": bits.b(60), **place(bits, 61),
            "Cog": bits.u(116, 12) / 10, "TrueHeading": bits.u(128, 9),
            "Timestamp": bits.u(137, 6), "SpecialManoeuvreIndicator": bits.u(143, 2),
            "Spare": bits.u(145, 3), "Raim": bits.b(148), "CommunicationState": bits.u(149, 19),
        }  # fmt: skip
    elif kind in (4, 11):
        out = {"UtcSecond": bits.u(72, 6), "PositionAccuracy": bits.b(78), **place(bits, 79),
               "Raim": bits.b(148), "CommunicationState": bits.u(149, 19)}  # fmt: skip
    elif kind == 5:
        out = {
            "ImoNumber": bits.u(40, 30), "CallSign": bits.text(70, 42),
            "Name": bits.text(112, 120), "Type": bits.u(232, 8), "Dimension": bits.sizes(240),
            "Eta": {"Month": bits.u(274, 4), "Day": bits.u(278, 5), "Hour": bits.u(283, 5),
                    "Minute": bits.u(288, 6)},
            "MaximumStaticDraught": bits.u(294, 8) / 10, "Destination": bits.text(302, 120),
            "Dte": bits.b(422),
        }  # fmt: skip
    elif kind == 9:
        out = {
            "Altitude": bits.u(38, 12), "Sog": bits.u(50, 10), "PositionAccuracy": bits.b(60),
            **place(bits, 61), "Cog": bits.u(116, 12) / 10, "Timestamp": bits.u(128, 6),
            "Dte": bits.b(142), "AssignedMode": bits.b(146), "Raim": bits.b(147),
        }  # fmt: skip
    elif kind in (18, 19):
        out = {
            "Spare1": bits.u(38, 8), "Sog": bits.u(46, 10) / 10, "PositionAccuracy": bits.b(56),
            **place(bits, 57), "Cog": bits.u(112, 12) / 10, "TrueHeading": bits.u(124, 9),
            "Timestamp": bits.u(133, 6),
        }  # fmt: skip
        if kind == 18:
            names = ("ClassBUnit", "ClassBDisplay", "ClassBDsc", "ClassBBand", "ClassBMsg22",
                     "AssignedMode", "Raim", "CommunicationStateIsItdma")  # fmt: skip
            out |= {name: bits.b(141 + k) for k, name in enumerate(names)}
            out |= {"Spare2": bits.u(139, 2), "CommunicationState": bits.u(149, 19)}
        else:
            out |= {
                "Name": bits.text(143, 120), "Type": bits.u(263, 8),
                "Dimension": bits.sizes(271), "Raim": bits.b(305), "Dte": bits.b(306),
                "AssignedMode": bits.b(307),
            }  # fmt: skip
    elif kind == 21:
        out = {
            "Type": bits.u(38, 5), "Name": bits.text(43, 120), "PositionAccuracy": bits.b(163),
            **place(bits, 164), "Dimension": bits.sizes(219), "Timestamp": bits.u(253, 6),
            "OffPosition": bits.b(259), "Raim": bits.b(268), "VirtualAtoN": bits.b(269),
            "AssignedMode": bits.b(270), "NameExtension": bits.text(272, bits.n - 272),
        }  # fmt: skip
    elif kind == 24:
        part = bits.b(39)
        out = {
            "PartNumber": part, "ReportA": {"Valid": not part, "Name": ""},
            "ReportB": {"Valid": part, "ShipType": 0, "CallSign": "", "Dimension": {}},
        }  # fmt: skip
        if part:
            out["ReportB"] |= {"ShipType": bits.u(40, 8), "CallSign": bits.text(90, 42),
                               "Dimension": bits.sizes(132)}  # fmt: skip
        else:
            out["ReportA"]["Name"] = bits.text(40, 120)
    elif kind == 27:
        out = {
            "PositionAccuracy": bits.b(38), "Raim": bits.b(39),
            "NavigationalStatus": bits.u(40, 4), **place(bits, 44, 600.0),
            "Sog": bits.u(79, 6), "Cog": bits.u(85, 9), "PositionLatency": bits.b(94),
        }  # fmt: skip
    head = {"MessageID": kind, "RepeatIndicator": bits.u(6, 2), "UserID": bits.u(8, 30)}
    return head | {"Valid": True} | out


def frame(bits: Bits, time_utc: str) -> bytes:
    name = NAMES[bits.u(0, 6)]
    said = body(bits)
    meta = {"MMSI": said["UserID"], "MMSI_String": said["UserID"], "ShipName": "",
            "latitude": said.get("Latitude", 0), "longitude": said.get("Longitude", 0),
            "time_utc": time_utc}  # fmt: skip
    whole = {"Message": {name: said}, "MessageType": name, "MetaData": meta}
    return json.dumps(whole).encode()
