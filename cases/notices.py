"""What a resident is told when his case takes a step that concerns him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cases.lifecycle import Deed
from hotline.clock import to_city

_TEXTS: Mapping[Deed, str] = {
    Deed.FILE: "您反映的问题（工单 {number}）已经立案，接下来会派给负责的单位。",
    Deed.DISPATCH: "您的工单 {number} 已派给{unit}处理{due}。",
    Deed.START: "您的工单 {number} 已开始处置。",
    Deed.CLOSE: "您的工单 {number} 已办结。稍后会问您问题是否解决。",
    Deed.ANSWER: "您的工单 {number} 已答复办结，感谢您的来信。回复“人工”可以找坐席。",
    Deed.DEFER: "您的工单 {number} 暂时不具备处理条件，已经挂起；恢复处理时会再告诉您。",
    Deed.RESUME: "您的工单 {number} 已恢复处理。",
    Deed.EXTEND: "您的工单 {number} 需要多一些时间，办理期限改为 {until}，请您谅解。",
    Deed.REOPEN: "您的工单 {number} 已重新办理，我们会继续跟进。",
    Deed.VOID: "您的工单 {number} 没有立案。如有疑问，回复“人工”由坐席为您说明。",
    Deed.WITHDRAW: "您的工单 {number} 已按要求撤回。需要时可以随时再反映。",
    Deed.MERGE: "您反映的问题已有其他市民反映，工单 {number} 已与其合并办理。",
}
"""Steps that are not here are the offices' own and concern no resident."""


def write_notice(
    deed: Deed, case_number: str, unit_name: str | None, due_at: datetime | None
) -> str | None:
    """The message for this step; None when it does not concern the resident."""
    text = _TEXTS.get(deed)
    if text is None:
        return None
    moment = _name_day(due_at) if due_at else ""
    return text.format(
        number=case_number,
        unit=unit_name or "负责的单位",
        due=f"，期限到 {moment}" if moment else "",
        until=moment,
    )


def _name_day(moment: datetime) -> str:
    there = to_city(moment)
    return f"{there.month}月{there.day}日{there:%H:%M}"
