"""Everything around articles that editors work with, in one hand, and what is done by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bot.language.models import Vector
from hotline.clock import Clock
from hotline.db import Database
from kb.corrections import Corrections, Tell
from kb.editing import Editing
from kb.gaps import Gaps
from kb.ratings import Ratings
from kb.reminders import Reminders
from kb.service import Knowledge
from kb.trials import Trials

log = structlog.get_logger(__name__)

Embed = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True, slots=True)
class Editorial:
    """The services of those who keep the knowledge alive."""

    knowledge: Knowledge
    editing: Editing
    gaps: Gaps
    ratings: Ratings
    corrections: Corrections
    trials: Trials
    reminders: Reminders


def make_editorial(
    db: Database, clock: Clock, knowledge: Knowledge, embed: Embed, tell: Tell | None = None
) -> Editorial:
    """The services over one database; `embed` makes sentences' vectors."""
    editing = Editing(db, clock)
    return Editorial(
        knowledge,
        editing,
        Gaps(db, clock, embed, editing),
        Ratings(db, clock),
        Corrections(db, clock, tell),
        Trials(db, clock, knowledge, embed),
        Reminders(db, clock),
    )


class Chores:
    """What is done by itself now and then: grouping, reminding, forgetting."""

    def __init__(self, editorial: Editorial, keep_days: int, seconds: float = 60.0) -> None:
        self._editorial = editorial
        self._keep_days = keep_days
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def do_all(self) -> None:
        """One round."""
        await self._editorial.gaps.gather()
        await self._editorial.reminders.remind()
        for each in (self._editorial.gaps, self._editorial.ratings, self._editorial.trials):
            await each.retain(self._keep_days)

    async def _watch(self) -> None:
        while True:
            try:
                await self.do_all()
            except Exception as error:  # the database may be away: the next round does it
                log.error("kb.chores_failed", error=type(error).__name__)
            await asyncio.sleep(self._seconds)
