"""How cases grow: opening, looking up, listing, searching and the duplicate check, table by table.

    .venv/bin/python -m benchmarks.cases load postgresql://postgres@127.0.0.1/postgres 1000000
    .venv/bin/python -m benchmarks.cases measure postgresql://postgres@127.0.0.1/postgres 1000 1000000
    .venv/bin/python -m benchmarks.cases table postgresql://postgres@127.0.0.1/postgres
    .venv/bin/python -m benchmarks.cases drop postgresql://postgres@127.0.0.1/postgres 1000000

On PostgreSQL the named database is used as the server's address; each size gets a database of its
own beside it. `sqlite:FOLDER` keeps a file for each size in a folder. Loading a large table takes
minutes: with --seconds it stops when they are over and goes on when called again. Figures are kept
in --into (a JSON file), so that sizes can be measured one after the other; `table` prints them.

The services themselves are called: by one caller; by eight at once in one process, as a small
deployment runs; by four in each of two processes, as two gateways do. Eight callers who ask again
at once in one process wait for each other's share of its processor: eight times the "CPU" row is
the least that they can wait, whatever the database does.

The cases are benchmarks.case_making's. The duplicate check is without the sentence encoder, which
reads at most a dozen candidates however large the table is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, make_url, select, text

from benchmarks.case_loading import SECRET, index_postgres, load_postgres, load_sqlite
from benchmarks.case_making import NOW, PHONES
from bot.language.models import Vector
from cases.describing import describe_case
from cases.finding import Search
from cases.models import CaseKind, CaseStatus, Location, NewCase
from cases.nearby import Sighting
from cases.nearby_service import Nearby
from cases.service import Cases
from cases.store import CaseRow
from hotline.audit import SYSTEM
from hotline.clock import FakeClock, to_city
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.memory import settle_memory
from hotline.migrate import upgrade_database
from hotline.privacy import Vault

CALLERS, PROCESSES = 8, 2
TRIES = 400
WARM = 16
ONE, EIGHT, APART, CPU = "one caller", "eight callers", "eight, two processes", "CPU"
Figures = dict[str, dict[str, list[float]]]
"""Of each step and way of calling: [median, 95 of 100] in milliseconds; of CPU [a call]."""


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


async def read_sample(db: Database, *, open_ones: bool = False) -> list[Known]:
    """Some cases from all years, or of those that are open."""
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
    if open_ones:
        query = query.where(CaseRow.closed_at.is_(None))
    async with db.read() as session:
        rows = (await session.execute(query)).all()
    return [Known(*row[:4], Location(**row[4])) for row in rows]


Deed = Callable[[int], Awaitable[object]]


def deeds(db: Database, sample: Sequence[Known], open_ones: Sequence[Known]) -> dict[str, Deed]:
    """What is measured, each a function of a running number."""
    clock, vault = FakeClock(NOW), Vault(SECRET)
    cases = Cases(db, clock, vault, LocalLimiter())
    nearby = Nearby(db, clock, Boxes())
    chance = random.Random(7)

    def case(nth: int) -> Known:
        return sample[nth % len(sample)]

    def new(nth: int) -> NewCase:
        like = case(nth)
        return NewCase(
            f"bench-{time.time_ns()}-{chance.random()}",
            CaseKind.COMPLAINT,
            like.code,
            f"{like.story}，{chance.randrange(10**6)}",  # read anew each time, as from a resident
            like.location,
            phone=f"19999{chance.randrange(PHONES):06d}",
        )

    def find(**conditions: object) -> Awaitable[object]:
        return cases.find(Search(**conditions))  # type: ignore[arg-type]

    async def answer() -> str:
        found = await cases.find(Search())
        return json.dumps([describe_case(case) for case in found.cases], ensure_ascii=False)

    async def show(nth: int) -> object:
        number = case(nth).number
        return await cases.get(number), await cases.clocks(number)

    def resemble(like: Known) -> Awaitable[object]:
        return nearby.find(Sighting(like.code, like.story, like.location))

    handling = (CaseStatus.DISPATCHED, CaseStatus.HANDLING)
    day = to_city(NOW).date()
    return {
        "open (file)": lambda nth: cases.file(new(nth), SYSTEM),
        "look up, with history": lambda nth: cases.get(case(nth).number),
        "look up, with history and clocks": show,
        "list, newest": lambda _: find(),
        "list, newest, as the API answers": lambda _: answer(),
        "list, a unit's open ones": lambda nth: find(
            unit=case(nth).location.district or "", open=True
        ),
        "list, due soonest": lambda _: find(by_due=True),
        "list, overdue": lambda _: find(overdue=True, by_due=True),
        "list, a category": lambda nth: find(category=case(nth).code),
        "list, far back": lambda nth: find(after=case(nth).number),
        "search, number": lambda nth: find(number=case(nth).number),
        "search, phone": lambda nth: find(phone=f"19999{nth % PHONES:06d}"),
        "search, a place": lambda nth: find(text=case(nth).street),
        "search, a place and words": lambda nth: find(
            text=f"{case(nth).street} {case(nth).category[:2]}"
        ),
        "search, common words": lambda _: find(text="垃圾"),
        "search, a whole sentence": lambda nth: find(text=case(nth).story[:40]),
        "search, words nobody said": lambda _: find(text="紫色河马过安检"),
        "search, words in a category": lambda nth: find(text="小区", category=case(nth).code),
        "search, words in a state": lambda _: find(text="小区", statuses=handling),
        "search, a category in a state and between dates": lambda nth: find(
            category=case(nth).code,
            statuses=(CaseStatus.CLOSED,),
            since=day.replace(month=6, day=1),
            until=day.replace(month=6, day=30),
        ),
        "duplicate check": lambda nth: resemble(case(nth)),
        "duplicate check, of an open case": lambda nth: resemble(open_ones[nth % len(open_ones)]),
    }


async def measure(
    deed: Deed, callers: int, tries: int, ready: Callable[[], object]
) -> tuple[list[float], float]:
    """Milliseconds of each call, and of processor time a call, with so many callers at once."""
    times: list[float] = []
    numbers = iter(range(WARM, WARM + tries))

    async def caller() -> None:
        for nth in numbers:
            started = time.perf_counter()
            await deed(nth)
            times.append((time.perf_counter() - started) * 1000)

    for nth in range(WARM):  # connections, statements, plans
        await deed(nth)
    ready()
    begun = time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return times, (time.process_time() - begun) * 1000 / tries


def share(url: str, callers: int, tries: int, ready: Callable[[], object]) -> Figures:
    """What one process measures of every step: the times of all calls, and its CPU."""

    async def run() -> Figures:
        db, found = Database(url), Figures()
        steps = deeds(db, await read_sample(db), await read_sample(db, open_ones=True))
        for deed in steps.values():  # as the product does before its door opens
            await deed(0)
        settle_memory()
        for name, deed in steps.items():
            times, cpu = await measure(deed, callers, tries, ready)
            found[name] = {"times": times, CPU: [cpu]}
        await db.close()
        return found

    return asyncio.run(run())


def _one_of_several(barrier: Any, pipe: Any, url: str, callers: int, tries: int) -> None:
    pipe.send(share(url, callers, tries, barrier.wait))


def apart(url: str, callers: int, tries: int) -> Figures:
    """The same, the callers spread over PROCESSES, which begin each step together."""
    spawn = multiprocessing.get_context("spawn")
    barrier, pipes, workers = spawn.Barrier(PROCESSES), [], []
    for _ in range(PROCESSES):
        mine, theirs = spawn.Pipe()
        given = (barrier, theirs, url, callers // PROCESSES, tries // PROCESSES)
        workers.append(spawn.Process(target=_one_of_several, args=given))
        workers[-1].start()
        theirs.close()  # so that a worker's failure is the pipe's end here
        pipes.append(mine)
    found = [pipe.recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    return {
        name: {"times": [each for part in found for each in part[name]["times"]]}
        for name in found[0]
    }


def measure_size(url: str, tries: int) -> Figures:
    """Every step, called in each of the ways."""
    ways = {
        ONE: share(url, 1, tries // 4, lambda: None),
        EIGHT: share(url, CALLERS, tries, lambda: None),
        APART: apart(url, CALLERS, tries),
    }
    found = Figures()
    for name, alone in ways[ONE].items():
        found[name] = {CPU: alone[CPU]}
        for way, steps in ways.items():
            times = steps[name]["times"]
            found[name][way] = [statistics.median(times), statistics.quantiles(times, n=20)[18]]
    return found


def print_table(kept: dict[str, Figures], kind: str) -> None:
    """One table: steps and ways of calling down, sizes across, and how the first became the last."""
    sizes = sorted(kept, key=int)
    print(f"{kind}: milliseconds, median / 95 of 100; CPU: of the gateway's processor, a call\n")
    print("| | | " + " | ".join(f"{int(size):,}" for size in sizes) + " | growth |")
    print("|---|---|" + "---:|" * (len(sizes) + 1))
    for name in kept[sizes[0]]:
        for way in (ONE, CPU, EIGHT, APART):
            row = [kept[size][name][way] for size in sizes]
            cells = " | ".join(" / ".join(f"{each:.1f}" for each in cell) for cell in row)
            first = name if way == ONE else ""
            print(f"| {first} | {way} | {cells} | ×{row[-1][0] / max(row[0][0], 0.05):.1f} |")


def _url_of(address: str, size: int) -> str:
    kind, _, folder = address.partition(":")
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{Path(folder or '.').resolve()}/hotline_bench_{size}.db"
    url = make_url(address).set(database=f"hotline_bench_{size}")
    return url.render_as_string(hide_password=False)


async def _prepare(address: str, url: str) -> None:
    if not address.startswith("sqlite") and not await _exists(address, url):
        await _execute(address, f'CREATE DATABASE "{make_url(url).database}"')
    db = Database(url)
    await upgrade_database(db)
    await db.close()


async def _exists(address: str, url: str) -> bool:
    admin = Database(address)
    query = text("SELECT 1 FROM pg_database WHERE datname = :name")
    async with admin.read() as session:
        found = await session.scalar(query, {"name": make_url(url).database})
    await admin.close()
    return bool(found)


async def _execute(address: str, statement: str) -> None:
    admin = Database(address)
    try:
        async with admin.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(statement))
    finally:
        await admin.close()


def load(address: str, size: int, seconds: float) -> None:
    """Fill the table of a size, or say that there is more to do."""
    started, url = time.perf_counter(), _url_of(address, size)
    asyncio.run(_prepare(address, url))
    db_url = Database(url).url
    if address.startswith("sqlite"):
        load_sqlite(db_url, size)
    elif load_postgres(db_url, size, seconds):
        index_postgres(db_url)
    else:
        print(f"{size:,}: not all yet, call again")
        return
    print(f"{size:,} cases are there, after {time.perf_counter() - started:.0f} s more")


def drop(address: str, size: int) -> None:
    """Remove the table of a size."""
    url = _url_of(address, size)
    if address.startswith("sqlite"):
        for path in Path(str(make_url(url).database)).parent.glob(f"hotline_bench_{size}.db*"):
            path.unlink()
    else:
        asyncio.run(_execute(address, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)'))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("load", "measure", "table", "drop"))
    parser.add_argument("address", help="postgresql://… or sqlite:FOLDER")
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--seconds", type=float, default=3600, help="of one call of load")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--into", type=Path, default=Path("case_figures.json"))
    given = parser.parse_args()
    kind = "SQLite" if given.address.startswith("sqlite") else "PostgreSQL"
    every = json.loads(given.into.read_text()) if given.into.exists() else {}
    kept = every.setdefault(kind, {})
    for size in given.sizes:
        if given.what == "load":
            load(given.address, size, given.seconds)
        elif given.what == "drop":
            drop(given.address, size)
        elif given.what == "measure":
            kept[str(size)] = measure_size(_url_of(given.address, size), given.tries)
            given.into.write_text(json.dumps(every))
            print(f"{size:,} measured", flush=True)
    if given.what == "table":
        print_table(kept, kind)


if __name__ == "__main__":
    main()
