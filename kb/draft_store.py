"""What becomes an article, and what it was before: drafts and versions in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ArticleVersionRow(Base):
    """One version as it was published; never changed afterwards."""

    __tablename__ = "article_versions"

    slug: Mapped[str] = mapped_column(String(96), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[dict[str, Any]]
    author_name: Mapped[str] = mapped_column(String(64))
    reviewer_name: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class ArticleDraftRow(Base):
    """A text on its way: draft, review, scheduled, published, dropped."""

    __tablename__ = "article_drafts"
    __table_args__ = (Index(None, "state"), Index(None, "slug"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(String(96))
    state: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    base_version: Mapped[int]
    author_id: Mapped[str] = mapped_column(String(64))
    author_name: Mapped[str] = mapped_column(String(64))
    reviewer_id: Mapped[str | None] = mapped_column(String(64))
    reviewer_name: Mapped[str | None] = mapped_column(String(64))
    returned: Mapped[str] = mapped_column(Text)
    publish_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


async def versions_of(session: AsyncSession, slug: str) -> Sequence[ArticleVersionRow]:
    """Every version, newest first."""
    row = ArticleVersionRow
    query = select(row).where(row.slug == slug).order_by(row.version.desc())
    return (await session.scalars(query)).all()


async def drafts_in(session: AsyncSession, states: Sequence[str]) -> Sequence[ArticleDraftRow]:
    """The drafts in these states, the longest untouched first."""
    row = ArticleDraftRow
    query = select(row).where(row.state.in_(states)).order_by(row.updated_at, row.id)
    return (await session.scalars(query)).all()
