"""What residents say about answers and about public information, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class RatingRow(Base):
    """Whether one answer helped one resident; a second press replaces the first."""

    __tablename__ = "kb_ratings"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        Index(None, "slug", "version"),
        Index(None, "helpful", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(String(96))
    version: Mapped[int]
    conversation_id: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int]
    helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(300))
    question: Mapped[str] = mapped_column(String(500))
    channel: Mapped[str] = mapped_column(String(16))
    rated_at: Mapped[datetime]
    seen_by: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime | None]


class CorrectionRow(Base):
    """Public information a resident says is wrong, beside the case that carries its number.

    `subject` is article, place, or empty when he named nothing that is known; `version` the
    article's, `shown` the words or the card as they stood when he saw them.
    """

    __tablename__ = "kb_corrections"
    __table_args__ = (Index(None, "case_number", unique=True), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(16))
    subject_key: Mapped[str] = mapped_column(String(96))
    title: Mapped[str] = mapped_column(String(200))
    version: Mapped[int | None]
    shown: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str] = mapped_column(String(64))
    answered_at: Mapped[datetime | None]
    received_at: Mapped[datetime]


async def find_rating(session: AsyncSession, conversation_id: str, seq: int) -> RatingRow | None:
    """What was said about this answer."""
    row = RatingRow
    query = select(row).where(row.conversation_id == conversation_id, row.seq == seq)
    return (await session.scalars(query)).one_or_none()


async def unseen_ratings(session: AsyncSession, most: int) -> Sequence[RatingRow]:
    """Answers that did not help and that no editor has looked at, the newest first."""
    row = RatingRow
    query = select(row).where(row.helpful.is_(False), row.seen_at.is_(None))
    return (await session.scalars(query.order_by(row.id.desc()).limit(most))).all()


async def ratings_of(session: AsyncSession, slug: str, most: int) -> Sequence[RatingRow]:
    """What was said about an article, the newest first."""
    query = select(RatingRow).where(RatingRow.slug == slug).order_by(RatingRow.id.desc())
    return (await session.scalars(query.limit(most))).all()


async def count_ratings(session: AsyncSession, slug: str) -> dict[int, tuple[int, int]]:
    """By version: how often it helped and how often not."""
    row = RatingRow
    query = (
        select(row.version, row.helpful, func.count())
        .where(row.slug == slug)
        .group_by(row.version, row.helpful)
    )
    counts: dict[int, tuple[int, int]] = {}
    for version, helpful, count in await session.execute(query):
        up, down = counts.get(version, (0, 0))
        counts[version] = (up + count, down) if helpful else (up, down + count)
    return counts


async def corrections_in(
    session: AsyncSession, states: Sequence[str], most: int
) -> Sequence[CorrectionRow]:
    """The corrections in these states; open ones come oldest first."""
    row = CorrectionRow
    order = row.id if tuple(states) == ("open",) else row.answered_at.desc()
    query = select(row).where(row.state.in_(states)).order_by(order).limit(most)
    return (await session.scalars(query)).all()


async def find_correction(session: AsyncSession, case_number: str) -> CorrectionRow | None:
    """The correction filed under this number."""
    query = select(CorrectionRow).where(CorrectionRow.case_number == case_number)
    return (await session.scalars(query)).one_or_none()
