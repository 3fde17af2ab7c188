"""What a report and its case look like in words: to read back, to promise, to show on a card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.language.pinyin import spell_name
from cases.categories import UNSORTED, get_category
from cases.draft import SELF_HARM, Draft, Outcome, Slot
from cases.models import Case, CaseKind, Location, Urgency
from hotline.clock import iso, to_city
from hotline.privacy import mask_phone

_FIELDS = {
    Slot.LOCATION: ("地点",),
    Slot.DISTRICT: ("地点",),
    Slot.OCCURRED: ("时间",),
    Slot.CATEGORY: ("类别",),
    Slot.CONTACT: ("电话", "联系方式", "称呼"),
    Slot.SECRECY: ("保密",),
}
"""Under which names a slot is read back."""

_ROAD = re.compile("[路街巷]|[0-9]号")

_TAKE_CARE = "这儿有危险，已按紧急登记，请您绕开走。"


def describe_draft(draft: Draft, *, masked: bool = False) -> dict[str, Any]:
    """The draft as (name, value) lines: to read back, or `masked` for the operator's desk."""
    fields: list[tuple[str, str]] = [("类型", draft.kind)]
    if draft.about and draft.about.get("title"):
        fields.append(("关于", str(draft.about["title"])))
    if draft.category and draft.is_problem:
        fields.append(("类别", get_category(draft.category).name))
    if draft.location:
        fields.append(("地点", describe_place(draft.location)))
    if draft.occurred:
        fields.append(("时间", draft.occurred))
    if draft.description:
        fields.append(("内容", draft.description))
    if draft.phone:
        phone = mask_phone(draft.phone) if masked else _group_phone(draft.phone)
        fields.append(("电话", phone))
    elif draft.anonymous:
        fields.append(("联系方式", "匿名"))
    if draft.contact_name:
        fields.append(("称呼", draft.contact_name))
    if draft.confidential:
        fields.append(("保密", "处理单位看不到您的信息"))
    if draft.attachment_ids:
        fields.append(("图片", f"{len(draft.attachment_ids)} 张"))
    return {"fields": fields, "emergency": draft.emergency}


def describe_changes(outcome: Outcome) -> str:
    """What the message filled or mended besides the question, as the draft now has it."""
    fields = dict(describe_draft(outcome.draft)["fields"])
    names = [name for slot in outcome.changed for name in _FIELDS.get(slot, ()) if name in fields]
    return "，".join(f"{name}记为“{fields[name]}”" for name in dict.fromkeys(names))


def describe_place(place: Mapping[str, Any]) -> str:
    """A place as a draft keeps it: its district and subdistrict, and the resident's words once."""
    said = str(place["raw_text"])
    names = [str(place.get(key) or "") for key in ("district", "subdistrict")]
    if any(name.startswith(said) for name in names):
        return "".join(names)  # 朝阳 is 朝阳区
    district, subdistrict = names
    said = _drop_english(said, district)
    around = re.sub(r"(?:街道|地区|镇|乡)$", "", subdistrict)
    told = (around, str(place.get("landmark") or ""), str(place.get("road") or ""))
    known = tuple(filter(None, told))
    if (rest := said.removeprefix(district.removesuffix("区")).lstrip()).startswith(known):
        said = rest  # 昌平回龙观 stands in 昌平区, 朝阳公园 is its own name
    if around and around in said:
        subdistrict = ""
    if said[:1].isascii():
        said = f" {said}"
    if district and district in said:
        return said.replace(district, district + subdistrict, 1)
    return district + subdistrict + said


def _drop_english(said: str, district: str) -> str:
    """`said` without the district, which stands in front of it in Chinese: No. 5 …, Chaoyang
    District.
    """
    spelled = spell_name(district.removesuffix("区"))
    if not spelled:
        return said
    name = r"\s?".join(map(re.escape, spelled)) + r"(?:\s*district|\s+qu\b)?"
    rest = re.sub(rf"^{name}[,\s]+|[,\s]*\b{name}\s*$", "", said, flags=re.IGNORECASE)
    return rest or said


def _group_phone(phone: str) -> str:
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}" if len(phone) == 11 else phone


def tell_filed(case: Case, *, corrects: bool = False) -> str:
    """The promise at filing: number, category, when it is due; `corrects` public information."""
    number = f"工单号 {case.case_number}。"
    if case.emergency == SELF_HARM:
        return f"谢谢您告诉我，我已经记下来了，{number}我正在请值班人员来陪您说话。"
    if case.emergency:
        place = (
            ""
            if _can_be_found(case.location)
            else "地点还不清楚，请在电话里说清在哪儿，也请在这里接着说。"
        )
        return f"已登记为紧急工单，{number}请先打上面的电话，不要等我们回复。{place}"
    if case.kind is CaseKind.PRAISE:
        return f"谢谢您的表扬，已登记并会转达，{number}"
    thanks = "谢谢您的建议。" if case.kind is CaseKind.SUGGESTION else ""
    if corrects:
        thanks = "谢谢您帮我们指出来，核对后会在这里告诉您结果。"
    sorted_as = case.category_name and case.category_code != UNSORTED
    category = f"类别：{case.category_name}。" if sorted_as else ""
    keep = (
        "您没有留电话，请记好工单号，凭它查进度。" if case.anonymous else "凭工单号可以随时查进度。"
    )
    care = _TAKE_CARE if case.urgency is Urgency.URGENT else ""
    return f"{thanks}已登记，{number}{category}{care}{tell_due(case)}{keep}"


def _can_be_found(place: Location | None) -> bool:
    """Not by 护城河里 alone."""
    if place is None:
        return False
    known = place.district_code or place.landmark or place.lat is not None
    return bool(known or _ROAD.search(place.raw_text))


def tell_due(case: Case) -> str:
    """By when something is to happen; empty without a limit."""
    if case.due_at is None:
        return ""
    # nobody can be answered who has left no number
    deed = "办理" if case.anonymous else "答复"
    return f"计划在 {to_city(case.due_at):%m月%d日 %H:%M} 前{deed}（{case.limit_name}内）。"


def describe_case(case: Case) -> dict[str, Any]:
    """The case card of the chat API."""
    return {
        "case_number": case.case_number,
        "status": case.status.value,
        "status_name": case.status_name,
        "category_code": case.category_code,
        "category_name": case.category_name,
        "due_at": iso(case.due_at) if case.due_at else None,
    }
