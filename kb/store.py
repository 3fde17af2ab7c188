"""Articles in the database, and the revision number that tells every process to look again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from kb.draft_store import ArticleVersionRow
from kb.models import Article, article_from_data, article_to_data


class ArticleRow(Base):
    """One article as published; `fingerprint` is of the shipped text it came from."""

    __tablename__ = "articles"
    __table_args__ = (Index(None, "status"),)

    slug: Mapped[str] = mapped_column(String(96), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    data: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(String(64))
    edited: Mapped[bool]
    updated_at: Mapped[datetime]


class RevisionRow(Base):
    """How often the published articles (row 1), the places (row 2) and the groups of unanswered
    questions (row 3) have changed.
    """

    __tablename__ = "kb_revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]


PUBLISHED = "published"
ARTICLES_REVISION, PLACES_REVISION, GAPS_REVISION = 1, 2, 3
_MOST_NAMED = 500  # slugs in one query


async def put_article(
    session: AsyncSession,
    article: Article,
    fingerprint: str,
    edited: bool,
    now: datetime,
    *,
    author: str = "随产品提供",
    reviewer: str = "",
    note: str = "",
) -> None:
    """Publish the article as its next version; take your turn before deciding to."""
    row = await session.get(ArticleRow, article.slug)
    if row is None:
        row = ArticleRow(slug=article.slug, version=0)
        session.add(row)
    row.status = PUBLISHED
    row.version += 1
    row.data = article_to_data(article)
    row.fingerprint, row.edited, row.updated_at = fingerprint, edited, now
    session.add(
        ArticleVersionRow(
            slug=article.slug,
            version=row.version,
            data=row.data,
            author_name=author,
            reviewer_name=reviewer,
            note=note,
            published_at=now,
        )
    )


async def raise_revision(session: AsyncSession, of: int = ARTICLES_REVISION) -> None:
    """Tell every process that the published articles, or the places, changed."""
    await _count(session, of, 1)


async def take_turn(session: AsyncSession, of: int = ARTICLES_REVISION) -> None:
    """Wait for everybody who is changing them; until this transaction ends all others wait.

    On PostgreSQL what was read before may be old by the time it is acted on: two processes that
    find the same article changed would each publish it.
    """
    await _count(session, of, 0)


async def _count(session: AsyncSession, of: int, step: int) -> None:
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    raised = {"revision": RevisionRow.revision + step}
    await session.execute(
        insert(RevisionRow)
        .values(id=of, revision=step)
        .on_conflict_do_update(index_elements=["id"], set_=raised)
    )


async def current_revision(session: AsyncSession, of: int = ARTICLES_REVISION) -> int:
    """0 when nothing has been published yet."""
    query = select(RevisionRow.revision).where(RevisionRow.id == of)
    return int(await session.scalar(query) or 0)


async def newest_versions(session: AsyncSession) -> dict[str, int]:
    """The version of every published article by slug; reads no text, so that it stays quick."""
    query = select(ArticleRow.slug, ArticleRow.version).where(ArticleRow.status == PUBLISHED)
    return {row.slug: row.version for row in await session.execute(query)}


async def published(
    session: AsyncSession, slugs: Collection[str] | None = None
) -> Sequence[tuple[Article, int]]:
    """Published articles with their versions: every one, or those named."""
    query = select(ArticleRow).where(ArticleRow.status == PUBLISHED)
    if slugs is None or len(slugs) > _MOST_NAMED:
        rows = (await session.scalars(query)).all()
    else:
        rows = (await session.scalars(query.where(ArticleRow.slug.in_(slugs)))).all()
    return [
        (article_from_data(row.data, row.slug), row.version)
        for row in rows
        if slugs is None or row.slug in slugs
    ]


async def all_articles(session: AsyncSession) -> Sequence[ArticleRow]:
    """Every article, in whatever state."""
    return (await session.scalars(select(ArticleRow))).all()


async def fingerprints(session: AsyncSession) -> dict[str, tuple[str, bool]]:
    """By slug: the fingerprint of the shipped text, and whether it was edited here since."""
    rows = await session.execute(select(ArticleRow.slug, ArticleRow.fingerprint, ArticleRow.edited))
    return {slug: (fingerprint, edited) for slug, fingerprint, edited in rows}
