"""Places (便民点、执法机构) as plain types, and which of them is meant or near; no I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from kb.hours import is_open

_EARTH_METRES = 6_371_000.0
_MAP = "https://uri.amap.com/"
"""Opens whatever map the resident's phone has; only a link, nothing is loaded from there."""


class PlaceKind(StrEnum):
    """What a resident looks for."""

    MARKET = "market"
    BREAKFAST = "breakfast"
    TEAM = "team"
    OFFICE = "office"


KIND_NAMES: Mapping[PlaceKind, str] = {
    PlaceKind.MARKET: "菜市场",
    PlaceKind.BREAKFAST: "早餐点",
    PlaceKind.TEAM: "执法队",
    PlaceKind.OFFICE: "办事机构",
}
FARTHEST_METRES: Mapping[PlaceKind, float] = {
    PlaceKind.MARKET: 5_000.0,
    PlaceKind.BREAKFAST: 5_000.0,
    PlaceKind.TEAM: 20_000.0,
    PlaceKind.OFFICE: 40_000.0,
}
"""Farther away is not "near": then saying that there is no data is more honest."""


def map_link(name: str, address: str, lat: float | None, lon: float | None) -> str:
    """A link to a point on a map, or to a search for the address where there is no point."""
    if lat is None or lon is None:
        return f"{_MAP}search?{urlencode({'keyword': address or name})}"
    named = {"position": f"{lon:.6f},{lat:.6f}", "name": name, "coordinate": "wgs84"}
    return f"{_MAP}marker?{urlencode(named)}"


@dataclass(frozen=True, slots=True)
class Place:
    """One place. Position in WGS-84 degrees; `checked_on` is when somebody last made sure."""

    kind: PlaceKind
    name: str
    address: str
    district: str = ""
    subdistrict: str = ""
    lat: float | None = None
    lon: float | None = None
    hours: str = ""
    phone: str = ""
    source: str = ""
    checked_on: date | None = None
    is_sample: bool = False
    id: int = 0
    version: int = 0
    """The import that wrote it as it is now; another one only when something changed."""

    @property
    def key(self) -> str:
        """What makes two rows of different files the same place."""
        return f"{self.kind.value}|{self.name}|{self.district}|{self.address}"

    @property
    def map_url(self) -> str:
        """A link to the place on a map."""
        return map_link(self.name, self.address, self.lat, self.lon)

    def to_data(self) -> dict[str, Any]:
        """Plain JSON-able data without id and version; `place_from_data` reads it back."""
        data = asdict(self)
        del data["id"], data["version"]
        data["kind"] = self.kind.value
        data["checked_on"] = self.checked_on and self.checked_on.isoformat()
        return data


PLACE_FIELDS = tuple(item.name for item in fields(Place) if item.name not in ("id", "version"))


def place_from_data(data: Mapping[str, Any], id: int = 0, version: int = 0) -> Place:
    """A place from what `to_data` made."""
    checked = data.get("checked_on")
    values = {name: data[name] for name in PLACE_FIELDS if name in data}
    values["kind"] = PlaceKind(data["kind"])
    values["checked_on"] = date.fromisoformat(checked) if checked else None
    return Place(**values, id=id, version=version)


@dataclass(frozen=True, slots=True)
class Where:
    """What is known of the resident's whereabouts; words are a road, an estate, a landmark."""

    lat: float | None = None
    lon: float | None = None
    district: str = ""
    subdistrict: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is anything to look by."""
        return bool(self.lat is not None or self.district or self.subdistrict or self.words)


@dataclass(frozen=True, slots=True)
class Near:
    """A place that was found; `metres` when the distance is known, `open_now` when the hours are."""

    place: Place
    metres: float | None
    open_now: bool | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The places, nearest or fittest first, and by what they were found."""

    places: tuple[Near, ...] = ()
    by: str = ""
    """position, words, subdistrict or district; empty when nothing was found."""


