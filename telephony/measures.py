"""Service measures of the telephone (服务指标), by hour, with their formulas. Pure.

GB/T 33358-2016: answered within 15 s; connect rate over 24 h at least 95 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.clock import to_city

ANSWER_GOAL_SECONDS = 15.0
CONNECT_GOAL = 0.95
RESOLVED_WITHIN = timedelta(days=7)

FORMULAS: Mapping[str, str] = {
    "connect_rate": "接通率 = 有应答的来电 ÷ 全部来电",
    "answer_seconds": "平均应答时间 = 从来电到开始说话的秒数，取平均；转人工的另计等候秒数",
    "human_connect_rate": "人工接通率 = 坐席接起的 ÷ 要求人工的",
    "abandon_rate": "放弃率 = 排队中挂断的 ÷ 排过队的",
    "silence_rate": "无声率 = 从未说话也未按键的来电 ÷ 有应答的来电",
    "reprompt_rate": "重问率 = 有过没听清或没声音的来电 ÷ 有应答的来电",
    "resolved_rate": "一次解决率 = 没有放弃排队、且同一号码七日内没有再打来的来电 ÷ 有应答且号码可见的来电",
}


@dataclass(frozen=True, slots=True)
class CallFact:
    """What the measures need of one inbound call."""

    caller: str | None
    """A fingerprint of the number; None when withheld."""
    started_at: datetime
    answered_at: datetime | None
    human_wanted_at: datetime | None
    queued_at: datetime | None
    joined_at: datetime | None
    ended_at: datetime | None
    spoke: bool
    silences: int
    misses: int
    abandoned: bool


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of a stretch of time; rates from 0 to 1, None where nothing can be divided."""

    calls: int
    answered: int
    answer_seconds: float | None
    wait_seconds: float | None
    within_goal: float | None
    connect_rate: float | None
    human_wanted: int
    human_connect_rate: float | None
    abandoned: int
    abandon_rate: float | None
    silence_rate: float | None
    reprompt_rate: float | None
    resolved_rate: float | None


def measure(calls: Sequence[CallFact]) -> Measures:
    """The figures of these calls."""
    answered = [call for call in calls if call.answered_at is not None]
    seconds = [_between(call.started_at, call.answered_at) for call in answered]
    waits = [
        _between(call.human_wanted_at, call.joined_at)
        for call in calls
        if call.joined_at is not None and call.human_wanted_at is not None
    ]
    wanted = [call for call in calls if call.human_wanted_at is not None]
    queued = [call for call in calls if call.queued_at is not None]
    known = [call for call in answered if call.caller is not None]
    return Measures(
        calls=len(calls),
        answered=len(answered),
        answer_seconds=_mean(seconds),
        wait_seconds=_mean(waits),
        within_goal=_rate(sum(each <= ANSWER_GOAL_SECONDS for each in seconds), len(calls)),
        connect_rate=_rate(len(answered), len(calls)),
        human_wanted=len(wanted),
        human_connect_rate=_rate(sum(call.joined_at is not None for call in wanted), len(wanted)),
        abandoned=sum(call.abandoned for call in queued),
        abandon_rate=_rate(sum(call.abandoned for call in queued), len(queued)),
        silence_rate=_rate(sum(not call.spoke for call in answered), len(answered)),
        reprompt_rate=_rate(sum(bool(c.silences or c.misses) for c in answered), len(answered)),
        resolved_rate=_rate(len(_resolved(known)), len(known)),
    )


def by_hour(calls: Iterable[CallFact]) -> dict[int, Measures]:
    """The figures of each hour of the day in the city, 0 to 23."""
    hours: defaultdict[int, list[CallFact]] = defaultdict(list)
    for call in calls:
        hours[to_city(call.started_at).hour].append(call)
    return {hour: measure(hours.get(hour, [])) for hour in range(24)}


def _resolved(calls: Sequence[CallFact]) -> list[CallFact]:
    found = []
    for call in calls:
        again = any(
            other.caller == call.caller
            and call.started_at < other.started_at <= call.started_at + RESOLVED_WITHIN
            for other in calls
        )
        if not again and not call.abandoned:
            found.append(call)
    return found


def _between(first: datetime | None, last: datetime | None) -> float:
    assert first is not None
    assert last is not None
    return (last - first).total_seconds()


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
