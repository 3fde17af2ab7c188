"""Figures of each day in the database: sums by dimension, worked out anew when a day changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Float, Integer, String, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases.clock_store import CaseClockRow
from cases.models import CaseStatus
from cases.statistics import FIELDS, ClockTimes, Facts
from cases.store import CaseRow, CaseStepRow
from hotline.clock import to_city
from hotline.db import Base

OVERLAP = timedelta(minutes=2)
"""A change is dated when it begins and seen when it ends: look back a little."""
_DEEDS = ("rework", "return", "defer", "reopen")

FIGURES = Table(
    "case_figures",
    Base.metadata,
    Column("day", String(8), primary_key=True),
    Column("dimension", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    *(
        Column(name, Float if name == "late_share" else Integer, nullable=False, server_default="0")
        for name in FIELDS
    ),
)


class FiguresStateRow(Base):
    """Up to when changes of cases are in the figures; the one row is also their lock."""

    __tablename__ = "case_figures_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime | None]


async def changed_days(
    session: AsyncSession, since: datetime | None, until: datetime
) -> Sequence[str]:
    """The days (YYYYMMDD) with a case that changed, or whose limit ran out, since then."""
    day = func.substr(CaseRow.case_number, 1, 8)
    if since is None:
        return (await session.scalars(select(day).distinct().order_by(day))).all()
    since -= OVERLAP
    moved = select(day).where(CaseRow.updated_at >= since)
    clock = CaseClockRow
    ran_out = select(func.substr(clock.case_number, 1, 8)).where(
        clock.stopped_at.is_(None), clock.due_at >= since, clock.due_at <= until
    )
    return sorted({*await session.scalars(moved), *await session.scalars(ran_out)})


async def read_facts(session: AsyncSession, day: str) -> list[Facts]:
    """What of a day's cases is counted."""
    row, bounds = CaseRow, (day, day + "~")
    query = select(
        row.case_number,
        row.status,
        row.unit_name,
        row.category_code,
        row.district_code,
        row.channel,
        row.call_back,
    ).where(row.case_number.between(*bounds))
    cases = (await session.execute(query)).all()
    clocks: dict[str, list[ClockTimes]] = {}
    timed = select(
        CaseClockRow.case_number,
        CaseClockRow.name,
        CaseClockRow.started_at,
        CaseClockRow.due_at,
        CaseClockRow.stopped_at,
        CaseClockRow.paused_at,
    ).where(CaseClockRow.case_number.between(*bounds))
    for each in await session.execute(timed):
        times = ClockTimes(
            each.name, each.started_at, each.due_at, each.stopped_at, each.paused_at is not None
        )
        clocks.setdefault(each.case_number, []).append(times)
    steps: dict[str, list[tuple[str | None, str]]] = {}
    done = select(CaseStepRow.case_number, CaseStepRow.deed, CaseStepRow.status).where(
        CaseStepRow.case_number.between(*bounds), CaseStepRow.deed.in_(_DEEDS)
    )
    for step in await session.execute(done):
        steps.setdefault(step.case_number, []).append((step.deed, step.status))
    return [
        Facts(
            {
                "total": "",
                "unit": case.unit_name or "",
                "category": case.category_code or "",
                "major": (case.category_code or "")[:2],
                "district": case.district_code or "",
                "channel": case.channel,
            },
            CaseStatus(case.status),
            case.call_back,
            clocks.get(case.case_number, ()),
            steps.get(case.case_number, ()),
        )
        for case in cases
    ]


async def replace_day(
    session: AsyncSession, day: str, sums: Mapping[tuple[str, str], Mapping[str, float]]
) -> None:
    """Put a day's sums in place of the earlier ones."""
    await session.execute(delete(FIGURES).where(FIGURES.c.day == day))
    rows = [
        {"day": day, "dimension": dimension, "key": key, **dict.fromkeys(FIELDS, 0), **counted}
        for (dimension, key), counted in sums.items()
    ]
    if rows:
        await session.execute(insert(FIGURES), rows)


async def sum_up(
    session: AsyncSession, dimension: str, since: date, until: date, *, by_day: bool = False
) -> list[tuple[str, dict[str, float]]]:
    """The sums of a period by key, or of everything by day, the key being the day."""
    figures = FIGURES.c
    group = figures.day if by_day else figures.key
    query = (
        select(group, *(func.sum(figures[name]).label(name) for name in FIELDS))
        .where(figures.dimension == dimension)
        .where(figures.day.between(f"{since:%Y%m%d}", f"{until:%Y%m%d}"))
        .group_by(group)
        .order_by(group)
    )
    rows = (await session.execute(query)).all()
    return [(row[0], dict(zip(FIELDS, map(float, row[1:]), strict=True))) for row in rows]


def day_of(moment: datetime) -> date:
    """The day of the city."""
    return to_city(moment).date()


def lock_state(session: AsyncSession) -> Any:
    """The state row, held until the transaction ends."""
    return session.get(FiguresStateRow, 1, with_for_update=True)
