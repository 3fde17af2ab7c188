"""What a text says about where: names by kind and house numbers, to be compared with another's.

Pure. Names are compared without what only describes them: 锦绣花园小区 and 锦绣花园 are one name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from bot.language import place_grammar as grammar
from bot.language.gazetteer import load_gazetteer
from bot.language.normalise import normalise
from bot.language.numbers import read_number
from bot.language.place_units import Unit, UnitFinder
from bot.language.places import find_chains
from bot.language.segmentation import Segmenter
from cases.names import same_name, write_in_full

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
_ENDINGS = (
    r"(?:住宅小区|小区|社区|街道办事处|街道办|街道|村委会|居委会|地铁站|公交站|火车站|车站|站|"
    r"大街|大道|路|街|巷|胡同|镇|乡|区|县|市)"
)
_ENDING = re.compile(f"{_ENDINGS}$")
ENDING_AFTER = re.compile(_ENDINGS)
_PLACEHOLDER = re.compile(r"[xX×*某#几]+")
_HOUSE = re.compile(
    r"(?P<number>[甲乙丙丁]?[0-9]{1,5}|[甲乙丙丁](?=[栋幢座])|[A-Za-z][0-9]{0,2}|[一二三四五六七八九十百]{1,4})"
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
_NO_CITY = "路街道大里桥东西南北中村站宾酒饭菜小烤银"
"""Signs after which a city's name is part of another: 北京路, 兰州拉面 is cut as one word."""
_SHORTEST = 2
"""A name of fewer signs is none."""
_BRANCH_HOUSE = re.compile(r"[甲乙丙丁][0-9]{1,3}(?=楼)")
_STAIR = re.compile(r"(?P<number>[0-9]{1,2}|[一二三四五六七八九十]{1,2})单元")
_LINE = re.compile(
    r"(?P<number>[0-9]{1,3}|[一二三四五六七八九十百零]{1,5})(?:路(?![口边上旁段灯面])|号线)"
)
_MILEAGE = re.compile(r"[Kk](?P<number>[0-9]{1,4})(?![0-9])")
_SIDE = re.compile(
    r"(?P<side>[东西南北左右前后上下新老正侧])(?P<thing>校区|院区|引桥|食堂|出口|方向|广场|[区苑门段洞山])(?![口头])"
)
_STRETCH = re.compile(
    r"(?P<begin>[^，。；！？、从由（(]{2,10})[到至](?P<end>[^，。；！？、]{2,10}?)(?:这|那)?(?:之间|一?[段截])"
)
_ASIDE = re.compile(
    r"(?:^|(?<=[，。；！？]))[^，。；！？]{0,4}(?:[和跟与同]|隔壁|不是)[^，。；！？]{2,25}?"
    r"(?:不是(?:一|同)|不同|不一样|是两|[两二]码|[两二]回|[一两二][家户]|一个?样|都?修好?了)[^，。；！？]*"
)
"""Tells of another place only to say that it is another: 和1号楼不是一家."""
_REMEMBERED = 1024
"""Texts whose reading is kept: a report is compared with the same few cases at each turn."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text is about."""

    areas: frozenset[tuple[str, str]]
    """(district or subdistrict, name); zones that lie across districts are left out."""
    names: frozenset[tuple[str, str]]
    """(kind, name) of roads, estates, institutions, villages …, without their endings."""
    numbers: frozenset[tuple[str, str]]
    """(号, 楼, 期, 区, 单元, 线 of a bus or metro or K of a road's mileage, the number)."""
    sides: frozenset[tuple[str, str]]
    """(门, 校区, 段 …, the side before it): halves that a text may tell apart."""
    stretches: tuple[tuple[str, str], ...]
    """The ends of stretches of roads (A到B段)."""
    cities: frozenset[str]
    text: str
    """The text as it is read: simplified, well-known short names in full, without asides."""
    covered: str
    """The text with its places cut out: what is told, not where."""


@cache
def load_finder() -> tuple[UnitFinder, Segmenter]:
    gazetteer = load_gazetteer()
    segmenter = Segmenter(gazetteer.names, gazetteer.terms)
    return UnitFinder(gazetteer, segmenter), segmenter


def _read(text: str) -> str:
    return write_in_full(_ASIDE.sub("", normalise(text, "webchat").text))


@lru_cache(_REMEMBERED)
def read_spot(text: str) -> Spot:
    """What `text` names of places; a text read lately is not read again."""
    words = _read(text[:LONGEST])
    finder, segmenter = load_finder()
    cut = list(segmenter.cut(words))
    units = finder.find(words, cut, ())
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
    return Spot(
        frozenset(areas),
        frozenset(item for item in names if len(item[1]) >= _SHORTEST),
        frozenset(_find_numbers(words)),
        frozenset((match["thing"], match["side"]) for match in _SIDE.finditer(words)),
        tuple((match["begin"], match["end"]) for match in _STRETCH.finditer(words)),
        frozenset(_find_cities(cut)),
        words,
        _cover(words, kept),
    )


@cache
def _cities() -> frozenset[str]:
    lines = (Path(__file__).parent / "data" / "cities.txt").read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def _find_cities(words: Sequence[str]) -> Iterator[str]:
    """Provinces and cities said as such, not as the name of a road or an inn."""
    for word, after in pairwise([*words, ""]):
        name = word[:-1] if word.endswith(("市", "省")) else word
        if (name in _cities() or word in _cities()) and not after.startswith(tuple(_NO_CITY)):
            yield name.removesuffix("市")


def _find_numbers(words: str) -> Iterator[tuple[str, str]]:
    for match in _HOUSE.finditer(words):
        if match["unit"] != "区" or not match["number"][0].isascii():  # A3区 is a district
            yield _UNITS[match["unit"]], _to_digits(match["number"])
    for match in _BRANCH_HOUSE.finditer(words):
        yield "楼", match.group()
    for unit, pattern in (("单元", _STAIR), ("线", _LINE), ("K", _MILEAGE)):
        for match in pattern.finditer(words):
            yield unit, _to_digits(match["number"])


def contradict_sides(a: Spot, b: Spot) -> bool:
    """Whether both tell a half of the same thing (门, 校区), and not the same half."""
    mine, theirs = _by_kind(a.sides), _by_kind(b.sides)
    return any(mine[thing].isdisjoint(theirs[thing]) for thing in mine.keys() & theirs.keys())


def contradict_stretches(a: Spot, b: Spot) -> bool:
    """Whether both tell stretches of a road, and none begins or ends as one of the other's.

    Where one ends another may begin, so an end is compared with ends, unless both are told
    the other way round.
    """
    return bool(a.stretches and b.stretches) and not any(
        same_name(one[0], other[0])
        or same_name(one[1], other[1])
        or (same_name(one[0], other[1]) and same_name(one[1], other[0]))
        for one in a.stretches
        for other in b.stretches
    )


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
