"""Build the lanes of the simulated sea from hand-chosen places, kept off land and shoals.

Writes `src/sargas/exercise/data/lanes.json`. The places follow the well-known routes (Route T
through the Great Belt, the Sound, the Bornholmsgat, both sides of Gotland, the Gulf of Finland to
its head, the Gulf of Riga, the Åland and Bothnian Seas); the ways between them are the cheapest
over the shipped land distance and depth, pulled straight where the water allows. It is a sketch
of the Baltic's traffic, not a chart.
"""

from __future__ import annotations

import heapq
import itertools
import json
import math
from pathlib import Path

import numpy as np

from sargas.model.geodesy import distance_m, metres_per_degree
from sargas.reference import shipped_geography

OUT = Path(__file__).parents[1] / "src" / "sargas" / "exercise" / "data" / "lanes.json"
STEP_LON, STEP_LAT = 0.02, 0.01
NEAREST_M = 350.0
CLEAR_M = 6000.0
SHOAL_M = 12.0
GATES = ("skaw", "kiel canal", "kronstadt")
"""Where ships leave the simulated sea; they moor at all other places with a weight."""
BERTH_M = (350.0, 800.0)
BERTH_WITHIN_M = 12_000.0

# name: (longitude, latitude, weight as a port; 0 is a bend of a lane)
PLACES: dict[str, tuple[float, float, float]] = {
    # The way in: Kattegat, Belts, Sound
    "skaw": (10.70, 57.95, 9.0), "laeso": (11.45, 57.35, 0), "anholt w": (11.20, 56.75, 0),
    "anholt e": (12.00, 56.75, 0), "kullen": (12.30, 56.30, 0), "sound n": (12.61, 56.06, 0),
    "sound s": (12.72, 55.50, 0), "moen e": (12.90, 55.10, 0), "sjaelland": (11.05, 56.15, 0),
    "great belt": (10.90, 55.60, 0), "langeland": (11.00, 54.95, 0), "fehmarn": (11.20, 54.58, 0),
    "kadet": (12.25, 54.47, 0), "arkona": (13.45, 54.85, 0), "gat w": (14.35, 55.22, 0),
    "kiel canal": (10.25, 54.47, 5.0), "gothenburg": (11.70, 57.65, 4.0),
    "aarhus": (10.30, 56.15, 1.5), "frederikshavn": (10.60, 57.45, 1.0),
    "copenhagen": (12.64, 55.72, 1.5), "malmo": (12.95, 55.63, 1.0), "halmstad": (12.82, 56.62, .6),
    "luebeck": (10.92, 54.02, 2.5), "rostock": (12.10, 54.22, 2.5), "trelleborg": (13.15, 55.34, 2),
    "ystad": (13.82, 55.40, 1.2), "mukran": (13.62, 54.48, .8), "swinoujscie": (14.25, 53.97, 2.2),
    "roenne": (14.66, 55.10, .6), "karlshamn": (14.85, 56.13, 1.0), "karlskrona": (15.60, 56.06, 1),
    # The Baltic proper
    "gat e": (15.10, 55.42, 0), "bornholm s": (15.00, 54.85, 0), "oland s": (16.60, 55.95, 0),
    "hoburg": (18.75, 56.55, 0), "gotland e": (19.75, 57.55, 0), "faro e": (20.30, 58.40, 0),
    "gotland w": (17.55, 57.30, 0), "gotland nw": (18.05, 58.10, 0), "middle": (17.90, 55.75, 0),
    "danzig": (19.05, 54.75, 0), "gdynia": (18.62, 54.52, 2.5), "gdansk": (18.75, 54.43, 2.5),
    "baltiysk": (19.82, 54.65, 1.5), "klaipeda": (21.02, 55.72, 2.5), "liepaja": (20.92, 56.53, 1),
    "ventspils": (21.48, 57.42, 1.5), "nynashamn": (18.13, 58.80, 1.2), "visby": (18.24, 57.65, .8),
    "oxelosund": (17.25, 58.62, .8), "kolobrzeg": (15.52, 54.22, .4),
    "irbe": (21.75, 57.80, 0), "ruhnu": (22.90, 57.65, 0), "riga": (23.98, 57.12, 2.5),
    "paernu": (24.35, 58.30, .5), "landsort": (18.30, 58.60, 0), "almagrund": (19.40, 59.15, 0),
    # The Gulf of Finland
    "kopu": (21.60, 59.10, 0), "osmussaar": (23.00, 59.45, 0), "porkkala": (24.40, 59.74, 0),
    "kalbada": (25.30, 59.87, 0), "rodsher": (26.55, 59.98, 0), "gogland": (27.35, 60.05, 0),
    "sommers": (28.00, 60.12, 0), "seskar": (28.60, 60.10, 0), "kronstadt": (29.55, 60.03, 6.0),
    "primorsk": (28.68, 60.30, 4.0), "ust-luga": (28.28, 59.78, 5.0), "sillamae": (27.74, 59.43, 1),
    "kotka": (26.95, 60.40, 1.8), "porvoo": (25.58, 60.20, 2.0), "helsinki": (24.97, 60.10, 3.0),
    "tallinn": (24.72, 59.50, 2.0), "muuga": (24.98, 59.53, 2.5), "paldiski": (24.02, 59.38, 1.0),
    "hanko": (22.98, 59.78, 1.2), "hanko s": (22.90, 59.55, 0), "uto": (21.20, 59.65, 0),
    "kunda": (26.54, 59.54, .4),
    # The Åland and Bothnian Seas
    "aland sea": (19.40, 59.85, 0), "mariehamn": (19.92, 60.02, 1.0),
    "stockholm": (19.45, 59.78, 2),
    "quarken s": (19.10, 60.50, 0), "bothnian": (19.40, 61.60, 0), "bothnian n": (19.75, 62.80, 0),
    "quarken n": (20.75, 63.48, 0), "bay": (22.10, 64.25, 0), "bay n": (23.30, 65.00, 0),
    "gavle": (17.36, 60.72, 1.0), "sundsvall": (17.55, 62.35, .8), "rauma": (21.35, 61.13, 1.4),
    "pori": (21.40, 61.63, .8), "umea": (20.36, 63.62, .6), "kokkola": (22.98, 63.90, .8),
    "raahe": (24.40, 64.68, .6), "oulu": (24.95, 65.10, .6), "kemi": (24.45, 65.60, .8),
    "lulea": (22.30, 65.48, .8),
}  # fmt: skip

