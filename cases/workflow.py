"""Carries out the lifecycle table: one transaction a deed, with history, audit and notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.clock_store import extend_clocks, regrade_clocks, reopen_clocks, run_clocks
from cases.dispatch import Mode
from cases.dispatch_service import propose_for
from cases.errors import CaseNotFound, IllegalMove, MissingDetail, RequestSettled, UnknownUnit
from cases.informing import Tell, inform
from cases.lifecycle import (
    BY_DEED,
    OVER,
    Answers,
    Deed,
    Order,
    Part,
    Transition,
    check_order,
)
from cases.models import URGENCY_NAMES, CaseKind, CaseStatus, Urgency
from cases.reminder_store import ReminderKind, remind
from cases.store import CaseRequestRow, CaseRow, CaseStepRow, lock_case
from cases.unit_store import find_unit
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database

_STALE = "工单刚被其他人更新过，请刷新后再操作。"


class Workflow:
    """The steps of a case. `tell` None: residents are not told (tools, tests).

    `auto_dispatch`: a filed case that a direct rule fits is dispatched without a person.
    """

    def __init__(
        self, db: Database, clock: Clock, tell: Tell | None = None, *, auto_dispatch: bool = False
    ) -> None:
        self._db = db
        self._clock = clock
        self._tell = tell
        self._auto_dispatch = auto_dispatch

    async def act(
        self,
        case_number: str,
        order: Order,
        actor: Actor,
        part: Part,
        *,
        unit_id: int | None = None,
    ) -> bool:
        """Do it, or ask a supervisor for it; returns whether it was done at once.

        `unit_id`: for Part.UNIT, whose case it must be; another's is not found. Raises
        CaseNotFound, IllegalMove (state, role, an older version), MissingDetail or UnknownUnit.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            row = await lock_case(session, case_number)
            if part is Part.UNIT and (unit_id is None or row.unit_id != unit_id):
                raise CaseNotFound
            if row.version != order.version:
                raise IllegalMove(_STALE)
            step = self._check(row, order, part, now)
            if step.approval and part is not Part.SUPERVISOR:
                await self._ask(session, row, order, actor, now)
                return False
            await self._do(session, row, step, order, actor, now)
            if step.deed is Deed.FILE and self._auto_dispatch:
                await self._dispatch_alone(session, row, now)
            return True

    async def _dispatch_alone(self, session: AsyncSession, row: CaseRow, now: datetime) -> None:
        proposal = await propose_for(session, row, now)
        if proposal.unit is None or proposal.rule is None or proposal.rule.mode is not Mode.DIRECT:
            return
        order = Order(
            Deed.DISPATCH, row.version, unit_name=proposal.unit.name, because=proposal.reason
        )
        step = self._check(row, order, Part.DESK, now)
        await self._do(session, row, step, order, SYSTEM, now)

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
            row = await lock_case(session, request.case_number)
            deed = Deed(request.deed)
            if approved and request.until is not None and request.until <= now:
                raise IllegalMove("申请延到的时间已经过了，请不批准，由承办单位重新申请。")
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
        asked = f"{actor.name}申请{BY_DEED[order.deed].name}"
        remind(session, now, ReminderKind.RULING, row.case_number, asked)
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
        note = await self._apply(session, row, step, order, now) or order.note.strip() or step.name
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
        await inform(session, self._tell, row, step.deed, now)

    async def _apply(
        self,
        session: AsyncSession,
        row: CaseRow,
        step: Transition,
        order: Order,
        now: datetime,
    ) -> str:
        """Change the case; returns the history's words where they are not the order's own."""
        said = ""
        if step.deed is Deed.MERGE:
            await self._join(session, row, order.into)
        elif step.deed is Deed.SPLIT:
            await self._part(session, row)
        elif step.to is not None:
            row.status = step.to.value
        if step.deed is Deed.DISPATCH:
            said = await _send(session, row, order, now)
        elif step.deed is Deed.RETURN:
            row.unit_id, row.unit_name, row.helper_ids = None, None, []
        elif step.deed is Deed.GRADE:
            said = await _grade(session, row, order, now)
        elif step.deed is Deed.EXTEND and order.until is not None:
            if row.due_at is not None and order.until <= row.due_at:
                raise MissingDetail("延期后的时间要晚于现在的期限。")
            await extend_clocks(session, row, order.until, now)
        elif step.deed is Deed.REWORK:
            remind(session, now, ReminderKind.REWORK, row.case_number, order.note, row.unit_id)
        elif step.deed is Deed.CALL_BACK and order.answers is not None:
            row.call_back = asdict(order.answers)
            said = _name_answers(order.answers, order.note.strip())
        elif step.deed is Deed.REOPEN:
            row.call_back = None
        row.deferred_until = order.until if step.deed is Deed.DEFER else None
        if step.deed is Deed.SPLIT:
            await reopen_clocks(session, row, now)
        elif step.to is not None:
            await run_clocks(session, row, now)
        if CaseStatus(row.status) not in OVER:
            row.closed_at = None
        elif row.closed_at is None:
            row.closed_at = now
        return said

    async def _join(self, session: AsyncSession, row: CaseRow, into: str) -> None:
        if into == row.case_number:
            raise IllegalMove("工单不能并入它自己。")
        target = await lock_case(session, into)
        if CaseStatus(target.status) in OVER:
            raise IllegalMove("要并入的工单已经结束，请换一张仍在办理的工单。")
        row.status_before, row.status = row.status, CaseStatus.MERGED.value
        row.merged_into = into
        target.weight += row.weight

    async def _part(self, session: AsyncSession, row: CaseRow) -> None:
        target = await lock_case(session, row.merged_into or "")
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


async def _send(session: AsyncSession, row: CaseRow, order: Order, now: datetime) -> str:
    """Give the case to its unit; the words for the history."""
    unit = await find_unit(session, order.unit_name.strip())
    helpers = [await find_unit(session, name) for name in order.helper_names]
    if unit is None or None in helpers:
        raise UnknownUnit
    row.unit_id, row.unit_name = unit.id, unit.name
    row.helper_ids = [each.id for each in helpers if each is not None and each is not unit]
    said = [f"派往{unit.name}"]
    if row.helper_ids:
        said.append("协办：" + "、".join(order.helper_names))
    said += [each for each in (order.because, order.note.strip()) if each]
    remind(session, now, ReminderKind.DISPATCHED, row.case_number, "新派来一张工单", unit.id)
    for identifier in row.helper_ids:
        remind(session, now, ReminderKind.DISPATCHED, row.case_number, "请协办", identifier)
    return "；".join(said)


async def _grade(session: AsyncSession, row: CaseRow, order: Order, now: datetime) -> str:
    """Set urgency and class of area; the words for the history."""
    assert order.urgency is not None  # the table asks for it
    before = _name_grade(row)
    row.urgency = order.urgency.value
    row.area_class = order.area_class or None
    await regrade_clocks(session, row, now)
    reason = f"：{order.note.strip()}" if order.note.strip() else ""
    return f"定级由{before}改为{_name_grade(row)}{reason}"


def _name_answers(answers: Answers, note: str) -> str:
    if not answers.contacted:
        return "；".join(["回访：没有联系上", *([note] if note else [])])
    said = ["回访：已解决" if answers.solved else "回访：没有解决"]
    said.append("满意" if answers.satisfied else "不满意")
    return "，".join(said) + (f"；{note}" if note else "")


def _name_grade(row: CaseRow) -> str:
    area = f"、{row.area_class} 类区域" if row.area_class else ""
    return f"{URGENCY_NAMES[Urgency(row.urgency)]}{area}"
