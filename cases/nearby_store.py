"""The marks of cases in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select, union_all
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


def put_marks(
    session: AsyncSession, case_number: str, created_at: datetime, marks: Sequence[str]
) -> None:
    """Keep the case's marks."""
    for mark in dict.fromkeys(marks):
        session.add(CaseMarkRow(case_number=case_number, mark=mark, created_at=created_at))


async def cases_marked(
    session: AsyncSession, marks: Sequence[str], since: datetime
) -> Sequence[CaseRow]:
    """Open cases under any of these marks, the newest of each mark."""
    if not marks:
        return []
    newest = [
        select(CaseMarkRow.case_number)
        .where(CaseMarkRow.mark == mark, CaseMarkRow.created_at >= since)
        .order_by(CaseMarkRow.created_at.desc())
        .limit(_PER_MARK)
        .subquery()
        for mark in dict.fromkeys(marks)
    ]
    numbers = union_all(*[select(each.c.case_number) for each in newest]).subquery()
    query = select(CaseRow).where(
        CaseRow.case_number.in_(select(numbers.c.case_number)),
        CaseRow.closed_at.is_(None),
        CaseRow.erased_at.is_(None),
    )
    return (await session.scalars(query)).all()


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
