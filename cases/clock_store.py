"""The clocks of cases in the database, and how a step of a case moves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases import store
from cases.clocks import (
    Workdays,
    add_time,
    choose_limit,
    compute_due,
    compute_warning,
    count_time,
    find_clocks,
    name_limit,
)
from cases.dispatch import Book
from cases.models import CaseClock, CaseKind, CaseStatus, ClockName, Limit
from cases.unit_store import CLASSED, to_classed
from hotline.clock import to_city
from hotline.db import Base
from hotline.reading import read_together

_RUNNING = text("stopped_at IS NULL")
_IN_FORCE = (store.LIMITS, store.WORKDAYS)
Rows = Sequence[Mapping[str, Any]]


class CaseClockRow(Base):
    """One clock of one case; `left_seconds` is what was left, as counted, when it was paused."""

    __tablename__ = "case_clocks"
    __table_args__ = (
        Index(None, "case_number", "id"),
        # what the watch looks through: the few that run, not the many that ever ran
        Index(
            "ix_case_clocks_running",
            "warn_at",
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.case_number"))
    name: Mapped[str] = mapped_column(String(16))
    limit_name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    left_seconds: Mapped[int | None]
    extended: Mapped[bool] = mapped_column(default=False)
    warned_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]

    def to_clock(self) -> CaseClock:
        """The row as the plain type."""
        return CaseClock(
            ClockName(self.name),
            self.limit_name,
            self.source,
            self.started_at,
            self.due_at,
            self.stopped_at,
            self.paused_at,
            self.extended,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What clocks are set by: the limits in force and the deployment's own days."""

    limits: Sequence[Limit]
    own_days: Workdays


async def read_rules(session: AsyncSession, now: datetime) -> Rules:
    """The limits and days in force."""
    return _to_rules(*await read_together(session, _IN_FORCE, _since(now)))


async def read_rules_and_areas(session: AsyncSession, now: datetime) -> tuple[Rules, Book]:
    """The same, and what tells the class of an area: all that a filing goes by."""
    *in_force, areas = await read_together(session, (*_IN_FORCE, CLASSED), _since(now))
    return _to_rules(*in_force), to_classed(areas)


def _since(now: datetime) -> Mapping[str, str]:
    return {"since": to_city(now).date().isoformat()}


def _to_rules(limits: Rows, days: Rows) -> Rules:
    return Rules([store.to_limit(row) for row in limits], store.to_workdays(days))


async def clocks_of(session: AsyncSession, case_number: str) -> Sequence[CaseClockRow]:
    """Every clock the case has had, oldest first."""
    query = (
        select(CaseClockRow)
        .where(CaseClockRow.case_number == case_number)
        .order_by(CaseClockRow.id)
    )
    return (await session.scalars(query)).all()


def first_clocks(case: store.CaseRow, now: datetime, rules: Rules) -> list[CaseClockRow]:
    """The clocks of a case just filed, as rows; its own row learns when it is due."""
    wanted = find_clocks(CaseStatus(case.status), CaseKind(case.kind))
    started = _start_all(case, wanted, now, rules)
    _mirror(case, started.get(ClockName.CASE), now)
    return list(started.values())


async def run_clocks(session: AsyncSession, case: store.CaseRow, now: datetime) -> None:
    """Make the clocks fit the case's status: stop, pause, go on, start."""
    rows = await clocks_of(session, case.case_number)
    status = CaseStatus(case.status)
    wanted = find_clocks(status, CaseKind(case.kind))
    rules = await read_rules(session, now)
    running = {ClockName(row.name): row for row in rows if row.stopped_at is None}
    for name, row in running.items():
        if name not in wanted:
            row.stopped_at, row.paused_at, row.left_seconds = row.paused_at or now, None, None
        elif status is CaseStatus.DEFERRED:
            _pause(row, now, rules)
        else:
            _go_on(row, now, rules)
    started = _start_all(case, wanted - running.keys(), now, rules)
    session.add_all(started.values())
    _mirror(case, (running | started).get(ClockName.CASE), now)
    await session.flush()


