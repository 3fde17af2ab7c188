"""Inserts rows of several tables in one journey to the database.

A transaction that others wait for should be short. On PostgreSQL all rows go as JSON with one
statement, which the server turns into typed rows itself; on SQLite, which is no journey away, table
by table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, TextClause, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Base

Values = dict[str, Any]


async def insert_rows(
    session: AsyncSession, rows: Sequence[Base], *others: tuple[Table, Values]
) -> None:
    """Insert objects that are not in the session; they do not learn the identifiers they get.

    What others refer to comes first. `others` are rows of tables that are not mapped.
    """
    tables = _by_table(rows, others)
    if session.get_bind().dialect.name == "sqlite":
        for table, values in tables.items():
            await session.execute(insert(table), values)
        return
    await session.execute(_together(_shape(tables)), _as_json(tables))


async def insert_numbered(
    session: AsyncSession,
    giving: str,
    bound: Values,
    place_holder: str,
    rows: Sequence[Base],
    *others: tuple[Table, Values],
) -> str | None:
    """The same on PostgreSQL under a number that the statement itself finds; gives the number.

    `giving` are parts of a WITH clause, the last of which, `given`, has one text called `number`
    with `bound` values, or no row: then nothing is inserted, and None is the answer. The number
    takes the place of `place_holder` wherever that stands, so nobody else may know it.
    """
    tables = _by_table(rows, others)
    statement = _together(_shape(tables), giving)
    values = {**_as_json(tables), **bound, "place_holder": place_holder}
    number: str | None = await session.scalar(statement, values)
    return number


Tables = dict[Table, list[Values]]
Shape = tuple[tuple[Table, tuple[str, ...]], ...]


def _by_table(rows: Sequence[Base], others: Sequence[tuple[Table, Values]]) -> Tables:
    tables: Tables = {}
    for row in rows:
        table = cast(Table, row.__table__)
        tables.setdefault(table, []).append(_values(table, row))
    for table, row_values in others:
        tables.setdefault(table, []).append(row_values)
    return tables


def _shape(tables: Tables) -> Shape:
    return tuple((table, tuple(values[0])) for table, values in tables.items())


def _as_json(tables: Tables) -> Values:
    return {
        table.name: json.dumps(values, ensure_ascii=False, default=_as_text)
        for table, values in tables.items()
    }


def _values(table: Table, row: Base) -> Values:
    """Every column but a number that the database gives; unset ones have their default."""
    known, values = row.__dict__, {}
    for column in table.columns:
        if column.name in known:
            values[column.name] = known[column.name]
        elif column is not table.autoincrement_column:
            default: Any = column.default
            if default is None:
                values[column.name] = None
            else:
                values[column.name] = default.arg(None) if default.is_callable else default.arg
    return values


def _as_text(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be inserted")


@lru_cache(64)
def _together(tables: Shape, giving: str = "") -> TextClause:
    parts = []
    for table, columns in tables:
        names = ", ".join(f'"{name}"' for name in columns)
        told = f":{table.name}"
        if giving:
            told = f"replace({told}, :place_holder, given.number)"
        rows = f"json_populate_recordset(NULL::{table.name}, CAST({told} AS json)) AS told"
        source = f"given CROSS JOIN LATERAL {rows}" if giving else rows
        values = ", ".join(f'told."{name}"' for name in columns)
        # names of tables and columns are the program's own
        parts.append(f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {source}")  # noqa: S608
    if giving:
        parts.append("SELECT given.number FROM given")
    with_all = [giving] if giving else []
    with_all += [f"insert{nth} AS ({part})" for nth, part in enumerate(parts[:-1])]
    return text(f"WITH {', '.join(with_all)} {parts[-1]}" if with_all else parts[-1])
