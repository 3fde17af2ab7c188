"""What can be done with a conversation, each deed in one transaction.

The holder is checked inside the transaction that writes, so that a bot never speaks over a person.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.emergency import danger_to_teller, detect_emergency
from bot.language.normalise import simplify
from conversations import store
from conversations.emergencies import STAY_WITH_US, advise
from conversations.errors import (
    ConversationClosed,
    ConversationNotFound,
)
from conversations.held import HeldConversations
from conversations.models import (
    Conversation,
    Entry,
    Handoff,
    Holder,
    Incoming,
    Reply,
    Sender,
    wants_to_leave_queue,
)
from conversations.sealing import cover_numbers, seal_numbers
from conversations.timeline import (
    BACK_TO_BOT,
    DESK_TOPIC,
    KEPT_BRIEFLY,
    KEPT_FOR_OPERATOR,
    Timeline,
    reply_payload,
)
from conversations.turns import Turns
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database, after_commit
from hotline.hours import ALWAYS, Hours
from hotline.privacy import Vault

TIMELINE_PAGE = 500
_TOLD_EVERY = 3
_VOICE = "voice"
"""Who waits on the telephone hears the queue, and nothing is read to him in between."""
_TALKING = timedelta(minutes=10)
"""So long after the last message of a conversation its resident is awake."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is safely stored. `repeated`: it had been accepted before."""

    entry: Entry
    conversation: Conversation
    needs_turn: bool
    repeated: bool


