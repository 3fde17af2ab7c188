"""Owners of articles are told once, in the console, when an article is to be looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError

from hotline.audit import Actor, record_deed
from hotline.clock import Clock, to_city
from hotline.db import Database
from hotline.errors import NotFound
from kb import reminder_store, store
from kb.models import Article
from kb.reminder_store import ReminderRow

SOON_DAYS = 14
SOON, DUE = "soon", "due"


class Reminders:
    """The use cases around reminders."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def remind(self) -> int:
        """Write down who is to be told today; returns how many. Safe in several processes."""
        today = to_city(self._clock.now()).date()
        try:
            async with self._db.write() as session:
                known = await reminder_store.known_reminders(session)
                new = [
                    self._to_row(article, kind)
                    for article, _ in await store.published(session)
                    if (kind := name_reminder(article, today))
                    and (article.slug, article.review_by.isoformat(), kind) not in known
                ]
                session.add_all(new)
        except IntegrityError:
            return 0  # another process did it at the same moment
        return len(new)

    def _to_row(self, article: Article, kind: str) -> ReminderRow:
        return ReminderRow(
            slug=article.slug,
            title=article.title[:200],
            review_by=article.review_by.isoformat(),
            kind=kind,
            owner=article.owner,
            created_at=self._clock.now(),
            seen_by="",
        )

    async def unseen(
        self, name: str, accounts: Sequence[str], everything: bool
    ) -> list[ReminderRow]:
        """What is for the operator of this name.

        `accounts` are the names of all operators: what belongs to nobody among them is for those
        who may publish (`everything`), so that no reminder waits for somebody who is not there.
        """
        async with self._db.read() as session:
            rows = await reminder_store.unseen_reminders(session)
        latest: dict[str, ReminderRow] = {}
        for row in rows:
            if row.owner == name or (everything and row.owner not in accounts):
                latest[row.slug] = row  # "due" follows "soon" of the same article
        return list(latest.values())

    async def mark_seen(self, slug: str, actor: Actor) -> None:
        """The operator has taken note of everything about this article."""
        now = self._clock.now()
        async with self._db.write() as session:
            rows = [r for r in await reminder_store.unseen_reminders(session) if r.slug == slug]
            if not rows:
                raise NotFound
            for row in rows:
                row.seen_by, row.seen_at = actor.name, now
            record_deed(session, now, actor, "reminder_seen", "article", slug)


def name_reminder(article: Article, today: date) -> str:
    """due past review_by, soon in the last days before it, or empty."""
    if article.review_by < today:
        return DUE
    return SOON if article.review_by <= today + timedelta(days=SOON_DAYS) else ""