LANES = """
skaw laeso; laeso anholt w; laeso anholt e; anholt w sjaelland; sjaelland great belt
great belt langeland; langeland fehmarn; fehmarn kadet; kadet arkona; arkona gat w
anholt e kullen; kullen sound n; sound n copenhagen; sound n sound s; copenhagen sound s
sound s moen e; moen e gat w; moen e arkona; moen e kadet; kiel canal fehmarn
skaw frederikshavn; laeso frederikshavn; skaw gothenburg; gothenburg laeso; sjaelland aarhus
malmo sound s; halmstad anholt e; luebeck fehmarn; luebeck kadet; rostock kadet; rostock moen e
trelleborg moen e; trelleborg arkona; ystad gat w; mukran arkona; swinoujscie bornholm s
swinoujscie arkona; arkona bornholm s; roenne gat w; karlshamn gat e; karlskrona gat e
karlskrona oland s; gat w gat e; gat e oland s; gat e middle; bornholm s middle; oland s hoburg
oland s gotland w; middle hoburg; hoburg gotland e; gotland e faro e; faro e kopu
gotland w gotland nw; gotland nw landsort; landsort almagrund; middle danzig; danzig gdynia
danzig gdansk; danzig baltiysk; klaipeda middle; klaipeda hoburg; liepaja hoburg; klaipeda gat e
ventspils gotland e; nynashamn landsort; visby gotland nw; visby gotland w; oxelosund landsort
kolobrzeg bornholm s; irbe gotland e; irbe ruhnu; ruhnu riga; ruhnu paernu; faro e irbe
danzig hoburg; almagrund faro e; almagrund kopu; kopu osmussaar; osmussaar porkkala
porkkala kalbada; kalbada rodsher; rodsher gogland; gogland sommers; sommers seskar
seskar kronstadt; primorsk seskar; ust-luga gogland; sillamae rodsher; kotka gogland
kotka rodsher; porvoo kalbada; helsinki porkkala; helsinki kalbada; tallinn porkkala
muuga kalbada; muuga porkkala; paldiski osmussaar; paldiski porkkala; hanko hanko s
hanko s osmussaar; hanko s kopu; uto kopu; uto aland sea; uto hanko s; helsinki tallinn
helsinki muuga; kunda kalbada; kunda rodsher; almagrund aland sea; mariehamn aland sea
stockholm aland sea; stockholm mariehamn; aland sea quarken s; quarken s bothnian
bothnian bothnian n; bothnian n quarken n; quarken n bay; bay bay n; gavle quarken s
sundsvall bothnian n; sundsvall bothnian; rauma bothnian; pori bothnian; umea quarken n
umea bay; kokkola bay; kokkola quarken n; raahe bay n; raahe bay; oulu bay n; kemi bay n
lulea bay n; lulea bay; ventspils irbe; ventspils nynashamn; gotland e nynashamn; roenne ystad
trelleborg swinoujscie; ystad swinoujscie; trelleborg rostock; karlskrona gdynia
rauma quarken s; liepaja ventspils
"""