class Conversations(HeldConversations):
    """The use cases around conversations: residents' and the bot's here, operators' in the base."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        vault: Vault | None = None,
        waking: Hours = ALWAYS,
    ) -> None:
        """`waking`: when a resident may be told something he has not asked for just now.

        Without a `vault` (tools, tests) words are kept as they are.
        """
        super().__init__(db, clock, Timeline(bus))
        self._bus = bus
        self._vault = vault
        self._waking = waking
        self.turns = Turns(db, clock, bus, vault)

    # --- residents -----------------------------------------------------------------------

    async def open(
        self, channel: str, greeting: Sequence[Reply], external_user: str | None = None
    ) -> tuple[Conversation, str, Sequence[Entry]]:
        """Start a conversation; returns it, the resident's token (shown once) and the greeting."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self.open_within(session, channel, external_user, _hash_token(token))
            entries = [
                store.append_entry(
                    session, row, now, Sender.BOT, reply.text, payload=reply_payload(reply)
                )
                for reply in greeting
            ]
        return store.to_conversation(row), token, [store.to_entry(entry) for entry in entries]

    async def open_within(
        self,
        session: AsyncSession,
        channel: str,
        external_user: str | None = None,
        token_hash: str | None = None,
    ) -> store.ConversationRow:
        """Start a conversation in the caller's transaction; without a token no page opens it."""
        now = self._clock.now()
        row = store.ConversationRow(
            id=store.new_id(),
            channel=channel,
            external_user=external_user,
            token_hash=token_hash,
            holder=Holder.BOT.value,
            last_seq=0,
            session=1,
            turns_in_session=0,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        await session.flush()
        return row

    async def greet_within(
        self, session: AsyncSession, conversation_id: str, greeting: Sequence[Reply]
    ) -> None:
        """Say the greeting, in the caller's transaction, unless a person holds the conversation."""
        row = await store.lock_conversation(session, conversation_id)
        if row is None or row.holder != Holder.BOT.value:
            return
        now = self._clock.now()
        for reply in greeting:
            self._timeline.say_reply(session, row, now, reply, None)
        self._timeline.announce(session, row.id)

    async def authenticate(self, conversation_id: str, token: str) -> Conversation:
        """The conversation, if the token is its own; else ConversationNotFound."""
        async with self._db.read(brief=True) as session:
            row = await session.get(store.ConversationRow, conversation_id)
        stored = row.token_hash if row else None
        # compare even when there is no such conversation: the time taken tells nothing
        matches = hmac.compare_digest(stored or "-", _hash_token(token))
        if row is None or not matches:
            raise ConversationNotFound
        return store.to_conversation(row)

    async def accept(self, conversation_id: str, incoming: Incoming) -> Accepted:
        """Store a resident's message durably; the same external id is stored once."""
        try:
            async with self._db.write() as session:
                return await self.accept_within(session, conversation_id, incoming)
        except IntegrityError:
            # two deliveries at the same moment: the other one won, so this one is the repeat
            async with self._db.write() as session:
                return await self.accept_within(session, conversation_id, incoming)

    async def accept_within(
        self, session: AsyncSession, conversation_id: str, incoming: Incoming
    ) -> Accepted:
        """`accept` in the caller's transaction."""
        now = self._clock.now()
        row = await store.lock_conversation(session, conversation_id)
        if row is None:
            raise ConversationNotFound
        key = f"{conversation_id}:{incoming.external_id}"
        earlier = await store.find_inbox(session, row.channel, key)
        if earlier is not None:
            entry = await session.get_one(store.EntryRow, earlier.message_id)
            return Accepted(
                store.to_entry(entry), store.to_conversation(row), earlier.done_at is None, True
            )
        if row.holder == Holder.CLOSED.value:
            raise ConversationClosed
        entry = store.append_entry(
            session,
            row,
            now,
            Sender.RESIDENT,
            incoming.text,
            client_message_id=incoming.external_id,
            payload=await _incoming_payload(session, conversation_id, incoming),
        )
        await session.flush()
        danger = _danger_in(entry.text)
        if danger is not None:
            self._advise_in_danger(session, row, danger, entry.id, entry.text)
        for_bot = row.holder == Holder.BOT.value
        if row.holder == Holder.QUEUE.value and wants_to_leave_queue(incoming.text):
            self._timeline.give_back(
                session, row, now, Actor("resident", row.id), BACK_TO_BOT, entry.id
            )
        elif row.holder == Holder.QUEUE.value and danger is None:
            await self._say_kept(session, row, entry.id)
        if for_bot and incoming.answer is not None:
            for_bot = False
            self._timeline.say_reply(session, row, now, incoming.answer, entry.id)
        session.add(
            store.InboxRow(
                channel=row.channel,
                external_id=key,
                conversation_id=row.id,
                message_id=entry.id,
                created_at=now,
                done_at=None if for_bot else now,
            )
        )
        if not for_bot and self._vault is not None and cover_numbers(incoming.text)[1]:
            await session.flush()
            await seal_numbers(session, row, self._vault)
        self._timeline.announce(session, row.id)
        return Accepted(store.to_entry(entry), store.to_conversation(row), for_bot, False)

    async def _say_kept(
        self, session: AsyncSession, row: store.ConversationRow, message_id: str
    ) -> None:
        """Tell who goes on talking in the queue that his words are kept, and now and then how he gets
        out of it."""
        if row.waiting_since is None or row.channel == _VOICE:
            return
        said = await store.count_said(session, row.id, Sender.RESIDENT, row.waiting_since)
        text = KEPT_FOR_OPERATOR if said % _TOLD_EVERY == 1 else KEPT_BRIEFLY
        if row.emergency == "self_harm":
            text = STAY_WITH_US
        now = self._clock.now()
        self._timeline.say(session, row, now, Sender.SYSTEM, text, in_reply_to=message_id)

    async def warn(self, conversation_id: str, danger: str, message_id: str | None) -> None:
        """Tell where to call in a danger that only the whole reading of a message showed.

        `danger` is a key of EMERGENCY_ADVICE. No-op when advice on a danger was given before.
        """
        async with self._db.write() as session:
            row = await store.lock_conversation(session, conversation_id)
            if row is None:
                raise ConversationNotFound
            if row.emergency is None:
                entry = await session.get(store.EntryRow, message_id) if message_id else None
                told = entry.text if entry is not None else ""
                self._advise_in_danger(session, row, danger, message_id, told)
                self._timeline.announce(session, row.id)

    def _advise_in_danger(
        self,
        session: AsyncSession,
        row: store.ConversationRow,
        danger: str,
        message_id: str | None,
        text: str,
    ) -> None:
        """Tell where to call, before anything else, whoever holds, and though Rasa be down."""
        if row.emergency == danger:
            return
        now = self._clock.now()
        if row.emergency != "self_harm":  # whatever comes to it, he is not left alone
            row.emergency = danger
        advice = advise(danger, text)
        self._timeline.say(session, row, now, Sender.SYSTEM, advice, in_reply_to=message_id)
        record_deed(session, now, SYSTEM, "emergency_raised", "conversation", row.id, kind=danger)

    async def replies(self, conversation_id: str, message_id: str) -> tuple[bool, Sequence[Entry]]:
        """Whether the message has been dealt with, and what was said in answer to it."""
        async with self._db.read(brief=True) as session:
            entries = await store.replies_to(session, conversation_id, message_id)
            return await store.is_answered(session, message_id), entries

    async def timeline(self, conversation_id: str, after: int = 0) -> Sequence[Entry]:
        """At most TIMELINE_PAGE entries with seq > `after`."""
        async with self._db.read(brief=True) as session:
            return await store.entries_after(session, conversation_id, after, TIMELINE_PAGE)

    async def look(self, conversation_id: str, after: int) -> tuple[Conversation, Sequence[Entry]]:
        """`get` and `timeline` at one moment."""
        async with self._db.read(brief=True) as session:
            row = await session.get(store.ConversationRow, conversation_id)
            if row is None:
                raise ConversationNotFound
            entries = await store.entries_after(session, conversation_id, after, TIMELINE_PAGE)
        return store.to_conversation(row), entries

    async def words_as_sent(self, conversation_id: str, seq: int) -> str | None:
        """A message with its numbers, for who may see them; None when there is no such message."""
        query = select(store.EntryRow).where(
            store.EntryRow.conversation_id == conversation_id, store.EntryRow.seq == seq
        )
        async with self._db.read() as session:
            row = await session.scalar(query)
        if row is None:
            return None
        sealed = row.text_sealed
        return self._vault.unlock(sealed) if sealed and self._vault is not None else row.text

    async def get(self, conversation_id: str) -> Conversation:
        """The conversation's state."""
        async with self._db.read(brief=True) as session:
            row = await session.get(store.ConversationRow, conversation_id)
        if row is None:
            raise ConversationNotFound
        return store.to_conversation(row)

    async def waiting_place(self, conversation_id: str) -> int | None:
        """How many wait before this conversation; None when it does not wait."""
        async with self._db.read() as session:
            row = await session.get(store.ConversationRow, conversation_id)
            if row is None or row.holder != Holder.QUEUE.value:
                return None
            return await store.count_ahead(session, row)

    async def wait_for_human(self, conversation_id: str, handoff: Handoff) -> None:
        """Let the resident wait for a person without a word from the bot; no-op when he does."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._open_row(session, conversation_id)
            if row.holder == Holder.BOT.value:
                await self._timeline.enqueue(session, row, now, handoff, None)
                self._timeline.announce(session, row.id)

    async def stop_waiting(self, conversation_id: str) -> None:
        """Out of the queue, back to the bot; no-op when the conversation does not wait."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._open_row(session, conversation_id)
            if row.holder == Holder.QUEUE.value:
                actor = Actor("resident", row.id)
                self._timeline.give_back(session, row, now, actor, BACK_TO_BOT)
                self._timeline.announce(session, row.id)

    async def keep_draft(self, conversation_id: str, draft: Mapping[str, Any] | None) -> None:
        """Show operators what the bot has gathered so far; None when nothing is under way."""
        async with self._db.write(durable=False) as session:
            row = await store.lock_conversation(session, conversation_id)
            if row is None:
                raise ConversationNotFound
            row.draft = dict(draft) if draft is not None else None
            if draft is None and self._vault is not None:
                await seal_numbers(session, row, self._vault)
            after_commit(session, lambda: self._bus.publish(DESK_TOPIC, {"type": "changed"}))

    async def tell(
        self,
        session: AsyncSession,
        conversation_id: str,
        text: str,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Put a system message to the resident into the caller's transaction and the outbox.

        At night it waits for the morning, unless he is in danger or writing himself.
        """
        row = await store.lock_conversation(session, conversation_id)
        if row is None:
            raise ConversationNotFound
        now = self._clock.now()
        said_at = await store.last_said_at(session, row.id)
        talking = said_at is not None and now - said_at < _TALKING
        awake = row.emergency is not None or talking
        later = self._waking.next_open(now)
        self._timeline.say(
            session,
            row,
            now,
            Sender.SYSTEM,
            text,
            payload=payload,
            not_before=None if awake or later <= now else later,
        )
        self._timeline.announce(session, row.id)

    async def ask(
        self,
        session: AsyncSession,
        conversation_id: str,
        text: str,
        payload: Mapping[str, Any],
        question: Mapping[str, Any],
    ) -> None:
        """`tell` a question outside of a turn; his next words belong to the dialogue it names."""
        await self.tell(session, conversation_id, text, payload)
        row = await store.lock_conversation(session, conversation_id)
        if row is not None and row.holder != Holder.CLOSED.value:
            row.open_question = dict(question)

    async def close_question(self, conversation_id: str) -> None:
        """What was asked outside of a turn has been answered, or is asked no more."""
        async with self._db.write(durable=False) as session:
            row = await store.lock_conversation(session, conversation_id)
            if row is not None:
                row.open_question = None


def _danger_in(text: str) -> str | None:
    plain = simplify(text)
    return danger_to_teller(detect_emergency(plain), plain)


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def _incoming_payload(
    session: AsyncSession, conversation_id: str, incoming: Incoming
) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    if incoming.location:
        payload["location"] = asdict(incoming.location)
    attachments = []
    for attachment_id in incoming.attachment_ids:
        row = await session.get(store.AttachmentRow, attachment_id)
        if row is None or row.conversation_id != conversation_id:
            raise ConversationNotFound("没有找到要发送的图片，请重新上传。")
        attachments.append(
            {
                "id": row.id,
                "kind": row.kind,
                "content_type": row.content_type,
                "name": row.name,
                "width": row.width,
                "height": row.height,
                **({"position": row.position} if row.position else {}),
            }
        )
    if attachments:
        payload["attachments"] = attachments
    return payload
