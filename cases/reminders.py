"""The watch over clocks, and what it and the workflow remind people of.

Once each: a clock is warned of and called overdue by a conditional update, so several processes
may watch the same database.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.clock_store import CaseClockRow
from cases.errors import IllegalMove
from cases.lifecycle import Deed, Order, Part
from cases.models import CLOCK_NAMES, CaseStatus, ClockName
from cases.reminder_store import ReminderKind, ReminderRow, remind
from cases.store import CaseRow
from cases.workflow import Workflow
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock, to_city
from hotline.db import Database
from hotline.rounds import Rounds

_AT_ONCE = 200
_MOST_SHOWN = 100
_LEAST_SECONDS = 1.0
_AT_UNIT = frozenset({ClockName.CASE.value, ClockName.HANDLE.value})


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder as pages show it."""

    id: int
    at: datetime
    kind: ReminderKind
    case_number: str
    text: str
    read_at: datetime | None
    read_by_name: str | None


class Reminders:
    """Reads reminders; a unit sees its own, `unit_id` None the supervisors' ones."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def recent(self, unit_id: int | None) -> Sequence[Reminder]:
        """Unread ones first, newest first."""
        query = (
            select(ReminderRow)
            .where(_of(unit_id))
            .order_by(ReminderRow.read_at.is_not(None), ReminderRow.id.desc())
            .limit(_MOST_SHOWN)
        )
        async with self._db.read() as session:
            return [
                Reminder(
                    row.id,
                    row.at,
                    ReminderKind(row.kind),
                    row.case_number,
                    row.text,
                    row.read_at,
                    row.read_by_name,
                )
                for row in await session.scalars(query)
            ]

    async def count_unread(self, unit_id: int | None) -> int:
        """How many nobody has read."""
        query = (
            select(func.count())
            .select_from(ReminderRow)
            .where(_of(unit_id), ReminderRow.read_at.is_(None))
        )
        async with self._db.read() as session:
            return int(await session.scalar(query) or 0)

    async def mark_read(self, unit_id: int | None, actor: Actor, up_to: int) -> None:
        """Everything up to this reminder has been read."""
        async with self._db.write() as session:
            await session.execute(
                update(ReminderRow)
                .where(_of(unit_id), ReminderRow.read_at.is_(None), ReminderRow.id <= up_to)
                .values(read_at=self._clock.now(), read_by_name=actor.name)
            )


def _of(unit_id: int | None) -> ColumnElement[bool]:
    return ReminderRow.unit_id.is_(None) if unit_id is None else ReminderRow.unit_id == unit_id


class Watch(Rounds):
    """Warns before clocks run out, tells when they have, and ends deferrals that are over."""

    def __init__(
        self, db: Database, clock: Clock, workflow: Workflow, every_seconds: float = 30.0
    ) -> None:
        super().__init__("cases.watch", max(every_seconds, _LEAST_SECONDS))
        self._db = db
        self._clock = clock
        self._workflow = workflow

    async def do_round(self) -> None:
        """Look at every clock that is due."""
        await self.sweep()

    async def sweep(self) -> int:
        """One round; returns how many clocks were told of."""
        told = 0
        while found := await self._tell_some():
            told += found
        await self._end_deferrals()
        return told

    async def _tell_some(self) -> int:
        now = self._clock.now()
        late = (CaseClockRow.due_at <= now) & CaseClockRow.overdue_at.is_(None)
        soon = (CaseClockRow.warn_at <= now) & CaseClockRow.warned_at.is_(None)
        waiting = (
            select(CaseClockRow)
            .where(
                CaseClockRow.stopped_at.is_(None),
                CaseClockRow.paused_at.is_(None),
                CaseClockRow.warn_at <= now,
                or_(late, soon & CaseClockRow.overdue_at.is_(None)),
            )
            .order_by(CaseClockRow.warn_at)
            .limit(_AT_ONCE)
        )
        async with self._db.read() as session:
            if not (await session.scalars(waiting.limit(1))).all():
                return 0  # nothing to write: the writers are left alone
        async with self._db.write() as session:
            rows = (await session.scalars(waiting)).all()
            for row in rows:
                await self._tell(session, row, now)
        return len(rows)

    async def _tell(self, session: AsyncSession, clock: CaseClockRow, now: datetime) -> None:
        is_late = clock.due_at <= now
        column = CaseClockRow.overdue_at if is_late else CaseClockRow.warned_at
        values = {"warned_at": now, **({"overdue_at": now} if is_late else {})}
        mine = update(CaseClockRow).where(CaseClockRow.id == clock.id, column.is_(None))
        claimed = await session.scalar(mine.values(values).returning(CaseClockRow.id))
        if claimed is None:
            return
        case = await session.get_one(CaseRow, clock.case_number)
        kind = ReminderKind.OVERDUE if is_late else ReminderKind.WARNING
        due = f"{to_city(clock.due_at):%m-%d %H:%M}"
        text = f"{CLOCK_NAMES[ClockName(clock.name)]}时限 {clock.limit_name}，{due} 到期"
        remind(session, now, kind, case.case_number, text)
        if case.unit_id is not None and clock.name in _AT_UNIT and case.status in _WITH_UNIT:
            remind(session, now, kind, case.case_number, text, case.unit_id)
        action = "case_clock_overdue" if is_late else "case_clock_warned"
        record_deed(
            session, now, SYSTEM, action, "case", case.case_number,
            clock=clock.name, due_at=clock.due_at.isoformat(), unit_id=case.unit_id,
        )  # fmt: skip

    async def _end_deferrals(self) -> None:
        query = select(CaseRow.case_number, CaseRow.version).where(
            CaseRow.status == CaseStatus.DEFERRED.value,
            CaseRow.deferred_until <= self._clock.now(),
        )
        async with self._db.read() as session:
            over = (await session.execute(query)).all()
        for number, version in over:
            order = Order(Deed.RESUME, version, note="挂账到期，自动恢复处置")
            with suppress(IllegalMove):  # somebody was faster
                await self._workflow.act(number, order, SYSTEM, Part.SYSTEM)


_WITH_UNIT = frozenset({CaseStatus.DISPATCHED.value, CaseStatus.HANDLING.value})
