"""The life of a case (工单) as one table: which deed, from where to where, by whom, with what.

Read TABLE top to bottom: the seven steps first, the side steps after them. Plain data and pure
functions; `cases.workflow` carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cases.errors import IllegalMove, MissingDetail
from cases.models import STATUS_NAMES, CaseKind, CaseStatus, Urgency


class Part(StrEnum):
    """In what part somebody acts on a case."""

    DESK = "desk"
    """受理员、派遣员、核查员：坐席."""
    SUPERVISOR = "supervisor"
    UNIT = "unit"
    """处置单位."""
    RESIDENT = "resident"
    SYSTEM = "system"


class Deed(StrEnum):
    """What can be done with a case."""

    VERIFY = "verify"
    FILE = "file"
    GRADE = "grade"
    DISPATCH = "dispatch"
    START = "start"
    REPORT = "report"
    CHECK = "check"
    CLOSE = "close"
    CALL_BACK = "call_back"
    EVALUATE = "evaluate"
    ANSWER = "answer"
    RETURN = "return"
    EXTEND = "extend"
    DEFER = "defer"
    RESUME = "resume"
    REWORK = "rework"
    REOPEN = "reopen"
    VOID = "void"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    SPLIT = "split"


class Need(StrEnum):
    """What a deed cannot do without; the words name it in a refusal."""

    REASON = "原因说明"
    UNIT = "承办单位"
    UNTIL = "截止时间"
    INTO = "并入的工单号"
    GRADE = "紧急程度"
    ANSWERS = "回访结果（是否联系、是否解决、是否满意）"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. `to` None: the status stays, or is the one before (拆分)."""

    deed: Deed
    name: str
    sources: frozenset[CaseStatus]
    to: CaseStatus | None
    parts: frozenset[Part]
    needs: frozenset[Need] = frozenset()
    approval: bool = False
    """A supervisor decides; the case waits where it is until then."""
    only_emergency: frozenset[CaseStatus] = frozenset()
    """Sources from which the deed is for emergencies only."""
    only_messages: bool = False
    """For consultations, suggestions and praise: nothing has to be handled on site."""


_S, _D, _N, _P = CaseStatus, Deed, Need, Part
_DESK = frozenset({_P.DESK, _P.SUPERVISOR})
_UNIT = frozenset({_P.UNIT, _P.DESK, _P.SUPERVISOR})  # a desk may enter what a unit reported
_AT_UNIT = frozenset({_S.DISPATCHED, _S.HANDLING})
_BEFORE_UNIT = frozenset({_S.ACCEPTED, _S.VERIFYING, _S.FILED})
_BECAUSE = frozenset({_N.REASON})


def _from(*statuses: CaseStatus) -> frozenset[CaseStatus]:
    return frozenset(statuses)


