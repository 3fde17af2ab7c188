"""The trained reader of places: which signs of a message name a place no list holds.

A conditional random field over signs. It sees the signs around, the words and their parts of
speech, the names of the lexicon and what the rules of `places` found, and so learns where the
rules are right, cut short or misled. It is small (some six megabytes) and its time grows
with the length of the text.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pycrfsuite

from bot.language import place_grammar as grammar
from bot.language.place_units import Span
from bot.language.segmentation import Segmenter

MODEL_FILE = "places.crfsuite"

BEGIN, INSIDE, OUTSIDE = "B", "I", "O"
_TOKEN = re.compile(r"[A-Za-z]+|[0-9]+|.", re.DOTALL)
_STRETCH = 400
"""Tokens read at once: what a message of any length costs stays in proportion."""

_ENDING_SIGNS = frozenset(
    "路街道巷桥村庄里园苑城府庭湾营店镇乡区县门口站楼号院栋条厦场馆校厂河湖寺庙塔坊胡同弄社段侧边旁"
)
_NUMERALS = frozenset("零〇一二三四五六七八九十百两甲乙丙丁")
_SIDES = frozenset("东西南北中内外前后上下左右")
_SURE = 0.6
"""How likely the first sign of a place must be one."""
_EDGE = "|"
_EXTENTS = ((6, "1"), (12, "2"))
"""Tokens at most, and their mark: 西门 is a whole answer, and no place in a long tale."""


class PlaceTagger:
    """Tags the places of normalised texts; safe to share between threads."""

    def __init__(self, model: Path) -> None:
        """Load the file that training wrote; raises OSError when it is missing."""
        if not model.is_file():
            raise FileNotFoundError(model)
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(str(model))
        # The library keeps the sequence it works on inside the tagger.
        self._lock = threading.Lock()

    def find(self, tokens: Sequence[Span], features: Sequence[Sequence[str]]) -> list[Span]:
        """The stretches of text that name places, from what `describe_signs` made of it."""
        spans: list[Span] = []
        for first in range(0, len(tokens), _STRETCH):
            stretch = tokens[first : first + _STRETCH]
            with self._lock:
                tags = self._tagger.tag(features[first : first + _STRETCH])
                for begin, end in _collect(tags):
                    if self._tagger.marginal(tags[begin], begin) >= _SURE:
                        spans.append((stretch[begin][0], stretch[end - 1][1]))
        return spans


def _collect(tags: Sequence[str]) -> list[Span]:
    """The stretches of `tags` that are one place each."""
    found: list[Span] = []
    begun = False
    for at, tag in enumerate(tags):
        if tag == OUTSIDE:
            begun = False
        elif begun and tag == INSIDE:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
            begun = True
    return found


def split_signs(text: str) -> list[Span]:
    """The tokens of `text`: every sign, but a run of Latin letters or digits is one."""
    return [match.span() for match in _TOKEN.finditer(text)]


def describe_signs(
    text: str,
    tokens: Sequence[Span],
    words: Sequence[str],
    names: Sequence[tuple[int, int, str]],
    found: Sequence[Span],
    segmenter: Segmenter,
) -> list[list[str]]:
    """What the model sees of each token.

    `words` are the words of `text`, `names` the known names in it with their kinds, `found`
    the places that the rules read.
    """
    size = len(text)
    word_marks = _mark_words(size, words, segmenter)
    name_marks = _mark_spans(size, names)
    rule_marks = _mark_spans(size, [(start, end, "r") for start, end in found])
    signs = [_sign(text[start:end]) for start, end in tokens]
    kinds = [_kind(text[start:end]) for start, end in tokens]
    at = [start for start, _ in tokens]
    w = [word_marks[start] for start in at]
    g = [name_marks[start] for start in at]
    r = [rule_marks[start] for start in at]
    pad = [_EDGE, _EDGE]
    c = [*pad, *signs, *pad]
    k = [*pad, *kinds, *pad]
    rows: list[list[str]] = []
    last = len(tokens) - 1
    extent = next((mark for most, mark in _EXTENTS if last < most), "x")
    for i in range(len(tokens)):
        a2, a1, c0, b1, b2 = c[i : i + 5]
        k2, k1, k0, l1, l2 = k[i : i + 5]
        before, after = max(i - 1, 0), min(i + 1, last)
        rows.append(
            [
                "c" + c0, "-" + a1, "+" + b1, "=" + a2, "#" + b2,
                "<" + a1 + c0, ">" + c0 + b1, "{" + a2 + a1, "}" + b1 + b2,
                "k" + k1 + k0 + l1, "K" + k2 + k1 + k0 + l1 + l2,
                "w" + w[i], "W" + w[before] + "," + w[i], "V" + w[i] + "," + w[after],
                "g" + g[i], "G" + g[before] + g[i] + g[after], "h" + g[i] + k0,
                "r" + r[i], "R" + r[before] + r[i] + r[after], "s" + r[i] + g[i] + k0 + l1,
                "q" + r[before] + r[i] + a1, "p" + r[i] + r[after] + b1,
                "n" + extent + r[i] + k0, "N" + extent + w[i], "m" + extent + g[i],
            ]
        )  # fmt: skip
    return rows


def _sign(token: str) -> str:
    if token.isdigit():
        return "0" * min(len(token), 4)
    if token.isascii() and token.isalpha():
        return token.lower() if len(token) > 1 else "A"
    return token


def _kind(token: str) -> str:
    first = token[0]
    if first.isascii() and first.isalpha():
        return "L" if first.isupper() else "l"
    if token.isdigit():
        return "d"
    if first in _ENDING_SIGNS:
        return "e"
    if first in _NUMERALS:
        return "n"
    if first in _SIDES:
        return "s"
    return "c" if "\u4e00" <= first <= "\u9fff" else "p"


def _mark_words(size: int, words: Sequence[str], segmenter: Segmenter) -> list[str]:
    marks = ["" for _ in range(size)]
    at = 0
    for word in words:
        tag = segmenter.tag_of(word) or "?"
        if word in grammar.ENDINGS:
            tag = "E" + grammar.ENDINGS[word][:3]
        length = len(word)
        for offset in range(length):
            side = (
                "S" if length == 1 else "B" if not offset else "E" if offset == length - 1 else "M"
            )
            marks[at + offset] = side + tag
        at += length
    return marks


def _mark_spans(size: int, spans: Sequence[tuple[int, int, str]]) -> list[str]:
    marks = ["o"] * size
    for start, end, kind in spans:
        short = kind[:2]
        marks[start] = "b" + short
        for at in range(start + 1, end):
            marks[at] = "i" + short
        if end - start > 1:
            marks[end - 1] = "e" + short
    return marks
