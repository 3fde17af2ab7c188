"""Reminders to the owners of articles, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ReminderRow(Base):
    """The owner was told once that this article is to be looked at by this day."""

    __tablename__ = "kb_reminders"
    __table_args__ = (UniqueConstraint("slug", "review_by", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(String(96))
    title: Mapped[str] = mapped_column(String(200))
    review_by: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(8))
    owner: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_by: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime | None]


async def known_reminders(session: AsyncSession) -> set[tuple[str, str, str]]:
    """(slug, review_by, kind) of every reminder there ever was."""
    row = ReminderRow
    return {
        (s, d, k) for s, d, k in await session.execute(select(row.slug, row.review_by, row.kind))
    }


async def unseen_reminders(session: AsyncSession) -> Sequence[ReminderRow]:
    """What nobody has taken note of, the most urgent first."""
    row = ReminderRow
    query = select(row).where(row.seen_at.is_(None)).order_by(row.review_by, row.slug)
    return (await session.scalars(query)).all()
