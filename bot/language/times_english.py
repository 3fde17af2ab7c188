"""Times in English: last night, every evening, around 9 pm, until 2 a.m. every night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from bot.language.models import Entity
from bot.language.time_bounds import SHANGHAI, UNKNOWN, Window, day_window, part_window

_PARTS = {
    "morning": "上午", "noon": "中午", "afternoon": "下午", "evening": "晚上", "night": "夜里",
    "tonight": "晚上", "midnight": "午夜",
}  # fmt: skip
_UNITS = {"day": 1, "week": 7, "month": 30, "year": 365}
_COUNTS = "a one two three four five six seven eight nine ten".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
_PART = "mornings?|noon|afternoons?|evenings?|nights?|midnight"
_DAYS = "|".join(f"{day}s?" for day in _WEEKDAYS.split())
_EVERY = rf"(?:every|each)\s(?:single\s)?(?:day|week|weekend|weekday|{_PART}|{_DAYS})"
_CLOCK = (
    r"(?:(?:around|about|at|until|till|after|before|from|since|past)\s)?"
    r"(?P<hour>1[0-2]|0?[1-9])(?::(?P<minute>[0-5][0-9]))?\s?(?P<half>a|p)\.?\s?m\b\.?"
    r"|(?:(?:around|about|at|until|till|after|before|from)\s)(?P<wide>2[0-3]|1[0-9]|0?[0-9])"
    r"(?::(?P<wide_minute>[0-5][0-9])|\so['’]clock)"
)
_HOURS = "one two three four five six seven eight nine ten eleven twelve".split()
_AT = (
    r"(?:\s(?:at|around|about|by|from|after|before|until|till)){1,2}\s(?:(?P<past>half|quarter)\spast\s)?"
    rf"(?P<at>1[0-9]|2[0-3]|0?[0-9]|{'|'.join(_HOURS)})(?![0-9])(?::(?P<at_minute>[0-5][0-9]))?"
    r"(?:\s?(?P<at_half>a|p)\.?\s?m\b\.?|\so['’]clock)?(?!\s(?:of|people|cars|men|trucks|meters|metres))"
)
"""An hour right behind the day or the habit that it belongs to."""
_TIME = re.compile(
    rf"(?<![A-Za-z])(?:(?P<clock>{_CLOCK})(?P<each>\s(?P<habit_after>{_EVERY}))?"
    rf"|(?:(?P<habit>{_EVERY}|all\s(?:day|night)(?:\slong)?|at\snight|at\smidnight|on\sweekends|daily|nightly)"
    rf"|(?P<day>(?:yesterday|today|this|last|the\sother)(?:\s(?:{_PART}|week|month|year|weekend|day|{_DAYS}))?"
    rf"|tonight|midnight|(?:right|just)\snow|now))(?:{_AT})?"
    r"|for\s(?:(?:about|over|nearly|more\sthan)\s)?(?P<count>[0-9]{1,3}|[a-z]{1,5})\s(?P<unit>day|week|month|year)s?"
    r"|(?P<night>night))(?![A-Za-z])",
    re.IGNORECASE,
)
_NOON, _EVENING, _EARLY = 12, 18, 6
_UNCLEAR = frozenset({"this", "last", "today", "the other"})


def read_english_times(text: str, now: datetime | None = None) -> Iterator[Entity]:
    """Yield the expressions of time in the English of normalised `text`.

    `data` is as `times.read_times` gives it; `now` is aware, and without it bounds stay None.
    """
    for match in _TIME.finditer(text):
        if (match["day"] or "").lower() in _UNCLEAR:
            continue
        kind, window = _describe(match, now.astimezone(SHANGHAI) if now else None)
        start, end = (moment.isoformat() if moment else None for moment in window)
        repeat = "daily" if kind == "habit" else None
        if repeat and "week" in match.group().lower():
            repeat = "weekends" if "weekend" in match.group().lower() else "weekly"
        data = {"kind": kind, "from": start, "to": end, "repeat": repeat}
        yield Entity("time", match.group(), match.group(), match.start(), match.end(), data)


def _describe(match: re.Match[str], now: datetime | None) -> tuple[str, Window]:
    said = match.group().lower()
    if match["count"]:
        return "span", _for_so_long(match, now)
    habit = bool(match["habit"] or match["each"] or match["night"])
    if now is None:
        return ("habit" if habit else "point"), UNKNOWN
    if match["clock"]:
        return ("habit" if habit else "point"), _clock(match, now)
    day = (now - timedelta(days="yesterday" in said or said.startswith("last night"))).date()
    part = next((name for sign, name in _PARTS.items() if sign in said), None)
    if match["at"]:
        moment = _moment_of(match, day, part)
        return ("habit" if habit else "point"), (moment, moment)
    if part is not None:
        return ("habit" if habit else "point"), part_window(part, day)
    if habit:
        return "habit", UNKNOWN
    if said in ("yesterday", "today"):
        return "point", day_window((day, day + timedelta(days=1)))
    return "span", UNKNOWN


def _moment_of(match: re.Match[str], day: date, part: str | None) -> datetime:
    """Around nine on the evening of `day`; past midnight a night belongs to the day before."""
    said = match["at"].lower()
    hour = int(said) if said.isdigit() else _HOURS.index(said) + 1
    minute = {"half": 30, "quarter": 15}.get((match["past"] or "").lower(), 0)
    minute = int(match["at_minute"] or minute)
    first = part_window(part, day)[0].hour if part else 0
    if match["at_half"]:
        hour = _in_half(hour, match["at_half"])
    elif first >= _NOON and _EARLY <= hour < _NOON:
        hour += _NOON
    if first >= _EVENING and hour < _EARLY:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour, minute), SHANGHAI)


def _in_half(hour: int, half: str) -> int:
    """The hour of the day that `hour` is in the half that begins with "a" or "p"."""
    return hour % _NOON + (_NOON if half.lower() == "p" else 0)


def _clock(match: re.Match[str], now: datetime) -> Window:
    hour = _in_half(int(match["hour"]), match["half"]) if match["hour"] else int(match["wide"])
    minute = int(match["minute"] or match["wide_minute"] or 0)
    moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if moment > now:
        moment -= timedelta(days=1)
    return moment, moment


def _for_so_long(match: re.Match[str], now: datetime | None) -> Window:
    count = match["count"].lower()
    number = int(count) if count.isdigit() else _COUNTS.index(count) if count in _COUNTS else None
    if now is None or number is None:
        return None, now
    return now - timedelta(days=max(number, 1) * _UNITS[match["unit"].lower()]), now
