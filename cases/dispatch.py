"""Which unit a case is proposed for, by rules that are data; pure, and it tells why.

A rule fits when all its conditions do (category, place, special area, day, hours). Of the rules
that fit the one with the highest priority decides, then the one with more conditions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from cases.clocks import Workdays, is_working_day
from cases.models import Location
from hotline.clock import to_city
from hotline.errors import InvalidInput

_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


class UnitKind(StrEnum):
    """What a unit is."""

    SUBDISTRICT = "subdistrict"
    DISTRICT = "district"
    DEPARTMENT = "department"


UNIT_KIND_NAMES: Mapping[UnitKind, str] = {
    UnitKind.SUBDISTRICT: "街道（乡镇）",
    UnitKind.DISTRICT: "区",
    UnitKind.DEPARTMENT: "部门、企业",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (单位) that handles cases. `categories`: prefixes it takes, none for all."""

    id: int
    name: str
    kind: UnitKind
    parent_name: str = ""
    district_code: str = ""
    subdistrict_code: str = ""
    categories: tuple[str, ...] = ()
    contact_name: str = ""
    contact_phone: str = ""
    duty_hours: str = ""
    is_default: bool = False
    """Made from the list of divisions or departments; nobody has checked it yet."""
    source: str = ""
    reviewed_on: str = ""
    enabled: bool = True

    def takes(self, category_code: str | None) -> bool:
        """Whether cases of this category are its business."""
        return not self.categories or _fits_prefix(self.categories, category_code)

    def is_on_duty(self, moment: datetime) -> bool:
        """Whether its duty hours say so; without any it counts as on duty."""
        return not self.duty_hours or _is_within(moment, self.duty_hours)


@dataclass(frozen=True, slots=True)
class SpecialArea:
    """A place with an owner or a class of its own: words in the location, or a circle.

    One without words and without a circle is a whole subdistrict.
    """

    id: int
    name: str
    district_code: str = ""
    subdistrict_code: str = ""
    words: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    radius_m: int = 0
    area_class: str = ""
    source: str = ""
    reviewed_on: str = ""

    def contains(self, location: Location) -> bool:
        """Whether the location lies in it, as far as can be told."""
        if self.district_code and location.district_code not in (None, self.district_code):
            return False
        if self.lat is not None and self.lon is not None and self.radius_m:
            here = location.lat, location.lon
            if here[0] is not None and here[1] is not None:
                return _metres((self.lat, self.lon), (here[0], here[1])) <= self.radius_m
        if self.words:
            said = f"{location.raw_text} {location.landmark or ''}"
            return any(word in said for word in self.words)
        if self.radius_m:
            return False
        return bool(self.subdistrict_code) and self.subdistrict_code == location.subdistrict_code


class Mode(StrEnum):
    """How a rule sends a case."""

    DIRECT = "direct"
    LEAD = "lead"
    FALLBACK = "fallback"


