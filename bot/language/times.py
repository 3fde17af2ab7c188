"""When it happens: points (昨天晚上十点多), spans (凌晨两点到五点), habits (每天晚上)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest

from bot.language.models import Entity
from bot.language.time_atoms import TimeAtom, scan_atoms
from bot.language.time_bounds import (
    SHANGHAI,
    UNKNOWN,
    Window,
    day_window,
    part_window,
    read_clock,
    read_days,
    read_duration,
)

_GLUE = re.compile(r"的?[ ]?(?:大概|大约|差不多|将近|快到|快|约)?在?")
_RANGE = re.compile(r"[ ]?(?:一?直?到了?|至|-|~|—{1,2}|–)[ ]?")
_SINCE = re.compile(r"(?:从|自从|自|打从|打)(?:大概|大约)?$")
_ABOUT = r"(?:左右|前后|来钟|多钟?|许)"
_AFTER = r"(?:以后|之后|过后|后(?![面来门街巷院])|开始|起(?![来点码步])|以来|至今|到现在)"
_BEFORE = r"(?:以前|之前|前(?![面往来门街后]))"
_WHILE = r"(?:的?时候|时分|时段|这段时间|期间|时(?![间候常而不期代]))"
_TAIL = re.compile(
    rf"(?P<about>{_ABOUT})?(?:(?P<after>{_AFTER})|(?P<before>{_BEFORE}))?(?:{_WHILE})?"
    r"(?P<now>[，, ]?一?直?(?:到现在|至今))?"
)
_HABIT_CUE = re.compile(r"[总老]是?|每|天天|经常|常常|一直|都[会在有]|从来")
_FUTURE_CUE = re.compile(r"给我|联系我|回电|回个|打给|来电|再来|上门|方便|有空|预约|可以|能来|要来")
_CUE_REACH = 8

_EXACT = frozenset({"iso", "date", "day", "weekday", "dom"})
_LONG = frozenset({"period", "year", "holiday", "duration", "habit"})
_NOT_ALONE = frozenset({"dom"})
_PRESENT = ("刚", "方才", "此刻", "这会", "眼下", "现在", "目前", "当前")
_SPANS_OF_THE_PAST = ("最近", "近", "这", "前", "日前")
# In a letter 现在 and 最近 carry the tale; in a line of chat they answer "when".
_LETTER = 60
_ASIDES = ("现在", "目前", "当前", "眼下", "最近", "近", "当时")
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class _Side:
    """The pieces of one end of an expression (the whole of it when there is no range)."""

    atoms: list[TimeAtom] = field(default_factory=list)

    def first(self, kind: str) -> TimeAtom | None:
        return next((atom for atom in self.atoms if atom.kind == kind), None)


@dataclass(slots=True)
class _Phrase:
    """Neighbouring pieces joined to one expression, with what stands around them."""

    sides: list[_Side]
    start: int
    end: int
    since: bool = False
    tail: re.Match[str] | None = None

    @property
    def atoms(self) -> list[TimeAtom]:
        return [atom for side in self.sides for atom in side.atoms]

    @property
    def last_atom(self) -> TimeAtom:
        return self.sides[-1].atoms[-1]

    def has_tail(self, name: str) -> bool:
        return self.tail is not None and self.tail.group(name) is not None


def read_times(text: str, now: datetime | None = None) -> list[Entity]:
    """Find the expressions of time in normalised `text`; `value` keeps the resident's words.

    `data` is {"kind": "point"|"span"|"habit", "from", "to", "repeat"}: ISO 8601 in China's
    zone, or None where the end is open or unknown. A point is a moment or one part of one
    day (from and to bound what the words leave open); of a habit, from and to bound it on
    the day of `now`, and repeat is "daily", "weekly", "weekends" or None. `now` must be
    aware; without it the bounds stay None.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("now must carry a zone")
    local = now.astimezone(SHANGHAI) if now is not None else None
    return [
        Entity(
            "time", text[phrase.start : phrase.end], text[phrase.start : phrase.end],
            phrase.start, phrase.end, _describe(phrase, text, local),
        )
        for phrase in _join(text)
        if _is_clear(phrase, text)
    ]  # fmt: skip


