"""What the two channels keep: the journal of deliveries, residents with windows, tokens, cursors.

Every function works inside the caller's session; the caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CursorResult,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from channels.tencent.models import Inbound
from conversations.store import QUIET, EntryRow, OutboxRow
from hotline.db import Base

_WAITING = text("done_at IS NULL")


class InboundRow(Base):
    """A delivery that was acknowledged; its `body` is emptied once it is in the timeline.

    The unique key makes every repeat of it harmless.
    """

    __tablename__ = "channel_inbound"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index(
            "ix_channel_inbound_waiting",
            "channel",
            "external_user",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index(None, "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(200))
    external_user: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]


class ChannelUserRow(Base):
    """A resident on one channel: his conversation, and how much we may send him."""

    __tablename__ = "channel_users"
    __table_args__ = (Index(None, "conversation_id"),)

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    external_user: Mapped[str] = mapped_column(String(128), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(String(64), default="")
    windows: Mapped[list[Any]]
    permissions: Mapped[dict[str, Any]]
    blocked: Mapped[str | None] = mapped_column(String(64))
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AccessTokenRow(Base):
    """An access token, sealed, shared by all processes; the lease lets one of them renew it."""

    __tablename__ = "channel_tokens"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    token_sealed: Mapped[str | None] = mapped_column(Text)
    obtained_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    forced_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]


class CursorRow(Base):
    """How far a WeCom service account's messages have been read."""

    __tablename__ = "channel_cursors"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]


def _insert(session: AsyncSession, table: Any) -> Any:
    postgres = session.get_bind().dialect.name == "postgresql"
    return postgresql_insert(table) if postgres else sqlite_insert(table)


async def keep_inbound(
    session: AsyncSession, channel: str, items: Sequence[Inbound], now: datetime
) -> set[str]:
    """Write the deliveries that are new; returns their external ids."""
    rows = [
        {
            "channel": channel,
            "external_id": item.external_id,
            "external_user": item.user,
            "kind": item.kind.value,
            "body": dict(item.body),
            "created_at": item.created_at,
            "received_at": now,
            "attempts": 0,
        }
        for item in items
    ]
    # rows as parameters: a statement with the values inside would be compiled for each size anew
    statement = (
        _insert(session, InboundRow.__table__)
        .on_conflict_do_nothing(index_elements=["channel", "external_id"])
        .returning(InboundRow.__table__.c.external_id)
    )
    return set((await session.execute(statement, rows)).scalars())


async def next_inbound(session: AsyncSession, channel: str, user: str) -> InboundRow | None:
    """The resident's oldest delivery not taken up yet, by his own clock."""
    query = (
        select(InboundRow)
        .where(
            InboundRow.channel == channel,
            InboundRow.external_user == user,
            InboundRow.done_at.is_(None),
        )
        .order_by(InboundRow.created_at, InboundRow.id)
        .limit(1)
    )
    return await session.scalar(query)


