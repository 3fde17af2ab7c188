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
    tables: dict[Table, list[Values]] = {}
    for row in rows:
        table = cast(Table, row.__table__)
        tables.setdefault(table, []).append(_values(table, row))
    for table, row_values in others:
        tables.setdefault(table, []).append(row_values)
    if session.get_bind().dialect.name == "sqlite":
        for table, values in tables.items():
            await session.execute(insert(table), values)
        return
    statement = _together(tuple((table, tuple(values[0])) for table, values in tables.items()))
    named = {
        table.name: json.dumps(values, ensure_ascii=False, default=_as_text)
        for table, values in tables.items()
    }
    await session.execute(statement, named)


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
def _together(tables: tuple[tuple[Table, tuple[str, ...]], ...]) -> TextClause:
    parts = []
    for table, columns in tables:
        names = ", ".join(f'"{name}"' for name in columns)
        rows = f"json_populate_recordset(NULL::{table.name}, CAST(:{table.name} AS json))"
        # names of tables and columns are the program's own
        parts.append(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows}")  # noqa: S608
    with_all = [f"insert{nth} AS ({part})" for nth, part in enumerate(parts[:-1])]
    return text(f"WITH {', '.join(with_all)} {parts[-1]}" if with_all else parts[-1])
