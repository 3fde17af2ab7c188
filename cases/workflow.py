"""Carries out the lifecycle table: one transaction a deed, with history, audit and notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.errors import CaseNotFound, IllegalMove, RequestSettled
from cases.lifecycle import (
    BY_DEED,
    OVER,
    Deed,
    Order,
    Part,
    Transition,
    check_order,
)
from cases.models import CaseKind, CaseStatus
from cases.notices import write_notice
from cases.store import CaseRequestRow, CaseRow, CaseStepRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database

Tell = Callable[[AsyncSession, str, str, Mapping[str, Any] | None], Awaitable[None]]
"""Puts a message to the resident of a conversation into the running transaction."""

_STALE = "工单刚被其他人更新过，请刷新后再操作。"


class Workflow:
    """The steps of a case. `tell` None: residents are not told (tools, tests)."""

    def __init__(self, db: Database, clock: Clock, tell: Tell | None = None) -> None:
        self._db = db
        self._clock = clock
        self._tell = tell

    async def act(self, case_number: str, order: Order, actor: Actor, part: Part) -> bool:
        """Do it, or ask a supervisor for it; returns whether it was done at once.

        Raises CaseNotFound, IllegalMove (state, role, an older version) or MissingDetail.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            row = await _lock(session, case_number)
            if row.version != order.version:
                raise IllegalMove(_STALE)
            step = self._check(row, order, part, now)
            if step.approval and part is not Part.SUPERVISOR:
                await self._ask(session, row, order, actor, now)
                return False
            await self._do(session, row, step, order, actor, now)
            return True

    async def decide(self, request_id: int, approved: bool, actor: Actor, note: str) -> None:
        """A supervisor's ruling on a request; raises RequestSettled when there is none open.

        A request that its case has outrun is refused with IllegalMove and stays open to be
        turned down.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            request = await session.get(CaseRequestRow, request_id, with_for_update=True)
            if request is None or request.decided_at is not None:
                raise RequestSettled
            row = await _lock(session, request.case_number)
            deed = Deed(request.deed)
            if approved:
                order = Order(deed, row.version, request.reason, until=request.until)
                step = self._check(row, order, Part.SUPERVISOR, now)
                await self._do(session, row, step, order, actor, now)
            else:
                why = f"{BY_DEED[deed].name}申请未批准" + (f"：{note}" if note else "")
                self._write_down(session, row, actor, why, deed, row.status, now)
            request.decided_at, request.decided_by_name = now, actor.name
            request.approved = approved
            record_deed(
                session,
                now,
                actor,
                "case_request_decided",
                "case",
                row.case_number,
                deed=deed.value,
                approved=approved,
            )

    async def open_requests(self, case_number: str) -> Sequence[CaseRequestRow]:
        """What waits for a supervisor on this case."""
        query = select(CaseRequestRow).where(
            CaseRequestRow.case_number == case_number, CaseRequestRow.decided_at.is_(None)
        )
        async with self._db.read() as session:
            return (await session.scalars(query.order_by(CaseRequestRow.id))).all()

    def _check(self, row: CaseRow, order: Order, part: Part, now: datetime) -> Transition:
        return check_order(
            order,
            CaseStatus(row.status),
            CaseKind(row.kind),
            row.emergency is not None,
            part,
            now,
        )

    async def _ask(
        self, session: AsyncSession, row: CaseRow, order: Order, actor: Actor, now: datetime
    ) -> None:
        same = select(CaseRequestRow.id).where(
            CaseRequestRow.case_number == row.case_number, CaseRequestRow.decided_at.is_(None)
        )
        if await session.scalar(same) is not None:
            raise IllegalMove("这张工单已有一项申请在等审批，请等结论后再申请。")
        session.add(
            CaseRequestRow(
                case_number=row.case_number,
                deed=order.deed.value,
                reason=order.note,
                until=order.until,
                asked_by_id=actor.id,
                asked_by_name=actor.name,
                asked_at=now,
            )
        )
        note = f"申请{BY_DEED[order.deed].name}：{order.note}"
        self._write_down(session, row, actor, note, order.deed, row.status, now)
        record_deed(
            session,
            now,
            actor,
            "case_request_made",
            "case",
            row.case_number,
            deed=order.deed.value,
        )

    async def _do(
        self,
        session: AsyncSession,
        row: CaseRow,
        step: Transition,
        order: Order,
        actor: Actor,
        now: datetime,
    ) -> None:
        before = row.status
        await self._apply(session, row, step, order, now)
        note = order.note.strip() or step.name
        if step.deed is Deed.DISPATCH:
            note = f"派往{row.unit_name}" + (f"：{order.note}" if order.note.strip() else "")
        self._write_down(session, row, actor, note, step.deed, before, now)
        record_deed(
            session,
            now,
            actor,
            "case_moved",
            "case",
            row.case_number,
            deed=step.deed.value,
            before=before,
            after=row.status,
        )
        text = write_notice(step.deed, row.case_number, row.unit_name, row.due_at)
        if text and row.conversation_id and self._tell and row.erased_at is None:
            await self._tell(session, row.conversation_id, text, None)

    async def _apply(
        self,
        session: AsyncSession,
        row: CaseRow,
        step: Transition,
        order: Order,
        now: datetime,
    ) -> None:
        if step.deed is Deed.MERGE:
            await self._join(session, row, order.into)
        elif step.deed is Deed.SPLIT:
            await self._part(session, row)
        elif step.to is not None:
            row.status = step.to.value
        if step.deed is Deed.DISPATCH:
            row.unit_name = order.unit_name.strip()
        elif step.deed is Deed.EXTEND:
            row.due_at = order.until
        elif step.deed is Deed.DEFER:
            row.paused_at = now
        elif step.deed is Deed.CALL_BACK and order.answers is not None:
            row.call_back = asdict(order.answers)
        elif step.deed is Deed.REOPEN:
            row.call_back = None
        if step.deed is Deed.RESUME and row.paused_at is not None:
            # what was left when the clock stopped is left when it runs again
            row.due_at = row.due_at + (now - row.paused_at) if row.due_at else None
            row.paused_at = None
        if CaseStatus(row.status) not in OVER:
            row.closed_at = None
        elif row.closed_at is None:
            row.closed_at = now

    async def _join(self, session: AsyncSession, row: CaseRow, into: str) -> None:
        if into == row.case_number:
            raise IllegalMove("工单不能并入它自己。")
        target = await _lock(session, into)
        if CaseStatus(target.status) in OVER:
            raise IllegalMove("要并入的工单已经结束，请换一张仍在办理的工单。")
        row.status_before, row.status = row.status, CaseStatus.MERGED.value
        row.merged_into = into
        target.weight += row.weight

    async def _part(self, session: AsyncSession, row: CaseRow) -> None:
        target = await _lock(session, row.merged_into or "")
        target.weight -= row.weight
        row.status = row.status_before or CaseStatus.ACCEPTED.value
        row.merged_into = row.status_before = None

    def _write_down(
        self,
        session: AsyncSession,
        row: CaseRow,
        actor: Actor,
        note: str,
        deed: Deed,
        before: str,
        now: datetime,
    ) -> None:
        row.version, row.updated_at = row.version + 1, now
        session.add(
            CaseStepRow(
                case_number=row.case_number,
                at=now,
                status=row.status,
                actor_name=actor.name,
                note=note,
                deed=deed.value,
                before=before,
            )
        )


async def _lock(session: AsyncSession, case_number: str) -> CaseRow:
    row = await session.get(CaseRow, case_number, with_for_update=True)
    if row is None:
        raise CaseNotFound
    return row
