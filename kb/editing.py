"""The life of an article: drafted and reviewed by two people, published now or later, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb import draft_store, store
from kb.difference import Change, compare_texts
from kb.draft_store import ArticleDraftRow, ArticleVersionRow
from kb.errors import ArticleNotFound, BadArticle
from kb.models import Article, article_from_data, article_to_markdown, parse_article
from kb.prefill import find_unwritten

LONGEST_TEXT = 6_500  # in a form a Chinese character takes nine bytes: this fits a page's bound
_MARKUP = re.compile(r"<\s*[a-zA-Z/!][^>]*>")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,94}")
OPEN_STATES = ("draft", "review", "scheduled")
TEMPLATE = """---
slug: new-article
title: （待写：标题，写成市民会问的一句话）
questions:
  - （待写：市民会怎么问，一行一句）
answer: （待写：能念出来的短答，不超过 120 个字）
authority: （待写：归谁管，去哪儿办）
jurisdiction: 北京市
sources:
  - law: （待写：法规名称）
    article: 第几条
valid_from: null
valid_to: null
review_by: 2027-12-31
owner: 知识管理员
tags: []
categories: []
---
（待写：长答，用普通文字和列表写）
"""


class DraftNotFound(NotFound):
    """There is no such draft."""

    code = "draft_not_found"
    message = "没有这份草稿。"


class SamePerson(Forbidden):
    """Who wrote it may not publish it."""

    code = "same_person"
    message = "写的人不能自己发布，请另一位审核。"


class WrongState(Conflict):
    """The draft is not in a state that allows this."""

    code = "wrong_state"
    message = "这份草稿的状态已经变了，请刷新后再看。"


class Unwritten(InvalidInput):
    """Something in the draft still waits to be written."""

    code = "unwritten"
    message = "还有标着“（待写”的地方，写好再提交。草稿已经保存。"


class ChangedMeanwhile(Conflict):
    """Another version was published since this draft was begun."""

    code = "changed_meanwhile"
    message = "草稿开始之后，这篇又发布过新版本。请对照新版本改过再提交。"


@dataclass(frozen=True, slots=True)
class Listed:
    """One article in the console's list."""

    article: Article
    version: int
    status: str
    standing: str
    """review: past review_by; soon: within 30 days; expired, waiting, withdrawn; or empty."""


def check_text(text: str) -> Article:
    """The article in `text`; raises BadArticle naming the line that may not be."""
    if len(text) > LONGEST_TEXT:
        raise BadArticle(f"全文 {len(text)} 字，最多 {LONGEST_TEXT} 字")
    text = text.replace("\r\n", "\n").lstrip("\ufeff\n ")
    for number, line in enumerate(text.splitlines(), 1):
        if _MARKUP.search(line):
            raise BadArticle(f"第 {number} 行有网页代码，请改成普通文字")
    article = parse_article(text.rstrip() + "\n", "草稿")
    if not _SLUG.fullmatch(article.slug):
        raise BadArticle("slug 只用小写字母、数字和短横线")
    return article


