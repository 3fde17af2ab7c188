"""Cases as other systems get them: JSON for the API, rows for files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields, replace
from typing import Any

from cases.finding import Search
from cases.models import STATUS_NAMES, Case, Location
from cases.service import Cases, Contact
from hotline.clock import iso
from hotline.privacy import mask_text

HEADER = (
    "工单号",
    "类型",
    "类别代码",
    "类别",
    "状态",
    "紧急",
    "内容",
    "区",
    "街道乡镇",
    "位置",
    "纬度",
    "经度",
    "渠道",
    "承办单位",
    "时限",
    "到期时间",
    "登记时间",
    "更新时间",
    "并入工单",
    "反映次数",
)
PERSONAL_HEADER = ("联系人", "电话")
_PAGE = 1000
_PLACE = tuple(each.name for each in fields(Location))


def describe_case(case: Case, contact: Contact | None = None) -> dict[str, Any]:
    """The case as JSON; without `contact` the person is covered, in his own words too."""
    words = (lambda text: text) if contact else mask_text
    place = _describe_place(case.location) if case.location else None
    if place:
        place["raw_text"] = words(place["raw_text"])
    if contact:
        person = {"contact_name": contact.name, "phone": contact.phone}
    elif case.confidential:
        person = {"contact_name": None, "phone": None}
    else:
        person = {"contact_name": cover_name(case.contact_name), "phone": case.phone_masked}
    return {
        "case_number": case.case_number,
        "kind": case.kind.value,
        "category_code": case.category_code,
        "category_name": case.category_name,
        "status": case.status.value,
        "status_name": case.status_name,
        "emergency": case.emergency,
        "description": words(case.description),
        "location": place,
        "occurred_text": case.occurred_text,
        "anonymous": case.anonymous,
        **person,
        "channel": case.channel,
        "unit_name": case.unit_name,
        "limit_name": case.limit_name,
        "due_at": iso(case.due_at) if case.due_at else None,
        "created_at": iso(case.created_at),
        "updated_at": iso(case.updated_at),
        "paused_at": iso(case.paused_at) if case.paused_at else None,
        "merged_into": case.merged_into,
        "weight": case.weight,
        "version": case.version,
    }


def _describe_place(place: Location) -> dict[str, Any]:
    # asdict would look into every value for more of its kind
    return {name: getattr(place, name) for name in _PLACE}


def describe_history(case: Case) -> list[dict[str, Any]]:
    """The steps of a case, oldest first; numbers in notes are covered."""
    return [
        {
            "at": iso(step.at),
            "status": step.status.value,
            "status_name": STATUS_NAMES[step.status],
            "deed": step.deed,
            "actor_name": step.actor_name,
            "note": mask_text(step.note),
        }
        for step in case.history
    ]


def cover_name(name: str | None) -> str | None:
    """王小明 → 王**."""
    return f"{name[0]}**" if name else name


async def stream_rows(cases: Cases, search: Search, personal: bool) -> AsyncIterator[Sequence[str]]:
    """The rows of an export, page by page; `personal` adds PERSONAL_HEADER."""
    search = replace(search, limit=_PAGE)
    while True:
        found = await cases.find(search)
        contacts = await cases.contacts(found.cases) if personal else {}
        for case in found.cases:
            yield _row(case, contacts.get(case.case_number), personal)
        if not found.next:
            return
        search = replace(search, after=found.next)


def _row(case: Case, contact: Contact | None, personal: bool) -> list[str]:
    place = case.location
    words = (lambda text: text) if personal else mask_text
    row: list[object] = [
        case.case_number,
        case.kind.value,
        case.category_code,
        case.category_name,
        case.status_name,
        case.emergency,
        words(case.description),
        place.district if place else None,
        place.subdistrict if place else None,
        words(place.raw_text) if place else None,
        place.lat if place else None,
        place.lon if place else None,
        case.channel,
        case.unit_name,
        case.limit_name,
        iso(case.due_at) if case.due_at else None,
        iso(case.created_at),
        iso(case.updated_at),
        case.merged_into,
        case.weight,
    ]
    if personal:
        row += [contact.name, contact.phone] if contact else [None, None]
    return ["" if value is None else str(value) for value in row]
