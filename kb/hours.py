"""Opening hours as cities write them: 周一至周五 9:00-12:00，13:30-17:30；周六 9:00-12:00."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hotline.clock import to_city

_DAY_MINUTES = 24 * 60
_ALL_DAYS = frozenset(range(7))
_DAY_NUMBERS = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}
_NAME = "([一二三四五六日天])"
_DAY = f"(?:周|星期|礼拜)?{_NAME}"
_DAY_RANGE = re.compile(rf"(?:周|星期|礼拜){_NAME}(?:至|到|-){_DAY}")
_ONE_DAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天]+)")
_WORKDAYS, _WEEKEND = re.compile("工作日"), re.compile("周末|双休日")
_EVERY_DAY = re.compile("每天|每日|天天|全年|全周")
_TIME = r"(\d{1,2})(?:[:点时](\d{2})?)?分?"
_SPAN = re.compile(rf"{_TIME}(?:至|到|-){_TIME}")
_WHOLE_DAY = re.compile("24小时|全天|昼夜")
_LEFT_OVER = re.compile(
    r"(?:营业|开放|办公|工作|服务|时间|上午|下午|早上|早|晚上|晚|中午|[、;:]|\s)*"
)
_PARTS = re.compile(r"[;；\n]")


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on these weekdays (0 is Monday) from one minute of the day to another.

    `until` may pass midnight: 1560 is two o'clock the next morning.
    """

    days: frozenset[int]
    since: int
    until: int

    def covers(self, moment: datetime) -> bool:
        """Whether the city's local `moment` lies in it."""
        minute, day = moment.hour * 60 + moment.minute, moment.weekday()
        today = day in self.days and self.since <= minute < self.until
        before = (day - 1) % 7 in self.days and minute + _DAY_MINUTES < self.until
        return today or before


@lru_cache(maxsize=4096)
def read_hours(text: str) -> tuple[Opening, ...] | None:
    """The openings; None when the text says more than can be understood here."""
    plain = re.sub(r"[—–－~～〜]+", "-", text.replace("：", ":").replace("，", ",").strip())
    openings: list[Opening] = []
    for part in _PARTS.split(plain):
        if part.strip(" ,。"):
            found = _read_part(part)
            if found is None:
                return None
            openings += found
    return tuple(openings) or None


def _read_part(part: str) -> list[Opening] | None:
    days: set[int] = set()
    rest = _DAY_RANGE.sub(lambda match: _add_range(days, match), part)
    for match in _ONE_DAY.finditer(rest):
        days |= {_DAY_NUMBERS[name] for name in match[1]}
    rest = _ONE_DAY.sub("", rest)
    for pattern, numbers in (
        (_WORKDAYS, range(5)),
        (_WEEKEND, range(5, 7)),
        (_EVERY_DAY, _ALL_DAYS),
    ):
        if pattern.search(rest):
            days |= set(numbers)
            rest = pattern.sub("", rest)
    on = frozenset(days) or _ALL_DAYS
    openings = [Opening(on, 0, _DAY_MINUTES)] if _WHOLE_DAY.search(rest) else []
    rest = _WHOLE_DAY.sub("", rest)
    for match in _SPAN.finditer(rest):
        since, until = _minute(match[1], match[2]), _minute(match[3], match[4])
        if since is None or until is None:
            return None
        if until <= since:
            until += _DAY_MINUTES
        openings.append(Opening(on, since, until))
    rest = _SPAN.sub("", rest).replace(",", "").replace("。", "")
    return openings if openings and _LEFT_OVER.fullmatch(rest) else None


def _add_range(days: set[int], match: re.Match[str]) -> str:
    first, last = _DAY_NUMBERS[match[1]], _DAY_NUMBERS[match[2]]
    days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return ""


def _minute(hour: str, minute: str | None) -> int | None:
    total = int(hour) * 60 + int(minute or 0)
    return total if int(minute or 0) < 60 and total <= _DAY_MINUTES else None


def is_open(hours: str, moment: datetime) -> bool | None:
    """Whether a place with these hours is open at `moment`; None when that cannot be said."""
    openings = read_hours(hours) if hours else None
    if openings is None:
        return None
    there = to_city(moment)
    return any(opening.covers(there) for opening in openings)
