"""What an expression of time means beside a given now: days, windows of the day, clocks.

A window is a pair of aware datetimes, the second exclusive; None is an open or unknown end.
Residents mostly report what has been, so a bare 晚上 or 三点半 is the latest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone

import chinese_calendar

from bot.language.numbers import read_number
from bot.language.time_atoms import TimeAtom

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one zone without summer time."""

Window = tuple[datetime | None, datetime | None]
Days = tuple[date, date]

UNKNOWN: Window = (None, None)

_DAY_STEPS = {
    "大前天": -3, "前": -2, "前天": -2, "前日": -2, "前儿": -2, "昨": -1, "昨天": -1, "昨日": -1,
    "昨儿": -1, "昨个": -1, "今": 0, "今天": 0, "今日": 0, "今儿": 0, "今个": 0, "明": 1,
    "明天": 1, "明日": 1, "明儿": 1, "后天": 2, "大后天": 3,
    "前儿个": -2, "昨儿个": -1, "今儿个": 0, "明儿个": 1,
    "琴日": -1, "寻日": -1, "尋日": -1, "夜儿个": -1, "夜个": -1,
}  # fmt: skip
_WEEK_STEPS = {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0, "下": 1, "下下": 2}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_SATURDAY = 5
_YEAR_STEPS = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "本年": 0, "明年": 1}
_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12}
_FIXED_HOLIDAYS = {
    "双十一": (11, 11),
    "国庆": (10, 1),
    "十一": (10, 1),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "元旦": (1, 1),
}
_GOLDEN_WEEK = 7
_MOVING_HOLIDAYS = {
    "春节": "Spring Festival", "过年": "Spring Festival", "除夕": "Spring Festival",
    "中秋": "Mid-autumn Festival", "端午": "Dragon Boat Festival", "清明": "Tomb-sweeping Day",
}  # fmt: skip
# Hours from the day's midnight; beyond 24 is the next morning.
_PARTS = {
    "夜黑": (20, 30), "亮": (4, 7), "黑": (18, 22), "头晌": (8, 12), "前晌": (8, 12),
    "前半晌": (8, 12), "晚半晌": (17, 20), "晚么晌": (17, 20), "后晌": (12, 18), "后半晌": (12, 18),
    "过晌": (12, 18), "下晌": (12, 18), "下半晌": (12, 18), "上晌": (8, 12), "上半晌": (8, 12),
    "早饭": (6, 9), "午饭": (11, 14), "晚饭": (17, 20), "下班": (17, 20),
    "放学": (15, 18), "接孩子": (15, 18), "上学": (7, 9), "送孩子": (7, 9), "上下班": (7, 20),
    "凌晨": (0, 6), "后半夜": (0, 6), "下半夜": (0, 6), "早高峰": (7, 9), "早": (5, 10),
    "清晨": (5, 8), "晨": (5, 8), "上午": (8, 12), "中午": (11, 14), "正午": (11, 13),
    "晌午": (11, 14), "午间": (11, 14), "午休": (12, 14), "下午": (12, 18), "午后": (12, 18),
    "傍晚": (17, 20), "黄昏": (17, 20), "晚高峰": (17, 20), "半夜": (23, 30), "深夜": (22, 30),
    "午夜": (23, 25), "夜半": (23, 30), "深更半夜": (23, 30), "三更半夜": (23, 30),
    "前半夜": (20, 24), "夜": (20, 30), "白天": (6, 18), "晚": (18, 24),
}  # fmt: skip
_NOON, _EVENING_FROM = 12, 17
_DURATION_DAYS = {"天": 1, "日": 1, "晚": 1, "周": 7, "星": 7, "礼": 7, "月": 30, "年": 365}


def day_window(days: Days) -> Window:
    """From the first midnight to the last of a range of days."""
    return _at(days[0], 0), _at(days[1], 0)


def read_days(atoms: Sequence[TimeAtom], now: datetime) -> Days | None:
    """The days that the date pieces of one expression name together; None without any."""
    days: Days | None = None
    year: int | None = None
    for atom in atoms:
        if atom.kind == "year":
            days = _read_year(atom, now)
            year = days[0].year
        elif atom.kind == "holiday":
            days = _read_holiday(atom, now, year)
        elif atom.kind == "dom":
            days = _read_day_of_month(atom, days, now)
        elif reader := _DAY_READERS.get(atom.kind):
            days = reader(atom, now) or days
    return days


def part_window(part: str, day: date) -> tuple[datetime, datetime]:
    """The hours of 早上, 半夜 … on `day`."""
    first, last = _part_hours(part)
    return _at(day, first), _at(day, last)


