"""Everything around articles that editors work with, in one hand, and what is done by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.language.models import Vector
from hotline.clock import Clock
from hotline.db import Database
from hotline.rounds import Rounds
from kb.corrections import Corrections, Tell
from kb.editing import Editing
from kb.gaps import Gaps
from kb.ratings import Ratings
from kb.reminders import Reminders
from kb.service import Knowledge
from kb.trials import Trials

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


class Chores(Rounds):
    """What is done by itself now and then: grouping, reminding, forgetting."""

    def __init__(self, editorial: Editorial, keep_days: int, seconds: float = 60.0) -> None:
        super().__init__("kb.chores", seconds)
        self._editorial = editorial
        self._keep_days = keep_days

    async def do_round(self) -> None:
        """One round."""
        await self._editorial.gaps.gather()
        await self._editorial.reminders.remind()
        for each in (self._editorial.gaps, self._editorial.ratings, self._editorial.trials):
            await each.retain(self._keep_days)
