"""Reads several small tables in one journey to the database.

What a filing goes by stands in tables of a few rows each, read afresh every time. On PostgreSQL
they come as JSON with one statement; on SQLite, which is no journey away, table by table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

Values = Mapping[str, Any]


async def read_together(
    session: AsyncSession, statements: tuple[Select[Any], ...], bound: Values
) -> Sequence[Sequence[Values]]:
    """The rows of each statement, by column; of values that JSON has.

    The statements are made once and given again: what is made of them here is kept.
    """
    if session.get_bind().dialect.name == "sqlite":
        return [(await session.execute(each, bound)).mappings().all() for each in statements]
    found = (await session.execute(_together(statements), bound)).one()
    return [rows or () for rows in found]


@lru_cache(16)
def _together(statements: tuple[Select[Any], ...]) -> Select[Any]:
    parts = []
    for nth, statement in enumerate(statements):
        rows = statement.subquery(f"rows{nth}")
        parts.append(select(func.json_agg(rows.table_valued())).scalar_subquery())
    return select(*parts)
