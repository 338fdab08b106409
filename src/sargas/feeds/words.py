"""Code words that archives write for AIS numbers, and the names that columns go by.

Source: the words of the Danish archive as its readers in public code list them; the numbers are
those of ITU-R M.1371-5, tables 45 and 53.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sargas.decode.delimited import Role

STATUS: Final[Mapping[str, int]] = {
    "Under way using engine": 0,
    "At anchor": 1,
    "Not under command": 2,
    "Restricted maneuverability": 3,
    "Restricted manoeuvrability": 3,
    "Constrained by her draught": 4,
    "Constrained by her draft": 4,
    "Moored": 5,
    "Aground": 6,
    "Engaged in fishing": 7,
    "Under way sailing": 8,
    "Reserved for future amendment [HSC]": 9,
    "Reserved for future amendment [WIG]": 10,
    "Power-driven vessel towing astern": 11,
    "Reserved for future use [11]": 11,
    "Power-driven vessel pushing ahead or towing alongside": 12,
    "Reserved for future use [12]": 12,
    "Reserved for future use [13]": 13,
    "Reserved for future use": 13,
    "AIS-SART": 14,
    "AIS-SART (active)": 14,
    "AIS-SART is active": 14,
    "Unknown value": 15,
    "Not defined": 15,
}
"""Navigational status."""

KIND: Final[Mapping[str, int]] = {
    "Class A": 1,
    "A": 1,
    "Class B": 18,
    "B": 18,
    "Base Station": 4,
    "AtoN": 21,
    "SAR Airborne": 9,
    "Search and Rescue Transponder": 1,
    "Man Overboard Device": 1,
    "EPIRB": 1,
}
"""Kind of station, as the message type that stations of the kind send their position in."""

SHIP_TYPE: Final[Mapping[str, int]] = {
    "WIG": 20,
    "Fishing": 30,
    "Towing": 31,
    "Towing long/wide": 32,
    "Dredging": 33,
    "Diving": 34,
    "Military": 35,
    "Sailing": 36,
    "Pleasure": 37,
    "Reserved": 38,
    "HSC": 40,
    "Pilot": 50,
    "SAR": 51,
    "Tug": 52,
    "Port tender": 53,
    "Anti-pollution": 54,
    "Law enforcement": 55,
    "Spare 1": 56,
    "Spare 2": 57,
    "Medical": 58,
    "Not party to conflict": 59,
    "Passenger": 60,
    "Cargo": 70,
    "Tanker": 80,
    "Other": 90,
}
"""Ship type; the second digit of cargo ships and tankers stands apart, see `CARGO`."""

CARGO: Final[Mapping[str, int]] = {
    "Category X": 1,
    "Category Y": 2,
    "Category Z": 3,
    "Category OS": 4,
    "Reserved for future use": 0,
    "No additional information": 9,
}
"""Hazard category."""

MISSING: Final[Mapping[str, int]] = {
    word: 0
    for word in ("Unknown", "Undefined", "Unknown value", "null", "none", "nan", "na", "n/a", "-")
}
"""What stands for nothing, in either case of letters."""

WORDS: Final = {
    "status": STATUS,
    "kind": KIND,
    "ship_type": SHIP_TYPE,
    "cargo": CARGO,
    "missing": MISSING,
}

DMA_COLUMNS: Final[Mapping[str, Role]] = {
    "timestamp": Role.T,
    "type of mobile": Role.KIND,
    "mmsi": Role.MMSI,
    "latitude": Role.LAT,
    "longitude": Role.LON,
    "navigational status": Role.STATUS,
    "rot": Role.ROT,
    "sog": Role.SOG,
    "cog": Role.COG,
    "heading": Role.HEADING,
    "imo": Role.IMO,
    "callsign": Role.CALLSIGN,
    "name": Role.NAME,
    "ship type": Role.SHIP_TYPE,
    "cargo type": Role.CARGO,
    "width": Role.BEAM,
    "length": Role.LENGTH,
    "draught": Role.DRAUGHT,
    "destination": Role.DESTINATION,
    "eta": Role.ETA,
    "a": Role.BOW,
    "b": Role.STERN,
}
"""Columns of the Danish archive. C and D are not read: its note gives the sides the other way
round than ITU does."""

NOAA_COLUMNS: Final[Mapping[str, Role]] = {
    "basedatetime": Role.T,
    "base_date_time": Role.T,
    "mmsi": Role.MMSI,
    "lat": Role.LAT,
    "latitude": Role.LAT,
    "lon": Role.LON,
    "longitude": Role.LON,
    "sog": Role.SOG,
    "cog": Role.COG,
    "heading": Role.HEADING,
    "vesselname": Role.NAME,
    "vessel_name": Role.NAME,
    "imo": Role.IMO,
    "callsign": Role.CALLSIGN,
    "call_sign": Role.CALLSIGN,
    "vesseltype": Role.SHIP_TYPE,
    "vessel_type": Role.SHIP_TYPE,
    "status": Role.STATUS,
    "length": Role.LENGTH,
    "width": Role.BEAM,
    "draft": Role.DRAUGHT,
    "transceiverclass": Role.KIND,
    "transceiver": Role.KIND,
}
"""Columns of both forms of the American archive."""

COMMON_COLUMNS: Final[Mapping[str, Role]] = {
    "t": Role.T,
    "time": Role.T,
    "timestamp": Role.T,
    "datetime": Role.T,
    "date_time_utc": Role.T,
    "time_utc": Role.T,
    "timestamp_utc": Role.T,
    "t_utc": Role.T,
    "basedatetime": Role.T,
    "base_date_time": Role.T,
    "mmsi": Role.MMSI,
    "lon": Role.LON,
    "longitude": Role.LON,
    "lon_deg": Role.LON,
    "lat": Role.LAT,
    "latitude": Role.LAT,
    "lat_deg": Role.LAT,
    "sog": Role.SOG,
    "sog_kn": Role.SOG,
    "speed": Role.SOG,
    "cog": Role.COG,
    "cog_deg": Role.COG,
    "course": Role.COG,
    "heading": Role.HEADING,
    "heading_deg": Role.HEADING,
    "true_heading": Role.HEADING,
    "rot": Role.ROT,
    "nav_status": Role.STATUS,
    "nav_stat": Role.STATUS,
    "status": Role.STATUS,
    "msg_type": Role.KIND,
    "imo": Role.IMO,
    "name": Role.NAME,
    "vessel_name": Role.NAME,
    "callsign": Role.CALLSIGN,
    "call_sign": Role.CALLSIGN,
    "ship_type": Role.SHIP_TYPE,
    "vessel_type": Role.SHIP_TYPE,
    "length": Role.LENGTH,
    "length_m": Role.LENGTH,
    "width": Role.BEAM,
    "beam": Role.BEAM,
    "beam_m": Role.BEAM,
    "draught_m": Role.DRAUGHT,
    "draught_dm": Role.DRAUGHT_DM,
    "destination": Role.DESTINATION,
    "eta": Role.ETA,
}
"""Columns of other tables, where they are named plainly. A bare `draught` is not among them:
tables write it in metres and in decimetres."""

MAP_KEYS: Final[Mapping[str, Role]] = {
    "t": Role.T,
    "mmsi": Role.MMSI,
    "lon": Role.LON,
    "lat": Role.LAT,
    "sog": Role.SOG,
    "cog": Role.COG,
    "heading": Role.HEADING,
    "rot": Role.ROT,
    "status": Role.STATUS,
    "msg_type": Role.KIND,
    "imo": Role.IMO,
    "name": Role.NAME,
    "callsign": Role.CALLSIGN,
    "ship_type": Role.SHIP_TYPE,
    "length": Role.LENGTH,
    "beam": Role.BEAM,
    "draught": Role.DRAUGHT,
    "draught_dm": Role.DRAUGHT_DM,
    "bow": Role.BOW,
    "stern": Role.STERN,
    "destination": Role.DESTINATION,
    "eta": Role.ETA,
}
"""What a column map may name."""
