"""The parts of places in a text: known names, and any name with an ending (望海家园, A3区)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.language import place_grammar as grammar
from bot.language.gazetteer import Gazetteer, Hit
from bot.language.segmentation import Segmenter

Span = tuple[int, int]

_ANONYMOUS = re.compile(r"(?<![A-Za-z0-9])[A-Z][0-9]{0,2}(?=(市|区|县|镇|乡|街道|村|省))\1")
_HIDDEN = frozenset("xX×*某#")
_STOP_TAGS = frozenset(
    "v vn vd vg p c d r u y e o q t z m k i l s rr rz ul uj uv ud ug uz ad df mq".split()
)
_FRAGMENT_TAGS = frozenset(
    {"zg", "g", "ng", "j", "ag", "tg", "nr", "ns", "nz", "nt", "nrt", "nrfg"}
)
_DIRECTIONS = frozenset("东西南北中上下前后内外新大小")
_ROAD_SIGNS = ("路", "街", "道", "巷", "桥")
_MEASURE = re.compile(r"[0-9十百千几]米|公里")
_ORDINAL = re.compile(r"第?[一二三四五六七八九十]{1,3}|第[0-9]{1,3}")
# 建设路, 解放街: a word that does things is a name where the dictionary has such a name.
_NAMING_TAILS = ("路", "街", "大街", "大道", "村", "镇", "乡", "公园", "桥", "里", "庄")
_NAME_LONGEST = 12
_PIECES_MOST = 5
_SHORT_HIT = 3


@dataclass(slots=True)
class Unit:
    """One part of a place at text[start:end]; a fragile one needs support beside it."""

    start: int
    end: int
    kind: str
    fragile: bool = False
    hit: Hit | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    text: str
    unit: Unit | None = None


@dataclass(slots=True)
class _Name:
    """What a walk to the left gathered before an ending."""

    start: int
    proper: bool
    generic: bool


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a name is gathered for; `own` counts the signs of it inside the ending's word."""

    kind: str
    fragile: bool
    own: int


