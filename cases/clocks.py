"""When a case is due: picks the limit that fits and adds it to the filing time.

Units: hours and days are natural (自然时、自然日); working_days (工作日) skips weekends and public
holidays and keeps make-up working days, by the published calendar (chinese-calendar).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import chinese_calendar

from cases.models import Limit
from hotline.clock import to_city

UNIT_NAMES = {"hours": "小时", "days": "天", "working_days": "个工作日"}


def choose_limit(
    limits: Iterable[Limit], category_code: str | None, emergency: bool
) -> Limit | None:
    """The limit in force: emergency rows before others, then the longest fitting prefix."""
    fitting = [
        limit
        for limit in limits
        if (category_code or "").startswith(limit.category_prefix)
        and (emergency or not limit.emergency)
    ]
    return max(
        fitting, key=lambda limit: (limit.emergency, len(limit.category_prefix)), default=None
    )


def compute_due(filed_at: datetime, limit: Limit) -> datetime:
    """The moment the limit ends, aware UTC."""
    if limit.unit == "hours":
        return filed_at + timedelta(hours=limit.amount)
    if limit.unit == "days":
        return filed_at + timedelta(days=limit.amount)
    if limit.unit != "working_days":
        raise ValueError(f"unknown unit {limit.unit}")
    moment, left = to_city(filed_at), limit.amount
    while left:
        moment += timedelta(days=1)
        left -= is_working_day(moment)
    return moment.astimezone(filed_at.tzinfo)


def is_working_day(moment: datetime) -> bool:
    """Whether the city works on that day; years not yet published count Monday to Friday."""
    day = to_city(moment).date()
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def name_limit(limit: Limit) -> str:
    """`7 天` as residents read it."""
    return f"{limit.amount} {UNIT_NAMES[limit.unit]}"