async def users_waiting(session: AsyncSession, channel: str, limit: int) -> Sequence[str]:
    """Residents with deliveries not taken up yet, who came first first."""
    query = (
        select(InboundRow.external_user)
        .where(InboundRow.channel == channel, InboundRow.done_at.is_(None))
        .group_by(InboundRow.external_user)
        .order_by(func.min(InboundRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def count_inbound(session: AsyncSession, channel: str) -> int:
    """Deliveries not taken up yet."""
    query = (
        select(func.count())
        .select_from(InboundRow)
        .where(InboundRow.channel == channel, InboundRow.done_at.is_(None))
    )
    return int(await session.scalar(query) or 0)


def finish_inbound(row: InboundRow, now: datetime) -> None:
    """It is in the timeline now: what it said need not be kept twice."""
    row.done_at, row.body = now, {}


async def forget_inbound(session: AsyncSession, before: datetime) -> None:
    """Drop what can no longer be repeated."""
    await session.execute(
        delete(InboundRow).where(InboundRow.done_at.is_not(None), InboundRow.received_at < before)
    )


async def lock_cursor(session: AsyncSession, account: str, now: datetime) -> CursorRow:
    """The account's cursor, made when it is new, locked until the transaction ends."""
    await session.execute(
        _insert(session, CursorRow)
        .values(account=account, cursor="", updated_at=now)
        .on_conflict_do_nothing()
    )
    return await session.get_one(CursorRow, account, with_for_update=True)


async def known_accounts(session: AsyncSession) -> Sequence[str]:
    """Every service account that has told of messages."""
    return (await session.scalars(select(CursorRow.account))).all()


async def lock_user(
    session: AsyncSession, channel: str, user: str, now: datetime
) -> ChannelUserRow:
    """The resident's row, made when he is new, locked until the transaction ends."""
    key = {"channel": channel, "external_user": user}
    row = await session.get(ChannelUserRow, key, with_for_update=True)
    if row is not None:
        return row
    values = {**key, "account": "", "windows": [], "permissions": {}}
    await session.execute(
        _insert(session, ChannelUserRow)
        .values(**values, created_at=now, updated_at=now)
        .on_conflict_do_nothing()
    )
    return await session.get_one(ChannelUserRow, key, with_for_update=True)


async def user_of(session: AsyncSession, conversation_id: str) -> ChannelUserRow | None:
    """Whom the conversation is with."""
    query = select(ChannelUserRow).where(ChannelUserRow.conversation_id == conversation_id)
    return await session.scalar(query)


async def claim_user(
    session: AsyncSession, channel: str, user: str, owner: str, now: datetime, lease: timedelta
) -> bool:
    """Take the right to send to this resident; False while another process has it."""
    statement = (
        update(ChannelUserRow)
        .where(
            ChannelUserRow.channel == channel,
            ChannelUserRow.external_user == user,
            or_(
                ChannelUserRow.lease_owner.is_(None),
                ChannelUserRow.lease_owner == owner,
                ChannelUserRow.lease_until < now,
            ),
        )
        .values(lease_owner=owner, lease_until=now + lease)
    )
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


async def outbox_due(
    session: AsyncSession, channel: str, now: datetime, limit: int
) -> Sequence[str]:
    """Conversations with something to send now, the oldest first."""
    query = (
        select(OutboxRow.conversation_id)
        .where(
            OutboxRow.channel == channel,
            OutboxRow.done_at.is_(None),
            OutboxRow.available_at <= now,
        )
        .group_by(OutboxRow.conversation_id)
        .order_by(func.min(OutboxRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def outbox_of(
    session: AsyncSession, conversation_id: str
) -> Sequence[tuple[OutboxRow, EntryRow]]:
    """Everything not delivered yet in the conversation, in order."""
    query = (
        select(OutboxRow, EntryRow)
        .join(EntryRow, EntryRow.id == OutboxRow.message_id)
        .where(OutboxRow.conversation_id == conversation_id, OutboxRow.done_at.is_(None))
        .order_by(OutboxRow.id)
    )
    return [(row, entry) for row, entry in await session.execute(query)]


async def count_held(session: AsyncSession, conversation_id: str) -> int:
    """Messages that wait until the resident writes again."""
    query = (
        select(func.count())
        .select_from(OutboxRow)
        .where(
            OutboxRow.conversation_id == conversation_id,
            OutboxRow.done_at.is_(None),
            OutboxRow.error == HELD,
        )
    )
    return int(await session.scalar(query) or 0)


async def count_due(session: AsyncSession, conversation_id: str, now: datetime) -> int:
    """Messages that can be sent to him now."""
    query = (
        select(func.count())
        .select_from(OutboxRow)
        .where(
            OutboxRow.conversation_id == conversation_id,
            OutboxRow.done_at.is_(None),
            OutboxRow.available_at <= now,
        )
    )
    return int(await session.scalar(query) or 0)


HELD = "held"
"""`error` of an outbox row that waits for the next window."""


async def release_held(session: AsyncSession, conversation_id: str, now: datetime) -> None:
    """He has written, so a window is open and he is awake: what was held may be sent."""
    await session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.conversation_id == conversation_id,
            OutboxRow.done_at.is_(None),
            OutboxRow.error.in_((HELD, QUIET)),
        )
        .values(available_at=now, error=None)
    )
