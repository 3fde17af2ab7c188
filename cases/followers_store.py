"""Residents who follow somebody else's case, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases.store import CaseRow
from hotline.db import Base


class CaseFollowerRow(Base):
    """A resident who reported what was reported already (关注市民)."""

    __tablename__ = "case_followers"
    __table_args__ = (
        UniqueConstraint("case_number", "conversation_id"),
        Index(None, "conversation_id"),
        Index(None, "phone_blind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(String(16), ForeignKey("cases.case_number"))
    conversation_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    phone_sealed: Mapped[str | None] = mapped_column(Text)
    phone_blind: Mapped[str | None] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text)
    attachment_ids: Mapped[list[Any]]
    joined_at: Mapped[datetime]


async def followers_of(session: AsyncSession, case_number: str) -> Sequence[CaseFollowerRow]:
    """Who follows the case, the first first."""
    query = select(CaseFollowerRow).where(CaseFollowerRow.case_number == case_number)
    return (await session.scalars(query.order_by(CaseFollowerRow.id))).all()


async def listeners_of(session: AsyncSession, case: CaseRow) -> list[tuple[str, str, str]]:
    """Whom the case concerns: (conversation, the case number he knows, channel), each once.

    Its own resident first, then who follows it, then those whose cases were merged into it.
    """
    found: dict[str, tuple[str, str, str]] = {}
    merged = select(CaseRow).where(
        CaseRow.merged_into == case.case_number, CaseRow.erased_at.is_(None)
    )
    for row in (case, *await session.scalars(merged)):
        if row.conversation_id and row.erased_at is None:
            found.setdefault(
                row.conversation_id, (row.conversation_id, row.case_number, row.channel)
            )
        for follower in await followers_of(session, row.case_number):
            found.setdefault(
                follower.conversation_id,
                (follower.conversation_id, row.case_number, follower.channel),
            )
    return list(found.values())