def _start_all(
    case: store.CaseRow, wanted: Set[ClockName], now: datetime, rules: Rules
) -> dict[ClockName, CaseClockRow]:
    started = {name: _start(case, name, now, rules) for name in ClockName if name in wanted}
    return {name: row for name, row in started.items() if row is not None}


async def reopen_clocks(session: AsyncSession, case: store.CaseRow, now: datetime) -> None:
    """After a split: the clocks that the merging stopped run as if it had never been."""
    rows = await clocks_of(session, case.case_number)
    wanted = find_clocks(CaseStatus(case.status), CaseKind(case.kind))
    # the newest of each name is the one that ran last
    for row in {row.name: row for row in rows}.values():
        if ClockName(row.name) in wanted:
            row.stopped_at = None
    await run_clocks(session, case, now)


async def extend_clocks(
    session: AsyncSession, case: store.CaseRow, until: datetime, now: datetime
) -> None:
    """The case and its handling may take until then; what was warned of is warned of anew."""
    rules = await read_rules(session, now)
    for row in await clocks_of(session, case.case_number):
        extendable = row.name in (ClockName.CASE.value, ClockName.HANDLE.value)
        if row.stopped_at is None and extendable and row.due_at < until:
            row.due_at, row.extended = until, True
            _warn_anew(row, now, rules)
            if row.name == ClockName.CASE.value:
                case.due_at = until


async def regrade_clocks(session: AsyncSession, case: store.CaseRow, now: datetime) -> None:
    """Another urgency or class of area: running clocks get the limits that fit now."""
    rules = await read_rules(session, now)
    for row in await clocks_of(session, case.case_number):
        limit = _fitting(case, ClockName(row.name), rules)
        if row.stopped_at is not None or limit is None:
            continue
        row.limit_name, row.unit, row.source = name_limit(limit), limit.unit, limit.source
        row.due_at, row.extended = compute_due(row.started_at, limit, rules.own_days), False
        row.warn_at = compute_warning(row.started_at, row.due_at, row.unit, rules.own_days)
        row.warned_at = row.overdue_at = None
        if row.name == ClockName.CASE.value:
            _mirror(case, row, now)


def _fitting(case: store.CaseRow, name: ClockName, rules: Rules) -> Limit | None:
    return choose_limit(rules.limits, name, case.category_code, case.urgency, case.area_class)


def _start(
    case: store.CaseRow, name: ClockName, now: datetime, rules: Rules
) -> CaseClockRow | None:
    limit = _fitting(case, name, rules)
    if limit is None:
        return None
    due = compute_due(now, limit, rules.own_days)
    return CaseClockRow(
        case_number=case.case_number,
        name=name.value,
        limit_name=name_limit(limit),
        unit=limit.unit,
        source=limit.source,
        started_at=now,
        due_at=due,
        warn_at=compute_warning(now, due, limit.unit, rules.own_days),
    )


def _pause(row: CaseClockRow, now: datetime, rules: Rules) -> None:
    if row.paused_at is None:
        row.paused_at = now
        row.left_seconds = int(
            count_time(now, row.due_at, row.unit, rules.own_days).total_seconds()
        )


def _go_on(row: CaseClockRow, now: datetime, rules: Rules) -> None:
    """What was left when the clock was paused is left when it runs again."""
    if row.paused_at is None:
        return
    if row.due_at > row.paused_at:
        left = timedelta(seconds=row.left_seconds or 0)
        row.due_at = add_time(now, left, row.unit, rules.own_days)
        if row.warned_at is None:
            _warn_anew(row, now, rules)
    row.paused_at = row.left_seconds = None


def _warn_anew(row: CaseClockRow, now: datetime, rules: Rules) -> None:
    row.warn_at = compute_warning(now, row.due_at, row.unit, rules.own_days)
    row.warned_at = row.overdue_at = None


def _mirror(case: store.CaseRow, clock: CaseClockRow | None, now: datetime) -> None:
    """The clock of the whole case stands in the case's own row too: lists sort by it."""
    if clock is not None:
        case.due_at, case.limit_name = clock.due_at, clock.limit_name
    case.paused_at = now if case.status == CaseStatus.DEFERRED.value else None