def lanes() -> list[tuple[str, str]]:
    """Read the pairs of places above; a name of two words is told by being a place."""
    out = []
    for text in LANES.replace("\n", ";").split(";"):
        words = text.split()
        for cut in range(1, len(words)):
            a, b = " ".join(words[:cut]), " ".join(words[cut:])
            if a in PLACES and b in PLACES:
                out.append((a, b))
                break
        else:
            if words:
                raise SystemExit(f"not two places: {text}")
    return out


class Water:
    """What it costs to sail through a cell."""

    def __init__(self) -> None:
        geography = shipped_geography()
        self.land, self.depth = geography.land_distance, geography.depth

    def cost(self, lon: float, lat: float) -> float:
        """Give the price of a metre; infinite on land."""
        off = self.land.at(lon, lat)
        if not off >= NEAREST_M:
            return math.inf
        depth = self.depth.at(lon, lat)
        shoal = 1.0 if math.isnan(depth) or -depth >= SHOAL_M else 1.4
        return shoal * (1.0 + 3.0 * max(0.0, 1.0 - off / CLEAR_M) ** 2)

    def path_cost(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Give the price of a straight piece."""
        length = distance_m(*a, *b)
        n = max(2, math.ceil(length / 500.0))
        total = 0.0
        for k in range(n + 1):
            u = k / n
            # Dear, not infinite: neighbouring cells of water may have a corner of land between.
            total += min(1e3, self.cost(a[0] + u * (b[0] - a[0]), a[1] + u * (b[1] - a[1])))
        return total / (n + 1) * length


def berth(water: Water, lon: float, lat: float) -> tuple[float, float]:
    """Find the nearest water at a berth's distance from land."""
    kx, ky = metres_per_degree(lat)
    best, best_m = (lon, lat), BERTH_WITHIN_M
    for i in range(-30, 31):
        for j in range(-30, 31):
            p = (lon + 0.4 * i * STEP_LON, lat + 0.4 * j * STEP_LAT)
            away_m = math.hypot((p[0] - lon) * kx, (p[1] - lat) * ky)
            if away_m < best_m and BERTH_M[0] <= water.land.at(*p) <= BERTH_M[1]:
                best, best_m = p, away_m
    return best


def cheapest(water: Water, a: tuple[float, float], b: tuple[float, float]) -> list:
    """Find the cheapest way from a to b, cell by cell (Dijkstra with a bound, A*)."""
    kx, ky = metres_per_degree(0.5 * (a[1] + b[1]))
    dx, dy = STEP_LON * kx, STEP_LAT * ky

    def place(cell: tuple[int, int]) -> tuple[float, float]:
        return a[0] + cell[0] * STEP_LON, a[1] + cell[1] * STEP_LAT

    goal = (round((b[0] - a[0]) / STEP_LON), round((b[1] - a[1]) / STEP_LAT))
    best = {(0, 0): 0.0}
    before: dict[tuple[int, int], tuple[int, int]] = {}
    prices = {goal: water.cost(*b)}  # the cell beside it may be land
    heap = [(0.0, (0, 0))]
    done = set()
    while heap:
        _, cell = heapq.heappop(heap)
        if cell == goal:
            break
        if cell in done:
            continue
        done.add(cell)
        for mx in (-1, 0, 1):
            for my in (-1, 0, 1):
                to = (cell[0] + mx, cell[1] + my)
                if to == cell:
                    continue
                if to not in prices:
                    prices[to] = water.cost(*place(to))
                price = prices[to]
                if math.isinf(price):
                    continue
                way = best[cell] + price * math.hypot(mx * dx, my * dy)
                if way < best.get(to, math.inf):
                    best[to] = way
                    before[to] = cell
                    rest = math.hypot((goal[0] - to[0]) * dx, (goal[1] - to[1]) * dy)
                    heapq.heappush(heap, (way + rest, to))
    else:
        raise SystemExit(f"no water between {a} and {b}")
    cells = [goal]
    while cells[-1] != (0, 0):
        cells.append(before[cells[-1]])
    way = [place(c) for c in reversed(cells)]
    way[-1] = b
    return way


def pulled(water: Water, way: list) -> list:
    """Pull a way straight where that costs hardly more."""
    spent = [0.0]
    for p, q in itertools.pairwise(way):
        spent.append(spent[-1] + water.path_cost(p, q))
    out, at = [way[0]], 0
    while at < len(way) - 1:
        far = at + 1
        step = len(way) - 1 - at
        while step:
            k = at + step
            if water.path_cost(way[at], way[k]) <= 1.01 * (spent[k] - spent[at]):
                far = k
                break
            step = step * 3 // 4 if step > 3 else step - 1
        out.append(way[far])
        at = max(far, at + 1)
    return out


def main() -> None:
    """Write the file."""
    water = Water()
    places = {}
    for name, (lon, lat, weight) in PLACES.items():
        is_port = weight > 0 and name not in GATES
        places[name] = berth(water, lon, lat) if is_port else (lon, lat)
        if math.isinf(water.cost(*places[name])):
            raise SystemExit(f"on land: {name}")
    out = []
    for a, b in lanes():
        pa, pb = places[a], places[b]
        way = pulled(water, cheapest(water, pa, pb))
        out.append({"ends": [a, b], "way": [[round(float(v), 4) for v in p] for p in way]})
    told = {
        name: {
            "lon": round(p[0], 4), "lat": round(p[1], 4), "weight": PLACES[name][2],
            "gate": name in GATES,
        }
        for name, p in places.items()
    }  # fmt: skip
    note = (
        "Lanes of the simulated sea, written by tools/build_lanes.py from places chosen by hand"
        " and the shipped land distance and depth. Not a chart."
    )
    text = json.dumps({"note": note, "places": told, "lanes": out}, indent=None)
    OUT.write_text(text.replace('{"ends"', '\n{"ends"') + "\n", "utf-8")
    print(len(out), "lanes,", sum(len(x["way"]) for x in out), "points")


if __name__ == "__main__":
    np.seterr(all="raise")
    main()
