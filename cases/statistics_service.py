"""Keeps the figures of every day current in the background, and answers from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from bot.language.gazetteer import load_gazetteer
from cases.categories import load_categories
from cases.statistics import add_up
from cases.statistics_store import (
    FiguresStateRow,
    changed_days,
    day_of,
    lock_state,
    read_facts,
    replace_day,
    sum_up,
)
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.rounds import Rounds

REFRESH_SECONDS = 60.0
LONGEST = timedelta(days=1100)
USUAL = timedelta(days=29)
DIMENSIONS: Mapping[str, str] = {
    "total": "全部",
    "unit": "承办单位",
    "category": "问题类别",
    "major": "问题大类",
    "district": "区",
    "channel": "渠道",
    "day": "日期",
}
_CHANNELS: Mapping[str, str] = {
    "webchat": "网页",
    "wechat": "微信",
    "wecom": "企业微信",
    "voice": "电话",
    "open311": "Open311",
    "api": "接口",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the city, both included."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Line:
    """The figures under one key; `name` is what people call it."""

    key: str
    name: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Lines, the biggest first (days in order), and up to when they are counted."""

    period: Period
    by: str
    lines: tuple[Line, ...]
    counted_at: datetime | None


class Statistics(Rounds):
    """Counts the days that changed, every minute; asking costs the same however many cases."""

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__("statistics", REFRESH_SECONDS)
        self._db = db
        self._clock = clock

    async def do_round(self) -> None:
        """Count anew what changed; until then figures only grow stale."""
        await self.refresh()

    async def refresh(self) -> int:
        """Count anew the days that changed; returns how many. One short transaction each."""
        now = self._clock.now()
        async with self._db.write(durable=False) as session:
            state = await lock_state(session)
            if state is None:
                session.add(state := FiguresStateRow(id=1, counted_at=None))
            days = await changed_days(session, state.counted_at, now)
        for day in days:
            async with self._db.write(durable=False) as session:
                await lock_state(session)
                await replace_day(session, day, add_up(await read_facts(session, day), now))
        async with self._db.write(durable=False) as session:
            state = await lock_state(session)
            state.counted_at = now
        return len(days)

    async def count(self, by: str, period: Period) -> Figures:
        """The figures of a period by a dimension; raises InvalidInput."""
        if by not in DIMENSIONS:
            raise InvalidInput(f"by 应取自：{'、'.join(DIMENSIONS)}。")
        by_day = by == "day"
        async with self._db.read() as session:
            rows = await sum_up(
                session, "total" if by_day else by, period.since, period.until, by_day=by_day
            )
            state = await session.get(FiguresStateRow, 1)
        lines = [Line(key, name_key(by, key), figures) for key, figures in rows]
        if not by_day:
            lines.sort(key=lambda line: -line.figures["registered"])
        return Figures(period, by, tuple(lines), state.counted_at if state else None)

    def read_period(self, query: Mapping[str, str]) -> Period:
        """`since` and `until` of a query string; the last 30 days when left out."""
        today = day_of(self._clock.now())
        until = _read_day(query, "until") or today
        since = _read_day(query, "since") or max(until, date.min + USUAL) - USUAL
        if since > until or until - since > LONGEST:
            raise InvalidInput(f"起止日期应先后有序，相隔不超过 {LONGEST.days} 天。")
        return Period(since, until)


def _read_day(query: Mapping[str, str], name: str) -> date | None:
    raw = query.get(name, "").strip()
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise InvalidInput(f"{name} 应是日期，如 2026-11-22。") from None


def name_key(by: str, key: str) -> str:
    """What people call a key of a dimension."""
    if by == "day":
        return f"{key[:4]}-{key[4:6]}-{key[6:]}"
    if by == "total":
        return "全部"
    names: Mapping[str, str] = {
        "category": _category_names(),
        "major": _major_names(),
        "district": _district_names(),
        "channel": _CHANNELS,
    }.get(by, {})
    return names.get(key, key) or "未定"


@cache
def _category_names() -> Mapping[str, str]:
    return {code: each.name for code, each in load_categories().items()}


@cache
def _major_names() -> Mapping[str, str]:
    return {code[:2]: each.major for code, each in load_categories().items()}


@cache
def _district_names() -> Mapping[str, str]:
    gazetteer = load_gazetteer()
    found = (gazetteer.look_up(name) for name in gazetteer.names)
    return {
        division.district_code: division.district
        for named in found
        if named
        for division in named.divisions
    }