def read_clock(clock: TimeAtom, part: str | None) -> tuple[int, int]:
    """Hour (24 and more: next morning) and minute of 十点半 beside 晚上 or no part at all."""
    parts = clock.parts
    hour = read_number(parts.get("hour") or parts["clock_h"]) or 0
    minute = read_number((parts.get("minute") or parts.get("clock_m") or "0").lstrip("零")) or 0
    if "half" in parts:
        minute = 30
    elif "quarter" in parts:
        minute = 15 if parts["quarter"] == "一" else 45
    if part is None:
        return hour, minute
    first, last = _part_hours(part)
    if hour == _NOON:
        return (24 if first >= _EVENING_FROM else 0 if last <= _NOON // 2 else _NOON), minute
    if first >= _EVENING_FROM and hour < 6:
        return hour + 24, minute
    if (first >= _NOON - 1 and hour < _NOON and hour + _NOON >= first) or first >= _EVENING_FROM:
        return (hour + _NOON if hour < _NOON else hour), minute
    return hour, minute


def read_duration(atom: TimeAtom, now: datetime) -> Window:
    """The stretch of 三天了, 这两周 or the day of 三天前."""
    count, tail = atom.parts["count"], atom.parts.get("tail", "")
    number = _count(count)
    if number is None:
        ago = tail.endswith("前") or atom.parts.get("lead") == "前"
        return (None, None) if ago or tail.endswith("后") else (None, now)
    unit = atom.parts["unit"]
    if "半" in unit or atom.parts.get("more") == "半":
        number += 0.5
    if "小时" in unit or "钟头" in unit or "分钟" in unit:
        step = timedelta(minutes=number * (1 if "分钟" in unit else 60))
        point: Window = (now - step, now - step) if "前" in tail else (now - step, now)
        return (now + step, now + step) if "后" in tail else point
    size = next(days for sign, days in _DURATION_DAYS.items() if sign in unit)
    step = timedelta(days=round(number * size))
    if tail.endswith("后"):
        day = (now + step).date()
        return day_window((day, day + timedelta(days=1)))
    day = (now - step).date()
    if tail.endswith("前"):
        return day_window((day, day + timedelta(days=max(1, size if size < 30 else 1))))
    return _at(day, 0), now


def weekend_of(day: date) -> Days:
    """Saturday and Sunday of the week of `day`."""
    saturday = day - timedelta(days=day.weekday() - _SATURDAY)
    return saturday, saturday + timedelta(days=2)


def _at(day: date, hours: float) -> datetime:
    return datetime.combine(day, time(), SHANGHAI) + timedelta(hours=hours)


def _one(day: date) -> Days:
    return day, day + timedelta(days=1)


def _part_hours(part: str) -> tuple[int, int]:
    if part in _PARTS:
        return _PARTS[part]
    return next((hours for sign, hours in _PARTS.items() if sign in part), (0, 24))


def _count(text: str) -> float | None:
    """A count of units: 三, 半, 2.5, 十多; of 三四 the larger; None for 几 and 数."""
    text = text.rstrip("多余来几")
    if text == "半":
        return 0.5
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    if len(text) == 2 and all(char in "一二两三四五六七八九" for char in text):
        return read_number(text[1])
    return read_number(text)


def _month(year: int, month: int) -> Days:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), following


def _third(days: Days, name: str | None) -> Days:
    """Narrow a month or week to its 初, 上旬, 中旬, 下旬 or 末."""
    first, last = days
    if name in ("初", "上旬"):
        return first, min(last, first + timedelta(days=10))
    if name == "中旬":
        return first + timedelta(days=10), first + timedelta(days=20)
    if name in ("下旬", "底", "末"):
        return last - timedelta(days=min(10, (last - first).days)), last
    return days


def _full_year(text: str, now: datetime) -> int:
    if text + "年" in _YEAR_STEPS:
        return now.year + _YEAR_STEPS[text + "年"]
    number = read_number(text)
    if number is None:
        return now.year
    return number + 2000 if number < 100 else number


def _read_date(atom: TimeAtom, now: datetime) -> Days:
    parts = atom.parts
    month, day = read_number(parts["date_month"]), read_number(parts.get("date_day", ""))
    if month is None or not 1 <= month <= 12:
        raise ValueError("no such month")
    if "date_year" in parts:
        year = _full_year(parts["date_year"], now)
    else:
        year = now.year if month <= now.month else now.year - 1
    if day is None:
        return _third(_month(year, month), parts.get("date_third"))
    return _one(date(year, month, day))


