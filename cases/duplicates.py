"""Whether two reports tell of the same trouble: places first, then meaning. Pure logic.

The same words about another place are another case, however alike; so places that contradict
each other, compared part by part (cases.spots) and by what copied words exchange (cases.wording),
refuse at once. What is left is weighed (cases.resemblance) by a logistic regression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.language.models import Vector
from cases.resemblance import (
    Against,
    Told,
    measure_closeness,
    prepare,
    refuse,
    shared_name,
    weigh,
)
from hotline.errors import InvalidInput

WEIGHTS = {
    "shared_name": 2.36,
    "names_beside": -4.58,
    "other_names": -3.21,
    "other_side": -7.08,
    "long_after": -7.02,
    "follows_up": 2.58,
    "comes_back": -2.47,
    "wished_or_broken": -6.28,
    "closeness": 6.91,
}
"""Fitted by cases.duplicate_fit, in the order of FEATURES."""
BASE = -2.45
_CLOSE = 0.9
"""From this cosine two stories count as alike in what operators are told."""
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Report:
    """What is compared of a report."""

    title: str
    body: str
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` from 0 to 1, how likely it is one trouble; `reasons` in Chinese, for operators."""

    duplicate: bool
    score: float
    reasons: tuple[str, ...] = ()
    against: Against | None = None


def compare(a: Report, b: Report, embed: Callable[[Sequence[str]], Vector]) -> Verdict:
    """Compare two reports; `embed` gives unit rows, one a text."""
    one, other = (prepare(each.title, each.body, each.posted_at) for each in (a, b))
    if not one.whole or not other.whole:
        return Verdict(False, 0.0)
    return judge(one, other, measure_closeness(one, [other], embed)[0])


def judge(a: Told, b: Told, closeness: float, *, near: bool = False) -> Verdict:
    """The verdict on two prepared reports.

    `closeness` is of what they tell (`measure_closeness`); `near` says that they were measured to lie near each other, which tells better than names
    which place is meant.
    """
    values = weigh(a, b, closeness, near=near)
    odds = BASE + sum(map(float.__mul__, WEIGHTS.values(), values))
    score = 1 / (1 + math.exp(-odds))
    against = refuse(a, b, near=near)
    if against:
        return Verdict(False, round(min(score, 0.5) / 2, 4), (against.value,), against)
    reasons = []
    if shared := shared_name(a, b):
        reasons.append(f"都说到{shared}")
    if closeness >= _CLOSE:
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
