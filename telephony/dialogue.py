"""The dialogue behind a call: the caller's words to the assistant, everything unsaid back to him."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from conversations.errors import ConversationClosed
from conversations.models import Conversation, Holder, Incoming
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.store import is_answered
from conversations.timeline import conversation_topic
from conversations.waiting import until_answered
from hotline.bus import Bus
from hotline.db import Database
from hotline.settings import Settings
from telephony.call import Call, Phase
from telephony.entries import to_answers
from telephony.events import Answers, Event, Joined, Returned, Slow
from telephony.store import CallRow
from telephony.wire import load


class Dialogue:
    """Speaks with the assistant for a call; notes in the row what was asked and what was told."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        settings: Settings,
        conversations: Conversations,
        relay: Relay,
    ) -> None:
        self._db = db
        self._bus = bus
        self._settings = settings
        self._conversations = conversations
        self._relay = relay

    async def converse(self, row: CallRow, text: str) -> Event:
        """The answer to these words, or Slow."""
        conversation_id = str(row.conversation_id)
        topic = conversation_topic(conversation_id)
        async with self._bus.listen(topic) as signals:
            accepted = await self._conversations.accept(
                conversation_id,
                Incoming(f"{row.sid}:{row.turn}", text[: self._settings.max_message_chars]),
            )
            if accepted.needs_turn:
                row.asked = accepted.entry.id
                self._relay.submit(conversation_id)
            return await self._wait_for_answer(row, signals)

    async def _wait_for_answer(self, row: CallRow, signals: asyncio.Queue[Any]) -> Event:
        deadline = time.monotonic() + self._settings.telephony_turn_seconds
        while row.asked is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                return Slow()
            told = await until_answered(signals, row.asked, min(left, 1.0))
            if told or await self._is_answered(row.asked):
                row.asked = None
        return await self._unsaid(row)

    async def _is_answered(self, message_id: str) -> bool:
        async with self._db.read(brief=True) as session:
            return await is_answered(session, message_id)

    async def _unsaid(self, row: CallRow) -> Answers:
        """Everything written to the resident that has not been spoken."""
        conversation, entries = await self._conversations.look(
            str(row.conversation_id), row.spoken_seq
        )
        if entries:
            row.spoken_seq = entries[-1].seq
        return to_answers(conversation, entries)

    async def news(self, row: CallRow, call: Call) -> list[Event]:
        """What happened beside the line: pending events, another holder, words to be said."""
        if row.pending:
            return [load(each) for each in row.pending]
        conversation = await self._conversations.get(str(row.conversation_id))
        changed = self._holder_changed(conversation, call)
        if changed is not None:
            entries = await self._unsaid(row)
            return [changed, *([entries] if any(e.by_operator for e in entries.answers) else [])]
        if row.asked is not None:
            async with self._bus.listen(conversation_topic(conversation.id)) as signals:
                if await self._is_answered(row.asked):
                    row.asked = None
                return [await self._wait_for_answer(row, signals)]
        return [await self._unsaid(row)]

    @staticmethod
    def _holder_changed(conversation: Conversation, call: Call) -> Event | None:
        with_person = call.phase in (Phase.TYPED, Phase.OPERATOR)
        if conversation.holder is Holder.CLOSED:
            raise ConversationClosed
        if conversation.holder is Holder.OPERATOR and not with_person:
            return Joined(conversation.operator_name or "", typing=True)
        if conversation.holder is Holder.BOT and with_person:
            return Returned()
        return None