def _read_iso(atom: TimeAtom, _now: datetime) -> Days:
    year, month, day = (int(atom.parts[name]) for name in ("iso_year", "iso_month", "iso_day"))
    return _one(date(year, month, day))


def _read_day(atom: TimeAtom, now: datetime) -> Days | None:
    step = _DAY_STEPS.get(atom.text)
    # 那天, 次日 count from a day that only the story knows
    return None if step is None else _one(now.date() + timedelta(days=step))


def _read_habit(atom: TimeAtom, now: datetime) -> Days | None:
    """The latest day of 每周一 or the weekend of 每个周末; None for 每天."""
    if "周末" in atom.text or "双休" in atom.text:
        return weekend_of(now.date())
    if atom.text[-1] in _WEEKDAYS and atom.text[-2] in "周期拜":
        back = (now.weekday() - _WEEKDAYS[atom.text[-1]]) % 7
        return _one(now.date() - timedelta(days=back))
    return None


def _read_weekday(atom: TimeAtom, now: datetime) -> Days:
    which, name = atom.parts.get("week_of_day"), atom.parts["weekday"]
    monday = now.date() - timedelta(days=now.weekday())
    week = monday + timedelta(weeks=_WEEK_STEPS[which or "这"])
    if name == "末":
        return weekend_of(week)
    day = week + timedelta(days=_WEEKDAYS[name])
    if which is None and day > now.date():
        day -= timedelta(weeks=1)
    return _one(day)


def _read_period(atom: TimeAtom, now: datetime) -> Days:
    step, unit = _WEEK_STEPS[atom.parts["period_which"]], atom.parts["period_unit"]
    third = atom.parts.get("period_third")
    if unit == "月":
        return _third(_month(now.year, now.month + step), third)
    if unit == "季度":
        first = _month(now.year, (now.month - 1) // 3 * 3 + 1 + 3 * step)[0]
        return first, _month(first.year, first.month + 2)[1]
    monday = now.date() - timedelta(days=now.weekday()) + timedelta(weeks=step)
    return (monday, monday + timedelta(days=7)) if third is None else weekend_of(monday)


def _read_year(atom: TimeAtom, now: datetime) -> Days:
    name = atom.parts.get("year_name") or atom.parts["year_short"]
    year = now.year + _YEAR_STEPS["大前年"] if name == "大前" else _full_year(name, now)
    part = atom.parts.get("year_part")
    whole = date(year, 1, 1), date(year + 1, 1, 1)
    if part is None:
        return whole
    season = next((sign for sign in _SEASONS if sign in part), None)
    if season is not None:
        first = _SEASONS[season]
        return _month(year, first)[0], _month(year, first + 2)[1]
    if part in ("上半年", "下半年"):
        half = date(year, 7, 1)
        return (whole[0], half) if part == "上半年" else (half, whole[1])
    return _month(year, 1 if part == "初" else 12)


def _read_holiday(atom: TimeAtom, now: datetime, year: int | None) -> Days | None:
    name = atom.parts["holiday"]
    fixed = next((day for sign, day in _FIXED_HOLIDAYS.items() if sign in name), None)
    if fixed is not None:
        day = date(year or now.year, *fixed)
        if year is None and day > now.date():
            day = date(now.year - 1, *fixed)
        whole = any(sign in atom.text for sign in ("期间", "假", "黄金周"))
        length = _GOLDEN_WEEK if fixed == (10, 1) and whole else 1
        return day, day + timedelta(days=length)
    title = next((title for sign, title in _MOVING_HOLIDAYS.items() if sign in name), None)
    past = [
        day
        for day, holiday in chinese_calendar.constants.holidays.items()
        if holiday == title and (day.year == year if year else day <= now.date())
    ]
    if title is None or not past:
        return None
    latest = max(day.year for day in past)
    days = sorted(day for day in past if day.year == latest)
    return days[0], days[-1] + timedelta(days=1)


def _read_day_of_month(atom: TimeAtom, month: Days | None, now: datetime) -> Days:
    number = read_number(atom.parts["dom"]) or 0
    if month is not None:
        return _one(month[0].replace(day=number))
    day = now.date().replace(day=number)
    if day > now.date():
        day = _month(now.year, now.month - 1)[0].replace(day=number)
    return _one(day)


_DAY_READERS = {
    "date": _read_date, "iso": _read_iso, "day": _read_day, "weekday": _read_weekday,
    "period": _read_period, "habit": _read_habit,
}  # fmt: skip
