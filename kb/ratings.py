"""Whether an answer helped: thumbs with a reason, traced to the version of the article that was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound
from hotline.privacy import mask_text
from kb import voice_store as store
from kb.voice_store import RatingRow

LONGEST_REASON = 300
_LONGEST_QUESTION = 500
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer that was given: which article, in which version, to which question."""

    slug: str
    version: int
    conversation_id: str
    seq: int
    channel: str
    question: str = ""


class Ratings:
    """The use cases around ratings."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def rate(self, rated: Rated, helpful: bool, reason: str = "") -> None:
        """Keep what was said about an answer; said again, it replaces what was said before."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await store.find_rating(session, rated.conversation_id, rated.seq)
            if row is None:
                row = RatingRow(conversation_id=rated.conversation_id, seq=rated.seq)
                session.add(row)
            row.slug, row.version, row.channel = rated.slug, rated.version, rated.channel
            row.question = mask_text(rated.question)[:_LONGEST_QUESTION]
            row.helpful, row.reason = helpful, mask_text(reason.strip())[:LONGEST_REASON]
            row.rated_at, row.seen_by, row.seen_at = now, "", None

    async def unseen(self) -> Sequence[RatingRow]:
        """Answers that did not help and wait for an editor to look."""
        async with self._db.read() as session:
            return await store.unseen_ratings(session, _SHOWN)

    async def of_article(
        self, slug: str
    ) -> tuple[Mapping[int, tuple[int, int]], Sequence[RatingRow]]:
        """By version (helped, did not help), and the latest ratings."""
        async with self._db.read() as session:
            return (
                await store.count_ratings(session, slug),
                await store.ratings_of(session, slug, _SHOWN),
            )

    async def mark_seen(self, id: int, actor: Actor) -> None:
        """An editor has looked at it."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(RatingRow, id)
            if row is None:
                raise NotFound
            row.seen_by, row.seen_at = actor.name, now
            record_deed(session, now, actor, "rating_seen", "article", row.slug, rating=id)

    async def retain(self, days: int) -> int:
        """Forget the words of ratings older than `days`; the counts stay."""
        before = self._clock.now() - timedelta(days=days)
        old = (RatingRow.rated_at < before) & (RatingRow.question != "")
        async with self._db.write() as session:
            wiped = update(RatingRow).where(old).values(question="", reason="")
            return len((await session.scalars(wiped.returning(RatingRow.id))).all())
