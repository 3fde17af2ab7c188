"""Where a case can be found again: its marks, how near is near, how far two places are. Pure.

A mark joins a place to a category: one for the subdistrict, one for the cell of the map, one for
each name. Looking a case up is looking up a handful of marks, however many cases there are.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from bot.language.training import read_categories
from cases.categories import DATA
from cases.models import CaseStatus, Location
from cases.spots import read_spot

CELL_LAT, CELL_LON = 0.0025, 0.0033
"""Degrees; about 280 m each way at 40° north."""
_METRES_PER_DEGREE = 111_320.0
_MOST_NAMES, _MOST_RINGS = 4, 2
_LONGEST_NAME = 24
_STORY = 120
"""Characters of a story in which names of places are looked for."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is looked up: a report not filed yet, or a case."""

    category_code: str | None
    description: str
    location: Location | None


@dataclass(frozen=True, slots=True)
class Likely:
    """A case that is likely the same trouble, without anything personal of who filed it."""

    case_number: str
    category_name: str
    status: CaseStatus
    created_at: str
    where: str
    """As both said it, or how far away: never the other's words."""
    weight: int
    score: float
    reasons: tuple[str, ...]


def marks_of(told: Sighting) -> list[str]:
    """The marks under which this is kept."""
    code, place = told.category_code or "-", told.location
    marks = [f"n:{name}:{code}" for name in names_of(told)]
    if place is not None and place.subdistrict_code:
        marks.append(f"s:{place.subdistrict_code}:{code}")
    if place is not None and place.lat is not None and place.lon is not None:
        marks.append(f"c:{_cell(place.lat, place.lon)}:{code}")
    return marks


def marks_to_look_up(told: Sighting) -> list[str]:
    """The marks under which the same trouble may have been kept."""
    place, names = told.location, names_of(told)
    found: list[str] = []
    for code in (told.category_code or "-", *_confusable(told.category_code)):
        found += [f"n:{name}:{code}" for name in names]
        if place is not None and place.subdistrict_code:
            found.append(f"s:{place.subdistrict_code}:{code}")
        if place is not None and place.lat is not None and place.lon is not None:
            rings = min(math.ceil(radius_of(code) / 280), _MOST_RINGS)
            found += [f"c:{cell}:{code}" for cell in _cells_around(place.lat, place.lon, rings)]
    return found


def names_of(told: Sighting) -> list[str]:
    """Names of places it says, those of the place itself first."""
    place = told.location.raw_text if told.location else ""
    names = dict.fromkeys(name for _, name in sorted(read_spot(place).names)) if place else {}
    names |= dict.fromkeys(name for _, name in sorted(read_spot(told.description[:_STORY]).names))
    return [name for name in names if len(name) <= _LONGEST_NAME][:_MOST_NAMES]


def radius_of(category_code: str | None) -> float:
    """Within how many metres two reports of this category may be one."""
    radii = _radii()
    fitting = [prefix for prefix in radii if (category_code or "").startswith(prefix)]
    return radii[max(fitting, key=len)]


def metres_between(a: Location | None, b: Location | None) -> float | None:
    """How far apart; None unless both have a position."""
    if a is None or a.lat is None or a.lon is None:
        return None
    if b is None or b.lat is None or b.lon is None:
        return None
    north = (a.lat - b.lat) * _METRES_PER_DEGREE
    east = (a.lon - b.lon) * _METRES_PER_DEGREE * math.cos(math.radians(a.lat))
    return math.hypot(north, east)


@cache
def _radii() -> Mapping[str, float]:
    with (DATA / "radii.csv").open(encoding="utf-8", newline="") as file:
        return {row["category_prefix"]: float(row["metres"]) for row in csv.DictReader(file)}


@cache
def _confusable(category_code: str | None) -> tuple[str, ...]:
    """Categories that residents and the assistant take for this one."""
    pairs = _confusable_pairs()
    both = {b for a, b in pairs if a == category_code} | {a for a, b in pairs if b == category_code}
    return tuple(sorted(both))[:4]


@cache
def _confusable_pairs() -> frozenset[tuple[str, str]]:
    # reading the files takes half a second: once, not once a category
    return frozenset(
        (entry.code, other) for entry in read_categories() for other, _ in entry.confusable
    )


def _cell(lat: float, lon: float) -> str:
    return f"{math.floor(lat / CELL_LAT)},{math.floor(lon / CELL_LON)}"


def _cells_around(lat: float, lon: float, rings: int) -> Iterator[str]:
    row, column = math.floor(lat / CELL_LAT), math.floor(lon / CELL_LON)
    for up in range(-rings, rings + 1):
        for right in range(-rings, rings + 1):
            yield f"{row + up},{column + right}"
