"""The bot's turns: begun and finished one at a time in each conversation, each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import store
from conversations.models import Conversation, Entry, Holder, Reply
from conversations.sealing import cover_numbers, seal_numbers
from conversations.timeline import Timeline, conversation_topic
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database, after_commit
from hotline.privacy import Vault

LEASE = timedelta(seconds=30)
"""So long a turn's process has the conversation for itself; taken anew with each turn."""
_TURNS_PER_SESSION = 20
"""A Rasa turn slows with its session's length; a fresh session keeps it flat."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn of the bot's that has begun; `attempts` counts this try."""

    entry: Entry
    conversation: Conversation
    attempts: int


class Turns:
    """Begins and finishes turns; `owner` names the process that runs them."""

    def __init__(self, db: Database, clock: Clock, bus: Bus, vault: Vault | None) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._vault = vault
        self._timeline = Timeline(bus)

    async def begin(self, conversation_id: str, owner: str) -> Begun | None:
        """The oldest unanswered message, marked as tried once more, its conversation leased.

        None when all is answered, or while another process (`owner`) has the conversation.
        """
        async with self._db.write(durable=False) as session:
            row = await store.lock_conversation(session, conversation_id)
            if row is None or not store.may_lease(row, owner, self._clock.now()):
                return None
            return await self._begin_next(session, row, owner)

    async def _begin_next(
        self, session: AsyncSession, row: store.ConversationRow, owner: str
    ) -> Begun | None:
        now = self._clock.now()
        inbox = await store.next_waiting(session, row.id)
        if inbox is None:
            row.lease_owner, row.lease_until = None, None
            return None
        row.lease_owner, row.lease_until = owner, now + LEASE
        entry = await session.get_one(store.EntryRow, inbox.message_id)
        if inbox.attempts == 0 and row.draft is None and row.turns_in_session >= _TURNS_PER_SESSION:
            row.session, row.turns_in_session = row.session + 1, 0
        inbox.attempts += 1
        question = row.open_question
        if question and datetime.fromisoformat(question["until"]) <= now:
            row.open_question = None
        topic = conversation_topic(row.id)
        typing = {"type": "typing", "sender": "bot", "active": True}
        after_commit(session, lambda: self._bus.publish(topic, typing))
        return Begun(store.to_entry(entry), store.to_conversation(row), inbox.attempts)

    async def finish(
        self,
        conversation_id: str,
        message_id: str,
        replies: Sequence[Reply],
        error: str | None,
        owner: str,
    ) -> Begun | None:
        """Store the bot's replies, if it still holds, mark the message answered, begin the next.

        None when no other message waits; the lease is given back then.
        """
        now = self._clock.now()
        async with self._db.write(durable=False) as session:
            row = await store.lock_conversation(session, conversation_id)
            inbox = await store.next_waiting(session, conversation_id)
            if row is None or inbox is None or inbox.message_id != message_id:
                return None  # answered already, by a process that lost its lease to us
            inbox.done_at, inbox.error = now, error
            row.turns_in_session += 1
            if row.holder == Holder.BOT.value:
                for reply in replies:
                    self._timeline.say_reply(session, row, now, reply, message_id)
                handoff = next((reply.handoff for reply in replies if reply.handoff), None)
                if handoff is not None:
                    await self._timeline.enqueue(session, row, now, handoff, message_id)
            if row.draft is None and self._vault is not None:
                said = await session.get_one(store.EntryRow, message_id)
                # seldom: a look at the words of this turn spares a look at all
                if any(cover_numbers(each)[1] for each in (said.text, *[r.text for r in replies])):
                    await session.flush()
                    await seal_numbers(session, row, self._vault)
            self._timeline.announce(session, row.id)
            answered = {"type": "answered", "message_id": message_id}
            after_commit(
                session, lambda: self._bus.publish(conversation_topic(conversation_id), answered)
            )
            return await self._begin_next(session, row, owner)