class PlaceIndex:
    """An immutable index; a change of places builds a new one."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        self._by_id = {place.id: place for place in places}
        self._lat = np.array([_degrees(place.lat) for place in places])
        self._lon = np.array([_degrees(place.lon) for place in places])
        self._kinds = np.array([place.kind.value for place in places])

    def get(self, id: int) -> Place | None:
        """The place with this id."""
        return self._by_id.get(id)

    def has(self, kinds: Sequence[PlaceKind]) -> bool:
        """Whether there is any place of these kinds, anywhere."""
        return bool(len(self.places)) and bool(np.isin(self._kinds, list(kinds)).any())

    def find(
        self, kinds: Sequence[PlaceKind], where: Where, now: datetime, *, only_open: bool = False
    ) -> Finding:
        """The places of `kinds`, by position, else by words, subdistrict or district."""
        if not self.has(kinds):
            return Finding()
        numbers = np.flatnonzero(np.isin(self._kinds, list(kinds)))
        if where.lat is not None and where.lon is not None:
            near = self._within_reach(numbers, where.lat, where.lon)
            return _finding(near, "position", now, only_open)
        places = [(self.places[number], None) for number in numbers]
        named = [each for each in places if _mentions(each[0], where)]
        if where.words and named:
            return _finding(named, "words", now, only_open)
        for by in ("subdistrict", "district"):
            wanted = getattr(where, by)
            if wanted:
                inside = [each for each in places if getattr(each[0], by) == wanted]
                found = _finding(inside, by, now, only_open)
                if found.places:
                    return found
        return Finding()

    def _within_reach(
        self, numbers: npt.NDArray[np.int64], lat: float, lon: float
    ) -> list[tuple[Place, float | None]]:
        metres = measure(self._lat[numbers], self._lon[numbers], lat, lon)
        reach = np.array([FARTHEST_METRES[self.places[number].kind] for number in numbers])
        order = np.argsort(metres, kind="stable")
        return [
            (self.places[numbers[at]], float(metres[at])) for at in order if metres[at] <= reach[at]
        ]


def _finding(
    found: Sequence[tuple[Place, float | None]], by: str, now: datetime, only_open: bool
) -> Finding:
    near = [Near(place, metres, is_open(place.hours, now)) for place, metres in found]
    kept = tuple(each for each in near if each.open_now or not only_open)
    return Finding(kept, by if kept else "")


def _mentions(place: Place, where: Where) -> bool:
    if where.district and place.district and where.district != place.district:
        return False
    told = f"{place.name}{place.address}"
    return any(word in told for word in where.words)


def measure(
    lats: npt.NDArray[np.float64], lons: npt.NDArray[np.float64], lat: float, lon: float
) -> npt.NDArray[np.float64]:
    """Metres from (lat, lon) to each position; nan where it is unknown. Haversine formula."""
    phi, other = np.radians(lats), math.radians(lat)
    half = np.sin((phi - other) / 2) ** 2
    half += np.cos(phi) * math.cos(other) * np.sin(np.radians(lons - lon) / 2) ** 2
    metres: npt.NDArray[np.float64] = 2 * _EARTH_METRES * np.arcsin(np.sqrt(half))
    return metres


def _degrees(value: float | None) -> float:
    return math.nan if value is None else value


# --- the two systems of coordinates ---------------------------------------------------------------

_AXIS, _ECCENTRICITY = 6_378_245.0, 0.00669342162296594  # the ellipsoid that GCJ-02 was drawn on


def from_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """WGS-84 for a position of Chinese maps (GCJ-02), to about two metres.

    The shift is the published approximation that open map libraries use; its inverse is taken by
    going the same way back once.
    """
    x, y = lon - 105.0, lat - 35.0
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += _waves(x, 6, 2) + _sum_waves(y, (20, 1), (40, 3)) + _sum_waves(y, (160, 12), (320, 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += _waves(x, 6, 2) + _sum_waves(x, (20, 1), (40, 3)) + _sum_waves(x, (150, 12), (300, 30))
    radians = math.radians(lat)
    magic = 1 - _ECCENTRICITY * math.sin(radians) ** 2
    metres_north = _AXIS * (1 - _ECCENTRICITY) / (magic * math.sqrt(magic))
    metres_east = _AXIS / math.sqrt(magic) * math.cos(radians)
    return lat - math.degrees(north / metres_north), lon - math.degrees(east / metres_east)


def _waves(x: float, fast: float, slow: float) -> float:
    return (20 * math.sin(fast * math.pi * x) + 20 * math.sin(slow * math.pi * x)) * 2 / 3


def _sum_waves(value: float, *waves: tuple[float, float]) -> float:
    return sum(height * math.sin(value * math.pi / length) for height, length in waves) * 2 / 3


def move_from_gcj02(place: Place) -> Place:
    """The place with its GCJ-02 position turned into WGS-84."""
    if place.lat is None or place.lon is None:
        return place
    lat, lon = from_gcj02(place.lat, place.lon)
    return replace(place, lat=round(lat, 6), lon=round(lon, 6))
