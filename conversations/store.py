"""Conversations in the database: tables and the few statements that touch them.

Every function works inside the caller's session; the caller owns the transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from conversations.models import Conversation, Entry, EntryType, Holder, Sender
from hotline.db import Base

_WAITING = text("done_at IS NULL")
"""Partial indexes hold only what is not done, so they stay small for ever."""


class ConversationRow(Base):
    """One conversation; `last_seq` hands out the gapless sequence."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index(None, "holder", "waiting_since"),
        Index(None, "channel", "external_user"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    external_user: Mapped[str | None] = mapped_column(String(128))
    token_hash: Mapped[str | None] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(String(16))
    operator_id: Mapped[str | None] = mapped_column(String(32))
    operator_name: Mapped[str | None] = mapped_column(String(64))
    last_seq: Mapped[int] = mapped_column(default=0)
    session: Mapped[int] = mapped_column(default=1)
    turns_in_session: Mapped[int] = mapped_column(default=0)
    draft: Mapped[dict[str, Any] | None]
    open_question: Mapped[dict[str, Any] | None]
    """Asked outside of a turn: the dialogue that his next words belong to (loop, slots)."""
    emergency: Mapped[str | None] = mapped_column(String(16))
    handoff: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    first_reply_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]


class EntryRow(Base):
    """One timeline entry: a message, or a change of holder."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        Index(None, "conversation_id", "in_reply_to"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(16))
    operator_name: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    """With telephone and identity numbers covered."""
    text_sealed: Mapped[str | None] = mapped_column(Text)
    """The words as they were sent, encrypted; only where a number is covered in `text`."""
    payload: Mapped[dict[str, Any]]
    client_message_id: Mapped[str | None] = mapped_column(String(128))
    in_reply_to: Mapped[str | None] = mapped_column(String(32))
    sent_at: Mapped[datetime]


class InboxRow(Base):
    """A resident's message that was accepted; `done_at` is set with its replies.

    The unique key makes a second delivery of the same message harmless.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index(None, "conversation_id", "done_at"),
        Index(
            "ix_inbox_waiting",
            "id",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


QUIET = "quiet"
"""Why a message to the resident waits: it is night. What he says himself lets it go."""


class OutboxRow(Base):
    """A message to the resident that his channel still has to deliver."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "available_at",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index(
            "ix_outbox_conversation",
            "conversation_id",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    parts_sent: Mapped[int] = mapped_column(default=0, server_default="0")
    available_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(128))


class SaidNumberRow(Base):
    """Which number (blind) was said in which conversation: found again to be forgotten."""

    __tablename__ = "said_numbers"
    __table_args__ = (Index(None, "conversation_id"),)

    number_blind: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)


class NoteRow(Base):
    """An operator's internal note; residents never see it."""

    __tablename__ = "notes"
    __table_args__ = (Index(None, "conversation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    operator_id: Mapped[str] = mapped_column(String(32))
    operator_name: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class AttachmentRow(Base):
    """A file that a resident sent; the bytes lie in the media folder under their hash."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "conversation_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    kind: Mapped[str] = mapped_column(String(16))
    content_type: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    position: Mapped[dict[str, Any] | None]
    """Where it was taken ({lat, lon}), read before the hidden data was stripped."""
    created_at: Mapped[datetime]


def new_id() -> str:
    """An unguessable identifier, 32 hex digits."""
    return uuid.uuid4().hex


def to_conversation(row: ConversationRow) -> Conversation:
    """The row as the plain type."""
    return Conversation(
        id=row.id,
        channel=row.channel,
        holder=Holder(row.holder),
        operator_id=row.operator_id,
        operator_name=row.operator_name,
        last_seq=row.last_seq,
        session=row.session,
        created_at=row.created_at,
        updated_at=row.updated_at,
        waiting_since=row.waiting_since,
        closed_at=row.closed_at,
        emergency=row.emergency,
        draft=row.draft,
        open_question=row.open_question,
    )


def to_entry(row: EntryRow) -> Entry:
    """The row as the plain type."""
    return Entry(
        id=row.id,
        seq=row.seq,
        type=EntryType(row.type),
        sender=Sender(row.sender),
        text=row.text,
        sent_at=row.sent_at,
        operator_name=row.operator_name,
        client_message_id=row.client_message_id,
        in_reply_to=row.in_reply_to,
        payload=row.payload,
        sealed=row.text_sealed is not None,
    )


async def lock_conversation(session: AsyncSession, conversation_id: str) -> ConversationRow | None:
    """The conversation, locked until the transaction ends (the writer lock does so on SQLite)."""
    return await session.get(ConversationRow, conversation_id, with_for_update=True)


def append_entry(
    session: AsyncSession,
    conversation: ConversationRow,
    now: datetime,
    sender: Sender,
    text: str = "",
    *,
    type: EntryType = EntryType.MESSAGE,
    operator_name: str | None = None,
    client_message_id: str | None = None,
    in_reply_to: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> EntryRow:
    """Add the next entry. The conversation must be locked: that is what keeps seq gapless."""
    conversation.last_seq += 1
    conversation.updated_at = now
    row = EntryRow(
        id=new_id(),
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        type=type.value,
        sender=sender.value,
        operator_name=operator_name,
        text=text,
        payload=dict(payload or {}),
        client_message_id=client_message_id,
        in_reply_to=in_reply_to,
        sent_at=now,
    )
    session.add(row)
    return row


async def find_inbox(session: AsyncSession, channel: str, external_id: str) -> InboxRow | None:
    """The message accepted earlier under this id."""
    query = select(InboxRow).where(InboxRow.channel == channel, InboxRow.external_id == external_id)
    return await session.scalar(query)


async def next_waiting(session: AsyncSession, conversation_id: str) -> InboxRow | None:
    """The oldest message of the conversation that has no answer yet."""
    query = (
        select(InboxRow)
        .where(InboxRow.conversation_id == conversation_id, InboxRow.done_at.is_(None))
        .order_by(InboxRow.id)
        .limit(1)
    )
    return await session.scalar(query)


async def count_said(
    session: AsyncSession, conversation_id: str, sender: Sender, since: datetime
) -> int:
    """How many messages of `sender` there are after `since`."""
    query = select(func.count()).where(
        EntryRow.conversation_id == conversation_id,
        EntryRow.sender == sender.value,
        EntryRow.sent_at > since,
    )
    return await session.scalar(query) or 0


async def is_answered(session: AsyncSession, message_id: str) -> bool:
    """Whether the bot's turn for this message is over, or none was needed."""
    query = select(InboxRow.id).where(InboxRow.message_id == message_id, InboxRow.done_at.is_(None))
    return await session.scalar(query) is None


def may_lease(row: ConversationRow, owner: str, now: datetime) -> bool:
    """Whether this process may run the conversation's turns: nobody else does, or he is dead."""
    return row.lease_owner in (None, owner) or row.lease_until is None or row.lease_until < now


async def conversations_waiting(session: AsyncSession, now: datetime, limit: int) -> Sequence[str]:
    """Conversations with unanswered messages that no living process is working on."""
    query = (
        select(InboxRow.conversation_id)
        .join(ConversationRow, ConversationRow.id == InboxRow.conversation_id)
        .where(
            InboxRow.done_at.is_(None),
            or_(ConversationRow.lease_owner.is_(None), ConversationRow.lease_until < now),
        )
        .group_by(InboxRow.conversation_id)
        .order_by(func.min(InboxRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def release_all_leases(session: AsyncSession) -> None:
    """Forget who worked on what; only for the one process that owns the whole database."""
    await session.execute(
        update(ConversationRow)
        .where(ConversationRow.lease_owner.is_not(None))
        .values(lease_owner=None, lease_until=None)
    )


async def entries_after(
    session: AsyncSession, conversation_id: str, after: int, limit: int
) -> Sequence[Entry]:
    """Timeline entries with seq > `after`, in order."""
    query = (
        select(EntryRow)
        .where(EntryRow.conversation_id == conversation_id, EntryRow.seq > after)
        .order_by(EntryRow.seq)
        .limit(limit)
    )
    return [to_entry(row) for row in await session.scalars(query)]


async def replies_to(
    session: AsyncSession, conversation_id: str, message_id: str
) -> Sequence[Entry]:
    """The messages stored in answer to one message, in order."""
    query = (
        select(EntryRow)
        .where(
            EntryRow.conversation_id == conversation_id,
            EntryRow.in_reply_to == message_id,
            EntryRow.type == EntryType.MESSAGE.value,
        )
        .order_by(EntryRow.seq)
    )
    return [to_entry(row) for row in await session.scalars(query)]


async def last_said_at(session: AsyncSession, conversation_id: str) -> datetime | None:
    """When the resident wrote last."""
    query = (
        select(EntryRow.sent_at)
        .where(
            EntryRow.conversation_id == conversation_id,
            EntryRow.sender == Sender.RESIDENT.value,
        )
        .order_by(EntryRow.seq.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def count_ahead(session: AsyncSession, conversation: ConversationRow) -> int:
    """How many residents wait before this one; danger goes first, then who came first."""
    mine = conversation.waiting_since
    if mine is None:
        return 0
    came_first = ConversationRow.waiting_since < mine
    same_moment = and_(ConversationRow.waiting_since == mine, ConversationRow.id < conversation.id)
    earlier = or_(came_first, same_moment)
    in_danger = ConversationRow.emergency.is_not(None)
    before = and_(in_danger, earlier) if conversation.emergency else or_(in_danger, earlier)
    query = (
        select(func.count())
        .select_from(ConversationRow)
        .where(
            ConversationRow.holder == Holder.QUEUE.value,
            ConversationRow.id != conversation.id,
            before,
        )
    )
    return int(await session.scalar(query) or 0)
