"""When a case is due: which limit fits, and how its time is counted. Pure rules.

Units: hours and days are natural (自然时、自然日); working_days (工作日) and working_hours (工作时)
skip weekends and public holidays and keep make-up working days, by the published calendar
(chinese-calendar); days the deployment set itself win over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

import chinese_calendar

from cases.models import CaseKind, CaseStatus, ClockName, Limit
from hotline.clock import to_city

UNIT_NAMES = {
    "hours": "小时",
    "days": "天",
    "working_days": "个工作日",
    "working_hours": "个工作时",
}
OPENS, CLOSES = time(9), time(18)
"""The hours that count as working time; the deployment's own setting."""
WARNING_SHARE = 0.8
"""The part of a limit after which it is warned of; the deployment's own setting."""
Workdays = Mapping[date, bool]
"""Days that the deployment set itself: whether the city works."""

_S = CaseStatus
_UNFILED = frozenset({_S.ACCEPTED, _S.VERIFYING})
_UNSENT = _UNFILED | {_S.FILED}
_AT_UNIT = frozenset({_S.DISPATCHED, _S.HANDLING, _S.DEFERRED})
_REPORTED = frozenset({_S.REPORTED, _S.CHECKING})
RUNS_IN: Mapping[ClockName, frozenset[CaseStatus]] = {
    ClockName.CASE: _UNSENT | _AT_UNIT | _REPORTED,
    ClockName.FILE: _UNFILED,
    ClockName.DISPATCH: _UNSENT,
    ClockName.HANDLE: _AT_UNIT,
    ClockName.CHECK: _REPORTED,
}
"""In which statuses a clock is there; in a deferred case it stands still."""
_ON_SITE = frozenset({ClockName.FILE, ClockName.DISPATCH})
_MESSAGES = frozenset({CaseKind.CONSULTATION, CaseKind.SUGGESTION, CaseKind.PRAISE})


def find_clocks(status: CaseStatus, kind: CaseKind) -> frozenset[ClockName]:
    """The clocks of a case in this status; messages need not be filed nor dispatched."""
    names = {name for name, statuses in RUNS_IN.items() if status in statuses}
    return frozenset(names - _ON_SITE if kind in _MESSAGES else names)


def choose_limit(
    limits: Iterable[Limit],
    clock: ClockName,
    category_code: str | None,
    urgency: str,
    area_class: str | None,
) -> Limit | None:
    """The limit in force: rows for the urgency before others, then the longest fitting prefix,
    then rows for the class of the area.
    """
    fitting = [
        limit
        for limit in limits
        if limit.clock == clock
        and (category_code or "").startswith(limit.category_prefix)
        and limit.urgency in ("", urgency)
        and limit.area_class in ("", area_class)
    ]
    return max(
        fitting,
        key=lambda limit: (
            bool(limit.urgency),
            len(limit.category_prefix),
            bool(limit.area_class),
        ),
        default=None,
    )


def compute_due(start: datetime, limit: Limit, own_days: Workdays | None = None) -> datetime:
    """The moment the limit ends, aware UTC."""
    if limit.unit != "working_days":
        return add_time(start, timedelta(hours=_hours(limit)), limit.unit, own_days)
    moment, left = to_city(start), limit.amount
    while left:
        moment += timedelta(days=1)
        left -= is_working_day(moment, own_days)
    return moment.astimezone(start.tzinfo)


def compute_warning(
    start: datetime, due: datetime, unit: str, own_days: Workdays | None = None
) -> datetime:
    """When to warn: WARNING_SHARE of the counted time has gone by."""
    return add_time(start, count_time(start, due, unit, own_days) * WARNING_SHARE, unit, own_days)


def _hours(limit: Limit) -> int:
    if limit.unit not in UNIT_NAMES:
        raise ValueError(f"unknown unit {limit.unit}")
    return limit.amount * (24 if limit.unit == "days" else 1)


def add_time(
    start: datetime, left: timedelta, unit: str, own_days: Workdays | None = None
) -> datetime:
    """The moment at which `left` of the time that `unit` counts has gone by."""
    if unit in ("hours", "days"):
        return start + left
    moment = to_city(start)
    while True:
        opens, closes = _open_hours(moment, unit, own_days)
        begin = max(moment, opens)
        if begin + left <= closes:
            return (begin + left).astimezone(start.tzinfo)
        left -= max(closes - begin, timedelta(0))
        moment = _next_midnight(moment)


def count_time(
    start: datetime, end: datetime, unit: str, own_days: Workdays | None = None
) -> timedelta:
    """How much of the time that `unit` counts lies between the two; never negative."""
    if unit in ("hours", "days"):
        return max(end - start, timedelta(0))
    moment, last, total = to_city(start), to_city(end), timedelta(0)
    while moment < last:
        opens, closes = _open_hours(moment, unit, own_days)
        total += max(min(closes, last) - max(moment, opens), timedelta(0))
        moment = _next_midnight(moment)
    return total


def _open_hours(
    moment: datetime, unit: str, own_days: Workdays | None
) -> tuple[datetime, datetime]:
    """From when to when time is counted on the day of `moment`; empty on days off."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if not is_working_day(moment, own_days):
        return midnight, midnight
    if unit == "working_days":
        return midnight, _next_midnight(moment)
    return midnight.replace(hour=OPENS.hour), midnight.replace(hour=CLOSES.hour)


def _next_midnight(moment: datetime) -> datetime:
    return (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


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
