"""What two texts told in almost the same words exchange: one name, number or side for another.

Pure. A letter copied for another place keeps its words and changes only the place, often a name
that no grammar of places knows (东苑 for 西苑, K32 for K48). So the words are aligned, and
what stands in one text where the other has something else is judged by what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from bot.language import place_grammar as grammar
from bot.language.numbers import read_number
from bot.language.segmentation import Segmenter
from cases.names import sounds_alike
from cases.spots import load_finder

LONGEST = 300
"""Characters of a text that are aligned."""
_OVERLAP = 0.3
"""The share of neighbouring characters in common below which words in common are few."""
_ALIKE = 0.6
"""The share of words in common from which a text counts as copied."""
_MOST_WORDS = 6
"""An exchange of more is told anew, not exchanged."""
_BEGINNING = 30
"""Words among which a text tells its place."""
_TOKEN = re.compile(
    r"[A-Za-z]*[0-9]+|[零一二三四五六七八九十百]+(?![下点些样般直起边家共])|[A-Za-z]+"
)
_WORD = re.compile(r"\w")
_NUMBERED = re.compile(r"^(?:号|栋|幢|座|期|单元|路|线|室|弄|组|队|村|区|食堂|[中小]|处|站)")
_LETTERED = re.compile(r"[A-Za-z甲乙丙丁第][0-9]+|[A-Za-z]+[0-9]*")
_SIDES = "东西南北左右前后上下内外新老甲乙丙丁男女"
_ENDINGS = tuple(sorted((each for each in grammar.ENDINGS if len(each) > 1), key=len, reverse=True))
_SIGNS = tuple("路街巷村镇乡桥")
"""Endings of one sign: of a name in words of three and more (莲花路), not of 马路."""


def exchange_places(a: str, b: str) -> bool:
    """Whether two texts differ in a place and in little else."""
    if not _may_be_copies(a[:LONGEST], b[:LONGEST]):
        return False
    one, other = cut_words(a), cut_words(b)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return False
    segmenter = load_finder()[1]
    for kind, start, end, first, last in matcher.get_opcodes():
        if start >= _BEGINNING or kind != "replace" or max(end - start, last - first) > _MOST_WORDS:
            continue
        after = one[end] if end < len(one) else ""
        if _is_exchange(one[start:end], other[first:last], after, segmenter):
            return True
    return False


@lru_cache(maxsize=32)
def cut_words(text: str) -> tuple[str, ...]:
    """The words of the beginning of `text`, numbers whole, without punctuation."""
    text, segmenter = text[:LONGEST], load_finder()[1]
    words: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        words += segmenter.cut(text[at : match.start()])
        words.append(match.group())
        at = match.end()
    words += segmenter.cut(text[at:])
    return tuple(word for word in words if _WORD.search(word))


def _may_be_copies(a: str, b: str) -> bool:
    """Cheaper than cutting words, which most candidates are spared."""
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in (a, b)]
    return 2 * len(pairs[0] & pairs[1]) >= _OVERLAP * (len(pairs[0]) + len(pairs[1]))


def _is_exchange(
    one: Sequence[str], other: Sequence[str], after: str, segmenter: Segmenter
) -> bool:
    a, b = "".join(one), "".join(other)
    if sounds_alike(a, b) or a in b or b in a:
        return False
    if _is_number(a) and _is_number(b):
        return read_number(a) != read_number(b) and bool(_NUMBERED.match(after))
    if _LETTERED.fullmatch(a) and _LETTERED.fullmatch(b):
        return True
    if _turn_round(a, b):
        return True
    if after.endswith((*_ENDINGS, *_SIGNS, "站", "段")) and not any(
        map(_is_number, (*one, *other))
    ):
        return True
    return all(any(_is_placelike(word, segmenter) for word in words) for words in (one, other))


def _is_number(text: str) -> bool:
    return read_number(text) is not None


def _turn_round(a: str, b: str) -> bool:
    """东校区 and 西校区: the same but for a side."""
    if len(a) != len(b):
        return False
    differing = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    return len(differing) == 1 and all(each in _SIDES for each in differing[0])


def _is_placelike(word: str, segmenter: Segmenter) -> bool:
    """A name, a word in no dictionary, or a kind of place (中学, 机场)."""
    if segmenter.is_name(word) or word.endswith(_ENDINGS):
        return True
    if word in _SIGNS or (len(word) > 2 and word.endswith(_SIGNS)):
        return True
    return len(word) > 1 and segmenter.tag_of(word) is None and not _is_number(word)