MODE_NAMES: Mapping[Mode, str] = {
    Mode.DIRECT: "直接派遣",
    Mode.LEAD: "牵头加协办",
    Mode.FALLBACK: "区兜底",
}
HERE, ABOVE = "subdistrict", "district"
"""Targets that depend on the place: the team of its subdistrict, its district."""
TARGET_NAMES = {HERE: "所在街道（乡镇）的单位", ABOVE: "所在区的单位"}
DAYS = {"": "不限", "working": "工作日", "free": "休息日"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One dispatch rule; an empty condition always holds. `target` HERE, ABOVE or a unit's name."""

    id: int
    name: str
    priority: int
    mode: Mode
    target: str
    categories: tuple[str, ...] = ()
    district_code: str = ""
    subdistrict_code: str = ""
    area_name: str = ""
    days: str = ""
    hours: str = ""
    helpers: tuple[str, ...] = ()
    source: str = ""
    reviewed_on: str = ""
    enabled: bool = True

    @property
    def conditions(self) -> int:
        """How many conditions it has."""
        return sum(
            map(
                bool,
                (
                    self.categories,
                    self.district_code,
                    self.subdistrict_code,
                    self.area_name,
                    self.days,
                    self.hours,
                ),
            )
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case is dispatched by."""

    category_code: str | None
    location: Location | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """How one rule fared: conditions met, conditions missed, and the unit it would send to."""

    rule: Rule
    met: tuple[str, ...]
    missed: tuple[str, ...]
    unit: Unit | None = None

    @property
    def fits(self) -> bool:
        """Whether it could decide."""
        return not self.missed


@dataclass(frozen=True, slots=True)
class Proposal:
    """The unit proposed and why; `trials` in the order in which the rules were tried."""

    unit: Unit | None
    helpers: tuple[Unit, ...]
    reason: str
    rule: Rule | None = None
    trials: tuple[Trial, ...] = ()
    warning: str = ""

    @property
    def nearly(self) -> tuple[Trial, ...]:
        """Rules that fit but were outranked, or missed by one condition though others held."""
        return tuple(
            trial
            for trial in self.trials
            if trial.rule is not self.rule
            and (trial.fits or (len(trial.missed) == 1 and trial.met))
        )


@dataclass(frozen=True, slots=True)
class Book:
    """All that dispatching goes by."""

    rules: Sequence[Rule] = ()
    units: Sequence[Unit] = ()
    areas: Sequence[SpecialArea] = ()
    own_days: Workdays | None = None

    def unit(self, name: str) -> Unit | None:
        """The unit with this name, if it can be sent to."""
        return next((each for each in self.units if each.name == name and each.enabled), None)

    def unit_by_id(self, id: int | None) -> Unit | None:
        """The unit with this number."""
        return next((each for each in self.units if each.id == id), None)

    def areas_of(self, location: Location | None) -> tuple[SpecialArea, ...]:
        """The special areas in which it lies, closer ones first."""
        if location is None:
            return ()
        inside = [area for area in self.areas if area.contains(location)]
        return tuple(sorted(inside, key=lambda area: not (area.words or area.radius_m)))

    def class_of(self, location: Location | None) -> str | None:
        """A, B or C, where the deployment has said so."""
        classes = (area.area_class for area in self.areas_of(location) if area.area_class)
        return next(classes, None)


def propose(facts: Facts, book: Book) -> Proposal:
    """The unit to send the case to, with the rule and the reason."""
    order = sorted(
        (rule for rule in book.rules if rule.enabled),
        key=lambda rule: (-rule.priority, -rule.conditions, rule.id),
    )
    trials = tuple(_try(rule, facts, book) for rule in order)
    fired = next((trial for trial in trials if trial.fits), None)
    if fired is None or fired.unit is None:
        return Proposal(None, (), "没有规则能确定承办单位，请人工选择。", None, trials)
    helpers = [_resolve(target, facts, book) for target in fired.rule.helpers]
    seen = tuple(each for each in helpers if each is not None and each != fired.unit)
    why = "；".join(fired.met) or "兜底规则，没有条件"
    warning = "" if fired.unit.is_on_duty(facts.moment) else "该单位现在不在值班时间。"
    reason = f"按规则“{fired.rule.name}”（{MODE_NAMES[fired.rule.mode]}）：{why}。"
    return Proposal(fired.unit, seen, reason, fired.rule, trials, warning)


def _try(rule: Rule, facts: Facts, book: Book) -> Trial:
    place = facts.location or Location("")
    inside = {area.name for area in book.areas_of(facts.location)}
    checks = [
        (rule.categories, _fits_prefix(rule.categories, facts.category_code), "类别", "类别相符"),
        (
            rule.district_code,
            rule.district_code == place.district_code,
            "区",
            f"位于{place.district or '该区'}",
        ),
        (
            rule.subdistrict_code,
            rule.subdistrict_code == place.subdistrict_code,
            "街道",
            f"位于{place.subdistrict or '该街道'}",
        ),
        (rule.area_name, rule.area_name in inside, "特殊区域", f"属于{rule.area_name}"),
        (rule.days, _fits_day(rule.days, facts.moment, book.own_days), "日期", DAYS[rule.days]),
        (
            rule.hours,
            bool(rule.hours) and _is_within(facts.moment, rule.hours),
            "时段",
            f"时间在 {rule.hours}",
        ),
    ]
    met = [words for condition, holds, _, words in checks if condition and holds]
    missed = [f"{name}不符" for condition, holds, name, _ in checks if condition and not holds]
    unit = None if missed else _resolve(rule.target, facts, book)
    if rule.target in TARGET_NAMES and unit is not None:
        met.append(f"位于{unit.name}的辖区")
    if not missed and unit is None:
        missed.append("没有对应的单位")
    elif unit is not None and not unit.takes(facts.category_code):
        missed.append(f"{unit.name}不承办这一类别")
    return Trial(rule, tuple(met), tuple(missed), unit)


def _resolve(target: str, facts: Facts, book: Book) -> Unit | None:
    place = facts.location
    if target == HERE:
        code, kind = place.subdistrict_code if place else None, UnitKind.SUBDISTRICT
        return _unit_of(book, kind, "subdistrict_code", code)
    if target == ABOVE:
        code, kind = place.district_code if place else None, UnitKind.DISTRICT
        return _unit_of(book, kind, "district_code", code)
    return book.unit(target)


def _unit_of(book: Book, kind: UnitKind, column: str, code: str | None) -> Unit | None:
    units = (each for each in book.units if each.enabled and each.kind is kind)
    return next((each for each in units if code and getattr(each, column) == code), None)


def _fits_prefix(prefixes: Sequence[str], code: str | None) -> bool:
    return bool(code) and any((code or "").startswith(prefix) for prefix in prefixes)


def _fits_day(days: str, moment: datetime, own_days: Workdays | None) -> bool:
    return (days == "working") == is_working_day(moment, own_days)


def read_span(raw: str) -> str:
    """`22:00-06:00` as kept; raises InvalidInput. "" is always."""
    text = raw.strip().replace("：", ":").replace("—", "-").replace("～", "-").replace(" ", "")
    if text:
        _ends(text)
    return text


def _ends(span: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(span)
    if found is None:
        raise InvalidInput(f"时段“{span}”应写成 08:00-20:00。")
    first, last = (int(found[n]) % 24 for n in (1, 3))
    return time(first, int(found[2])), time(last, int(found[4]))


def _is_within(moment: datetime, span: str) -> bool:
    now, (first, last) = to_city(moment).time(), _ends(span)
    if first < last:
        return first <= now < last
    return now >= first or now < last  # over midnight; equal ends are the whole day


def _metres(here: tuple[float, float], there: tuple[float, float]) -> float:
    lat = math.radians((here[0] + there[0]) / 2)
    north = math.radians(there[0] - here[0])
    east = math.radians(there[1] - here[1]) * math.cos(lat)
    return 6_371_000 * math.hypot(north, east)
