"""What is counted of cases and the rates made of it, each with its formula. Pure.

Cases are counted under the day they were registered (登记), so a period's figures are about the
cases of that period, and go on changing until the last of them is over. The names are those of
digital city management (数字城管) and 接诉即办; the exact formulas are this deployment's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.lifecycle import Deed
from cases.models import CaseStatus, ClockName

FEWEST_PUBLIC, FEWEST_OF_RATE = 5, 10
"""Published: counts below five are left out, and rates of less than ten cases."""
_TIMED = (ClockName.FILE, ClockName.DISPATCH, ClockName.HANDLE, ClockName.CHECK, ClockName.CASE)
_OVER_WELL = (CaseStatus.CLOSED, CaseStatus.CALLED_BACK, CaseStatus.EVALUATED)
_MARKED: Mapping[tuple[Deed, CaseStatus], str] = {
    (Deed.REWORK, CaseStatus.HANDLING): "reworked",
    (Deed.RETURN, CaseStatus.FILED): "returned",
    (Deed.DEFER, CaseStatus.DEFERRED): "deferred",
    (Deed.REOPEN, CaseStatus.FILED): "reopened",
}
"""Steps that count a case, once, however often they happen; requests for them do not."""
COUNTS: Mapping[str, str] = {
    "registered": "登记",
    "open": "在办",
    "closed": "办结",
    "voided": "作废",
    "withdrawn": "撤回",
    "merged": "合并",
    "reworked": "返工",
    "returned": "退单",
    "deferred": "挂账",
    "reopened": "重开",
    "called_back": "回访",
    "contacted": "已联系",
    "solved": "已解决",
    "satisfied": "满意",
    "late": "超时",
}
_CLOCK_COUNTS = tuple(f"{what}_{clock.value}" for clock in _TIMED for what in ("due", "on_time"))
FIELDS = (*COUNTS, *_CLOCK_COUNTS, "late_share")
"""Every number kept of a day; late_share is a sum of ratios, the others count."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One number over another; a multiple where `is_share` is false."""

    key: str
    name: str
    formula: str
    above: str
    below: str
    is_share: bool = True
    more_is_better: bool = True


def _timely(clock: ClockName, name: str, deed: str) -> Rate:
    formula = f"规定时限内{deed}的件次 ÷ 应{deed}的件次（已{deed}的，加上到期仍未{deed}的）"
    return Rate(
        f"timely_{clock.value}", name, formula, f"on_time_{clock.value}", f"due_{clock.value}"
    )


RATES: tuple[Rate, ...] = (
    Rate("response", "响应率", "回访中答“已联系”的件数 ÷ 已回访件数", "contacted", "called_back"),
    Rate("solution", "解决率", "回访中答“已解决”的件数 ÷ 已回访件数", "solved", "called_back"),
    Rate("satisfaction", "满意率", "回访中答“满意”的件数 ÷ 已回访件数", "satisfied", "called_back"),
    Rate("call_back", "回访率", "已回访件数 ÷ 办结件数", "called_back", "closed"),
    _timely(ClockName.FILE, "按时立案率", "立案"),
    _timely(ClockName.DISPATCH, "按时派遣率", "派遣"),
    _timely(ClockName.HANDLE, "按时处置率", "处置"),
    _timely(ClockName.CHECK, "按时核查率", "核查"),
    _timely(ClockName.CASE, "按时结案率", "结案"),
    Rate("closing", "办结率", "办结件数 ÷ 登记件数", "closed", "registered"),
    Rate(
        "rework", "返工率", "返工过的件数 ÷ 登记件数", "reworked", "registered",
        more_is_better=False,
    ),
    Rate(
        "return", "退单率", "退单过的件数 ÷ 登记件数", "returned", "registered",
        more_is_better=False,
    ),
    Rate(
        "deferral", "挂账率", "挂账过的件数 ÷ 登记件数", "deferred", "registered",
        more_is_better=False,
    ),
    Rate(
        "reopening", "重开率", "重开过的件数 ÷ 登记件数", "reopened", "registered",
        more_is_better=False,
    ),
    Rate(
        "lateness", "超时倍数", "超时结案各件（超出的时间 ÷ 规定时限）之和 ÷ 超时结案件次",
        "late_share", "late", is_share=False, more_is_better=False,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClockTimes:
    """One clock of a case as it counts."""

    name: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a case is counted, and under which keys."""

    keys: Mapping[str, str]
    """By dimension: total, unit, category, major, district, channel."""
    status: CaseStatus
    call_back: Mapping[str, Any] | None = None
    clocks: Sequence[ClockTimes] = ()
    steps: Sequence[tuple[str | None, str]] = ()
    """(deed, status after it)."""


def count_case(facts: Facts, now: datetime) -> dict[str, float]:
    """What one case adds; fields that stay 0 are left out."""
    found: dict[str, float] = {"registered": 1}
    if facts.status in _OVER_WELL:
        found["closed"] = 1
    elif facts.status in (CaseStatus.VOIDED, CaseStatus.WITHDRAWN, CaseStatus.MERGED):
        found[facts.status.value] = 1
    else:
        found["open"] = 1
    for deed, status in facts.steps:
        mark = next((m for (d, s), m in _MARKED.items() if (d, s) == (deed, status)), None)
        if mark:
            found[mark] = 1
    if facts.call_back is not None:
        found["called_back"] = 1
        for answer in ("contacted", "solved", "satisfied"):
            if facts.call_back.get(answer):
                found[answer] = 1
    for clock in facts.clocks:
        _count_clock(clock, now, found)
    return found


def _count_clock(clock: ClockTimes, now: datetime, found: dict[str, float]) -> None:
    if clock.stopped_at is None and (clock.paused or clock.due_at >= now):
        return  # nothing is owed yet
    due, on_time = f"due_{clock.name}", f"on_time_{clock.name}"
    found[due] = found.get(due, 0) + 1
    if clock.stopped_at is None:
        return
    if clock.stopped_at <= clock.due_at:
        found[on_time] = found.get(on_time, 0) + 1
    elif clock.name == ClockName.CASE.value and clock.due_at > clock.started_at:
        beyond = (clock.stopped_at - clock.due_at) / (clock.due_at - clock.started_at)
        found["late"] = found.get("late", 0) + 1
        found["late_share"] = found.get("late_share", 0) + beyond


def add_up(cases: Iterable[Facts], now: datetime) -> dict[tuple[str, str], dict[str, float]]:
    """The sums by (dimension, key)."""
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for facts in cases:
        counted = count_case(facts, now)
        for dimension, key in facts.keys.items():
            row = sums.setdefault((dimension, key), {})
            for field, value in counted.items():
                row[field] = row.get(field, 0) + value
    return sums


def work_out(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Every rate by key; None where nothing is there to divide by."""
    return {
        rate.key: figures.get(rate.above, 0) / figures[rate.below]
        if figures.get(rate.below)
        else None
        for rate in RATES
    }


def suppress(figures: Mapping[str, float]) -> tuple[dict[str, int | None], dict[str, float | None]]:
    """Counts and rates as they may be published: small numbers point at persons."""
    counts = {
        name: int(figures.get(name, 0)) if figures.get(name, 0) >= FEWEST_PUBLIC else None
        for name in ("registered", "closed", "called_back")
    }
    rates = work_out(figures)
    for rate in RATES:
        if figures.get(rate.below, 0) < FEWEST_OF_RATE:
            rates[rate.key] = None
    return counts, rates
