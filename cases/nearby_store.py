"""The marks of cases in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    bindparam,
    column,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases.store import CaseRow
from hotline.db import Base

_PER_MARK = 12
"""Newest cases looked at under each mark: what keeps the cost flat."""


class CaseMarkRow(Base):
    """A mark of a case: where and of which category it is (cases.nearby)."""

    __tablename__ = "case_marks"
    __table_args__ = (Index(None, "mark", "created_at"), Index(None, "created_at", "mark"))

    case_number: Mapped[str] = mapped_column(
        String(16), ForeignKey("cases.case_number"), primary_key=True
    )
    mark: Mapped[str] = mapped_column(String(48), primary_key=True)
    created_at: Mapped[datetime]


def mark_rows(case_number: str, created_at: datetime, marks: Sequence[str]) -> list[CaseMarkRow]:
    """The case's marks as rows."""
    return [
        CaseMarkRow(case_number=case_number, mark=mark, created_at=created_at)
        for mark in dict.fromkeys(marks)
    ]


_SIGHTED = tuple(
    CaseRow.__table__.c[name]
    for name in (
        "case_number", "category_code", "category_name", "description", "location", "status",
        "created_at", "weight",
    )
)  # fmt: skip
_NUMBERS = {
    "postgresql": """
        SELECT newest.case_number FROM unnest(CAST(:marks AS text[])) AS wanted(mark)
        CROSS JOIN LATERAL (
            SELECT case_number FROM case_marks
            WHERE case_marks.mark = wanted.mark AND created_at >= :since
            ORDER BY created_at DESC LIMIT :per_mark
        ) AS newest
    """,
    # json_each takes what stands left of it: SQLite's way to ask once a mark
    "sqlite": """
        SELECT newest.value AS case_number FROM json_each(:marks) AS wanted, json_each((
            SELECT json_group_array(case_number) FROM (
                SELECT case_number FROM case_marks
                WHERE case_marks.mark = wanted.value AND created_at >= :since
                ORDER BY created_at DESC LIMIT :per_mark
            )
        )) AS newest
    """,
}


@cache
def _marked(dialect: str) -> Select[*tuple[Any, ...]]:
    """One statement for any number of marks, made once."""
    numbers = (
        text(_NUMBERS[dialect])
        .bindparams(bindparam("since", type_=CaseMarkRow.__table__.c.created_at.type))
        .columns(column("case_number", String))
        .subquery("numbers")
    )
    cases = CaseRow.__table__.c
    return select(*_SIGHTED).where(
        cases.case_number.in_(select(numbers.c.case_number)),
        cases.closed_at.is_(None),
        cases.erased_at.is_(None),
    )


async def cases_marked(
    session: AsyncSession, marks: Sequence[str], since: datetime
) -> Sequence[Row[Any]]:
    """Open cases under any of these marks, the newest of each mark; the _SIGHTED columns."""
    if not marks:
        return []
    wanted: Any = list(dict.fromkeys(marks))
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        wanted = json.dumps(wanted)
    values = {"marks": wanted, "since": since, "per_mark": _PER_MARK}
    return (await session.execute(_marked(dialect), values)).all()


async def count_marks(
    session: AsyncSession, since: datetime, until: datetime, kinds: Sequence[str]
) -> dict[str, int]:
    """How many cases were filed under each mark whose first letter is one of `kinds`."""
    query = (
        select(CaseMarkRow.mark, func.count())
        .where(CaseMarkRow.created_at >= since, CaseMarkRow.created_at < until)
        .where(func.substr(CaseMarkRow.mark, 1, 1).in_(tuple(kinds)))
        .group_by(CaseMarkRow.mark)
    )
    return {row.mark: row[1] for row in await session.execute(query)}
