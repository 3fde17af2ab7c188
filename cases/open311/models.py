"""What GeoReport speaks of: services, their attributes, what is published of a request. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.language.training import read_categories
from cases.categories import UNSORTED, load_categories, load_plain_words
from cases.lifecycle import OVER
from cases.models import Case, CaseKind, CaseStatus, Category, Location
from hotline.clock import iso
from hotline.privacy import mask_text

PUBLIC_KINDS = (CaseKind.REPORT, CaseKind.COMPLAINT, CaseKind.HELP)
"""Somebody's question, proposal or praise is between him and the city."""
NEVER_PUBLIC = ("self_harm", "medical", "police")
"""Emergencies that are about a person, not about a place."""
DEGREES = 3
"""Decimals of published coordinates: about 100 m, a street and not a door."""
WAITING = "城市管理热线"
"""Who is responsible until a case is dispatched."""
_DOOR = re.compile(
    r"[甲乙丙丁]?[0-9０-９零一二三四五六七八九十百]+\s*(?:号楼|单元|层|楼|室|门|栋|幢|户)"
)
_NOTES: Mapping[CaseStatus, str] = {
    CaseStatus.ACCEPTED: "已受理，等待立案。",
    CaseStatus.VERIFYING: "正在核实情况。",
    CaseStatus.FILED: "已立案，等待派遣。",
    CaseStatus.DISPATCHED: "已派往承办单位。",
    CaseStatus.HANDLING: "承办单位正在处置。",
    CaseStatus.DEFERRED: "经批准暂缓处置，条件具备后恢复。",
    CaseStatus.REPORTED: "承办单位已反馈结果，等待核查。",
    CaseStatus.CHECKING: "正在核查处置结果。",
    CaseStatus.CLOSED: "已办结。",
    CaseStatus.CALLED_BACK: "已办结并回访。",
    CaseStatus.EVALUATED: "已办结并评价。",
    CaseStatus.VOIDED: "不符合受理条件，已作废。",
    CaseStatus.WITHDRAWN: "反映人已撤回。",
    CaseStatus.MERGED: "与同一问题的工单合并办理。",
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One more thing a service asks for."""

    code: str
    datatype: str
    description: str
    datatype_description: str
    values: tuple[tuple[str, str], ...] = ()


ATTRIBUTES = (
    Attribute("occurred", "string", "什么时候发生的？", "如：昨晚十点、每天早上；最多 200 字"),
    Attribute(
        "kind",
        "singlevaluelist",
        "属于哪一类诉求？不填按投诉登记。",
        "选一项",
        tuple((kind.value, kind.value) for kind in (*PUBLIC_KINDS, CaseKind.SUGGESTION)),
    ),
)
"""Of every service alike: what the desk asks a caller, too."""


@cache
def list_services() -> list[dict[str, Any]]:
    """Every category as a service."""
    said = {entry.code: entry.words for entry in read_categories()}
    return [
        _describe_service(category, said.get(category.code, ()))
        for category in load_categories().values()
    ]


def _describe_service(category: Category, said: Sequence[str]) -> dict[str, Any]:
    keywords = dict.fromkeys([*load_plain_words().get(category.code, ()), *said])
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": f"{category.major}：{category.name}",
        "metadata": True,
        "type": "realtime",
        "keywords": ",".join(keywords),
        "group": category.major,
    }


def define_service(code: str) -> dict[str, Any]:
    """A service's attributes."""
    return {
        "service_code": code,
        "attributes": [
            {
                "variable": True,
                "code": each.code,
                "datatype": each.datatype,
                "required": False,
                "datatype_description": each.datatype_description,
                "order": order,
                "description": each.description,
                "values": [{"key": key, "name": name} for key, name in each.values],
            }
            for order, each in enumerate(ATTRIBUTES, 1)
        ],
    }


def describe_request(case: Case) -> dict[str, Any]:
    """What anybody may know of a case: nothing of the person, nor the person's own words.

    Words typed to the city were not meant for the street, and may name anyone: published are
    the kind of trouble, roughly where, who handles it and how far it is.
    """
    place, over = case.location, case.status in OVER
    address = name_address(place)
    return {
        "service_request_id": case.case_number,
        "status": "closed" if over else "open",
        "status_notes": _NOTES[case.status],
        "service_name": case.category_name or "其他（待人工分类）",
        "service_code": case.category_code or UNSORTED,
        "description": "，".join(filter(None, (case.category_name, address))) or case.kind.value,
        "agency_responsible": case.unit_name or WAITING,
        "service_notice": f"办理时限：{case.limit_name}" if case.limit_name else None,
        "requested_datetime": iso(case.created_at),
        "updated_datetime": iso(case.updated_at),
        "expected_datetime": iso(case.due_at) if case.due_at else None,
        "address": address or None,
        "address_id": (place.subdistrict_code or place.district_code) if place else None,
        "zipcode": None,
        "lat": round(place.lat, DEGREES) if place and place.lat is not None else None,
        "long": round(place.lon, DEGREES) if place and place.lon is not None else None,
        "media_url": None,
    }


def name_address(place: Location | None) -> str:
    """The place down to the street or the estate, without the door."""
    if place is None:
        return ""
    told = mask_text(_DOOR.sub("", place.raw_text)).strip()
    head = "".join(
        name
        for name in (place.district, place.subdistrict)
        if name and name not in told and name[:-1] not in told
    )
    return head + told


def is_public(case: Case) -> bool:
    """Whether the case may be listed at all."""
    return case.kind in PUBLIC_KINDS and case.emergency not in NEVER_PUBLIC
