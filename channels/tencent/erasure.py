"""Erases what a resident's unfollowing obliges us to erase.

Words, pictures, recordings, notes and drafts go; a case that was filed stays, since it is the
city's record of a matter, with the pictures it was filed with.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.store import CaseRow
from channels.tencent.store import ChannelUserRow, InboundRow
from conversations.store import AttachmentRow, ConversationRow
from hotline.audit import SYSTEM, record_deed
from hotline.clock import Clock
from hotline.db import Base


async def erase_resident(
    session: AsyncSession, clock: Clock, channel: str, user: str
) -> Sequence[str]:
    """Erase within the caller's transaction; returns hashes of files that nobody refers to."""
    ids = await conversations_of(session, channel, user)
    kept_pictures = await _pictures_of_cases(session, ids)
    rows = (
        await session.scalars(
            select(AttachmentRow).where(
                AttachmentRow.conversation_id.in_(ids), AttachmentRow.id.not_in(kept_pictures)
            )
        )
    ).all()
    digests = {row.sha256 for row in rows}
    for row in rows:
        await session.delete(row)
    await session.flush()
    # whatever hangs on a conversation, in this module or another: messages, notes, marks of reading
    for table in reversed(Base.metadata.sorted_tables):
        if table is AttachmentRow.__table__:
            continue
        for key in table.foreign_keys:
            if key.column.table is ConversationRow.__table__:
                await session.execute(delete(table).where(key.parent.in_(ids)))
    await _empty_conversations(session, clock, ids, bool(kept_pictures))
    for owned in (ChannelUserRow, InboundRow):
        await session.execute(
            delete(owned).where(owned.channel == channel, owned.external_user == user)
        )
    for conversation_id in ids:
        record_deed(
            session, clock.now(), SYSTEM, "resident_erased", "conversation", conversation_id
        )
    still_used = set(
        await session.scalars(select(AttachmentRow.sha256).where(AttachmentRow.sha256.in_(digests)))
    )
    return sorted(digests - still_used)


async def conversations_of(session: AsyncSession, channel: str, user: str) -> Sequence[str]:
    """Every conversation the resident has had on this channel."""
    return (
        await session.scalars(
            select(ConversationRow.id).where(
                ConversationRow.channel == channel, ConversationRow.external_user == user
            )
        )
    ).all()


async def _pictures_of_cases(session: AsyncSession, ids: Sequence[str]) -> Sequence[str]:
    lists = await session.scalars(
        select(CaseRow.attachment_ids).where(CaseRow.conversation_id.in_(ids))
    )
    return [str(item) for items in lists for item in items]


async def _empty_conversations(
    session: AsyncSession, clock: Clock, ids: Sequence[str], keep: bool
) -> None:
    """An empty shell stays where a case's pictures hang on it; otherwise nothing does."""
    if not keep:
        await session.execute(delete(ConversationRow).where(ConversationRow.id.in_(ids)))
        return
    rows = await session.scalars(select(ConversationRow).where(ConversationRow.id.in_(ids)))
    for row in rows:
        row.external_user, row.draft, row.handoff, row.emergency = None, None, None, None
        row.holder, row.closed_at, row.waiting_since = "closed", clock.now(), None
