"""Calls we owe: missed ones, promised ones, and asking after a closed case (回访)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.times import read_times
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.hours import Hours
from hotline.privacy import Vault
from hotline.settings import Settings
from telephony import store
from telephony.errors import CallNotFound
from telephony.follow_up import FollowUps
from telephony.models import CallBackStatus, CallBackView, Errand, international
from telephony.provider import Provider, ProviderFailed
from telephony.store import CallBackRow, CallBackTryRow

log = structlog.get_logger(__name__)

_PAUSES = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=20))
"""After an attempt that reached nobody."""
_SOON = timedelta(minutes=2)
_OPEN = (CallBackStatus.WAITING.value, CallBackStatus.DIALLING.value)
_UNREACHED = {
    "busy": "忙线",
    "no-answer": "无人接听",
    "failed": "没有接通",
    "canceled": "已取消",
    "silent": "接起来没有人说话",
}
_STUCK = timedelta(minutes=15)


class CallBacks:
    """The use cases around call-backs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        settings: Settings,
        provider: Provider,
        follow_ups: FollowUps,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._settings = settings
        self._provider = provider
        self._follow_ups = follow_ups
        self._hours = Hours.read(settings.telephony_call_back_hours)

    async def book(
        self,
        number: str,
        errand: Errand,
        *,
        when: str = "",
        conversation_id: str | None = None,
        case_number: str | None = None,
        actor: Actor = SYSTEM,
    ) -> CallBackView:
        """Owe a call; one that is already owed to this number for this errand is kept instead."""
        now, blind = self._clock.now(), self._vault.blind(number)
        async with self._db.write() as session:
            query = select(CallBackRow).where(
                CallBackRow.number_blind == blind,
                CallBackRow.errand == errand.value,
                CallBackRow.case_number == case_number
                if case_number
                else CallBackRow.case_number.is_(None),
                CallBackRow.status == CallBackStatus.WAITING.value,
            )
            row = await session.scalar(query)
            if row is None:
                row = CallBackRow(
                    id=store.new_id(),
                    errand=errand.value,
                    status=CallBackStatus.WAITING.value,
                    number_sealed=self._vault.lock(number),
                    number_blind=blind,
                    case_number=case_number,
                    outcome={},
                    attempts=0,
                    created_at=now,
                )
                session.add(row)
            row.when_text, row.due_at = when[:64], self._read_due(when, now)
            row.conversation_id, row.updated_at = conversation_id, now
            record_deed(
                session, now, actor, "call_back_booked", "call_back", row.id, errand=errand.value
            )
        return store.to_call_back(row, self._vault)

    def _read_due(self, when: str, now: datetime) -> datetime:
        for time in read_times(when, now):
            start = time.data.get("from")
            if start:
                due = datetime.fromisoformat(str(start))
                # 下午三点, said in the evening, is tomorrow's
                due += timedelta(days=1) if due <= now else timedelta()
                if due > now:
                    return self._hours.next_open(due.astimezone(now.tzinfo))
        return self._hours.next_open(now + _SOON)

    async def find(self, call_back_id: str | None) -> CallBackView | None:
        """The call-back with this id."""
        if call_back_id is None:
            return None
        async with self._db.read() as session:
            row = await session.get(CallBackRow, call_back_id)
        return store.to_call_back(row, self._vault) if row is not None else None

    async def number_of(self, call_back_id: str) -> str:
        """The number in digits."""
        async with self._db.read() as session:
            row = await session.get(CallBackRow, call_back_id)
        if row is None:
            raise CallNotFound
        return self._vault.unlock(row.number_sealed)

    async def recent(self, limit: int = 100) -> Sequence[CallBackView]:
        """The newest first."""
        query = select(CallBackRow).order_by(CallBackRow.created_at.desc()).limit(limit)
        async with self._db.read() as session:
            return [store.to_call_back(row, self._vault) for row in await session.scalars(query)]

    async def cancel(self, call_back_id: str, actor: Actor) -> None:
        """Owe it no longer."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(CallBackRow, call_back_id, with_for_update=True)
            if row is None:
                raise CallNotFound
            if row.status in _OPEN:
                row.status, row.updated_at = CallBackStatus.CANCELLED.value, now
                record_deed(session, now, actor, "call_back_cancelled", "call_back", row.id)

    async def dial_due(self, most: int = 5) -> int:
        """Ring whom we owe a call now; returns how many were dialled."""
        now = self._clock.now()
        await self._release_stuck(now)
        if not self._hours.include(now):
            return 0
        query = (
            select(CallBackRow)
            .where(CallBackRow.status == CallBackStatus.WAITING.value, CallBackRow.due_at <= now)
            .order_by(CallBackRow.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        async with self._db.write() as session:
            rows = (await session.scalars(query)).all()
            for row in rows:
                row.status, row.updated_at = CallBackStatus.DIALLING.value, now
                row.attempts += 1
        for row in rows:
            await self._dial(row, now)
        return len(rows)

    async def _dial(self, row: CallBackRow, now: datetime) -> None:
        number = international(self._vault.unlock(row.number_sealed))
        attempt = CallBackTryRow(call_back_id=row.id, outcome="dialling", at=now)
        try:
            attempt.sid = await self._provider.call_resident(number, row.id, 30)
        except ProviderFailed as error:
            log.warning("call_back.not_dialled", call_back_id=row.id, reason=error.reason)
        async with self._db.write() as session:
            session.add(attempt)
        if attempt.sid is None:
            await self.note_unreached(row.id, None, "failed")

    async def note_unreached(self, call_back_id: str, sid: str | None, outcome: str) -> None:
        """The attempt reached nobody: try again later, or give up."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(CallBackRow, call_back_id, with_for_update=True)
            if row is None or row.status != CallBackStatus.DIALLING.value:
                return
            await self._close_try(session, row, outcome, now)
            row.outcome = {**row.outcome, "last": _UNREACHED.get(outcome, outcome)}
            if row.attempts >= self._settings.telephony_call_back_tries:
                row.status = CallBackStatus.GIVEN_UP.value
            else:
                pause = _PAUSES[min(row.attempts, len(_PAUSES)) - 1]
                row.status = CallBackStatus.WAITING.value
                row.due_at = self._hours.next_open(now + pause)
            row.updated_at = now

    async def note_spoken(self, call_back_id: str, sid: str) -> None:
        """The call took place."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(CallBackRow, call_back_id, with_for_update=True)
            if row is None or row.status not in _OPEN:
                return
            await self._close_try(session, row, "completed", now)
            row.status, row.updated_at = CallBackStatus.DONE.value, now
            row.outcome = {**row.outcome, "last": "已接通"}
        if row.errand == Errand.FOLLOW_UP.value and row.case_number:
            actor = Actor("resident", row.id, "电话回访")
            await self._follow_ups.record(row.case_number, row.outcome, actor)

    async def note(self, call_back_id: str, name: str, value: str) -> None:
        """What the resident answered: solved, satisfied, remaining."""
        async with self._db.write() as session:
            row = await session.get(CallBackRow, call_back_id, with_for_update=True)
            if row is not None:
                row.outcome = {**row.outcome, name: value[:500]}
                row.updated_at = self._clock.now()

    async def _close_try(
        self, session: AsyncSession, row: CallBackRow, outcome: str, now: datetime
    ) -> None:
        query = select(CallBackTryRow).where(
            CallBackTryRow.call_back_id == row.id, CallBackTryRow.ended_at.is_(None)
        )
        for attempt in await session.scalars(query):
            attempt.outcome, attempt.ended_at = outcome, now

    async def _release_stuck(self, now: datetime) -> None:
        query = select(CallBackRow.id).where(
            CallBackRow.status == CallBackStatus.DIALLING.value,
            CallBackRow.updated_at < now - _STUCK,
        )
        async with self._db.read() as session:
            stuck = (await session.scalars(query)).all()
        for call_back_id in stuck:
            await self.note_unreached(call_back_id, None, "failed")
