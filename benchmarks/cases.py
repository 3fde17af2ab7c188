"""How cases grow: opening, looking up, listing, searching and the duplicate check, table by table.

    .venv/bin/python -m benchmarks.cases postgresql://postgres@127.0.0.1/bench 1000 10000 100000 1000000
    .venv/bin/python -m benchmarks.cases sqlite 1000 10000 100000

On PostgreSQL the named database is used as the server's address; each size gets a database of its
own beside it, dropped at the end (--keep leaves it). The cases are generated: three years, more in
summer and by day, categories as skewed as residents' are, the sentences that the assistant learned
from at places of the lexicon, old ones closed and the newest open. Phone numbers are of the
fictitious 19999 range. Eight callers at once use the services themselves, in one process.

The duplicate check is without the sentence encoder, which reads at most a dozen candidates however
large the table is.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import func, make_url, select, text

from benchmarks.case_loading import load_postgres, load_sqlite
from bot.language.gazetteer import Division, load_gazetteer
from bot.language.models import Vector
from bot.language.training import read_categories
from cases.finding import Search
from cases.models import CaseKind, CaseStatus, Location, NewCase
from cases.nearby import Sighting, names_of
from cases.nearby_service import Nearby
from cases.service import Cases
from cases.store import CaseRow
from hotline.audit import SYSTEM
from hotline.clock import FakeClock, iso, to_city
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault

CALLERS = 8
TRIES = 400
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
YEARS = 3
PHONES = 5000
_SECRET = "of a benchmark only, kept nowhere: " + "x" * 20
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
        self.size = size
        self._random = random.Random(96310)
        self._spots = list(_spots(self._random))
        entries = [entry for entry in read_categories() if entry.examples]
        self._random.shuffle(entries)
        self._entries = entries
        # the busiest kind of trouble has a tenth of all cases, the rarest a few in a million
        self._weights = [1 / (rank + 3) ** 1.1 for rank in range(len(entries))]

    def __iter__(self) -> Iterator[Made]:
        chance = self._random
        days = YEARS * 365
        weights = [1.6 - math.cos(2 * math.pi * ((day % 365) - 20) / 365) for day in range(days)]
        total, day_number, count = sum(weights), 0, 0
        made = 0
        for day, weight in enumerate(weights):
            start = (NOW - timedelta(days=days - day + 1)).replace(hour=16, minute=0)
            here = round(self.size * (day_number + weight) / total) - made
            day_number += weight
            moments = sorted(chance.gauss(14.5, 4) % 24 for _ in range(here))
            for count, hour in enumerate(moments, 1):
                yield self._make(f"{to_city(start):%Y%m%d}{count:05d}", start, hour)
            made += here

    def _make(self, number: str, start: datetime, hour: float) -> Made:
        chance = self._random
        at = start + timedelta(hours=hour)
        entry = chance.choices(self._entries, self._weights)[0]
        spot = chance.choice(self._spots)
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


class Boxes:
    """Counts characters: a stand-in for the encoder, whose time is not measured here."""

    def __call__(self, sentences: Sequence[str]) -> Vector:
        rows = np.ones((len(sentences), 16), np.float32)
        for row, sentence in zip(rows, sentences, strict=True):
            for character in sentence:
                row[ord(character) % 16] += 1
        unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True, slots=True)
class Known:
    """A case that is there, to look for things by."""

    number: str
    code: str
    category: str
    story: str
    location: Location

    @property
    def street(self) -> str:
        """The place without its house number."""
        return self.location.raw_text.rstrip("号").rstrip("0123456789")


async def read_sample(db: Database) -> list[Known]:
    """Some cases from all years."""
    query = (
        select(
            CaseRow.case_number,
            CaseRow.category_code,
            CaseRow.category_name,
            CaseRow.description,
            CaseRow.location,
        )
        .order_by(func.random())
        .limit(2000)
    )
    async with db.read() as session:
        rows = (await session.execute(query)).all()
    return [Known(*row[:4], Location(**row[4])) for row in rows]


Deed = Callable[[int], Awaitable[object]]


def deeds(db: Database, sample: Sequence[Known]) -> dict[str, Deed]:
    """What is measured, each a function of a running number."""
    clock, vault = FakeClock(NOW), Vault(_SECRET)
    cases = Cases(db, clock, vault, LocalLimiter())
    nearby = Nearby(db, clock, Boxes())
    chance = random.Random(7)

    def case(nth: int) -> Known:
        return sample[nth % len(sample)]

    def new(nth: int) -> NewCase:
        like = case(nth)
        return NewCase(
            f"bench-{time.time_ns()}-{nth}",
            CaseKind.COMPLAINT,
            like.code,
            like.story,
            like.location,
            phone=f"19999{chance.randrange(PHONES):06d}",
        )

    def find(**conditions: object) -> Awaitable[object]:
        return cases.find(Search(**conditions))  # type: ignore[arg-type]

    return {
        "open (file)": lambda nth: cases.file(new(nth), SYSTEM),
        "look up with history": lambda nth: cases.get(case(nth).number),
        "list, newest": lambda _: find(),
        "list, a unit's open ones": lambda nth: find(
            unit=case(nth).location.district or "", open=True
        ),
        "list, due soonest": lambda _: find(by_due=True),
        "list, overdue": lambda _: find(overdue=True, by_due=True),
        "list, a category": lambda nth: find(category=case(nth).code),
        "list, far back": lambda nth: find(after=case(nth).number),
        "search, common words": lambda _: find(text="垃圾"),
        "search, a street": lambda nth: find(text=case(nth).street),
        "search, street and words": lambda nth: find(
            text=f"{case(nth).street} {case(nth).category[:2]}"
        ),
        "search, a whole sentence": lambda nth: find(text=case(nth).story[:40]),
        "search, words in a category": lambda nth: find(text="小区", category=case(nth).code),
        "search, words nobody said": lambda _: find(text="紫色河马过安检"),
        "search, phone": lambda nth: find(phone=f"19999{nth % PHONES:06d}"),
        "duplicate check": lambda nth: nearby.find(
            Sighting(case(nth).code, case(nth).story, case(nth).location)
        ),
    }


async def measure(deed: Deed, tries: int = TRIES) -> tuple[float, float]:
    """Milliseconds, (median, 95 of 100), with CALLERS at once."""
    times: list[float] = []
    numbers = iter(range(tries))

    async def caller() -> None:
        for nth in numbers:
            started = time.perf_counter()
            await deed(nth)
            times.append((time.perf_counter() - started) * 1000)

    for nth in range(CALLERS * 2):  # connections and plans
        await deed(nth)
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return statistics.median(times), statistics.quantiles(times, n=20)[18]


async def run_size(url: str, size: int, again: bool) -> dict[str, tuple[float, float]]:
    """Fill a database with so many cases, unless it is (`again`), and measure every deed."""
    db = Database(url)
    await upgrade_database(db)
    if not again:
        started = time.perf_counter()
        load = load_sqlite if db.is_sqlite else load_postgres
        await asyncio.to_thread(load, db.url, iter(Generator(size)), Vault(_SECRET))
        print(f"  {size:,} cases loaded in {time.perf_counter() - started:.0f} s", flush=True)
    found = {}
    for name, deed in deeds(db, await read_sample(db)).items():
        found[name] = await measure(deed)
        print(f"    {name}: {found[name][0]:.1f} / {found[name][1]:.1f} ms", flush=True)
    await db.close()
    return found


async def run(address: str, sizes: Sequence[int], keep: bool, again: bool) -> None:
    """Every size, then the table."""
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            if address == "sqlite":
                path = Path(folder) / f"{size}.db"
                columns[size] = await run_size(f"sqlite+aiosqlite:///{path}", size, False)
                continue
            name = f"hotline_bench_{size}"
            if not again:
                await _execute(address, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                await _execute(address, f'CREATE DATABASE "{name}"')
            own = make_url(address).set(database=name).render_as_string(hide_password=False)
            columns[size] = await run_size(own, size, again)
            if not keep:
                await _execute(address, f'DROP DATABASE "{name}" WITH (FORCE)')
    print(f"\n{iso(datetime.now(UTC))}, milliseconds, median / 95 of 100, {CALLERS} at once\n")
    print("| | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name in columns[sizes[0]]:
        cells = (f"{columns[size][name][0]:.1f} / {columns[size][name][1]:.1f}" for size in sizes)
        print(f"| {name} | " + " | ".join(cells) + " |")


async def _execute(address: str, statement: str) -> None:
    admin = Database(address)
    async with admin.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(statement))
    await admin.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="postgresql://… or sqlite")
    parser.add_argument("sizes", nargs="+", type=int)
    parser.add_argument("--keep", action="store_true", help="leave the databases")
    parser.add_argument("--again", action="store_true", help="measure databases that were left")
    given = parser.parse_args()
    asyncio.run(run(given.address, given.sizes, given.keep or given.again, given.again))


if __name__ == "__main__":
    main()
