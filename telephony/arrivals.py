"""A call begins: a new conversation, or the one in which this number left something half told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from conversations.models import Holder
from conversations.service import Conversations
from conversations.store import ConversationRow
from hotline.audit import SYSTEM, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings
from telephony import store
from telephony.call import Call
from telephony.call_backs import CallBacks
from telephony.events import Answered
from telephony.models import Arrival, CallStatus
from telephony.store import CallRow
from telephony.wire import dump

PROVIDER = "twilio"
CHANNEL = "voice"
_RESUME_WITHIN = timedelta(hours=24)
_EMPTY_WITHIN = timedelta(hours=1)
_MOST_EMPTY = 3


def memory_of(call: Call) -> dict[str, Any]:
    """As kept: the caller's number lies sealed in its own column."""
    return replace(call, caller="").to_json()


class Arrivals:
    """Opens calls."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        settings: Settings,
        conversations: Conversations,
        call_backs: CallBacks,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._settings = settings
        self._conversations = conversations
        self._call_backs = call_backs

    async def open(self, arrival: Arrival) -> CallRow:
        """The call's row; the same call announced twice is one row."""
        now = self._clock.now()
        blind = self._vault.blind(arrival.caller) if arrival.caller else None
        promised = await self._call_backs.find(arrival.call_back_id)
        conversation_id, unfinished = None, None
        if promised is not None and promised.conversation_id:
            # whatever number he asked to be called at, it is that talk which goes on
            conversation_id, unfinished = await self._reopen(promised.conversation_id)
        if conversation_id is None:
            conversation_id, unfinished = await self._find_unfinished(blind)
        if conversation_id is None:
            conversation, _, _ = await self._conversations.open(CHANNEL, [], blind)
            conversation_id, last_seq = conversation.id, 0
        else:
            last_seq = (await self._conversations.get(conversation_id)).last_seq
        record = bool(self._settings.telephony_record)
        call = Call(
            caller=arrival.caller,
            notice=self._settings.telephony_notice
            if record or self._settings.telephony_transcribe
            else "",
            patient=not await self._often_nothing(blind),
        )
        opening = Answered(
            unfinished,
            promised.errand if promised else None,
            promised.case_number if promised else None,
        )
        row = CallRow(
            id=store.new_id(),
            provider=PROVIDER,
            sid=arrival.sid,
            line=arrival.line.value,
            status=CallStatus.RINGING.value,
            direction="outbound" if arrival.outbound else "inbound",
            conversation_id=conversation_id,
            call_back_id=arrival.call_back_id,
            caller_sealed=self._vault.lock(arrival.caller) if arrival.caller else None,
            caller_blind=blind,
            memory=memory_of(call),
            acts=[],
            pending=[dump(opening)],
            turn=0,
            spoken_seq=last_seq,
            recording=record,
            started_at=now,
            seen_at=now,
        )
        try:
            async with self._db.write() as session:
                session.add(row)
                record_deed(
                    session, now, SYSTEM, "call_opened", "call", row.id, direction=row.direction
                )
        except IntegrityError:
            # announced at another process at the same moment: that row counts
            async with self._db.read() as session:
                earlier = await store.find_call(session, PROVIDER, arrival.sid)
            if earlier is None:
                raise
            return earlier
        return row

    async def _find_unfinished(self, blind: str | None) -> tuple[str | None, str | None]:
        """The conversation in which this number left a report half told, and its last question."""
        if blind is None:
            return None, None
        query = (
            select(ConversationRow, CallRow.memory)
            .join(CallRow, CallRow.conversation_id == ConversationRow.id)
            .where(
                ConversationRow.channel == CHANNEL,
                ConversationRow.external_user == blind,
                ConversationRow.holder == Holder.BOT.value,
                ConversationRow.updated_at > self._clock.now() - _RESUME_WITHIN,
                CallRow.ended_at.is_not(None),
            )
            .order_by(CallRow.started_at.desc())
            .limit(1)
        )
        async with self._db.read() as session:
            found = (await session.execute(query)).first()
        if found is None or found[0].draft is None:
            return None, None
        return found[0].id, _last_question(found[1])

    async def _reopen(self, conversation_id: str) -> tuple[str | None, str | None]:
        """The talk a call-back was promised in, and where its report broke off."""
        conversation = await self._conversations.get(conversation_id)
        if conversation.holder is not Holder.BOT:
            return None, None
        if conversation.draft is None:
            return conversation.id, None
        query = (
            select(CallRow.memory)
            .where(CallRow.conversation_id == conversation_id)
            .order_by(CallRow.started_at.desc())
            .limit(1)
        )
        async with self._db.read() as session:
            memory = await session.scalar(query)
        return conversation.id, _last_question(memory or {})

    async def _often_nothing(self, blind: str | None) -> bool:
        if blind is None:
            return False
        query = (
            select(CallRow.memory)
            .where(
                CallRow.caller_blind == blind,
                CallRow.started_at > self._clock.now() - _EMPTY_WITHIN,
                CallRow.ended_at.is_not(None),
            )
            .order_by(CallRow.started_at.desc())
            .limit(_MOST_EMPTY)
        )
        async with self._db.read() as session:
            memories = (await session.scalars(query)).all()
        return len(memories) == _MOST_EMPTY and all(_was_nothing(each) for each in memories)


def _last_question(memory: Mapping[str, Any]) -> str:
    return Call.from_json(memory).question or "请接着说。"


def _was_nothing(memory: Mapping[str, Any]) -> bool:
    """A call on which nobody spoke, or abuse alone was said."""
    counts = memory.get("counts") or {}
    return not memory.get("spoke") or counts.get("insults", 0) >= max(counts.get("turns", 0), 1)