class UnitFinder:
    """Finds units; holds the gazetteer and the dictionary it judges words by."""

    def __init__(self, gazetteer: Gazetteer, segmenter: Segmenter) -> None:
        self._gazetteer = gazetteer
        self._segmenter = segmenter

    def find(self, text: str, words: Iterable[str], blocked: Sequence[Span]) -> list[Unit]:
        """Units of `text` in order of their starts, none touching a blocked span.

        `words` are the words of `text` as the segmenter cut them.
        """
        if not text:
            return []
        starts = _starts_of(words)
        closed = _Spans(len(text), blocked)
        known = [*self._known_names(text, starts, closed), *_anonymous_names(text, closed)]
        houses = [
            match for match in grammar.HOUSE.finditer(text) if not closed.holds(*match.span())
        ]
        numbers = [match.span() for match in houses if match.group("strong")]
        counted = _Spans(len(text), numbers)
        pieces = _split(text, starts, known, [*blocked, *numbers])
        units = list(known)
        for index, piece in enumerate(pieces):
            if piece.unit is None and not counted.holds(piece.start, piece.end):
                unit = self._named_unit(pieces, index)
                if unit is not None and not closed.holds(unit.start, unit.end):
                    units.append(unit)
        units.extend(self._house_units(pieces, houses))
        return sorted(units, key=lambda unit: (unit.start, -unit.end))

    def _known_names(self, text: str, starts: Sequence[int], closed: _Spans) -> Iterator[Unit]:
        boundaries = {*starts, len(text)}

        def accept(start: int, end: int) -> bool:
            if text[end - 1 : end + 1] == "路灯":
                return False  # 北太平庄的路灯
            if end - start > _SHORT_HIT or text[end - 1] == "区":
                return True
            return start in boundaries and (
                end in boundaries or grammar.RELATIVE.match(text, end) is not None
            )

        for hit in self._gazetteer.find(text, accept):
            if not closed.holds(hit.start, hit.end):
                name = text[hit.start : hit.end]
                fragile = self._gazetteer.is_everyday(name)
                yield Unit(hit.start, hit.end, hit.kind, fragile and hit.kind != "district", hit)

    def _named_unit(self, pieces: Sequence[_Piece], index: int) -> Unit | None:
        """The unit that ends with this piece, when its ending and the name before make one."""
        piece = pieces[index]
        ending, kind, fragile = _ending_of(piece.text)
        if not ending or (piece.text == "路" and pieces[index - 1].text.endswith(_ROAD_SIGNS)):
            return None  # 月坛北街路口 is no road 月坛北街路
        lamp = piece.text == "路" and pieces[index + 1 : index + 2]
        if lamp and lamp[0].text.startswith("灯") and pieces[index - 1].unit is not None:
            return None  # 北太平庄的路灯, cut in the middle
        stem = piece.text[: -len(ending)]
        tag = self._segmenter.tag_of(piece.text)
        if stem and tag is not None:
            named = self._segmenter.is_name(piece.text) or stem in grammar.NAMES_IN_SPITE
            if not named or (fragile and tag in ("nr", "nt")) or grammar.is_generic(stem, kind):
                return None
            if stem not in _DIRECTIONS:
                return Unit(piece.start, piece.end, kind, fragile or len(piece.text) <= 2)
        cut = _stop_length(stem)
        own = stem[cut:]
        if cut and not own:
            return None
        before = piece.end - len(ending)
        name = _Name(piece.start + cut, False, True)
        if own:
            name.proper = own not in _DIRECTIONS
            name.generic = grammar.is_generic(own, kind)
        if not cut:
            name = self._walk_left(pieces, index, name, _Ending(kind, fragile, len(own)))
        if name.start == before or name.generic:
            return None
        if not name.proper and (fragile or not grammar.takes_any_name(ending)):
            return None
        return Unit(name.start, piece.end, kind, fragile or kind in grammar.FRAGILE_KINDS)

    def _house_units(
        self, pieces: Sequence[_Piece], houses: Iterable[re.Match[str]]
    ) -> Iterator[Unit]:
        """House numbers that stand alone, or close a name (星河湾5栋, 金域蓝湾二期)."""
        begins = [piece.start for piece in pieces]
        last_end = -1
        for match in houses:
            start, end = match.span()
            name = _Name(start, False, True)
            at = bisect_left(begins, start)
            aligned = 0 < at < len(begins) and begins[at] == start != last_end
            last_end = end
            if aligned and not pieces[at - 1].unit:
                name = self._walk_left(pieces, at, name, _Ending(grammar.RESIDENCE, False, 0))
            named = name.proper and not name.generic
            if named and (match.group("strong") or match.group()[-1] in "期区"):
                yield Unit(name.start, start, grammar.RESIDENCE)
            if match.group("strong") or (named and match.group()[-1] in "期区"):
                yield Unit(start, end, "house")

    def _walk_left(
        self, pieces: Sequence[_Piece], index: int, name: _Name, ending: _Ending
    ) -> _Name:
        """Take the words before pieces[index] into the name as far as a name can go."""
        for step in range(1, min(_PIECES_MOST, index) + 1):
            piece = pieces[index - step]
            if piece.unit is not None:
                if step == 1 and _may_begin_name(piece, ending):
                    return _Name(piece.start, True, False)
                break
            if pieces[index].start - piece.start > _NAME_LONGEST:
                break
            begun = ending.own > 0 or step > 1
            cut = _stop_length(piece.text) if self._segmenter.tag_of(piece.text) is None else 0
            if cut == len(piece.text) or self._stops(pieces, index - step, index, begun):
                break
            word = piece.text[cut:]
            name.start = piece.start + cut
            name.proper = name.proper or self._is_proper(word)
            name.generic = name.generic and grammar.is_generic(word, ending.kind)
            if cut:
                break
        return name

    def _stops(self, pieces: Sequence[_Piece], at: int, index: int, begun: bool) -> bool:
        """Whether pieces[at] cannot belong to the name that ends before pieces[index]."""
        word = pieces[at].text
        if word in grammar.STOP_WORDS or not _is_wordlike(word) or _MEASURE.search(word):
            return True
        if word in _DIRECTIONS or _HIDDEN.issuperset(word) or word in grammar.NAMES_IN_SPITE:
            return False
        ending, _, fragile = _ending_of(word)
        if begun and ending and not fragile:
            return True
        tag = self._segmenter.tag_of(word)
        if tag not in _STOP_TAGS and not (tag == "f" and len(word) > 1):
            return False
        if _ORDINAL.fullmatch(word):
            return False
        between = pieces[at + 1 : index]
        if len(word) > 1 and all(piece.text in _DIRECTIONS for piece in between):
            return not any(self._segmenter.is_name(word + tail) for tail in _NAMING_TAILS)
        return True

    def _is_proper(self, word: str) -> bool:
        tag = self._segmenter.tag_of(word)
        if tag is None or _HIDDEN.issuperset(word):
            return word not in _DIRECTIONS
        return tag in _FRAGMENT_TAGS or any(
            self._segmenter.is_name(word + tail) for tail in _NAMING_TAILS[:4]
        )


