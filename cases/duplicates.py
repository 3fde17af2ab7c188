"""Whether two reports tell of the same trouble: places first, then meaning. Pure logic.

The same words about another place are another case, however alike; so named places that
disagree refuse at once. What is left is judged by how close title and story are in meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.language.models import Vector
from hotline.errors import InvalidInput

ALIKE, ALIKE_LONG = 0.924, 0.942
"""Mean closeness from which two stories are one, of short ones and of letters; each halfway
between the two kinds of pairs in tests/cases/duplicates.jsonl, our own sentences. Long texts
are closer to each other whatever they tell.
"""
LETTER = 80
"""Characters from which a story is a letter."""
LONGEST = 2000
"""Characters of a story that are compared."""
_NAME = r"[\u4e00-\u9fffA-Za-z0-9]{1,12}?"
_SUFFIX = (
    r"小区|社区|家园|花园|花苑|公寓|大厦|广场|中学|小学|学校|学院|大学|幼儿园|医院|宾馆|酒店|"
    r"公园|市场|商场|超市|车站|地铁站|大道|胡同|[东西南北中]?路|[大东西南北]?街|巷|村|镇|桥|苑|府|湾|城"
)
_PLACE = re.compile(rf"{_NAME}(?:{_SUFFIX})(?![区长道上人面])")
_CUT = re.compile(r".*(?:[市区县]|在|到|从|对|和|与|及|的|是|有|位于|靠近|关于|请问|反映|投诉)")
_FEWEST = 2
_SHARED = 0.6
_DISTRICT = re.compile(r"(?:^|[市在，。、\s])([\u4e00-\u9fffA-Z0-9]{1,3}[区县])")
_NO_DISTRICT = ("小区", "社区", "片区", "园区", "校区", "景区", "厂区", "城区", "地区", "市区")


@dataclass(frozen=True, slots=True)
class Report:
    """What is compared of a report."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` from 0 to 1, how likely it is one trouble."""

    duplicate: bool
    score: float


def compare(a: Report, b: Report, embed: Callable[[Sequence[str]], Vector]) -> Verdict:
    """Compare two reports; `embed` gives unit rows, one a text."""
    texts = [each[:LONGEST] for each in (a.title, b.title, a.body, b.body)]
    vectors = embed([text if text.strip() else "无" for text in texts])
    alike = [float(np.dot(vectors[0], vectors[1])), float(np.dot(vectors[2], vectors[3]))]
    told = [bool(a.title.strip() and b.title.strip()), bool(a.body.strip() and b.body.strip())]
    used = [value for value, both in zip(alike, told, strict=True) if both]
    score = min(max(sum(used) / len(used), 0.0), 1.0) if used else 0.0
    least = ALIKE_LONG if min(len(a.body), len(b.body)) >= LETTER else ALIKE
    if _places_differ(a, b) or disagree(find_districts(a), find_districts(b)):
        score = min(score, least) / 2
    return Verdict(score >= least, round(score, 4))


def find_names(text: str) -> frozenset[str]:
    """Named places in a text, without the city and district before them."""
    names = (_CUT.sub("", match[0]) for match in _PLACE.finditer(text))
    return frozenset(name for name in names if len(name) > _FEWEST)


def _places_differ(a: Report, b: Report) -> bool:
    # a title names the place itself; a story also names what lies around it
    titles = find_names(a.title), find_names(b.title)
    if all(titles):
        return disagree(*titles)
    stories = (find_names(f"{each.title}，{each.body[:LONGEST]}") for each in (a, b))
    return disagree(*stories)


def find_districts(report: Report) -> frozenset[str]:
    """The districts and counties it names."""
    found = _DISTRICT.findall(f"{report.title}，{report.body[:LONGEST]}")
    return frozenset(name for name in found if not name.endswith(_NO_DISTRICT))


def disagree(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether both name places and share none; one name may hold the other."""
    if not a or not b:
        return False
    return not any(_same_name(one, other) for one in a for other in b)


def _same_name(one: str, other: str) -> bool:
    """One holds the other, or they share most of their neighbouring characters."""
    if one in other or other in one:
        return True
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other)]
    return 2 * len(pairs[0] & pairs[1]) >= _SHARED * (len(pairs[0]) + len(pairs[1]))


def read_report(item: Mapping[str, object], key: str) -> Report:
    """The report under `key` of an input line; raises InvalidInput naming the line."""
    report = item.get(key)
    if not isinstance(report, dict):
        raise InvalidInput(f"第 {item.get('_line')} 行缺少 {key}。")
    values = [report.get(name) or "" for name in ("title", "body")]
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"第 {item.get('_line')} 行的 {key} 的 title 和 body 应是文字。")
    return Report(*values)
