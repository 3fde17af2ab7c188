"""The five tables: limits, own working days, units, special areas, dispatch rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.clocks import UNIT_NAMES
from cases.dispatch import DAYS, MODE_NAMES, TARGET_NAMES, UNIT_KIND_NAMES
from cases.models import AREA_CLASSES, CLOCK_NAMES, URGENCY_NAMES
from cases.sheets import Field, Known, Sheet
from cases.store import LimitRow, WorkdayRow
from cases.unit_store import DispatchRuleRow, SpecialAreaRow, UnitRow
from hotline.errors import InvalidInput

_ANY = {"": "不限"}
_SOURCE = Field("source", "依据", "long", needed=True, help="写明出处；自己定的写“本部署设定”")
_REVIEWED = Field("reviewed_on", "核对日期", "day", needed=True)


def _check_nothing(values: Mapping[str, Any], _: Known) -> None:
    """The columns stand for themselves."""


LIMITS = Sheet(
    "limits",
    "办理时限",
    LimitRow,
    (
        Field("clock", "环节", "choice", choices={k.value: v for k, v in CLOCK_NAMES.items()}),
        Field("category_prefix", "类别", "category", help="名称、代码或代码开头，如 06；空为全部"),
        Field(
            "urgency",
            "紧急程度",
            "choice",
            choices={**_ANY, **{k.value: v for k, v in URGENCY_NAMES.items()}},
        ),
        Field(
            "area_class",
            "区域类别",
            "choice",
            choices={**_ANY, **{each: f"{each} 类" for each in AREA_CLASSES}},
        ),
        Field("amount", "时限", "number", needed=True, least=1, most=1000),
        Field(
            "unit",
            "计时",
            "choice",
            choices={
                **dict(zip(UNIT_NAMES, ("小时", "天", "工作日", "工作时"), strict=True)),
            },
        ),
        Field("condition", "立案条件", "long", help="可不填"),
        Field("closing", "结案条件", "long", help="可不填"),
        _SOURCE,
        _REVIEWED,
    ),
    ("clock", "category_prefix", "urgency", "area_class"),
    _check_nothing,
    (
        "clock",
        "category_prefix",
        "urgency",
        "area_class",
        "amount",
        "unit",
        "source",
        "reviewed_on",
    ),
    "limits.csv",
)


WORKDAYS = Sheet(
    "workdays",
    "工作日安排",
    WorkdayRow,
    (
        Field("day", "日期", "day", needed=True),
        Field("works", "上班", "yes", help="是为上班（含补班），否为休息"),
        _SOURCE,
    ),
    ("day",),
    _check_nothing,
    ("day", "works", "source"),
)


def _check_unit(values: Mapping[str, Any], known: Known) -> None:
    parent = values["parent_name"]
    if parent and (parent == values["name"] or parent not in known.units):
        raise InvalidInput(f"上级单位“{parent}”不在单位表里。")
    if values["kind"] == "subdistrict" and not values["subdistrict_code"]:
        raise InvalidInput("街道（乡镇）的单位要填写所在街道。")
    if values["kind"] == "district" and not values["district_code"]:
        raise InvalidInput("区的单位要填写所在区。")


UNITS = Sheet(
    "units",
    "承办单位",
    UnitRow,
    (
        Field("name", "名称", needed=True),
        Field("kind", "性质", "choice", choices={k.value: v for k, v in UNIT_KIND_NAMES.items()}),
        Field("parent_name", "上级单位", help="可不填"),
        Field("district_code", "区", "district"),
        Field("subdistrict_code", "街道", "subdistrict", help="全称，如东城区东华门街道"),
        Field("categories", "承办类别", "categories", help="名称或代码，用顿号隔开；空为全部"),
        Field("contact_name", "联系人"),
        Field("contact_phone", "联系电话"),
        Field("duty_hours", "值班时间", "span", longest=16, help="如 08:00-20:00；空为不限"),
        Field("is_default", "默认生成", "yes", help="核对过后改为否"),
        _SOURCE,
        _REVIEWED,
        Field("enabled", "启用", "yes", usual="是"),
    ),
    ("name",),
    _check_unit,
    (
        "name",
        "kind",
        "parent_name",
        "categories",
        "contact_phone",
        "duty_hours",
        "is_default",
        "enabled",
    ),
    "units.csv",
)


def _check_area(values: Mapping[str, Any], _: Known) -> None:
    circle = [values["lat"] is not None, values["lon"] is not None, bool(values["radius_m"])]
    if any(circle) and not all(circle):
        raise InvalidInput("圆形范围要同时填写纬度、经度和半径。")
    if not (values["words"] or all(circle) or values["subdistrict_code"]):
        raise InvalidInput("请填写地名、圆形范围或整个街道，三者至少一项。")


AREAS = Sheet(
    "areas",
    "特殊区域",
    SpecialAreaRow,
    (
        Field("name", "名称", needed=True),
        Field("district_code", "区", "district"),
        Field("subdistrict_code", "街道", "subdistrict", help="只填街道，则整个街道都是"),
        Field("words", "地名", "list", help="地点里出现即算，用顿号隔开"),
        Field("lat", "纬度", "real"),
        Field("lon", "经度", "real"),
        Field("radius_m", "半径（米）", "number", most=20_000),
        Field(
            "area_class",
            "区域类别",
            "choice",
            choices={"": "未定", **{each: f"{each} 类" for each in AREA_CLASSES}},
        ),
        _SOURCE,
        _REVIEWED,
    ),
    ("name",),
    _check_area,
    ("name", "subdistrict_code", "words", "radius_m", "area_class", "source", "reviewed_on"),
    "areas.csv",
)


def _check_rule(values: Mapping[str, Any], known: Known) -> None:
    for target in (values["target"], *values["helpers"]):
        if target not in TARGET_NAMES and target not in known.units:
            raise InvalidInput(f"单位“{target}”不在单位表里。")
    if values["area_name"] and values["area_name"] not in known.areas:
        raise InvalidInput(f"特殊区域“{values['area_name']}”不在区域表里。")
    if values["mode"] == "lead" and not values["helpers"]:
        raise InvalidInput("牵头加协办的规则要填写协办单位。")


RULES = Sheet(
    "dispatch",
    "派遣规则",
    DispatchRuleRow,
    (
        Field("name", "名称", needed=True),
        Field("priority", "优先级", "number", needed=True, most=1000, help="大的先"),
        Field("mode", "方式", "choice", choices={k.value: v for k, v in MODE_NAMES.items()}),
        Field("target", "派给", "target", needed=True, choices=TARGET_NAMES, help="单位名称"),
        Field("helpers", "协办", "list", choices=TARGET_NAMES, help="用顿号隔开"),
        Field("categories", "类别", "categories", help="名称、代码或开头，用顿号隔开；空为全部"),
        Field("district_code", "区", "district"),
        Field("subdistrict_code", "街道", "subdistrict"),
        Field("area_name", "特殊区域"),
        Field("days", "日期", "choice", choices=DAYS),
        Field("hours", "时段", "span", longest=16, help="如 22:00-06:00；空为不限"),
        _SOURCE,
        _REVIEWED,
        Field("enabled", "启用", "yes", usual="是"),
    ),
    ("name",),
    _check_rule,
    (
        "priority",
        "name",
        "mode",
        "target",
        "helpers",
        "categories",
        "area_name",
        "hours",
        "enabled",
    ),
    "dispatch_rules.csv",
)

SHEETS: Mapping[str, Sheet] = {
    sheet.name: sheet for sheet in (LIMITS, WORKDAYS, UNITS, AREAS, RULES)
}
"""By name; in the order in which they are seeded: rules name units and areas."""
