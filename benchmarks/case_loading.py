"""Writes generated cases into a database the fast way: COPY, or one statement for many rows."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import URL

from cases.categories import get_category
from cases.nearby import CELL_LAT, CELL_LON
from cases.words_store import facets_of, words_of
from hotline.privacy import Vault

if TYPE_CHECKING:
    from benchmarks.cases import Made

BATCH = 20_000
COLUMNS = (
    "case_number", "idempotency_key", "kind", "category_code", "category_name", "status",
    "emergency", "description", "location", "district_code", "subdistrict_code", "anonymous",
    "phone_sealed", "phone_blind", "channel", "attachment_ids", "limit_name", "due_at",
    "created_at", "updated_at", "version", "unit_name", "closed_at", "weight",
)  # fmt: skip
STEPS = ("case_number", "at", "status", "actor_name", "note", "deed", "before")


def load_postgres(url: URL, made: Iterable[Made], vault: Vault) -> None:
    """COPY in batches, the word index built at the end."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    seal = _Seals(vault)
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        cursor.execute("DROP INDEX ix_case_words_words")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for batch in _batches(made):
            for table, columns, rows in _tables(batch, seal):
                names = ", ".join(columns)
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
        cursor.execute(
            "CREATE INDEX ix_case_words_words ON case_words USING gin (words) WITH (fastupdate = off)"
        )
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def load_sqlite(url: URL, made: Iterable[Made], vault: Vault) -> None:
    """INSERT in batches."""
    connection = sqlite3.connect(str(url.database))
    seal = _Seals(vault)
    for batch in _batches(made):
        for table, columns, rows in _tables(batch, seal):
            names = ["rowid" if table == "case_words" and n == "number" else n for n in columns]
            marks = ", ".join("?" * len(names))
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            connection.executemany(statement, (_for_sqlite(table, row) for row in rows))
        connection.commit()
    connection.execute("ANALYZE")
    connection.close()


def _batches(made: Iterable[Made]) -> Iterator[tuple[Made, ...]]:
    waiting = iter(made)
    while batch := tuple(itertools.islice(waiting, BATCH)):
        yield batch


def _for_sqlite(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    if table == "case_words":
        return row[0], row[1].replace("'", "")
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
        words.append((int(each.number), " ".join(f"'{pair}'" for pair in pairs)))
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
