"""Cutting a message into its sentences, with their places in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SENTENCE = re.compile(r"[^。！？!?；;…\n]+[。！？!?；;…\n]*")
_LATIN_WORD = re.compile(r"[A-Za-z]+[ ']?")
_SHORTEST = 8
"""Less than this says little alone and stays with the sentence before."""
_LETTER = 160
"""Signs above which a message is a letter."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` is `message[start:end]`, white space at the edges left out."""

    text: str
    start: int
    end: int


def cut_sentences(text: str, shortest: int = _SHORTEST) -> list[Sentence]:
    """The sentences of a text in order; one that is shorter than `shortest` joins the one before.

    A message without any end of sentence (speech, haste) is one sentence.
    """
    spans: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip())
        end -= len(match.group()) - len(match.group().rstrip())
        if start >= end:
            continue
        if spans and end - start < shortest:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [Sentence(text[start:end], start, end) for start, end in spans]


def count_signs(text: str) -> int:
    """How long a text is: signs and, of English, words; a word says about as much as a sign."""
    return len(_LATIN_WORD.sub("w", text))


def is_letter(text: str) -> bool:
    """Whether a message is so long that it is read sentence by sentence."""
    return count_signs(text) > _LETTER