TABLE: tuple[Transition, ...] = (
    Transition(_D.VERIFY, "核实", _from(_S.ACCEPTED), _S.VERIFYING, _DESK),
    Transition(_D.FILE, "立案", _from(_S.ACCEPTED, _S.VERIFYING), _S.FILED, _DESK),
    Transition(
        _D.DISPATCH,
        "派遣",
        _from(_S.ACCEPTED, _S.FILED),
        _S.DISPATCHED,
        _DESK,
        frozenset({_N.UNIT}),
        only_emergency=_from(_S.ACCEPTED),
    ),
    Transition(_D.START, "处置", _from(_S.DISPATCHED), _S.HANDLING, _UNIT),
    Transition(_D.REPORT, "反馈", _from(_S.HANDLING), _S.REPORTED, _UNIT, _BECAUSE),
    Transition(_D.CHECK, "核查", _from(_S.REPORTED), _S.CHECKING, _DESK),
    Transition(_D.CLOSE, "结案", _from(_S.CHECKING), _S.CLOSED, _DESK, _BECAUSE),
    Transition(
        _D.CALL_BACK,
        "回访",
        _from(_S.CLOSED),
        _S.CALLED_BACK,
        _DESK | {_P.RESIDENT},
        frozenset({_N.ANSWERS}),
    ),
    Transition(_D.EVALUATE, "评价", _from(_S.CALLED_BACK), _S.EVALUATED, _DESK),
    Transition(_D.ANSWER, "答复办结", _BEFORE_UNIT, _S.CLOSED, _DESK, _BECAUSE, only_messages=True),
    Transition(_D.RETURN, "退单", _AT_UNIT, _S.FILED, _UNIT, _BECAUSE, approval=True),
    Transition(
        _D.EXTEND, "延期", _AT_UNIT, None, _UNIT, frozenset({_N.REASON, _N.UNTIL}), approval=True
    ),
    Transition(
        _D.DEFER,
        "挂账",
        _AT_UNIT,
        _S.DEFERRED,
        _UNIT,
        frozenset({_N.REASON, _N.UNTIL}),
        approval=True,
    ),
    Transition(
        _D.RESUME, "恢复处置", _from(_S.DEFERRED), _S.HANDLING, _UNIT | {_P.SYSTEM}, _BECAUSE
    ),
    Transition(_D.REWORK, "返工", _from(_S.REPORTED, _S.CHECKING), _S.HANDLING, _DESK, _BECAUSE),
    Transition(
        _D.REOPEN,
        "重开",
        _from(_S.CLOSED, _S.CALLED_BACK),
        _S.FILED,
        _DESK | {_P.RESIDENT},
        _BECAUSE,
    ),
    Transition(_D.VOID, "作废", _BEFORE_UNIT, _S.VOIDED, _DESK, _BECAUSE, approval=True),
    Transition(
        _D.WITHDRAW,
        "撤回",
        _BEFORE_UNIT | _AT_UNIT | {_S.DEFERRED},
        _S.WITHDRAWN,
        _DESK | {_P.RESIDENT},
        _BECAUSE,
    ),
    Transition(_D.MERGE, "合并", _BEFORE_UNIT | _AT_UNIT, _S.MERGED, _DESK, frozenset({_N.INTO})),
    Transition(_D.SPLIT, "拆分", _from(_S.MERGED), None, _DESK, _BECAUSE),
    Transition(_D.GRADE, "定级", _BEFORE_UNIT | _AT_UNIT, None, _DESK, frozenset({_N.GRADE})),
)
BY_DEED: Mapping[Deed, Transition] = {row.deed: row for row in TABLE}
OVER = frozenset({_S.CLOSED, _S.CALLED_BACK, _S.EVALUATED, _S.VOIDED, _S.WITHDRAWN, _S.MERGED})
"""The statuses in which no clock runs any more."""
_MESSAGES = frozenset({CaseKind.CONSULTATION, CaseKind.SUGGESTION, CaseKind.PRAISE})
_WORST_DEFERRAL = "截止时间必须晚于现在。"


@dataclass(frozen=True, slots=True)
class Answers:
    """A call-back (回访): 是否联系、是否解决、是否满意."""

    contacted: bool | None
    """None: not asked (the telephone's survey is shorter)."""
    solved: bool
    satisfied: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A deed somebody wants done, with all it needs. `version` is the one he saw."""

    deed: Deed
    version: int
    note: str = ""
    unit_name: str = ""
    until: datetime | None = None
    into: str = ""
    answers: Answers | None = None
    helper_names: tuple[str, ...] = ()
    urgency: Urgency | None = None
    area_class: str | None = None
    because: str = ""
    """For a dispatch: the rule by which the unit was proposed."""


def find_possible(
    status: CaseStatus, kind: CaseKind, emergency: bool, part: Part
) -> tuple[Transition, ...]:
    """What `part` may do with such a case now, in the order of the table."""
    return tuple(
        row
        for row in TABLE
        if part in row.parts and _refuse_state(row, status, kind, emergency) is None
    )


def check_order(
    order: Order, status: CaseStatus, kind: CaseKind, emergency: bool, part: Part, now: datetime
) -> Transition:
    """The row the order follows; raises IllegalMove or MissingDetail in clear words."""
    row = BY_DEED[order.deed]
    refused = _refuse_state(row, status, kind, emergency)
    if refused:
        raise IllegalMove(refused)
    if part not in row.parts:
        raise IllegalMove(f"您的角色不能{row.name}工单。")
    given = {
        Need.REASON: bool(order.note.strip()),
        Need.UNIT: bool(order.unit_name.strip()),
        Need.UNTIL: order.until is not None,
        Need.INTO: bool(order.into),
        Need.GRADE: order.urgency is not None,
        Need.ANSWERS: order.answers is not None,
    }
    missing = [need.value for need in Need if need in row.needs and not given[need]]
    if missing:
        raise MissingDetail(f"{row.name}需要填写{'、'.join(missing)}。")
    if Need.UNTIL in row.needs and order.until is not None and order.until <= now:
        raise MissingDetail(_WORST_DEFERRAL)
    return row


def _refuse_state(
    row: Transition, status: CaseStatus, kind: CaseKind, emergency: bool
) -> str | None:
    state = STATUS_NAMES[status]
    if status not in row.sources:
        return f"工单{state}，不能{row.name}。"
    if status in row.only_emergency and not emergency:
        return f"工单{state}，只有紧急工单可以不立案直接{row.name}。"
    if row.only_messages and kind not in _MESSAGES:
        return f"{kind.value}工单不能{row.name}，请按流程派遣处置。"
    return None