class Editing:
    """The use cases of editors. What they publish, `Knowledge` picks up in every process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def list_articles(self, today: date) -> list[Listed]:
        """Every article, those that need somebody first."""
        async with self._db.read() as session:
            rows = await store.all_articles(session)
        listed = []
        for row in rows:
            article = article_from_data(row.data, row.slug)
            standing = name_standing(article, row.status, today)
            listed.append(Listed(article, row.version, row.status, standing))
        return sorted(listed, key=lambda each: (not each.standing, each.article.slug))

    async def drafts(self) -> Sequence[ArticleDraftRow]:
        """What is being written, waits for review, or for its hour."""
        async with self._db.read() as session:
            return await draft_store.drafts_in(session, OPEN_STATES)

    async def get_draft(self, id: int) -> ArticleDraftRow:
        """One draft; raises DraftNotFound."""
        async with self._db.read() as session:
            return await _find(session, id)

    async def get(self, slug: str) -> tuple[Article, store.ArticleRow]:
        """An article in whatever state; raises ArticleNotFound."""
        async with self._db.read() as session:
            row = await session.get(store.ArticleRow, slug)
        if row is None:
            raise ArticleNotFound
        return article_from_data(row.data, slug), row

    async def versions(self, slug: str) -> Sequence[ArticleVersionRow]:
        """Every version, newest first."""
        async with self._db.read() as session:
            return await draft_store.versions_of(session, slug)

    async def slugs(self) -> set[str]:
        """Every slug in use: of articles, and of drafts that may become some."""
        async with self._db.read() as session:
            drafts = await draft_store.drafts_in(session, OPEN_STATES)
            return {row.slug for row in await store.all_articles(session)} | {
                draft.slug for draft in drafts
            }

    async def compare_draft(self, draft: ArticleDraftRow) -> list[Change]:
        """The draft against what is published now."""
        async with self._db.read() as session:
            row = await session.get(store.ArticleRow, draft.slug)
        old = article_to_markdown(article_from_data(row.data, row.slug)) if row else ""
        return compare_texts(old, article_to_markdown(check_text(draft.text)))

    async def begin(self, text: str, actor: Actor, note: str = "") -> int:
        """A new draft from `text`; of an article that exists, its next version."""
        article = check_text(text)
        async with self._db.write() as session:
            row = await session.get(store.ArticleRow, article.slug)
            draft = ArticleDraftRow(
                slug=article.slug,
                state="draft",
                text=article_to_markdown(article),
                note=note[:500],
                base_version=row.version if row else 0,
                author_id=actor.id,
                author_name=actor.name,
                returned="",
                updated_at=self._clock.now(),
            )
            session.add(draft)
            await session.flush()
            self._record(session, actor, "article_drafted", draft)
            return draft.id

    async def take_in(self, articles: Sequence[Article], actor: Actor, note: str) -> list[int]:
        """Drafts for review of those that differ from what is published or under way."""
        async with self._db.read() as session:
            drafts = await draft_store.drafts_in(session, OPEN_STATES)
            rows = await store.all_articles(session)
        known = {article_to_markdown(article_from_data(row.data, row.slug)) for row in rows}
        known |= {draft.text for draft in drafts}
        begun = []
        for text in dict.fromkeys(map(article_to_markdown, articles)):
            if text not in known:
                draft = await self.begin(text, actor, note)
                await self.submit(draft, actor)
                begun.append(draft)
        return begun

    async def save(self, id: int, text: str, note: str, actor: Actor) -> None:
        """Change a draft; whoever changed it last is its author."""
        article = check_text(text)
        async with self._db.write() as session:
            draft = await _find(session, id, "draft")
            if article.slug != draft.slug:
                raise InvalidInput("slug 不能改。要用新的 slug，请另起一份草稿。")
            draft.text, draft.note = article_to_markdown(article), note[:500]
            draft.author_id, draft.author_name = actor.id, actor.name
            draft.updated_at = self._clock.now()
            self._record(session, actor, "article_draft_saved", draft)

    async def submit(self, id: int, actor: Actor) -> None:
        """Ask for review."""
        async with self._db.write() as session:
            draft = await _find(session, id, "draft")
            if find_unwritten(draft.text):
                raise Unwritten
            draft.state, draft.returned, draft.updated_at = "review", "", self._clock.now()
            self._record(session, actor, "article_submitted", draft)

    async def send_back(self, id: int, reason: str, actor: Actor) -> None:
        """Back to its author, with the reason; also takes a scheduled one off."""
        if not reason.strip():
            raise InvalidInput("请写明退回的原因。")
        async with self._db.write() as session:
            draft = await _find(session, id, "review", "scheduled")
            draft.state, draft.returned, draft.publish_at = "draft", reason.strip()[:500], None
            draft.updated_at = self._clock.now()
            self._record(session, actor, "article_returned", draft)

    async def drop(self, id: int, actor: Actor) -> None:
        """Give a draft up."""
        async with self._db.write() as session:
            draft = await _find(session, id, "draft", "review")
            draft.state, draft.updated_at = "dropped", self._clock.now()
            self._record(session, actor, "article_draft_dropped", draft)

    async def publish(self, id: int, actor: Actor, at: datetime | None = None) -> None:
        """Publish a reviewed draft now, or when `at` comes; raises SamePerson for its author."""
        now = self._clock.now()
        async with self._db.write() as session:
            draft = await _find(session, id, "review")
            if draft.author_id == actor.id:
                raise SamePerson
            draft.reviewer_id, draft.reviewer_name, draft.updated_at = actor.id, actor.name, now
            if at is not None and at > now:
                await _check_base(session, draft)
                draft.state, draft.publish_at = "scheduled", at
                self._record(session, actor, "article_scheduled", draft)
            else:
                await self._put(session, draft, now)
                self._record(session, actor, "article_published", draft)

    async def publish_due(self) -> int:
        """Publish what was scheduled until now; returns how many. Safe in several processes."""
        now, published = self._clock.now(), 0
        async with self._db.read() as session:
            waiting = await draft_store.drafts_in(session, ["scheduled"])
        for each in waiting:
            if each.publish_at is None or each.publish_at > now:
                continue
            async with self._db.write() as session:
                draft = await session.get(ArticleDraftRow, each.id, with_for_update=True)
                if draft is None or draft.state != "scheduled":
                    continue  # another process was first
                try:
                    await self._put(session, draft, now)
                except ChangedMeanwhile as error:
                    draft.state, draft.returned = "draft", error.message
                else:
                    published += 1
                    self._record(session, SYSTEM, "article_published", draft)
        return published

    async def withdraw(self, slug: str, reason: str, actor: Actor) -> None:
        """Take a published article out of every answer at once."""
        async with self._db.write() as session:
            await store.take_turn(session)
            row = await session.get(store.ArticleRow, slug)
            if row is None or row.status != store.PUBLISHED:
                raise ArticleNotFound
            row.status, row.edited, row.updated_at = "withdrawn", True, self._clock.now()
            await store.raise_revision(session)
            why = reason.strip()[:500]
            now = self._clock.now()
            record_deed(session, now, actor, "article_withdrawn", "article", slug, reason=why)

    async def _put(self, session: AsyncSession, draft: ArticleDraftRow, now: datetime) -> None:
        await store.take_turn(session)  # the version it was begun from must stay the newest
        await _check_base(session, draft)
        article = check_text(draft.text)
        known = await session.get(store.ArticleRow, draft.slug)
        await store.put_article(
            session,
            article,
            known.fingerprint if known else "",
            edited=True,
            now=now,
            author=draft.author_name,
            reviewer=draft.reviewer_name or "",
            note=draft.note,
        )
        await store.raise_revision(session)
        draft.state, draft.updated_at = "published", now

    def _record(
        self, session: AsyncSession, actor: Actor, action: str, draft: ArticleDraftRow
    ) -> None:
        now = self._clock.now()
        record_deed(session, now, actor, action, "article", draft.slug, draft=draft.id)


async def _find(session: AsyncSession, id: int, *states: str) -> ArticleDraftRow:
    draft = await session.get(ArticleDraftRow, id, with_for_update=bool(states))
    if draft is None:
        raise DraftNotFound
    if states and draft.state not in states:
        raise WrongState
    return draft


async def _check_base(session: AsyncSession, draft: ArticleDraftRow) -> None:
    row = await session.get(store.ArticleRow, draft.slug)
    if (row.version if row else 0) != draft.base_version:
        raise ChangedMeanwhile


def name_standing(article: Article, status: str, today: date) -> str:
    """What somebody should know about the article on `today`."""
    if status != store.PUBLISHED:
        return "withdrawn"
    if article.valid_to is not None and article.valid_to < today:
        return "expired"
    if article.valid_from is not None and article.valid_from > today:
        return "waiting"
    left = (article.review_by - today).days
    return "review" if left < 0 else "soon" if left <= 30 else ""
