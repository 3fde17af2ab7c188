"""Writes generated cases into a database the fast way: COPY, or one statement for many rows."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import URL

from benchmarks.case_making import DAYS, Generator, Made
from cases.categories import get_category
from cases.nearby import CELL_LAT, CELL_LON
from cases.words_store import facets_of, quarter_of, quote_words, words_of
from hotline.privacy import Vault

PROCESSES = 2
DAYS_AT_ONCE = 20
SECRET = "of a benchmark only, kept nowhere: " + "x" * 20
COLUMNS = (
    "case_number", "idempotency_key", "kind", "category_code", "category_name", "status",
    "emergency", "description", "location", "district_code", "subdistrict_code", "anonymous",
    "phone_sealed", "phone_blind", "channel", "attachment_ids", "limit_name", "due_at",
    "created_at", "updated_at", "version", "unit_name", "closed_at", "weight",
)  # fmt: skip
STEPS = ("case_number", "at", "status", "actor_name", "note", "deed", "before")


@dataclass(frozen=True, slots=True)
class Load:
    """A share of the days for one process."""

    url: str
    size: int
    days: Sequence[int]


def load_postgres(url: URL, size: int, seconds: float) -> bool:
    """COPY by two processes, without the indexes that lists use; False when the time is over.

    Called again it goes on where it stopped. Foreign keys are not checked on the way.
    """
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    ends = time.monotonic() + seconds
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(_PROGRESS)
        done = connection.execute("SELECT count(*) FROM bench_days").fetchone()
        first = int(done[0]) if done else 0
        if first == 0:
            for statement in _DROPS:
                connection.execute(statement)
        with ProcessPoolExecutor(PROCESSES) as pool:
            while first < DAYS and time.monotonic() < ends:
                days = range(first, min(first + DAYS_AT_ONCE, DAYS))
                shares = [Load(plain, size, days[nth::PROCESSES]) for nth in range(PROCESSES)]
                list(pool.map(_copy, shares))
                first += len(days)
        return first == DAYS


def index_postgres(url: URL) -> None:
    """What the loading left for the end: the indexes, and what the planner knows."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        waiting = connection.execute("SELECT definition FROM bench_indexes").fetchall()
        for (definition,) in waiting:
            connection.execute(definition)
            connection.execute("DELETE FROM bench_indexes WHERE definition = %s", [definition])
        connection.execute("VACUUM ANALYZE")


_PROGRESS = "CREATE TABLE IF NOT EXISTS bench_days (day INT PRIMARY KEY)"
_DROPS = (
    """
    CREATE TABLE bench_indexes AS
    SELECT i.indexdef AS definition, i.indexname AS name FROM pg_indexes i
    WHERE i.tablename IN ('cases', 'case_words', 'case_marks', 'case_steps')
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)
    """,
    """
    DO $$ DECLARE each RECORD; BEGIN
    FOR each IN SELECT name FROM bench_indexes LOOP EXECUTE format('DROP INDEX %I', each.name);
    END LOOP; END $$
    """,
)


def _copy(load: Load) -> None:
    generator, seal = _generator(load.size), _Seals(Vault(SECRET))
    made = [each for day in load.days for each in generator.day(day)]
    with psycopg.connect(load.url) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no check of foreign keys
        cursor.execute("SET synchronous_commit = off")
        for table, columns, rows in _tables(made, seal):
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.executemany("INSERT INTO bench_days VALUES (%s)", [(day,) for day in load.days])
        connection.commit()


@cache
def _generator(size: int) -> Generator:
    return Generator(size)


def load_sqlite(url: URL, size: int) -> None:
    """INSERT day by day."""
    connection = sqlite3.connect(str(url.database))
    seal, generator = _Seals(Vault(SECRET)), Generator(size)
    for day in range(DAYS):
        for table, columns, rows in _tables(list(generator.day(day)), seal):
            names = ["rowid" if table == "case_words" and n == "number" else n for n in columns]
            marks = ", ".join("?" * len(names))
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            connection.executemany(statement, (_for_sqlite(table, row) for row in rows))
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()


def _for_sqlite(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    if table == "case_words":
        quarter = str(quarter_of(str(row[0])))
        return row[0], row[1].replace(f"'{quarter}", "").replace("'", "")
    return tuple(
        each.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        if isinstance(each, datetime)
        else each
        for each in row
    )


class _Seals:
    """Each phone number sealed once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[int, tuple[str, str]] = {}

    def __call__(self, phone: int | None) -> tuple[str | None, str | None]:
        if phone is None:
            return None, None
        if phone not in self._known:
            number = f"19999{phone:06d}"
            self._known[phone] = self._vault.lock(number), self._vault.blind(number)
        return self._known[phone]


def _tables(
    batch: Iterable[Made], seal: _Seals
) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    cases, words, marks, steps = [], [], [], []
    for each in batch:
        cases.append(_case(each, seal))
        name = get_category(each.code).name
        place = each.location
        facets = facets_of(each.code, place.district_code, place.subdistrict_code, each.channel)
        pairs = words_of(each.story, place, name) + facets
        words.append((int(each.number), quote_words(pairs, each.number)))
        marks += [(each.number, mark, each.at) for mark in _marks(each)]
        steps += _steps(each)
    yield "cases", COLUMNS, cases
    yield "case_words", ("number", "words"), words
    yield "case_marks", ("case_number", "mark", "created_at"), marks
    yield "case_steps", STEPS, steps


def _case(each: Made, seal: _Seals) -> tuple[Any, ...]:
    sealed, blind = seal(each.phone)
    return (
        each.number, f"generated:{each.number}", "投诉", each.code, each.category,
        each.status.value, each.emergency, each.story,
        json.dumps(asdict(each.location), ensure_ascii=False), each.location.district_code,
        each.location.subdistrict_code, each.phone is None, sealed, blind, each.channel, "[]",
        "7 天", each.due_at, each.at, each.closed_at or each.at, 5, each.location.district,
        each.closed_at, 1,
    )  # fmt: skip


def _marks(each: Made) -> list[str]:
    place = each.location
    row, column = (place.lat or 0) // CELL_LAT, (place.lon or 0) // CELL_LON
    found = [f"n:{name}:{each.code}" for name in each.spot.names]
    found.append(f"c:{row:.0f},{column:.0f}:{each.code}")
    if place.subdistrict_code:
        found.append(f"s:{place.subdistrict_code}:{each.code}")
    return found


def _steps(each: Made) -> list[tuple[Any, ...]]:
    unit = each.location.district
    told = [
        (each.at, "accepted", "智能助手", "已受理登记", None, None),
        (each.at, "filed", "样例坐席", "立案", "file", "accepted"),
        (each.at, "dispatched", "样例坐席", f"派往{unit}", "dispatch", "filed"),
    ]
    if each.closed_at:
        told.append((each.closed_at, "reported", f"{unit}", "已处置", "report", "handling"))
        told.append((each.closed_at, "closed", "样例坐席", "核查属实", "close", "checking"))
    return [(each.number, *step) for step in told]
