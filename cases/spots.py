"""What a text says about where: names by kind and house numbers, to be compared with another's.

Pure. Names are compared without what only describes them: 锦绣花园小区 and 锦绣花园 are one name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from bot.language import place_grammar as grammar
from bot.language.gazetteer import load_gazetteer
from bot.language.normalise import normalise
from bot.language.numbers import read_number
from bot.language.place_units import Unit, UnitFinder
from bot.language.places import find_chains
from bot.language.segmentation import Segmenter

LONGEST = 2000
"""Characters of a text that are read."""
_AREAS = frozenset({"district", "subdistrict", grammar.ADMIN})
_NAMELESS = frozenset({grammar.CITY, grammar.COMPANY, "house"})
_ACROSS = re.compile(
    r"(?:经开|高新|开发|新|示范|度假|管理|工业|产业|科技|试验|自贸|片|商|景|老城|主城|城|地)(?:技术)?(?:区|圈)$"
)
"""Such a zone lies across districts, so naming it contradicts none."""
_SECTION = re.compile(r"[一二三四五六七八九十]+区")
"""A section of an estate (四区), never a district."""
_ENDING = re.compile(
    r"(?:住宅小区|小区|社区|街道办事处|街道办|街道|村委会|居委会|地铁站|公交站|火车站|车站|站|"
    r"大街|大道|路|街|巷|胡同|镇|乡|区|县|市)$"
)
_PLACEHOLDER = re.compile(r"[xX×*某#几]+")
_HOUSE = re.compile(
    r"(?P<number>[甲乙丙丁]?[0-9]{1,5}|[A-Za-z][0-9]{0,2}|[一二三四五六七八九十百]{1,4})"
    r"(?P<unit>号院|号楼|栋|幢|座|期|区|号(?!线))"
)
_UNITS = {
    "栋": "楼",
    "幢": "楼",
    "号楼": "楼",
    "座": "楼",
    "号院": "号",
    "期": "期",
    "区": "区",
    "号": "号",
}
_BRANCHES = "甲乙丙丁"
_SHORTEST = 2
"""A name of fewer signs is none."""
_SHARED = 0.6


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text is about."""

    areas: frozenset[tuple[str, str]]
    """(district or subdistrict, name); zones that lie across districts are left out."""
    names: frozenset[tuple[str, str]]
    """(kind, name) of roads, estates, institutions, villages …, without their endings."""
    numbers: frozenset[tuple[str, str]]
    """(号, 楼, 期 or 区, the number before it)."""
    covered: str
    """The text with its places cut out: what is told, not where."""


@cache
def _finder() -> tuple[UnitFinder, Segmenter]:
    gazetteer = load_gazetteer()
    segmenter = Segmenter(gazetteer.names, gazetteer.terms)
    return UnitFinder(gazetteer, segmenter), segmenter


def read_spot(text: str) -> Spot:
    """What `text` names of places."""
    words = normalise(text[:LONGEST], "webchat").text
    finder, segmenter = _finder()
    units = finder.find(words, segmenter.cut(words), ())
    sure = {id(unit) for chain in find_chains(words, units) for unit in chain.units}
    kept = [unit for unit in units if not unit.fragile or id(unit) in sure]
    areas, names = set(), set()
    for unit in kept:
        name = words[unit.start : unit.end]
        if unit.kind in _NAMELESS or _PLACEHOLDER.fullmatch(_ENDING.sub("", name)):
            continue
        if unit.kind not in _AREAS:
            names.add((unit.kind, _strip(name)))
        elif not _ACROSS.search(name) and not _SECTION.fullmatch(name):
            areas.add((_level(unit, name), _strip(name)))
    numbers = {
        (_UNITS[match["unit"]], _to_digits(match["number"]))
        for match in _HOUSE.finditer(words)
        if match["unit"] != "区" or not match["number"][0].isascii()  # A3区 is a district
    }
    return Spot(
        frozenset(areas),
        frozenset(item for item in names if len(item[1]) >= _SHORTEST),
        frozenset(numbers),
        _cover(words, kept),
    )


def same_name(one: str, other: str) -> bool:
    """One holds the other, or they share most of their neighbouring characters."""
    if one in other or other in one:
        return True
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other)]
    return 2 * len(pairs[0] & pairs[1]) >= _SHARED * (len(pairs[0]) + len(pairs[1]))


def contradict(a: frozenset[tuple[str, str]], b: frozenset[tuple[str, str]]) -> int:
    """On how many kinds both name something and agree on nothing."""
    mine, theirs = _by_kind(a), _by_kind(b)
    return sum(
        not any(same_name(one, other) for one in mine[kind] for other in theirs[kind])
        for kind in mine.keys() & theirs.keys()
    )


def contradict_numbers(a: Spot, b: Spot) -> int:
    """On how many kinds of number (号, 楼, 期, 区) both tell one and not the same."""
    mine, theirs = _by_kind(a.numbers), _by_kind(b.numbers)
    return sum(
        not any(_same_number(one, other) for one in mine[kind] for other in theirs[kind])
        for kind in mine.keys() & theirs.keys()
    )


def _same_number(one: str, other: str) -> bool:
    """甲14 and 14 may be one house, told with and without its 甲."""
    return one == other or one.lstrip(_BRANCHES) == other or other.lstrip(_BRANCHES) == one


def _by_kind(items: frozenset[tuple[str, str]]) -> dict[str, set[str]]:
    grouped: defaultdict[str, set[str]] = defaultdict(set)
    for kind, value in items:
        grouped[kind].add(value)
    return grouped


def _level(unit: Unit, name: str) -> str:
    if unit.kind != grammar.ADMIN:
        return unit.kind
    return "district" if name.endswith(("区", "县")) else "subdistrict"


def _strip(name: str) -> str:
    bare = _ENDING.sub("", name)
    return bare if len(bare) >= _SHORTEST else name


def _to_digits(number: str) -> str:
    value = read_number(number)
    return str(value) if value is not None else number.upper()


def _cover(words: str, units: list[Unit]) -> str:
    kept, at = [], 0
    for unit in sorted(units, key=lambda unit: unit.start):
        if unit.start > at:
            kept.append(words[at : unit.start])
        at = max(at, unit.end)
    return "".join([*kept, words[at:]])
