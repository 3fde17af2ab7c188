"""Beijing's districts, subdistricts and well-known places: names in a text, and their codes."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LEXICON_DIR = Path(__file__).resolve().parents[2] / "nlu_data" / "lexicon"

_SUBDISTRICT_ENDINGS = ("街道", "地区", "镇", "乡")
# How people name the same unit: 良乡地区 is still 良乡镇 to most.
_ALIASES = {
    "街道": ("街道", "街道办事处", "街道办"),
    "地区": ("地区", "地区办事处", "镇", "乡"),
    "镇": ("镇",),
    "乡": ("乡",),
}
_NATIONALITIES = ("回族", "满族")
_SHORT_LEAST = 2
# Short names that are roads (学院路), or other everyday or far better known words.
_NO_SHORT_ENDINGS = ("路", "街", "门", "外")
_OTHER_MEANINGS = frozenset(
    "河北 渤海 新华 安定 四海 温泉 石城 张镇 王平 东风 光明 胜利 向阳 新城子 清水 永宁 宝山 大台 "
    "和平 天桥 高岭 龙山 长沟 兴谷 通运 文景 荣华 博兴 滨河 果园 鼓楼 城子 城关 新村 新镇 平房 "
    "北庄 杨庄 仁和 空港 旧县 安定 东湖 广宁 曙光 迎风 星城 泉河 石园 龙潭 庙城 石楼 海淀 丰台 "
    "怀柔 密云 延庆 永定 大峪 拱辰 双丰 旺泉 兴丰 清源 渔阳 儒林 百泉 宛平 八角 大屯 小关".split()
)

_EVERYDAY = frozenset(
    "建材城 游泳场 动物园 果园 展览馆 软件园 航天城 前门 城北 花市 毛纺 单店 湾子 磨房 育新 农大 "
    "三间房 北房".split()
)
"""Names in places.csv and divisions.csv that speak of something else as often."""


@dataclass(frozen=True, slots=True)
class Division:
    """A district (subdistrict None) or a subdistrict, with statistical codes."""

    district: str
    district_code: str
    subdistrict: str | None = None
    subdistrict_code: str | None = None

    def lies_in(self, other: Division) -> bool:
        """Whether this is `other` or a part of it."""
        return self == other or (
            other.subdistrict is None and self.district_code == other.district_code
        )

    def as_data(self) -> dict[str, object]:
        """The four location keys of an entity."""
        return {
            "district": self.district, "district_code": self.district_code,
            "subdistrict": self.subdistrict, "subdistrict_code": self.subdistrict_code,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: its kind and every division it may lie in."""

    kind: str
    divisions: tuple[Division, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A known name at text[start:end]; kinds are those of places.csv, district, subdistrict."""

    start: int
    end: int
    kind: str
    divisions: tuple[Division, ...]


class Gazetteer:
    """Finds known names, longest first; build one with `load_gazetteer`."""

    def __init__(self, names: dict[str, Named], terms: Sequence[str] = ()) -> None:
        self._names = names
        self.names = tuple(names)
        self.terms = tuple(terms)
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for name in names:
            lengths[name[:2]].add(len(name))
        self._lengths = {head: sorted(sizes, reverse=True) for head, sizes in lengths.items()}

    def find(self, text: str, accept: Callable[[int, int], bool]) -> Iterator[Hit]:
        """Yield the known names in `text` from the left, without overlaps.

        At each place the longest name is taken for which `accept(start, end)` holds.
        """
        at = 0
        while at < len(text) - 1:
            for length in self._lengths.get(text[at : at + 2], ()):
                named = self._names.get(text[at : at + length])
                if named and at + length <= len(text) and accept(at, at + length):
                    yield Hit(at, at + length, named.kind, named.divisions)
                    at += length
                    break
            else:
                at += 1

    def look_up(self, name: str) -> Named | None:
        """What a whole name stands for, None when it is not known."""
        return self._names.get(name)

    def is_everyday(self, name: str) -> bool:
        """Whether a known name needs more beside it to be one (前门 is a door as well)."""
        return name in _EVERYDAY


def load_gazetteer(folder: Path = LEXICON_DIR) -> Gazetteer:
    """Read divisions.csv, places.csv and terms.txt of `folder`.

    Raises OSError when a file is missing and KeyError when a column or a district named in
    places.csv is.
    """
    names: dict[str, Named] = {}
    divisions = _read_divisions(folder / "divisions.csv")
    for name, division in _name_divisions(divisions):
        kind = "district" if division.subdistrict is None else "subdistrict"
        add_name(names, name, kind, (division,))
    by_name = {(div.district, div.subdistrict): div for div in divisions}
    with (folder / "places.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            within = tuple(
                by_name[(district, row["subdistrict"] or None)]
                for district in row["district"].split(";")
            )
            for name in _place_names(row["name"], row["kind"]):
                add_name(names, name, row["kind"], within)
    terms = (folder / "terms.txt").read_text(encoding="utf-8").split()
    return Gazetteer(names, terms)


def add_name(names: dict[str, Named], name: str, kind: str, within: tuple[Division, ...]) -> None:
    """Add a meaning; one name in two divisions keeps both, and a subdistrict its district."""
    known = names.get(name)
    if known is None:
        names[name] = Named(kind, within)
        return
    more = tuple(
        division
        for division in within
        if not any(other.lies_in(division) for other in known.divisions)
    )
    names[name] = Named(known.kind, known.divisions + more)


def _read_divisions(path: Path) -> list[Division]:
    divisions = []
    codes: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if not row["subdistrict"]:
                codes[row["district"]] = row["code"]
                divisions.append(Division(row["district"], row["code"]))
            else:
                district = row["district"]
                divisions.append(
                    Division(district, codes[district], row["subdistrict"], row["code"])
                )
    return divisions


def _name_divisions(divisions: Iterable[Division]) -> Iterator[tuple[str, Division]]:
    for division in divisions:
        if division.subdistrict is None:
            yield division.district, division
            yield division.district.removesuffix("区"), division
            continue
        name = division.subdistrict
        yield name, division
        ending = next((end for end in _SUBDISTRICT_ENDINGS if name.endswith(end)), None)
        if ending is None:
            continue
        stem = name.removesuffix(ending)
        plain = stem
        for nationality in _NATIONALITIES:
            plain = plain.removesuffix(nationality)
        for alias in {stem + alias for alias in _ALIASES[ending]} | {plain + ending}:
            if alias != name:
                yield alias, division
        if _is_short_name(plain):
            yield plain, division


def _is_short_name(stem: str) -> bool:
    if len(stem) < _SHORT_LEAST or stem in _OTHER_MEANINGS:
        return False
    return not stem.endswith(_NO_SHORT_ENDINGS)


def _place_names(name: str, kind: str) -> tuple[str, ...]:
    if kind == "metro":
        stem = name.removesuffix("站")
        return name, f"{stem}地铁站", f"地铁{name}"
    return (name,)
