"""What is written into a conversation's timeline, inside the caller's transaction.

The conversation row must be locked by the caller: that keeps the sequence gapless and the holder
true until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import store
from conversations.models import EntryType, Handoff, Holder, Reply, Sender
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.bus import Bus
from hotline.db import after_commit

BACK_TO_BOT = "好的，已回到智能助手。请继续说您的问题。"
TAKEN_OVER = "坐席{name}已接入，为您服务。"
RETURNED = "人工服务已结束，智能助手继续为您服务。"
CLOSED = "本次会话已结束，感谢您的来访。"
WAITING_NEXT = "已为您转接人工，您排在第 1 位。等待时回复“返回”，可以继续由智能助手为您服务。"
WAITING = "已为您转接人工，您前面还有 {ahead} 位。等待时回复“返回”，可以继续由智能助手为您服务。"
WAITING_IN_NEED = "值班人员会尽快来陪您说，您可以接着说，我都记着。"
"""To whom wants to die: nobody tells him how many stand before him."""
KEPT_BRIEFLY = "收到了，坐席接入后能看到。"
KEPT_FOR_OPERATOR = "您的话已经留给坐席，接入后就能看到。想先由我来办，请回复“返回”。"
PRESS_BACK = {"buttons": [{"title": "返回智能助手", "payload": "返回"}]}


def conversation_topic(conversation_id: str) -> str:
    """Bus topic of one conversation."""
    return f"conversation:{conversation_id}"


DESK_TOPIC = "desk"
"""Bus topic of the operators' queue."""


class Timeline:
    """Writes messages and changes of holder."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def say(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        now: datetime,
        sender: Sender,
        text: str,
        *,
        operator_name: str | None = None,
        client_message_id: str | None = None,
        in_reply_to: str | None = None,
        payload: Mapping[str, Any] | None = None,
        not_before: datetime | None = None,
    ) -> store.EntryRow:
        """Write a message to the resident and put it into the outbox, for delivery `not_before`."""
        entry = store.append_entry(
            session,
            row,
            now,
            sender,
            text,
            operator_name=operator_name,
            client_message_id=client_message_id,
            in_reply_to=in_reply_to,
            payload=payload,
        )
        session.add(
            store.OutboxRow(
                channel=row.channel,
                conversation_id=row.id,
                message_id=entry.id,
                available_at=not_before or now,
                error=store.QUIET if not_before else None,
            )
        )
        return entry

    def say_reply(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        now: datetime,
        reply: Reply,
        message_id: str | None,
    ) -> None:
        """Write what the bot says in answer to a message."""
        self.say(
            session,
            row,
            now,
            Sender.BOT,
            reply.text,
            in_reply_to=message_id,
            payload=reply_payload(reply),
        )

    async def enqueue(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        now: datetime,
        handoff: Handoff,
        message_id: str | None,
    ) -> None:
        """Let the resident wait for a person, and tell him his place."""
        row.holder, row.waiting_since, row.handoff = Holder.QUEUE.value, now, asdict(handoff)
        await session.flush()
        ahead = await store.count_ahead(session, row)
        self.change_holder(session, row, now, queue_position=ahead + 1)
        text = WAITING.format(ahead=ahead) if ahead else WAITING_NEXT
        if row.emergency == "self_harm":
            text = WAITING_IN_NEED
        self.say(session, row, now, Sender.SYSTEM, text, in_reply_to=message_id, payload=PRESS_BACK)
        record_deed(
            session, now, SYSTEM, "handoff_requested", "conversation", row.id, reason=handoff.reason
        )

    def give_back(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        now: datetime,
        actor: Actor,
        text: str,
        in_reply_to: str | None = None,
    ) -> None:
        """Let the bot hold the conversation again, and say so."""
        row.holder, row.waiting_since = Holder.BOT.value, None
        row.operator_id, row.operator_name = None, None
        self.change_holder(session, row, now)
        self.say(session, row, now, Sender.SYSTEM, text, in_reply_to=in_reply_to)
        record_deed(session, now, actor, "conversation_returned", "conversation", row.id)

    def change_holder(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        now: datetime,
        queue_position: int | None = None,
    ) -> None:
        """Write the change of holder into the timeline."""
        payload: dict[str, Any] = {"holder": row.holder}
        if queue_position is not None:
            payload["queue_position"] = queue_position
        store.append_entry(
            session,
            row,
            now,
            Sender.SYSTEM,
            type=EntryType.HOLDER,
            operator_name=row.operator_name,
            payload=payload,
        )

    def announce(self, session: AsyncSession, conversation_id: str) -> None:
        """Once committed, tell every open page to look."""

        def publish() -> None:
            self._bus.publish(conversation_topic(conversation_id), {"type": "changed"})
            self._bus.publish(DESK_TOPIC, {"type": "changed", "conversation_id": conversation_id})

        after_commit(session, publish)


def reply_payload(reply: Reply) -> dict[str, Any]:
    """What a reply carries besides its text, as it is stored."""
    payload: dict[str, Any] = {}
    if reply.buttons:
        payload["buttons"] = [asdict(button) for button in reply.buttons]
    if reply.citations:
        payload["citations"] = [dict(citation) for citation in reply.citations]
    if reply.case:
        payload["case"] = dict(reply.case)
    if reply.places:
        payload["places"] = [dict(place) for place in reply.places]
    if reply.missed:
        payload["missed"] = True
    if reply.expects:
        payload["expects"] = reply.expects
    return payload
