"""Whether two reports tell of the same trouble: places first, then meaning. Pure logic.

The same words about another place are another case, however alike; so places that contradict
each other, compared part by part (cases.spots), refuse at once. What is left is weighed: whether
a place is shared, whether both name other places besides that are not, how close in meaning what
is told beside the places is, and how long after the other it was told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from enum import StrEnum

import numpy as np

from bot.language.models import Vector
from cases.spots import (
    Spot,
    contradict,
    contradict_numbers,
    read_spot,
    same_name,
)
from hotline.errors import InvalidInput

_LONGEST = 2000
_PLACE, _ELSEWHERE, _MEANING, _DAYS, _BASE = 2.15, -3.43, 2.96, -1.56, -2.84
"""Logistic regression on our own 110 pairs (tests/cases/duplicates.jsonl) whose places do not
contradict each other; C 3, classes balanced."""
_MEANING_MIDDLE, _MEANING_SCALE = 0.90, 20.0
_HALF_YEAR = 180.0
_ALIGNED, _SAME_WORDS = 300, 0.75
_PLACE_END = re.compile(
    "路|街|大道|巷|胡同|村|镇|桥|小区|社区|家园|花园|公寓|苑|大厦|广场|公园|市场|学校|[中小]学|医院|[东西南北]?站"
)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Report:
    """What is compared of a report."""

    title: str
    body: str
    posted_at: datetime | None = None


class Against(StrEnum):
    """Why two reports cannot be of one place."""

    NAMES = "说的是两个地方"
    AREAS = "不在同一个区或街道"
    NUMBERS = "门牌或楼号不同"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` from 0 to 1, how likely it is one trouble; `reasons` in Chinese, for operators."""

    duplicate: bool
    score: float
    reasons: tuple[str, ...] = ()
    against: Against | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A report prepared for comparing: its places, and what it tells beside them."""

    whole: str
    spot: Spot
    head_spot: Spot
    posted_at: datetime | None

    @property
    def covered(self) -> str:
        """What is told, without the places: what should be close in meaning."""
        return self.spot.covered.strip() or "无"


def prepare(report: Report) -> Told:
    """Read a report's places once, so that it can be compared with many."""
    title, whole = report.title[:_LONGEST], f"{report.title}，{report.body}"[:_LONGEST].strip("，")
    spot, head_spot = read_spot(whole), read_spot(title)
    return Told(whole, spot, head_spot, report.posted_at)


def compare(a: Report, b: Report, embed: Callable[[Sequence[str]], Vector]) -> Verdict:
    """Compare two reports; `embed` gives unit rows, one a text."""
    one, other = prepare(a), prepare(b)
    if not one.whole or not other.whole:
        return Verdict(False, 0.0)
    vectors = embed([one.covered, other.covered])
    return judge(one, other, float(np.dot(vectors[0], vectors[1])))


def judge(a: Told, b: Told, closeness: float) -> Verdict:
    """The verdict on two prepared reports; `closeness` is the cosine of what they tell."""
    shared = _shared_name(a, b)
    days = _days_between(a, b)
    odds = (
        _BASE
        + _PLACE * (shared is not None)
        + _ELSEWHERE * _is_elsewhere(a, b)
        + _MEANING * (closeness - _MEANING_MIDDLE) * _MEANING_SCALE
        + _DAYS * min(days / _HALF_YEAR, 2.0)
    )
    score = 1 / (1 + math.exp(-odds))
    against = _contradiction(a, b)
    if against:
        return Verdict(False, round(min(score, 0.5) / 2, 4), (against.value,), against)
    reasons = []
    if shared:
        reasons.append(f"都说到{shared}")
    if closeness >= _MEANING_MIDDLE:
        reasons.append("说的事情相近")
    return Verdict(score > 0.5, round(score, 4), tuple(reasons))


def read_report(item: Mapping[str, object], key: str) -> Report:
    """The report under `key` of an input line; raises InvalidInput naming the line."""
    report = item.get(key)
    if not isinstance(report, dict):
        raise InvalidInput(f"第 {item.get('_line')} 行缺少 {key}。")
    title, body = [report.get(name) or "" for name in ("title", "body")]
    if not isinstance(title, str) or not isinstance(body, str):
        raise InvalidInput(f"第 {item.get('_line')} 行的 {key} 的 title 和 body 应是文字。")
    return Report(title, body, read_moment(report.get("posted_at")))


def read_moment(value: object) -> datetime | None:
    """When it was posted; None when nothing readable is given.

    Days matter, hours do not: zones are left out of account.
    """
    text = str(value or "").strip().replace("/", "-")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _days_between(a: Told, b: Told) -> float:
    if a.posted_at is None or b.posted_at is None:
        return 0.0
    return abs((a.posted_at - b.posted_at).total_seconds()) / 86400


def _shared_name(a: Told, b: Told) -> str | None:
    """A name that one report is about and the other says too."""
    for one, other in ((a, b), (b, a)):
        # a title names the place itself; a story also names what lies around it
        for _, name in one.head_spot.names or one.spot.names:
            if name in other.whole or any(same_name(name, each) for _, each in other.spot.names):
                return name
    return None


def _unshared(a: Told, b: Told) -> list[str]:
    """The names of places in `a` that `b` does not say."""
    theirs = [name for _, name in b.spot.names]
    return [
        name
        for _, name in a.spot.names
        if name not in b.whole and not any(same_name(name, each) for each in theirs)
    ]


def _is_elsewhere(a: Told, b: Told) -> bool:
    """Whether one name is shared and each tells another beside it: two stretches of a road."""
    mine, theirs = _unshared(a, b), _unshared(b, a)
    return bool(mine and theirs) and len(mine) < len(a.spot.names)


def _contradiction(a: Told, b: Told) -> Against | None:
    """Why it cannot be one place; None when nothing speaks against it."""
    alone = len(_unshared(a, b)) == len(a.spot.names) and len(_unshared(b, a)) == len(b.spot.names)
    if alone and ((a.spot.names and b.spot.names) or _names_swapped(a.whole, b.whole)):
        return Against.NAMES
    if contradict(a.spot.areas, b.spot.areas):
        return Against.AREAS
    if contradict_numbers(a.spot, b.spot):
        return Against.NUMBERS
    return None


def _names_swapped(a: str, b: str) -> bool:
    """Whether the same words stand before other names, though no reader knows them as names."""
    matcher = SequenceMatcher(None, a[:_ALIGNED], b[:_ALIGNED], autojunk=False)
    if matcher.quick_ratio() < _SAME_WORDS or matcher.ratio() < _SAME_WORDS:
        return False
    for kind, start, end, first, last in matcher.get_opcodes():
        names = a[start:end], b[first:last]
        if kind == "replace" and min(map(len, names)) > 1 and _PLACE_END.match(a, end):
            return True
    return False
