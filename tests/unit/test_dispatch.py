"""Which unit a case goes to: priorities, places, hours, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from cases.categories import DATA
from cases.dispatch import (
    ABOVE,
    HERE,
    Book,
    Facts,
    Mode,
    Rule,
    SpecialArea,
    Unit,
    UnitKind,
    propose,
    read_span,
)
from cases.divisions import load_divisions, read_division
from cases.models import Location
from cases.sheet_list import AREAS, RULES, UNITS
from cases.sheet_service import default_units
from cases.sheets import Known, Sheet
from hotline.clock import CITY_ZONE
from hotline.errors import InvalidInput
from hotline.tables import read_rows

NOON = datetime(2026, 11, 23, 12, tzinfo=CITY_ZONE).astimezone(UTC)
NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=CITY_ZONE).astimezone(UTC)
DHM = Location("样例路 1 号", "东城区", "110101", "东华门街道", "110101001")
TEAM = Unit(1, "甲队", UnitKind.SUBDISTRICT, district_code="110101", subdistrict_code="110101001")
DISTRICT = Unit(2, "乙区", UnitKind.DISTRICT, district_code="110101")
POLICE = Unit(3, "丙部门", UnitKind.DEPARTMENT)
UNITS_HERE = (TEAM, DISTRICT, POLICE)
LOCAL = Rule(1, "属地", 100, Mode.DIRECT, HERE)
LAST = Rule(2, "兜底", 10, Mode.FALLBACK, ABOVE)
PARKING = Rule(3, "违停", 400, Mode.LEAD, "丙部门", ("09009",), helpers=(HERE,))


def ask(
    *rules: Rule,
    category: str | None = "06029",
    location: Location | None = DHM,
    moment: datetime = NOON,
    areas: tuple[SpecialArea, ...] = (),
    units: tuple[Unit, ...] = UNITS_HERE,
):  # type: ignore[no-untyped-def]  # a Proposal
    return propose(Facts(category, location, moment), Book(rules, units, areas))


def test_the_team_of_the_place_is_proposed_and_the_reason_told() -> None:
    found = ask(LAST, LOCAL)
    assert (found.unit, found.rule) == (TEAM, LOCAL)
    assert found.reason == "按规则“属地”（直接派遣）：位于甲队的辖区。"
    assert [trial.rule for trial in found.nearly] == [LAST]


def test_only_the_district_is_known() -> None:
    found = ask(LOCAL, LAST, location=Location("某处", "东城区", "110101"))
    assert (found.unit, found.rule) == (DISTRICT, LAST)
    assert found.trials[0].missed == ("没有对应的单位",)


@pytest.mark.parametrize("location", [None, Location("不知道哪里")])
def test_nothing_is_known_so_a_person_chooses(location: Location | None) -> None:
    found = ask(LOCAL, LAST, location=location)
    assert found.unit is None
    assert "人工选择" in found.reason


def test_a_lead_unit_has_helpers_but_never_helps_itself() -> None:
    found = ask(LOCAL, PARKING, category="09009")
    assert (found.unit, found.helpers) == (POLICE, (TEAM,))
    itself = replace(PARKING, target=HERE)
    assert ask(itself, category="09009").helpers == ()


def test_priority_decides_then_the_number_of_conditions() -> None:
    exact = replace(LOCAL, id=9, name="更具体", district_code="110101", target="丙部门")
    assert ask(LOCAL, exact).rule == exact
    assert ask(replace(LOCAL, priority=101), exact).rule is not exact
    off = replace(exact, enabled=False)
    assert ask(LOCAL, off).rule == LOCAL


@pytest.mark.parametrize(
    ("hours", "moment", "fires"),
    [
        ("22:00-06:00", NIGHT, True),
        ("22:00-06:00", NOON, False),
        ("08:00-20:00", NOON, True),
        ("08:00-20:00", NIGHT, False),
        ("00:00-24:00", NIGHT, True),
    ],
)
def test_a_rule_may_hold_at_some_hours_only(hours: str, moment: datetime, fires: bool) -> None:
    night = replace(LOCAL, id=4, name="夜间", priority=500, target="丙部门", hours=hours)
    assert (ask(LOCAL, night, moment=moment).rule == night) is fires


def test_a_rule_may_hold_on_days_off_only() -> None:
    sunday = datetime(2026, 11, 22, 12, tzinfo=CITY_ZONE).astimezone(UTC)
    weekend = replace(LOCAL, id=4, name="休息日", priority=500, target="丙部门", days="free")
    assert ask(LOCAL, weekend, moment=sunday).rule == weekend
    missed = ask(LOCAL, replace(weekend, district_code="110101"))
    assert missed.rule == LOCAL
    (nearly,) = missed.nearly
    assert (nearly.met, nearly.missed) == (("位于东城区",), ("日期不符",))


def test_a_special_area_is_known_by_words_by_a_circle_or_as_a_whole_subdistrict() -> None:
    rule = replace(LOCAL, id=4, name="特殊", priority=300, target="丙部门", area_name="广场")
    named = SpecialArea(1, "广场", words=("人民广场",), district_code="110101")
    assert (
        ask(LOCAL, rule, areas=(named,), location=replace(DHM, raw_text="人民广场北门")).rule
        == rule
    )
    other = replace(DHM, raw_text="人民广场北门", district_code="110108")
    assert ask(LOCAL, rule, areas=(named,), location=other).rule != rule
    circle = SpecialArea(1, "广场", lat=39.9, lon=116.4, radius_m=500)
    near = replace(DHM, lat=39.903, lon=116.402)
    far = replace(DHM, lat=39.91, lon=116.4)
    assert ask(LOCAL, rule, areas=(circle,), location=near).rule == rule
    assert ask(LOCAL, rule, areas=(circle,), location=far).rule == LOCAL
    assert ask(LOCAL, rule, areas=(circle,)).rule == LOCAL
    whole = SpecialArea(1, "广场", subdistrict_code="110101001", area_class="A")
    assert ask(LOCAL, rule, areas=(whole,)).rule == rule


def test_the_class_of_the_closest_area_counts() -> None:
    whole = SpecialArea(1, "街道", subdistrict_code="110101001", area_class="B")
    square = SpecialArea(2, "广场", words=("广场",), area_class="A")
    book = Book(areas=[whole, square])
    assert book.class_of(DHM) == "B"
    assert book.class_of(replace(DHM, raw_text="广场边")) == "A"
    assert book.class_of(Location("别处")) is None


def test_a_unit_that_does_not_take_the_category_is_passed_over() -> None:
    picky = replace(TEAM, categories=("09",))
    units = (picky, DISTRICT)
    found = ask(LOCAL, LAST, units=units)
    assert found.unit == DISTRICT
    assert found.trials[0].missed == ("甲队不承办这一类别",)
    assert ask(LOCAL, LAST, units=units, category="09006").unit == picky


def test_a_unit_off_duty_is_proposed_with_a_warning() -> None:
    units = (replace(TEAM, duty_hours="08:00-20:00"),)
    assert ask(LOCAL, units=units).warning == ""
    assert "不在值班时间" in ask(LOCAL, units=units, moment=NIGHT).warning


@pytest.mark.parametrize("raw", ["8点到20点", "08:00", "25:00-26:00", "08:00-20:00-22:00"])
def test_hours_that_cannot_be_read_are_refused(raw: str) -> None:
    with pytest.raises(InvalidInput, match="08:00-20:00"):
        read_span(raw)


def test_divisions_are_named_in_full_or_by_a_name_of_their_own() -> None:
    assert read_division("东城区东华门街道", subdistrict=True) == "110101001"
    assert read_division("东华门街道", subdistrict=True) == "110101001"
    assert read_division("110101", subdistrict=False) == "110101"
    for wrong in ("火星街道", "街道"):
        with pytest.raises(InvalidInput, match="全称"):
            read_division(wrong, subdistrict=True)


# --- what ships ------------------------------------------------------------------------------


@cache
def shipped() -> Book:
    nothing = Known(frozenset(), frozenset())
    units = [row.to_unit() for row in default_units()]
    units += [UNITS.table(id=0, **values).to_unit() for values in _read(UNITS, nothing)]  # type: ignore[attr-defined]
    areas = [AREAS.table(id=0, **values).to_area() for values in _read(AREAS, nothing)]  # type: ignore[attr-defined]
    known = Known(frozenset(u.name for u in units), frozenset(a.name for a in areas))
    rules = [RULES.table(id=0, **values).to_rule() for values in _read(RULES, known)]  # type: ignore[attr-defined]
    return Book(rules, units, areas)


def _read(sheet: Sheet, known: Known) -> list[dict[str, object]]:
    titles = {column.title: column.name for column in sheet.fields}
    rows = read_rows(sheet.seed, (DATA / sheet.seed).read_bytes(), list(titles))
    return [sheet.read({titles[k]: v for k, v in row.cells.items()}, known) for row in rows]


@pytest.mark.parametrize(
    ("category", "location", "unit", "helpers"),
    [
        ("06029", DHM, "东城区东华门街道综合行政执法队", ()),
        ("09006", Location("某镇", "房山区", "110111", "良乡地区", "110111007"), None, ()),
        ("09009", DHM, "公安交管部门", ()),
        ("09012", DHM, "消防救援机构", ("东城区东华门街道综合行政执法队",)),
        ("90001", DHM, "交通执法部门", ()),
        ("08011", DHM, "东城区东华门街道综合行政执法队", ("交通执法部门", "公安交管部门")),
        ("06010", Location("某处", "海淀区", "110108"), "海淀区人民政府", ()),
        (
            "09006",
            replace(DHM, raw_text="王府井大街", subdistrict=None, subdistrict_code=None),
            "东城区东华门街道综合行政执法队",
            (),
        ),
    ],
)
def test_shipped_rules_send_cases_to_who_is_in_charge_by_law(
    category: str, location: Location, unit: str | None, helpers: tuple[str, ...]
) -> None:
    found = propose(Facts(category, location, NOON), shipped())
    assert found.unit is not None
    assert unit is None or found.unit.name == unit
    assert tuple(each.name for each in found.helpers) == helpers
    assert found.rule is not None
    assert found.rule.source
    assert found.unit.is_default


def test_every_subdistrict_has_a_team_that_names_no_contact() -> None:
    book = shipped()
    for code, name in load_divisions().items():
        if len(code) > 6:
            place = Location(name, None, code[:6], name, code)
            found = propose(Facts("06029", place, NOON), book)
            assert found.unit is not None
            assert found.unit.name == f"{name}综合行政执法队"
            assert not found.unit.contact_phone
