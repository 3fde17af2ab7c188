"""To a person (转人工): who is ready, ringing her, joining the call, and what else can happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from conversations.errors import ConversationClosed, HeldByAnother, NotHolder
from conversations.models import Handoff, Operator
from conversations.service import Conversations
from conversations.store import ConversationRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.hours import Hours
from hotline.privacy import Vault, mask_phone
from hotline.settings import Settings
from telephony import store
from telephony.errors import CallNotFound, CallOver, NoLine, OperatorEngaged
from telephony.events import Event, NobodyFree, Queued
from telephony.models import CallStatus, expected_minutes, international, tell_summary
from telephony.provider import Provider, ProviderFailed
from telephony.spoken import last_filed, last_told
from telephony.store import CallRow, LegRow, OperatorLineRow
from telephony.twilio.softphone import address_of

log = structlog.get_logger(__name__)

RINGING, ACCEPTED, REFUSED, NO_ANSWER, FAILED, OVER = (
    "ringing",
    "accepted",
    "refused",
    "no_answer",
    "failed",
    "over",
)
BROWSER = "browser"
"""Instead of a number: she takes calls on the console's own page."""
Push = Callable[[str, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ringing:
    """What an operator hears before she takes the call."""

    leg_id: str
    call_id: str
    summary: tuple[str, ...]
    open: bool


def _address(number: str, operator_id: str, call_id: str) -> str:
    return address_of(operator_id, call_id) if number == BROWSER else international(number)


class Transfers:
    """The use cases around operators on calls."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        settings: Settings,
        conversations: Conversations,
        provider: Provider,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._settings = settings
        self._conversations = conversations
        self._provider = provider
        self._hours = Hours.read(settings.telephony_staff_hours)

    # --- the caller's side --------------------------------------------------------------------

    async def ask_for_human(self, row: CallRow, handoff: Handoff) -> Event:
        """Put the caller into the queue, or say why no person will come."""
        if not self._hours.include(self._clock.now()):
            await self._conversations.stop_waiting(str(row.conversation_id))
            return NobodyFree("closed")
        ready = await self._count_ready()
        if not ready:
            await self._conversations.stop_waiting(str(row.conversation_id))
            return NobodyFree("busy")
        await self._conversations.wait_for_human(str(row.conversation_id), handoff)
        return await self.place_of(row)

    async def place_of(self, row: CallRow) -> Queued:
        """Where the caller stands now."""
        ahead = await self._conversations.waiting_place(str(row.conversation_id)) or 0
        serving = await self._count_ready()
        free = serving - await self._count_talking()
        talk = self._settings.telephony_talk_seconds
        return Queued(ahead, expected_minutes(ahead, serving, max(free, 0), talk))

    async def let_go(self, call_id: str) -> None:
        """The caller is gone: ring nobody for him any longer."""
        async with self._db.read() as session:
            legs = (
                await session.scalars(
                    select(LegRow).where(LegRow.call_id == call_id, LegRow.ended_at.is_(None))
                )
            ).all()
        for leg in legs:
            await self.end_leg(leg.id, OVER)
            if leg.sid:
                await self._quietly(self._provider.hang_up(leg.sid))

    # --- ringing -------------------------------------------------------------------------------

    async def ring_for_waiting(self, push: Push) -> None:
        """One round: each waiting call rings the next operator who is ready and not yet tried."""
        for row in await self._waiting():
            if await self._is_rung(row.id):
                continue
            late = self._clock.now() - (row.queued_at or row.seen_at) > timedelta(
                minutes=self._settings.telephony_queue_minutes
            )
            chosen = None if late else await self._choose_operator(row.id)
            if chosen is not None:
                await self._ring(row, chosen)
            elif late or await self._all_tried(row.id):
                reason = "busy" if late else await self._last_outcome(row.id)
                await self._conversations.stop_waiting(str(row.conversation_id))
                await push(row.id, NobodyFree(reason))

    async def take(self, call_id: str, operator: Operator) -> str:
        """An operator takes the call at her own telephone; returns the leg. Raises NoLine."""
        row = await self._live(call_id)
        async with self._db.read() as session:
            line = await session.get(OperatorLineRow, operator.id)
        if line is None:
            raise NoLine
        await self.let_go(call_id)
        return await self._ring(row, line, failing=True)

    async def add_third(self, call_id: str, operator: Operator, number: str) -> None:
        """A third person into the talk of the operator who holds the call."""
        row = await self._live(call_id)
        if row.status != CallStatus.OPERATOR.value or row.operator_id != operator.id:
            raise NotHolder("请先接听这通电话，再加第三方。")
        await self._provider.call_third(international(number), call_id)
        async with self._db.write() as session:
            actor = Actor("operator", operator.id, operator.name)
            record_deed(
                session, self._clock.now(), actor, "third_called", "call", call_id,
                number=mask_phone(number),
            )  # fmt: skip

    async def _ring(self, row: CallRow, line: OperatorLineRow, *, failing: bool = False) -> str:
        now = self._clock.now()
        leg = LegRow(
            id=store.new_id(),
            call_id=row.id,
            operator_id=line.operator_id,
            operator_name=line.operator_name,
            status=RINGING,
            created_at=now,
        )
        try:
            async with self._db.write() as session:
                session.add(leg)
        except IntegrityError:
            # rung by another process at the same moment, or she is on another call
            if failing:
                raise OperatorEngaged from None
            return ""
        number = self._vault.unlock(line.number_sealed)
        try:
            sid = await self._provider.call_operator(
                _address(number, line.operator_id, row.id),
                leg.id,
                self._settings.telephony_ring_seconds,
            )
        except ProviderFailed as error:
            log.warning("leg.not_rung", leg_id=leg.id, reason=error.reason)
            await self.end_leg(leg.id, FAILED)
            if failing:
                raise
            return leg.id
        async with self._db.write(durable=False) as session:
            await session.execute(update(LegRow).where(LegRow.id == leg.id).values(sid=sid))
        return leg.id

    # --- the operator's side -------------------------------------------------------------------

    async def whisper(self, leg_id: str) -> Ringing:
        """What to tell her before she decides."""
        async with self._db.read() as session:
            leg = await session.get(LegRow, leg_id)
            row = await session.get(CallRow, leg.call_id) if leg else None
            if leg is None or row is None:
                raise CallNotFound
            conversation = await session.get(ConversationRow, row.conversation_id)
            told = await last_told(session, row.id)
            filed = await last_filed(session, str(row.conversation_id))
        draft = (conversation.draft or {}) if conversation else {}
        handoff = (conversation.handoff or {}) if conversation else {}
        fields = [(str(a), str(b)) for a, b in draft.get("fields") or ()]
        if not fields and handoff.get("summary"):
            fields = [("内容", str(handoff["summary"]))]
        caller = store.caller_of(row, self._vault)
        reason = str(handoff.get("reason") or "市民要求人工")
        summary = tell_summary(fields, reason, caller, told, filed)
        still_open = row.ended_at is None and leg.ended_at is None
        return Ringing(leg.id, row.id, summary, still_open)

    async def accept(self, leg_id: str) -> str | None:
        """She takes the call: held by her, the caller brought to her. None when it is too late."""
        now = self._clock.now()
        async with self._db.read() as session:
            leg = await session.get(LegRow, leg_id)
            row = await session.get(CallRow, leg.call_id) if leg else None
            line = await session.get(OperatorLineRow, leg.operator_id) if leg else None
        if leg is None or row is None or line is None or row.ended_at is not None:
            return None
        role = "supervisor" if line.role in ("supervisor", "admin") else "operator"
        operator = Operator(line.operator_id, line.operator_name, role)  # type: ignore[arg-type]
        try:
            await self._conversations.take_over(str(row.conversation_id), operator)
        except (HeldByAnother, ConversationClosed):
            return None
        async with self._db.write() as session:
            await session.execute(
                update(LegRow).where(LegRow.id == leg.id).values(status=ACCEPTED, answered_at=now)
            )
            memory = {**row.memory, "phase": "operator"}
            await session.execute(
                update(CallRow)
                .where(CallRow.id == row.id)
                .values(
                    status=CallStatus.OPERATOR.value,
                    memory=memory,
                    operator_id=operator.id,
                    operator_name=operator.name,
                    joined_at=now,
                )
            )
            actor = Actor("operator", operator.id, operator.name)
            record_deed(session, now, actor, "call_taken", "call", row.id)
        await self._provider.join(row.sid, row.id)
        return row.id

    async def end_leg(self, leg_id: str, outcome: str) -> str | None:
        """The try ended; the first outcome counts. Returns the call when she had been talking."""
        now = self._clock.now()
        async with self._db.write() as session:
            leg = await session.get(LegRow, leg_id, with_for_update=True)
            if leg is None or leg.ended_at is not None:
                return None
            talked = leg.status == ACCEPTED
            leg.status, leg.ended_at = (OVER if talked else outcome), now
            return leg.call_id if talked else None

    async def set_line(self, operator: Operator, number: str | None, ready: bool) -> None:
        """Where she takes calls (digits, or BROWSER), and whether she is ready; None keeps the place."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(OperatorLineRow, operator.id)
            if row is None:
                if number is None:
                    raise NoLine
                row = OperatorLineRow(operator_id=operator.id, number_sealed="", ready=False)
                session.add(row)
            if number is not None:
                row.number_sealed = self._vault.lock(number)
            row.operator_name, row.role = operator.name, operator.role
            row.ready, row.changed_at = ready, now
            actor = Actor("operator", operator.id, operator.name)
            record_deed(session, now, actor, "line_changed", "operator", operator.id, ready=ready)

    async def line_of(self, operator_id: str) -> tuple[str, bool] | None:
        """Her number and whether she is ready."""
        async with self._db.read() as session:
            row = await session.get(OperatorLineRow, operator_id)
        return (self._vault.unlock(row.number_sealed), row.ready) if row else None

    # --- looking -------------------------------------------------------------------------------

    async def _waiting(self) -> Sequence[CallRow]:
        query = (
            select(CallRow)
            .join(ConversationRow, ConversationRow.id == CallRow.conversation_id)
            .where(
                CallRow.status == CallStatus.QUEUED.value,
                CallRow.ended_at.is_(None),
                ConversationRow.holder == "queue",
            )
            .order_by(ConversationRow.emergency.is_(None), CallRow.queued_at)
            .limit(100)
        )
        async with self._db.read() as session:
            return (await session.scalars(query)).all()

    async def _engaged(self) -> set[str]:
        query = select(LegRow.operator_id).where(LegRow.ended_at.is_(None))
        async with self._db.read() as session:
            return {each for each in await session.scalars(query) if each}

    async def _ready(self) -> Sequence[OperatorLineRow]:
        query = (
            select(OperatorLineRow)
            .where(OperatorLineRow.ready.is_(True))
            .order_by(OperatorLineRow.changed_at)
        )
        async with self._db.read() as session:
            return (await session.scalars(query)).all()

    async def _count_ready(self) -> int:
        return len(await self._ready())

    async def _count_talking(self) -> int:
        query = (
            select(func.count())
            .select_from(LegRow)
            .join(OperatorLineRow, OperatorLineRow.operator_id == LegRow.operator_id)
            .where(
                LegRow.ended_at.is_(None),
                LegRow.status == ACCEPTED,
                OperatorLineRow.ready.is_(True),
            )
        )
        async with self._db.read() as session:
            return await session.scalar(query) or 0

    async def _choose_operator(self, call_id: str) -> OperatorLineRow | None:
        engaged, tried = await self._engaged(), await self._tried(call_id)
        return next(
            (
                line
                for line in await self._ready()
                if line.operator_id not in engaged and line.operator_id not in tried
            ),
            None,
        )

    async def _tried(self, call_id: str) -> set[str]:
        async with self._db.read() as session:
            row = await session.get(CallRow, call_id)
            since = (row.queued_at or row.started_at) if row else self._clock.now()
            query = select(LegRow.operator_id).where(
                LegRow.call_id == call_id, LegRow.created_at >= since
            )
            return {each for each in await session.scalars(query) if each}

    async def _all_tried(self, call_id: str) -> bool:
        tried = await self._tried(call_id)
        return all(line.operator_id in tried for line in await self._ready())

    async def _is_rung(self, call_id: str) -> bool:
        query = (
            select(func.count())
            .select_from(LegRow)
            .where(LegRow.call_id == call_id, LegRow.ended_at.is_(None))
        )
        async with self._db.read() as session:
            return bool(await session.scalar(query))

    async def _last_outcome(self, call_id: str) -> str:
        query = (
            select(LegRow.status)
            .where(LegRow.call_id == call_id)
            .order_by(LegRow.ended_at.desc())
            .limit(1)
        )
        async with self._db.read() as session:
            return await session.scalar(query) or "busy"

    async def _live(self, call_id: str) -> CallRow:
        async with self._db.read() as session:
            row = await session.get(CallRow, call_id)
        if row is None:
            raise CallNotFound
        if row.ended_at is not None:
            raise CallOver
        return row

    @staticmethod
    async def _quietly(request: Awaitable[None]) -> None:
        try:
            await request
        except ProviderFailed as error:
            log.info("leg.not_hung_up", reason=error.reason)
