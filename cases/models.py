"""Cases (工单) as plain types and rules; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hotline.privacy import mask_phone


class CaseKind(StrEnum):
    """What the resident asks of the city."""

    CONSULTATION = "咨询"
    HELP = "求助"
    REPORT = "举报"
    COMPLAINT = "投诉"
    SUGGESTION = "建议"
    PRAISE = "表扬"


class CaseStatus(StrEnum):
    """Where the case stands; how it gets there is the table in cases.lifecycle."""

    ACCEPTED = "accepted"
    VERIFYING = "verifying"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    DEFERRED = "deferred"
    REPORTED = "reported"
    CHECKING = "checking"
    CLOSED = "closed"
    CALLED_BACK = "called_back"
    EVALUATED = "evaluated"
    VOIDED = "voided"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


STATUS_NAMES: Mapping[CaseStatus, str] = {
    CaseStatus.ACCEPTED: "已受理",
    CaseStatus.VERIFYING: "核实中",
    CaseStatus.FILED: "已立案",
    CaseStatus.DISPATCHED: "已派单",
    CaseStatus.HANDLING: "处置中",
    CaseStatus.DEFERRED: "已挂账",
    CaseStatus.REPORTED: "已反馈",
    CaseStatus.CHECKING: "核查中",
    CaseStatus.CLOSED: "已办结",
    CaseStatus.CALLED_BACK: "已回访",
    CaseStatus.EVALUATED: "已评价",
    CaseStatus.VOIDED: "已作废",
    CaseStatus.WITHDRAWN: "已撤回",
    CaseStatus.MERGED: "已合并",
}


class Urgency(StrEnum):
    """How pressing a case is; decides which limits fit."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


URGENCY_NAMES: Mapping[Urgency, str] = {
    Urgency.NORMAL: "一般",
    Urgency.URGENT: "紧急",
    Urgency.CRITICAL: "非常紧急",
}
AREA_CLASSES = ("A", "B", "C")
"""How closely an area is looked after; the deployment says which area is of which class."""


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
    confidential: bool = False
    """要求保密: handling units see nothing of the person."""
    submission: Mapping[str, str] | None = None
    """What a system that files for a resident sent besides (email, media_url); kept sealed."""
    urgency: Urgency | None = None
    """None: an emergency is 非常紧急, all else 一般, until the desk grades it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a case's history."""

    at: datetime
    status: CaseStatus
    actor_name: str
    note: str
    deed: str | None = None
    before: CaseStatus | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who is behind a case: sealed until somebody looks, so that a list opens nothing."""

    name_sealed: str | None
    phone_sealed: str | None
    unseal: Callable[[str], str] = field(repr=False, compare=False)

    @property
    def name(self) -> str | None:
        """The name in the clear."""
        return self.unseal(self.name_sealed) if self.name_sealed else None

    @property
    def phone_masked(self) -> str | None:
        """`138****5678`."""
        return mask_phone(self.unseal(self.phone_sealed)) if self.phone_sealed else None


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
    person: Person
    channel: str
    conversation_id: str | None
    limit_name: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    unit_name: str | None = None
    """Who handles it: the unit it was dispatched to (首接单位负责)."""
    unit_id: int | None = None
    helper_ids: tuple[int, ...] = ()
    """Units that help the one in charge (协办)."""
    urgency: Urgency = Urgency.NORMAL
    area_class: str | None = None
    deferred_until: datetime | None = None
    paused_at: datetime | None = None
    merged_into: str | None = None
    weight: int = 1
    """How many reports stand behind it: its own and those merged into it."""
    confidential: bool = False
    history: tuple[Step, ...] = ()
    attachment_ids: tuple[str, ...] = ()

    @property
    def contact_name(self) -> str | None:
        """The name the resident gave."""
        return self.person.name

    @property
    def phone_masked(self) -> str | None:
        """The number the resident gave, its middle covered."""
        return self.person.phone_masked

    @property
    def status_name(self) -> str:
        """The status in residents' words."""
        return STATUS_NAMES[self.status]


class ClockName(StrEnum):
    """What a clock of a case measures: the whole of it, or one of the steps."""

    CASE = "case"
    FILE = "file"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    CHECK = "check"


CLOCK_NAMES: Mapping[ClockName, str] = {
    ClockName.CASE: "全程",
    ClockName.FILE: "立案",
    ClockName.DISPATCH: "派遣",
    ClockName.HANDLE: "处置",
    ClockName.CHECK: "核查",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit the deployment set for itself, with where it comes from.

    `category_prefix`, `urgency` and `area_class` "" fit every case. `unit` is a key of
    cases.clocks.UNIT_NAMES. `condition` and `closing` say when it applies and what ends it.
    """

    clock: ClockName
    category_prefix: str
    urgency: str
    area_class: str
    amount: int
    unit: str
    source: str
    reviewed_on: str
    condition: str = ""
    closing: str = ""
    id: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What there is one limit for."""
        return self.clock.value, self.category_prefix, self.urgency, self.area_class


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock of one case."""

    name: ClockName
    limit_name: str
    source: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_at: datetime | None
    extended: bool

    def is_late(self, now: datetime) -> bool:
        """Whether it ran, or runs, over its limit; a paused one is judged by when it stood."""
        return (self.stopped_at or self.paused_at or now) > self.due_at
