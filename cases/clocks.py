"""When a case is due: picks the limit that fits and adds it to the filing time.

Units: hours and days are natural (自然时、自然日); working_days (工作日) and working_hours (工作时)
skip weekends and public holidays and keep make-up working days, by the published calendar
(chinese-calendar); days the deployment set itself win over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

import chinese_calendar

from cases.models import Limit
from hotline.clock import to_city

UNIT_NAMES = {
    "hours": "小时",
    "days": "天",
    "working_days": "个工作日",
    "working_hours": "个工作时",
}
OPENS, CLOSES = time(9), time(18)
"""The hours that count as working time; the deployment's own setting."""
Workdays = Mapping[date, bool]
"""Days that the deployment set itself: whether the city works."""


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


def compute_due(filed_at: datetime, limit: Limit, own_days: Workdays | None = None) -> datetime:
    """The moment the limit ends, aware UTC."""
    if limit.unit == "hours":
        return filed_at + timedelta(hours=limit.amount)
    if limit.unit == "days":
        return filed_at + timedelta(days=limit.amount)
    if limit.unit == "working_hours":
        return _add_working_time(filed_at, timedelta(hours=limit.amount), own_days or {})
    if limit.unit != "working_days":
        raise ValueError(f"unknown unit {limit.unit}")
    moment, left = to_city(filed_at), limit.amount
    while left:
        moment += timedelta(days=1)
        left -= is_working_day(moment, own_days)
    return moment.astimezone(filed_at.tzinfo)


def _add_working_time(start: datetime, left: timedelta, own_days: Workdays) -> datetime:
    moment = to_city(start)
    while True:
        if is_working_day(moment, own_days):
            opens = moment.replace(hour=OPENS.hour, minute=0, second=0, microsecond=0)
            closes = opens.replace(hour=CLOSES.hour)
            begin = max(moment, opens)
            if begin + left <= closes:
                return (begin + left).astimezone(start.tzinfo)
            left -= max(closes - begin, timedelta(0))
        moment = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def is_working_day(moment: datetime, own_days: Workdays | None = None) -> bool:
    """Whether the city works on that day; years not yet published count Monday to Friday."""
    day = to_city(moment).date()
    if own_days and day in own_days:
        return own_days[day]
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def name_limit(limit: Limit) -> str:
    """`7 天` as residents read it."""
    return f"{limit.amount} {UNIT_NAMES[limit.unit]}"