def _join(text: str) -> list[_Phrase]:
    phrases: list[_Phrase] = []
    for atom in scan_atoms(text):
        last = phrases[-1] if phrases else None
        if last is not None and last.tail is not None and _joins(last, atom, text):
            last.sides[-1].atoms.append(atom)
            last.end = atom.end
        elif last is not None and _ranges(last, atom, text):
            last.sides.append(_Side([atom]))
            last.end = atom.end
        else:
            phrases.append(_Phrase([_Side([atom])], atom.start, atom.end))
            last = phrases[-1]
            if lead := _SINCE.search(text, max(0, atom.start - 4), atom.start):
                last.since, last.start = True, lead.start()
        last.tail = _TAIL.match(text, last.end)
    for phrase, following in zip_longest(phrases, phrases[1:]):
        if phrase.tail is None:
            continue
        if following is not None and phrase.tail.end() > following.start:
            phrase.tail = None  # in 十点前半年 the 前 belongs to what follows
        else:
            phrase.end = phrase.tail.end()
    return phrases


def _joins(phrase: _Phrase, atom: TimeAtom, text: str) -> bool:
    """Whether `atom` goes on with the expression: a part after a day, a clock after a part."""
    gap = text[phrase.last_atom.end : atom.start]
    if not _GLUE.fullmatch(gap):
        return False
    before = phrase.last_atom.kind
    return not (before == atom.kind and before not in ("part", "period")) and before != "clock"


def _ranges(phrase: _Phrase, atom: TimeAtom, text: str) -> bool:
    gap = text[phrase.last_atom.end : atom.start]
    about = re.sub(rf"^{_ABOUT}?{_AFTER}?", "", gap)
    return len(phrase.sides) == 1 and atom.kind != "habit" and bool(_RANGE.fullmatch(about))


def _is_clear(phrase: _Phrase, text: str) -> bool:
    """Whether a lone weak piece (三点, 3号) has something beside it that makes it a time."""
    atoms = phrase.atoms
    if len(atoms) > 1:
        return True
    tail = any(phrase.has_tail(name) for name in ("about", "after", "before", "now"))
    if atoms[0].kind in _NOT_ALONE:
        return tail or phrase.since
    if atoms[0].kind == "vague" and len(text) > _LETTER and not (tail or phrase.since):
        return not atoms[0].text.startswith(_ASIDES)
    if atoms[0].kind != "clock":
        return True
    parts = atoms[0].parts
    exact = {"half", "quarter", "minute", "sharp", "clock_h"} & parts.keys()
    return (
        bool(exact) or tail or text[max(0, phrase.start - 1) : phrase.start] in ("在", "到", "上")
    )


def _describe(phrase: _Phrase, text: str, now: datetime | None) -> dict[str, object]:
    kind, repeat = _classify(phrase, text)
    window = UNKNOWN
    if now is not None:
        try:
            window = _bound(phrase, text, now, kind)
        except (ValueError, OverflowError):  # 11月31号, 9999年前
            window = UNKNOWN
    start, end = (moment.isoformat() if moment is not None else None for moment in window)
    return {"kind": kind, "from": start, "to": end, "repeat": repeat}


