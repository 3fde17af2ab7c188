"""Generated cases: three years of a city, as skewed as its residents' troubles are.

More in summer and by day, categories as skewed as residents' are, the sentences that the assistant
learned from at places of the lexicon, old ones closed and the newest open. Phone numbers are of the
fictitious 19999 range. Each day has its own seed, so days can be made in any order and process.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.language.gazetteer import Division, load_gazetteer
from bot.language.training import read_categories
from cases.models import CaseStatus, Location
from cases.nearby import Sighting, names_of
from hotline.clock import to_city

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAYS = 3 * 365
PHONES = 5000
_SEED = 96310
_HOUSE = 300


@dataclass(frozen=True, slots=True)
class Spot:
    """A place with what is looked up by it."""

    name: str
    division: Division
    lat: float
    lon: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """One generated case, as the loaders write it."""

    number: str
    at: datetime
    code: str
    category: str
    story: str
    spot: Spot
    location: Location
    status: CaseStatus
    closed_at: datetime | None
    due_at: datetime
    phone: int | None
    channel: str
    emergency: str | None


class Generator:
    """Makes cases; the same seed makes the same ones."""

    def __init__(self, size: int) -> None:
        chance = random.Random(_SEED)
        self._spots = list(_spots(chance))
        entries = [entry for entry in read_categories() if entry.examples]
        chance.shuffle(entries)
        self._entries = entries
        # the busiest kind of trouble has a tenth of all cases, the rarest a few in a million
        self._weights = _add_up([1 / (rank + 3) ** 1.1 for rank in range(len(entries))])
        # and the busiest place one in two hundred
        self._busy = _add_up([1 / (rank + 10) for rank in range(len(self._spots))])
        seasons = [1.6 - math.cos(2 * math.pi * ((day % 365) - 20) / 365) for day in range(DAYS)]
        share, self._until = size / sum(seasons), [0.0]
        for season in seasons:
            self._until.append(self._until[-1] + season * share)

    def day(self, day: int) -> Iterator[Made]:
        """The cases of one of the DAYS, the first filed first."""
        chance = random.Random(_SEED * 10_000 + day)
        start = (NOW - timedelta(days=DAYS - day + 1)).replace(hour=16, minute=0)
        count = round(self._until[day + 1]) - round(self._until[day])
        hours = sorted(chance.gauss(14.5, 4) % 24 for _ in range(count))
        for nth, hour in enumerate(hours, 1):
            yield self._make(chance, f"{to_city(start):%Y%m%d}{nth:05d}", start, hour)

    def _make(self, chance: random.Random, number: str, start: datetime, hour: float) -> Made:
        at = start + timedelta(hours=hour)
        entry = chance.choices(self._entries, cum_weights=self._weights)[0]
        spot = chance.choices(self._spots, cum_weights=self._busy)[0]
        house = f"{spot.name}{chance.randrange(1, _HOUSE)}号"
        due = at + timedelta(days=chance.choice((1, 3, 7, 15)))
        took = timedelta(days=chance.expovariate(1 / 5) + 0.1)
        over = at + took < NOW and chance.random() > 0.005
        lat, lon = spot.lat + chance.gauss(0, 0.002), spot.lon + chance.gauss(0, 0.002)
        where = Location(
            house,
            **spot.division.as_data(),
            landmark=None,
            lat=round(lat, 6),
            lon=round(lon, 6),  # type: ignore[arg-type]
        )
        closed = CaseStatus.EVALUATED if chance.random() < 0.8 else CaseStatus.CLOSED
        is_open = chance.choice((CaseStatus.DISPATCHED, CaseStatus.HANDLING, CaseStatus.REPORTED))
        return Made(
            number,
            at,
            entry.code,
            entry.name,
            f"{house}，{chance.choice(entry.examples)}",
            spot,
            where,
            closed if over else is_open,
            at + took if over else None,
            due,
            chance.randrange(PHONES) if chance.random() < 0.7 else None,
            chance.choices(("wechat", "webchat", "voice", "open311"), (50, 25, 24, 1))[0],
            "gas" if chance.random() < 0.002 else None,
        )


def _add_up(weights: Iterable[float]) -> list[float]:
    return list(itertools.accumulate(weights))


def _spots(chance: random.Random) -> Iterator[Spot]:
    gazetteer = load_gazetteer()
    for name in gazetteer.names:
        named = gazetteer.look_up(name)
        division = named.divisions[0] if named else None
        if division is None or len(name) < 3:
            continue
        told = Sighting(None, "", Location(name))
        yield Spot(
            name,
            division,
            39.9 + chance.gauss(0, 0.15),
            116.4 + chance.gauss(0, 0.2),
            tuple(names_of(told)),
        )
