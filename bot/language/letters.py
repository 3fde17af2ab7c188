"""Letters, sentence by sentence: cut and embedded once for all who read them so.

A letter's one vector says too little of one sentence in it. Its matter stands in a sentence or two
among courtesy, history and anger; a danger going on now in a single one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bot.language.embedding import Embedder
from bot.language.models import Vector
from bot.language.sentences import count_signs, cut_sentences, is_letter

_LONGEST, _LONG_ENOUGH, _SHORTEST = 100, 40, 12
"""Signs: of a sentence that is left whole, of a piece that takes no more clauses, of a piece that
stands alone."""
_CLAUSE = re.compile(r".{1,60}?(?:[，,、；:：]|[.]\s|$)|.{60}[A-Za-z]*", re.DOTALL)
_NUMBER = re.compile(r"\d{7,}")
"""A telephone or case number; no doorplate is as long."""


class Letter(NamedTuple):
    """Its sentences in order, and the vector of each."""

    sentences: Sequence[str]
    vectors: Vector


def open_letters(texts: Sequence[str], embedder: Embedder) -> Mapping[int, Letter]:
    """The letters among normalised texts, by their index; what is only signs or digits is none."""
    cut = {
        index: sentences
        for index, text in enumerate(texts)
        if is_letter(text) and (sentences := _cut(text))
    }
    if not cut:
        return {}
    vectors = embedder.embed([each for sentences in cut.values() for each in sentences])
    ends = np.cumsum([len(sentences) for sentences in cut.values()])
    parts = np.split(vectors, ends[:-1])
    return {index: Letter(cut[index], part) for index, part in zip(cut, parts, strict=True)}


def leave_numbers_out(texts: Iterable[str]) -> list[str]:
    """A case number or a telephone number tells nothing of the matter, and looks like a doorplate."""
    return [_NUMBER.sub("", text) for text in texts]


def _cut(text: str) -> list[str]:
    cut = [piece for each in cut_sentences(text) for piece in _cut_long(each.text)]
    return [each for each in leave_numbers_out(cut) if each.strip()]


def _cut_long(sentence: str) -> list[str]:
    """Speech has no ends of sentences, haste only commas: what is long is cut at its clauses, and
    where there are none, anywhere.
    """
    if count_signs(sentence) <= _LONGEST:
        return [sentence]
    pieces = [""]
    for clause in _CLAUSE.findall(sentence):
        if count_signs(pieces[-1]) >= _LONG_ENOUGH:
            pieces.append("")
        pieces[-1] += clause
    if len(pieces) > 1 and count_signs(pieces[-1]) < _SHORTEST:
        pieces[-2:] = ["".join(pieces[-2:])]
    return pieces
