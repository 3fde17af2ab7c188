"""What can be done with knowledge: seed it, find answers, keep the index fresh."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.models import Vector
from hotline.clock import Clock, to_city
from hotline.db import Database
from kb import store
from kb.editing import Editing
from kb.errors import ArticleNotFound
from kb.models import Article, parse_article
from kb.search import SearchIndex
from kb.trust import Found, Weights, load_weights
from kb.vectors import PassageVectors

log = structlog.get_logger(__name__)

ARTICLES = Path(__file__).parent / "articles"


def read_articles(folder: Path = ARTICLES) -> Mapping[str, tuple[Article, str]]:
    """Every article file below `folder`, by slug, with the fingerprint of its text."""
    found = {}
    for path in sorted(folder.rglob("*.md")):
        text = path.read_text("utf-8")
        article = parse_article(text, path.name)
        found[article.slug] = (article, hashlib.sha256(text.encode()).hexdigest())
    return found


async def seed_articles(db: Database, clock: Clock, folder: Path = ARTICLES) -> int:
    """Bring in shipped articles that are new or changed; returns how many."""
    shipped = read_articles(folder)
    async with db.write() as session:
        await store.take_turn(session)  # processes that start together seed one after the other
        known = await store.fingerprints(session)
        changed = [
            (article, fingerprint)
            for slug, (article, fingerprint) in shipped.items()
            if slug not in known or (known[slug][0] != fingerprint and not known[slug][1])
        ]
        for article, fingerprint in changed:
            await store.put_article(session, article, fingerprint, edited=False, now=clock.now())
        if changed:
            await store.raise_revision(session)
    return len(changed)


class Knowledge:
    """The use cases around articles. Call `start` first; it keeps the index fresh."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vectors: PassageVectors,
        refresh_seconds: float = 0.5,
        weights: Weights | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vectors = vectors
        self._editing = Editing(db, clock)
        self._refresh_seconds = refresh_seconds
        self._weights = weights or load_weights()
        if self._weights.fitted_with not in ("", vectors.embedder_name):
            log.warning("kb.weights_of_another_model", fitted_with=self._weights.fitted_with)
        self._index = SearchIndex((), vectors, self._weights)
        self._published: dict[str, tuple[Article, int]] = {}
        self._articles: dict[str, tuple[Article, int]] = {}
        self._state: tuple[int, str] = (-1, "")
        self._task: asyncio.Task[None] | None = None

    async def seed(self, folder: Path = ARTICLES) -> int:
        """Bring in shipped articles that are new or changed; those edited here are left alone."""
        return await seed_articles(self._db, self._clock, folder)

    async def start(self) -> None:
        """Build the index and watch for changes."""
        await self.refresh()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_seconds)
            try:
                await self._editing.publish_due()
                await self.refresh()
            except Exception as error:  # the database may be away: the index in hand still serves
                log.error("kb.refresh_failed", error=type(error).__name__)

    async def refresh(self) -> bool:
        """Build a new index if anything was published or a validity date was passed."""
        today = to_city(self._clock.now()).date()
        async with self._db.read() as session:
            state = (await store.current_revision(session), today.isoformat())
            if state == self._state:
                return False
            published = await self._read_changes(session)
        valid = {
            slug: (article, version)
            for slug, (article, version) in published.items()
            if article.is_valid_on(today)
        }
        articles = [article for article, _ in valid.values()]
        index = await asyncio.to_thread(self._index.renew, articles)
        self._published = published
        self._index, self._articles, self._state = index, valid, state
        log.info("kb.indexed", articles=len(articles), revision=state[0])
        return True

    async def _read_changes(self, session: AsyncSession) -> dict[str, tuple[Article, int]]:
        """All that is published; only what changed is read, the rest is what is in hand."""
        versions = await store.newest_versions(session)
        kept = {
            slug: known
            for slug, version in versions.items()
            if (known := self._published.get(slug)) and known[1] == version
        }
        missing = versions.keys() - kept.keys()
        if missing:
            rows = await store.published(session, missing if kept else None)
            kept |= {article.slug: (article, version) for article, version in rows}
        return kept

    def search(self, question: str, vector: Vector, k: int = 5) -> Found:
        """The one search: chat, phone, console and command line all come here."""
        return self._index.search(question, vector, k)

    def get(self, slug: str) -> Article:
        """A published, valid article; raises ArticleNotFound."""
        try:
            return self._articles[slug][0]
        except KeyError:
            raise ArticleNotFound from None

    def version(self, slug: str) -> int:
        """The version in use of a published, valid article; raises ArticleNotFound."""
        try:
            return self._articles[slug][1]
        except KeyError:
            raise ArticleNotFound from None

    @property
    def index(self) -> SearchIndex:
        """The index in use; it is never changed, only replaced."""
        return self._index

    @property
    def revision(self) -> int:
        """How often the articles had been changed when the index was built."""
        return self._state[0]

    def index_with(self, article: Article) -> SearchIndex:
        """What the index would be with this article published; for a worker thread."""
        others = [each for each, _ in self._articles.values() if each.slug != article.slug]
        return self._index.renew([*others, article])

    def find_by_title(self, title: str) -> Article | None:
        """The article with exactly this title: how a pressed choice comes back."""
        wanted = title.strip()
        return next((a for a, _ in self._articles.values() if a.title == wanted), None)

    def all(self) -> list[Article]:
        """Every published, valid article."""
        return [article for article, _ in self._articles.values()]
