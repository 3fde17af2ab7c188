"""Forgetting: one person's data on request, and everybody's when its time is over.

Cases stay as statistics (category, district, times); who reported, what was written and said,
and the files go. It crosses cases and conversations, so it lives with the application.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.models import CaseStatus
from cases.store import CaseRequestRow, CaseRow, CaseStepRow
from cases.words_store import forget_words
from conversations.store import ConversationRow, EntryRow, NoteRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from kb.forgetting import forget_conversations
from telephony.store import CallBackRow, CallRow, SegmentRow

GONE = "（已删除）"
KEEP_DAYS: Mapping[CaseStatus, int] = {
    CaseStatus.CLOSED: 1095,
    CaseStatus.CALLED_BACK: 1095,
    CaseStatus.EVALUATED: 1095,
    CaseStatus.VOIDED: 180,
    CaseStatus.WITHDRAWN: 180,
    CaseStatus.MERGED: 1095,
}
"""Days after its end for which a case keeps its person; the deployment's own setting."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was forgotten."""

    cases: int
    conversations: int


class Retention:
    """Erases persons from cases and conversations, in one transaction each time."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    async def erase_person(self, phone: str, actor: Actor) -> Erased:
        """Forget everything kept under `phone` or said with it; the number is not logged."""
        async with self._db.write() as session:
            found = select(CaseRow.case_number, CaseRow.conversation_id).where(
                or_(
                    CaseRow.phone_blind == self._vault.blind(phone),
                    CaseRow.description.contains(phone, autoescape=True),
                )
            )
            rows = (await session.execute(found)).all()
            said = select(EntryRow.conversation_id).where(
                EntryRow.text.contains(phone, autoescape=True)
            )
            talks = {row.conversation_id for row in rows if row.conversation_id}
            talks |= set(await session.scalars(said))
            blind = self._vault.blind(phone)
            called = select(CallRow.conversation_id).where(CallRow.caller_blind == blind)
            talks |= {each for each in await session.scalars(called) if each}
            await self._erase_calls(session, CallRow.caller_blind == blind)
            await session.execute(
                update(CallBackRow)
                .where(CallBackRow.number_blind == blind)
                .values(number_sealed=self._vault.lock(""), number_blind="", when_text="")
            )
            more = select(CaseRow.case_number).where(CaseRow.conversation_id.in_(talks))
            numbers = {row.case_number for row in rows} | set(await session.scalars(more))
            erased = await self._erase(session, numbers, talks, actor, "person")
        await self._wipe_file()
        return erased

    async def retain(self, actor: Actor, keep_days: Mapping[CaseStatus, int] = KEEP_DAYS) -> Erased:
        """Forget the persons of cases whose time is over."""
        now = self._clock.now()
        over = or_(
            *(
                (CaseRow.status == status.value) & (CaseRow.closed_at < now - timedelta(days=days))
                for status, days in keep_days.items()
            )
        )
        async with self._db.write() as session:
            due = select(CaseRow.case_number, CaseRow.conversation_id).where(
                over, CaseRow.erased_at.is_(None)
            )
            rows = (await session.execute(due)).all()
            numbers = {row.case_number for row in rows}
            talks = {row.conversation_id for row in rows if row.conversation_id}
            # a conversation that another case still needs stays
            needed = select(CaseRow.conversation_id).where(
                CaseRow.conversation_id.in_(talks),
                CaseRow.case_number.not_in(numbers),
                CaseRow.erased_at.is_(None),
            )
            talks -= {each for each in await session.scalars(needed) if each}
            erased = await self._erase(session, numbers, talks, actor, "retention")
        if numbers:
            await self._wipe_file()
        return erased

    async def _erase(
        self,
        session: AsyncSession,
        numbers: Collection[str],
        talks: Collection[str],
        actor: Actor,
        reason: str,
    ) -> Erased:
        now = self._clock.now()
        await session.execute(
            update(CaseRow)
            .where(CaseRow.case_number.in_(numbers))
            .values(
                phone_sealed=None,
                phone_blind=None,
                name_sealed=None,
                submission_sealed=None,
                description=GONE,
                occurred_text=None,
                location=None,
                attachment_ids=[],
                conversation_id=None,
                erased_at=now,
            )
        )
        await forget_words(session, numbers)
        for table, column in ((CaseStepRow, "note"), (CaseRequestRow, "reason")):
            await session.execute(
                update(table).where(table.case_number.in_(numbers)).values({column: GONE})
            )
        await session.execute(
            update(EntryRow)
            .where(EntryRow.conversation_id.in_(talks))
            .values(text=GONE, payload={}, client_message_id=None)
        )
        await self._erase_calls(session, CallRow.conversation_id.in_(talks))
        await session.execute(delete(NoteRow).where(NoteRow.conversation_id.in_(talks)))
        await forget_conversations(session, talks, GONE)
        await session.execute(
            update(ConversationRow)
            .where(ConversationRow.id.in_(talks))
            .values(draft=None, handoff=None, external_user=None, token_hash=None)
        )
        for number in numbers:
            record_deed(session, now, actor, "case_erased", "case", number, reason=reason)
        return Erased(len(numbers), len(talks))

    async def _erase_calls(self, session: AsyncSession, which: ColumnElement[bool]) -> None:
        calls = select(CallRow.id).where(which).scalar_subquery()
        await session.execute(
            update(SegmentRow).where(SegmentRow.call_id.in_(calls)).values(text=GONE)
        )
        await session.execute(
            update(CallRow).where(which).values(caller_sealed=None, caller_blind=None)
        )

    async def _wipe_file(self) -> None:
        """Overwritten rows linger in free pages and the journal of SQLite until it is rebuilt."""
        if not self._db.is_sqlite:
            return
        async with self._db.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                await driver.execute(statement)
