"""Calls (通话) as plain types; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from telephony.speaking import group_digits, spell


class CallStatus(StrEnum):
    """How far a call has come."""

    RINGING = "ringing"
    ACTIVE = "active"
    QUEUED = "queued"
    OPERATOR = "operator"
    ENDED = "ended"


class Line(StrEnum):
    """How the provider carries the call: one request a turn, or a WebSocket."""

    GATHER = "gather"
    RELAY = "relay"
    NONE = "none"
    """A call that people lead; only its transcript is here."""


class CallBackStatus(StrEnum):
    """What became of a call-back (回访/回拨)."""

    WAITING = "waiting"
    DIALLING = "dialling"
    DONE = "done"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


class Errand(StrEnum):
    """Why we call."""

    MISSED = "missed"
    PROMISED = "promised"
    FOLLOW_UP = "follow_up"


ERRAND_NAMES: Mapping[str, str] = {
    Errand.MISSED: "未接回拨",
    Errand.PROMISED: "预约回拨",
    Errand.FOLLOW_UP: "办结回访",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call as the provider announces it. Numbers in digits, empty when withheld."""

    sid: str
    caller: str
    called: str
    line: Line
    outbound: bool = False
    call_back_id: str | None = None


@dataclass(frozen=True, slots=True)
class CallView:
    """One call as lists, pages and the line adapters see it."""

    id: str
    sid: str
    line: Line
    status: CallStatus
    direction: str
    conversation_id: str | None
    caller_masked: str
    phase: str
    turn: int
    recording: bool
    operator_id: str | None
    operator_name: str | None
    end_reason: str | None
    started_at: datetime
    answered_at: datetime | None
    queued_at: datetime | None
    joined_at: datetime | None
    ended_at: datetime | None
    counts: Mapping[str, int] = field(default_factory=dict)
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CallBackView:
    """One call-back as the desk shows it; the number is masked."""

    id: str
    errand: str
    status: CallBackStatus
    number_masked: str
    when: str
    due_at: datetime
    attempts: int
    case_number: str | None
    conversation_id: str | None
    outcome: Mapping[str, str]
    created_at: datetime


def plain_number(raw: str) -> str:
    """`+8613812345678` → `13812345678`; what is no number (anonymous, sip names) → empty."""
    digits = raw.strip().lstrip("+").replace(" ", "").replace("-", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        return ""
    if digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
        return digits if digits.startswith("1") else "0" + digits.lstrip("0")
    return digits


def international(number: str) -> str:
    """`13812345678` → `+8613812345678`: how a provider wants it."""
    if number.startswith("00"):
        return "+" + number[2:]
    return "+86" + number.lstrip("0") if len(number) in (11, 12) else "+" + number


def tell_summary(
    fields: Sequence[tuple[str, str]], reason: str, caller: str, told: str = "", filed: str = ""
) -> tuple[str, ...]:
    """Three lines for the operator's ear: what, where, why a person.

    Without an open report `filed` (the case number of this talk) or `told` (the caller's own
    words) say what it is about.
    """
    known = dict(fields)
    what = known.get("内容") or known.get("类别")
    where = known.get("地点")
    if filed and not what:
        what, where = f"工单尾号{spell(filed[-5:])}已经登记", where or "见工单"
    what = what or (f"市民说，{told}" if told else "还没有说清是什么事")
    tail = f"来电尾号{group_digits(caller[-4:])}" if caller else "来电号码未显示"
    return (f"内容，{what[:60]}", f"地点，{(where or '未说明')[:40]}", f"{reason}，{tail}")


def expected_minutes(ahead: int, operators: int, free: int, talk_seconds: float) -> int | None:
    """About how long until a person answers; None when it is now, or nobody serves.

    `operators` serve, `free` of them talk to nobody; the others finish one after the other, one
    every talk_seconds / operators.
    """
    if operators <= 0 or ahead < free:
        return None
    seconds = (ahead - free + 1) / operators * talk_seconds
    return max(1, round(seconds / 60))
