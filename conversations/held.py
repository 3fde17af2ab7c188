"""What operators do with a conversation: take it over, answer, note, give it back, end it.

Whoever writes must hold it; that is checked inside the transaction that writes, so that two
operators never hold one conversation. Every deed is audited.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import store
from conversations.errors import (
    ConversationClosed,
    ConversationNotFound,
    HeldByAnother,
    NotHolder,
)
from conversations.models import Conversation, Entry, Holder, Operator, Sender, may_take_over
from conversations.timeline import CLOSED, RETURNED, TAKEN_OVER, Timeline
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database


class HeldConversations:
    """The use cases of operators."""

    def __init__(self, db: Database, clock: Clock, timeline: Timeline) -> None:
        self._db = db
        self._clock = clock
        self._timeline = timeline

    async def take_over(self, conversation_id: str, operator: Operator) -> Conversation:
        """Hold the conversation; raises HeldByAnother when somebody else does."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._open_row(session, conversation_id)
            if not may_take_over(store.to_conversation(row), operator):
                raise HeldByAnother
            if row.holder != Holder.OPERATOR.value or row.operator_id != operator.id:
                before = row.holder
                row.holder, row.waiting_since = Holder.OPERATOR.value, None
                row.operator_id, row.operator_name = operator.id, operator.name
                self._timeline.change_holder(session, row, now)
                self._timeline.say(
                    session, row, now, Sender.SYSTEM, TAKEN_OVER.format(name=operator.name)
                )
                actor = Actor("operator", operator.id, operator.name)
                record_deed(
                    session, now, actor, "conversation_taken", "conversation", row.id, before=before
                )
            self._timeline.announce(session, row.id)
            return store.to_conversation(row)

    async def return_to_bot(self, conversation_id: str, operator: Operator) -> Conversation:
        """Let the bot speak again."""
        async with self._db.write() as session:
            row = await self._held_row(session, conversation_id, operator)
            actor = Actor("operator", operator.id, operator.name)
            self._timeline.give_back(session, row, self._clock.now(), actor, RETURNED)
            self._timeline.announce(session, row.id)
            return store.to_conversation(row)

    async def close(self, conversation_id: str, operator: Operator) -> Conversation:
        """End the conversation."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._held_row(session, conversation_id, operator)
            self._timeline.say(session, row, now, Sender.SYSTEM, CLOSED)
            row.holder, row.closed_at, row.draft = Holder.CLOSED.value, now, None
            self._timeline.change_holder(session, row, now)
            actor = Actor("operator", operator.id, operator.name)
            record_deed(session, now, actor, "conversation_closed", "conversation", row.id)
            self._timeline.announce(session, row.id)
            return store.to_conversation(row)

    async def answer(
        self,
        conversation_id: str,
        operator: Operator,
        text: str,
        client_message_id: str | None = None,
    ) -> Entry:
        """The operator's words to the resident; she must hold the conversation."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._held_row(session, conversation_id, operator)
            entry = self._timeline.say(
                session,
                row,
                now,
                Sender.OPERATOR,
                text,
                operator_name=operator.name,
                client_message_id=client_message_id,
            )
            row.first_reply_at = row.first_reply_at or now
            self._timeline.announce(session, row.id)
            return store.to_entry(entry)

    async def add_note(self, conversation_id: str, operator: Operator, text: str) -> None:
        """Write an internal note."""
        async with self._db.write() as session:
            row = await store.lock_conversation(session, conversation_id)
            if row is None:
                raise ConversationNotFound
            session.add(
                store.NoteRow(
                    conversation_id=row.id,
                    operator_id=operator.id,
                    operator_name=operator.name,
                    text=text,
                    created_at=self._clock.now(),
                )
            )
            self._timeline.announce(session, row.id)

    async def _open_row(self, session: AsyncSession, conversation_id: str) -> store.ConversationRow:
        row = await store.lock_conversation(session, conversation_id)
        if row is None:
            raise ConversationNotFound
        if row.holder == Holder.CLOSED.value:
            raise ConversationClosed
        return row

    async def _held_row(
        self, session: AsyncSession, conversation_id: str, operator: Operator
    ) -> store.ConversationRow:
        row = await self._open_row(session, conversation_id)
        if row.holder != Holder.OPERATOR.value or row.operator_id != operator.id:
            raise NotHolder
        return row
