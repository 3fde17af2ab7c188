"""Cases (工单) as plain types and rules; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CaseKind(StrEnum):
    """What the resident asks of the city."""

    CONSULTATION = "咨询"
    HELP = "求助"
    REPORT = "举报"
    COMPLAINT = "投诉"
    SUGGESTION = "建议"
    PRAISE = "表扬"


class CaseStatus(StrEnum):
    """Where the case stands."""

    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    CLOSED = "closed"
    VOIDED = "voided"


STATUS_NAMES: Mapping[CaseStatus, str] = {
    CaseStatus.ACCEPTED: "已受理",
    CaseStatus.DISPATCHED: "已派单",
    CaseStatus.HANDLING: "处置中",
    CaseStatus.CLOSED: "已办结",
    CaseStatus.VOIDED: "已作废",
}

MOVES: Mapping[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.ACCEPTED: frozenset({CaseStatus.DISPATCHED, CaseStatus.VOIDED}),
    CaseStatus.DISPATCHED: frozenset({CaseStatus.HANDLING, CaseStatus.ACCEPTED, CaseStatus.VOIDED}),
    CaseStatus.HANDLING: frozenset({CaseStatus.CLOSED, CaseStatus.ACCEPTED}),
    CaseStatus.CLOSED: frozenset({CaseStatus.HANDLING}),
    CaseStatus.VOIDED: frozenset(),
}
"""From each status, the statuses a case may go to; back to accepted is a return (退单)."""


@dataclass(frozen=True, slots=True)
class Category:
    """A problem category; `code` is unique, matters as in GB/T 47678.5, local ones from 90001."""

    code: str
    name: str
    kind: str
    major: str
    source: str


@dataclass(frozen=True, slots=True)
class Location:
    """Where it is: the resident's words, and what could be resolved of them."""

    raw_text: str
    district: str | None = None
    district_code: str | None = None
    subdistrict: str | None = None
    subdistrict_code: str | None = None
    landmark: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class NewCase:
    """What is needed to file a case. `idempotency_key`: filing twice under it files once."""

    idempotency_key: str
    kind: CaseKind
    category_code: str | None
    description: str
    location: Location | None
    occurred_text: str | None = None
    phone: str | None = None
    contact_name: str | None = None
    channel: str = "webchat"
    conversation_id: str | None = None
    emergency: str | None = None
    attachment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a case's history."""

    at: datetime
    status: CaseStatus
    actor_name: str
    note: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case as anybody with its number may see it, and the rest behind the key."""

    case_number: str
    kind: CaseKind
    category_code: str | None
    category_name: str | None
    status: CaseStatus
    emergency: str | None
    description: str
    location: Location | None
    occurred_text: str | None
    anonymous: bool
    phone_masked: str | None
    contact_name: str | None
    channel: str
    conversation_id: str | None
    limit_name: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    history: tuple[Step, ...] = ()

    @property
    def status_name(self) -> str:
        """The status in residents' words."""
        return STATUS_NAMES[self.status]


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit the deployment set for itself, with where it comes from.

    `category_prefix` "" fits every case; the longest fitting prefix wins, emergencies first.
    """

    category_prefix: str
    emergency: bool
    amount: int
    unit: str
    source: str
    reviewed_on: str


def may_move(status: CaseStatus, to: CaseStatus) -> bool:
    """Whether a case in `status` may go to `to`."""
    return to in MOVES[status]
