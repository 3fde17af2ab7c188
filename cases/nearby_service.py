"""Looks up what was already reported nearby, and where reports pile up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from bot.language.models import Vector
from cases.categories import load_categories
from cases.duplicates import judge
from cases.errors import CaseNotFound
from cases.models import STATUS_NAMES, CaseStatus, Location
from cases.nearby import (
    Likely,
    Sighting,
    marks_to_look_up,
    metres_between,
    names_of,
    radius_of,
)
from cases.nearby_store import cases_marked, count_marks
from cases.resemblance import Told, measure_closeness, prepare
from cases.spots import ENDING_AFTER
from cases.store import CaseRow
from hotline.clock import Clock, to_city
from hotline.db import Database

LOOK_BACK = timedelta(days=90)
_MOST_READ, _MOST_SHOWN = 12, 5
_LIKELY = 0.5
_SAME_CATEGORY, _NEAR = 0.15, 0.15
"""What a matching category, and a position within the radius, add to the score of the words."""
_STORY = 300


@dataclass(frozen=True, slots=True)
class HotSpot:
    """Where reports of one category pile up: counts of the last days beside the usual ones."""

    mark: str
    place: str
    category_name: str
    recent: int
    usual: float
    """How many the same number of days had on average before."""


class Nearby:
    """Finds likely duplicates of what is being told; `embed` gives unit rows."""

    def __init__(
        self, db: Database, clock: Clock, embed: Callable[[Sequence[str]], Vector]
    ) -> None:
        self._db = db
        self._clock = clock
        self._embed = embed

    async def prepare(self) -> None:
        """Load what reading a place needs: seconds that the first reports would all wait for."""
        await asyncio.to_thread(marks_to_look_up, Sighting(None, "", None))
        await asyncio.to_thread(self._embed, ["您好"])

    async def find(self, told: Sighting, *, besides: str = "") -> list[Likely]:
        """The likeliest first; `besides` is a case number that is not meant."""
        marks = await asyncio.to_thread(marks_to_look_up, told)
        async with self._db.read(brief=True) as session:
            rows = await cases_marked(session, marks, self._clock.now() - LOOK_BACK)
        rows = [row for row in rows if row.case_number != besides]
        return await asyncio.to_thread(self._rank, told, rows) if rows else []

    async def find_for(self, case_number: str) -> list[Likely]:
        """Likely duplicates of a case; raises CaseNotFound."""
        async with self._db.read() as session:
            row = await session.get(CaseRow, case_number)
        if row is None:
            raise CaseNotFound
        return await self.find(_to_sighting(row), besides=case_number)

    def _rank(self, told: Sighting, rows: Sequence[Row[Any]]) -> list[Likely]:
        mine, now = _prepare(told, self._clock.now()), self._clock.now()
        near: list[tuple[Row[Any], str, bool]] = []
        for row in rows:
            where, close = _relate(told, _to_sighting(row))
            if where:
                near.append((row, where, close))
        near.sort(key=lambda item: (not item[2], now - item[0].created_at))
        near = near[:_MOST_READ]
        if not near:
            return []
        others = [_prepare(_to_sighting(row), row.created_at) for row, _, _ in near]
        alike = measure_closeness(mine, others, self._embed)
        found = []
        for closeness, theirs, (row, where, close) in zip(alike, others, near, strict=True):
            # a measured distance knows better than names which place is meant
            verdict = judge(mine, theirs, closeness, near=close)
            same = row.category_code == told.category_code
            score = verdict.score + _SAME_CATEGORY * same + _NEAR * close
            if verdict.against is not None or score < _LIKELY:
                continue
            reasons = [where, *(["同一类别"] if same else []), *verdict.reasons]
            found.append(_to_likely(row, where, min(score, 1.0), tuple(dict.fromkeys(reasons))))
        return sorted(found, key=lambda likely: -likely.score)[:_MOST_SHOWN]

    async def hot_spots(
        self, days: int = 3, before: int = 28, fewest: int = 3, times: float = 2.0
    ) -> list[HotSpot]:
        """Where the last `days` brought at least `fewest` and `times` what is usual.

        The formula, for the page: the usual is the average of the `before` days earlier, scaled to
        as many days; a place and category counts when recent ≥ fewest and recent ≥ times × usual.
        """
        now = self._clock.now()
        begin = now - timedelta(days=days)
        async with self._db.read() as session:
            recent = await count_marks(session, begin, now + timedelta(seconds=1), "cs")
            earlier = await count_marks(session, begin - timedelta(days=before), begin, "cs")
        found = []
        for mark, count in recent.items():
            usual = earlier.get(mark, 0) * days / before
            if count >= fewest and count >= times * usual:
                found.append(_to_hot_spot(mark, count, usual))
        return sorted(found, key=lambda spot: (-(spot.recent - spot.usual), spot.mark))[:50]


def _prepare(told: Sighting, at: datetime) -> Told:
    place = told.location.raw_text if told.location else ""
    return prepare(place, told.description[:_STORY], at)


def _to_sighting(row: CaseRow | Row[Any]) -> Sighting:
    place = Location(**row.location) if row.location else None
    return Sighting(row.category_code, row.description, place)


def _relate(a: Sighting, b: Sighting) -> tuple[str, bool]:
    """How the places lie to each other, in words that give nothing away, and whether measured.

    Empty when nothing says that they are one place.
    """
    metres = metres_between(a.location, b.location)
    if metres is not None:
        if metres > radius_of(a.category_code):
            return "", False
        return f"相距约 {max(round(metres, -1), 10):.0f} 米", True
    theirs = names_of(b)
    shared = next((name for name in names_of(a) if any(_holds(name, each) for each in theirs)), "")
    return (f"都在{_as_told(shared, a)}一带", False) if shared else ("", False)


def _as_told(name: str, told: Sighting) -> str:
    """The name with its ending, as he wrote it: 望京西园三 in 望京西园三区."""
    words = f"{told.location.raw_text if told.location else ''} {told.description}"
    at = words.find(name)
    ending = ENDING_AFTER.match(words, at + len(name)) if at >= 0 else None
    return name + ending[0] if ending else name


def _holds(one: str, other: str) -> bool:
    return one in other or other in one


def _to_likely(row: Row[Any], where: str, score: float, reasons: tuple[str, ...]) -> Likely:
    return Likely(
        case_number=row.case_number,
        category_name=row.category_name or "未分类",
        status=CaseStatus(row.status),
        created_at=f"{to_city(row.created_at):%m月%d日}".lstrip("0"),
        where=where,
        weight=row.weight,
        score=round(score, 3),
        reasons=reasons,
    )


def tell_likely(likely: Likely) -> str:
    """One line for the resident: what, when, where, how it stands; nothing of who told it."""
    return (
        f"{likely.created_at}已有市民反映“{likely.category_name}”，{likely.where}，"
        f"现在{STATUS_NAMES[likely.status]}"
    )


def _to_hot_spot(mark: str, count: int, usual: float) -> HotSpot:
    kind, place, code = mark.split(":", 2)
    category = load_categories().get(code)
    named = f"街道 {place}" if kind == "s" else f"网格 {place}"
    return HotSpot(mark, named, category.name if category else "未分类", count, round(usual, 1))