def _starts_of(words: Iterable[str]) -> list[int]:
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word)
    return starts


def _anonymous_names(text: str, closed: _Spans) -> Iterator[Unit]:
    """A市, A3区, K8县: places whose names were taken out before publication."""
    for match in _ANONYMOUS.finditer(text):
        kind = grammar.ENDINGS[match.group(1)]
        if not closed.holds(*match.span()):
            yield Unit(match.start(), match.end(), kind)


def _split(
    text: str, starts: Sequence[int], units: Sequence[Unit], blocked: Sequence[Span]
) -> list[_Piece]:
    """The words of `text`, cut anew where a unit or a blocked span begins or ends."""
    holes = sorted([(unit.start, unit.end, unit) for unit in units], key=lambda hole: hole[:2])
    cuts = {*starts, len(text)}
    cuts.update(
        start + 1
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
        if end - start == 2 and grammar.JOINED_WORDS.match(text, start)
    )
    covered: dict[int, Unit] = {}
    at = 0
    for start, end, unit in holes:
        if start < at:
            continue
        cuts.difference_update(range(start + 1, end))
        cuts.update((start, end))
        covered[start] = unit
        at = end
    for start, end in blocked:
        cuts.update((start, end))
    order = sorted(cuts)
    return [
        _Piece(start, end, text[start:end], covered.get(start)) for start, end in pairwise(order)
    ]


def _ending_of(word: str) -> tuple[str, str, bool]:
    """The longest ending of a word, its kind and whether it is fragile; "" when it has none."""
    for length in range(min(len(word), grammar.LONGEST_ENDING), 0, -1):
        tail = word[-length:]
        if tail in grammar.ENDINGS:
            return tail, grammar.ENDINGS[tail], False
    if word and word[-1] in grammar.FRAGILE:
        return word[-1], grammar.FRAGILE[word[-1]], True
    return "", "", False


def _may_begin_name(piece: _Piece, ending: _Ending) -> bool:
    """望京 may begin 望京小区 and 望京西村, but 朝阳区 is a place of its own before 小区."""
    hit = piece.unit.hit if piece.unit is not None else None
    if hit is None or ending.own > 1 or (ending.fragile and hit.kind == "district"):
        return False
    return not piece.text.endswith(("区", "街道", "镇", "乡", "办事处"))


def _stop_length(word: str) -> int:
    """How many signs at the head of an unknown word belong to the sentence.

    我住幸福 begins with them; in 富力城有 a sign that no name holds ends them.
    """
    count = max((word.rfind(sign) + 1 for sign in grammar.NEVER_IN_NAMES), default=0)
    while count < len(word) and word[count] in grammar.STOP_HEADS:
        count += 1
    return count


def _is_wordlike(word: str) -> bool:
    return all(char.isalnum() or char in _HIDDEN or char in "·&+-" for char in word) and not (
        word.isspace()
    )


class _Spans:
    """Stretches of a text that are taken; asking costs the length asked about."""

    def __init__(self, length: int, spans: Iterable[Span]) -> None:
        self._taken = bytearray(length)
        for start, end in spans:
            self._taken[start:end] = b"\x01" * (end - start)

    def holds(self, start: int, end: int) -> bool:
        """Whether any of start:end is taken."""
        return self._taken.find(1, start, end) >= 0
