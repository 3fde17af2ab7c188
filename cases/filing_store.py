"""Files a case: its number, and all of its rows with it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Base
from hotline.inserting import insert_numbered, insert_rows

_COUNT = """
    INSERT INTO case_day_counts (day, filed)
    SELECT CAST(:day AS VARCHAR(8)), 1 {turn}
    WHERE NOT EXISTS (SELECT 1 FROM cases WHERE idempotency_key = :key)
    ON CONFLICT (day) DO UPDATE SET filed = case_day_counts.filed + 1
    RETURNING filed
    """
_COUNT_ALONE = text(_COUNT.format(turn=""))
# whoever comes first is served first: waiting for the row itself, all are woken and one gets it,
# and of eight who file at once one in twenty waited twice as long (63 ms, 30 with the turn)
_IN_TURN = """
    turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(963101)),
    counted AS ({count}),
    nth AS (SELECT CAST(filed AS TEXT) AS digits FROM counted),
    given AS (SELECT :day || lpad(digits, greatest(5, length(digits)), '0') AS number FROM nth)
    """
_GIVE_NUMBER = _IN_TURN.format(count=_COUNT.format(turn="FROM turn"))
_PLACE_DIGITS = 24

CaseRows = tuple[Sequence[Base], tuple[Table, dict[str, Any]]]
"""The rows of a new case, and its row of the word index."""


async def insert_case(
    session: AsyncSession, day: str, key: str, build: Callable[[str], CaseRows]
) -> str | None:
    """Insert a case under the next number of `day` (YYYYMMDD): 13 digits, gapless within the day.

    None when a case was filed under this key; IntegrityError when it is just being filed. The count
    is raised with the case, so a filing that fails leaves no gap. On PostgreSQL this is one
    statement, and others wait for no more than that: it finds the number, which takes the place
    of digits that nobody else knows. `build` makes the rows of a number.
    """
    bound = {"day": day, "key": key}
    if session.get_bind().dialect.name != "sqlite":
        stand_in = f"{day}{secrets.randbelow(10**_PLACE_DIGITS):0{_PLACE_DIGITS}d}"
        rows, words = build(stand_in)
        return await insert_numbered(session, _GIVE_NUMBER, bound, stand_in, rows, words)
    filed = await session.scalar(_COUNT_ALONE, bound)
    if filed is None:
        return None
    rows, words = build(f"{day}{filed:05d}")
    await insert_rows(session, rows, words)
    return f"{day}{filed:05d}"
