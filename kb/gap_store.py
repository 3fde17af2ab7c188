"""Questions without a good answer, and the groups of those that mean the same, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class UnansweredRow(Base):
    """One question that found no good answer; numbers of persons are covered in it.

    `outcome` is declined or choices; `gap_id` is None until it has been put into a group.
    """

    __tablename__ = "kb_unanswered"
    __table_args__ = (
        Index(None, "asked_at"),
        Index(None, "gap_id"),
        Index(
            "ix_kb_unanswered_waiting",
            "id",
            sqlite_where=text("gap_id IS NULL"),
            postgresql_where=text("gap_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    question: Mapped[str] = mapped_column(String(500))
    channel: Mapped[str] = mapped_column(String(16))
    best_slug: Mapped[str | None] = mapped_column(String(96))
    best_score: Mapped[float]
    asked_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16), server_default="declined")
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    gap_id: Mapped[int | None]


class GapRow(Base):
    """A group of questions that mean the same: something to write about, or decided otherwise.

    `centre` is the sum of the questions' directions (float32); `asked` counts them for ever,
    though the questions themselves are deleted in time.
    """

    __tablename__ = "kb_gaps"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16))
    centre: Mapped[bytes] = mapped_column(LargeBinary)
    asked: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    draft_id: Mapped[int | None]
    slug: Mapped[str | None] = mapped_column(String(96))
    reason: Mapped[str] = mapped_column(String(200))
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]


async def waiting(session: AsyncSession, most: int) -> Sequence[UnansweredRow]:
    """The questions in no group yet, the oldest first."""
    row = UnansweredRow
    query = select(row).where(row.gap_id.is_(None)).order_by(row.id).limit(most)
    return (await session.scalars(query)).all()


async def gaps_in(session: AsyncSession, state: str) -> Sequence[GapRow]:
    """The groups in this state, what was asked last first."""
    query = select(GapRow).where(GapRow.state == state).order_by(GapRow.last_at.desc())
    return (await session.scalars(query)).all()


async def questions_of(
    session: AsyncSession, gap_ids: Sequence[int], since: datetime | None = None
) -> Sequence[UnansweredRow]:
    """The questions of these groups, the newest first."""
    row = UnansweredRow
    query = select(row).where(row.gap_id.in_(gap_ids)).order_by(row.id.desc())
    if since is not None:
        query = query.where(row.asked_at >= since)
    return (await session.scalars(query)).all()


async def count_gaps(session: AsyncSession, state: str) -> int:
    """How many groups are in this state."""
    query = select(func.count()).select_from(GapRow).where(GapRow.state == state)
    return int(await session.scalar(query) or 0)