def _classify(phrase: _Phrase, text: str) -> tuple[str, str | None]:
    atoms = phrase.atoms
    if habit := next((atom for atom in atoms if atom.kind == "habit"), None):
        return "habit", _repeat_of(habit.text)
    weekday = next((atom for atom in atoms if atom.kind == "weekday"), None)
    if weekday is not None and weekday.parts.get("week_of_day") is None:
        if weekday.parts["weekday"] == "末":
            return "habit", "weekends"
        if len(phrase.sides) > 1:
            return "habit", "weekly"
    kinds = {atom.kind for atom in atoms}
    if kinds <= {"part", "clock"} and "part" in kinds:
        around = text[max(0, phrase.start - _CUE_REACH) : phrase.start]
        around += "|" + text[phrase.end : phrase.end + _CUE_REACH // 2]
        if _HABIT_CUE.search(around):
            return "habit", "daily"
    if len(phrase.sides) > 1 or phrase.since or _is_open(phrase):
        return "span", None
    if kinds & _EXACT or "clock" in kinds:
        return "point", None
    if kinds == {"duration"}:
        tail = atoms[0].parts.get("tail", "")
        return ("point" if tail.endswith(("前", "后")) else "span"), None
    if kinds == {"vague"}:
        return ("point" if atoms[0].text.startswith(_PRESENT) else "span"), None
    return "span", None


def _is_open(phrase: _Phrase) -> bool:
    return any(phrase.has_tail(name) for name in ("after", "before", "now"))


def _repeat_of(habit: str) -> str | None:
    if "周末" in habit or "双休" in habit:
        return "weekends"
    if any(sign in habit for sign in ("周", "星期", "礼拜")):
        return "weekly"
    yearly = (
        "月",
        "年",
        "季",
        "春",
        "夏",
        "秋",
        "冬",
        "雨",
        "隔三",
        "三天两头",
        "节假日",
        "工作日",
    )
    return None if any(sign in habit for sign in yearly) else "daily"


def _bound(phrase: _Phrase, text: str, now: datetime, kind: str) -> Window:
    first = phrase.sides[0]
    latest = kind != "habit" and not _FUTURE_CUE.search(text[phrase.end :][:_CUE_REACH])
    start, end = _side_window(first, (), now, latest)
    if len(phrase.sides) > 1:
        until = _side_window(phrase.sides[1], _shared(first, start), now, latest)
        stop = until[0] if phrase.sides[1].first("clock") else until[1]
        if start is not None and stop is not None and stop < start:
            stop += timedelta(days=1)
        return start, stop
    if phrase.has_tail("before") and kind == "span":
        return None, start
    if phrase.has_tail("now"):
        return start, now
    if phrase.has_tail("after") or phrase.since:
        return start, None
    clock = first.first("clock")
    if clock is not None and start is not None and phrase.has_tail("about"):
        fuzzy = phrase.tail is not None and "多" in phrase.tail.group("about")
        return start, start + _HOUR if fuzzy else end
    return start, end


def _shared(first: _Side, start: datetime | None) -> Sequence[TimeAtom]:
    """What the second end of a range takes over from the first: 凌晨两点到五点."""
    return [atom for atom in first.atoms if atom.kind != "clock"] if start is not None else []


def _side_window(side: _Side, shared: Sequence[TimeAtom], now: datetime, latest: bool) -> Window:
    """Bounds of one end; `latest` asks for the last occurrence where no day is named."""
    clock = side.first("clock")
    part = side.first("part") or next((atom for atom in shared if atom.kind == "part"), None)
    days = read_days(side.atoms, now) or read_days(shared, now)
    if duration := side.first("duration"):
        return read_duration(duration, now)
    if vague := side.first("vague"):
        return _vague_window(vague.text, now)
    if clock is None and part is None:
        return day_window(days) if days is not None else UNKNOWN
    day = days[0] if days is not None else now.date()
    if clock is None and part is not None:
        window = part_window(part.text, day)
    else:
        assert clock is not None
        hour, minute = read_clock(clock, part.text if part is not None else None)
        moment = part_window("凌晨", day)[0] + timedelta(hours=hour, minutes=minute)
        window = moment, moment
    if days is None and window[0] > now and latest:
        return window[0] - timedelta(days=1), window[1] - timedelta(days=1)
    return window


def _vague_window(word: str, now: datetime) -> Window:
    if word.startswith(_PRESENT):
        return now, now
    return (None, now) if word.startswith(_SPANS_OF_THE_PAST) else UNKNOWN
