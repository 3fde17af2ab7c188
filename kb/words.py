"""Words as search sees them: characters, pairs of neighbours and field concepts, ranked by BM25.

Character pairs stand in for segmented words: measured on held-out question forms they rank as
well as jieba's words and need no dictionary in memory. Concepts (kb/data/synonyms.csv) join
what residents call by many names: 电瓶车, 电驴 and 电动自行车 share one token.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

SYNONYMS_FILE = Path(__file__).parent / "data" / "synonyms.csv"

_RUN = re.compile(r"[0-9a-z]+|[\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Characters of questions and politeness; as parts of pairs they still count.
_EMPTY = frozenset("的了吗呢吧啊呀是在我你您他这那有就都也和与请问一下怎么什么可以能要不")
_SATURATION = 1.2
_LENGTH_SHARE = 0.75

Scores = npt.NDArray[np.float64]


def tokenize(text: str) -> list[str]:
    """Characters that carry meaning, pairs of neighbours, Latin words, numbers and concepts."""
    tokens: list[str] = []
    for run in _RUN.findall(text.casefold()):
        if _HAN.match(run):
            tokens += [char for char in run if char not in _EMPTY]
            tokens += [first + second for first, second in pairwise(run)]
            tokens += find_concepts(run)
        else:  # whole: 12345 inside a telephone number is not the hotline
            tokens += [run, *_load_synonyms()[0].get(run, ())]
    return tokens


def fold(text: str) -> str:
    """Only the letters, digits and characters: two texts that differ in signs are one."""
    return "".join(_RUN.findall(text.casefold()))


def find_concepts(text: str) -> Iterator[str]:
    """Yield the concepts `text` names, marked with #; where names overlap the longest wins."""
    concepts, longest = _load_synonyms()
    at = 0
    while at < len(text):
        for size in range(min(longest, len(text) - at), 0, -1):
            named = concepts.get(text[at : at + size])
            if named:
                yield from named
                at += size
                break
        else:
            at += 1


@cache
def _load_synonyms() -> tuple[Mapping[str, tuple[str, ...]], int]:
    """Concepts by name, and the length of the longest name."""
    concepts: dict[str, tuple[str, ...]] = {}
    with SYNONYMS_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["words"].casefold().split():
                concepts[name] = (*concepts.get(name, ()), f"#{row['concept']}")
    return concepts, max(map(len, concepts))


class WordIndex:
    """BM25 over documents: an inverted index, so a query costs what its words cost."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        counts = [Counter(document) for document in documents]
        frequency = Counter(token for count in counts for token in count)
        self._total = len(documents)
        self._ids = {token: number for number, token in enumerate(frequency)}
        self._idf = np.array([self._rarity(number) for number in frequency.values()])
        lengths = np.array([max(len(document), 1) for document in documents], dtype=np.float64)
        usual = lengths.mean() if self._total else 1.0
        bounds = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths / usual)
        sizes = [len(count) for count in counts]
        tokens = np.array([self._ids[token] for count in counts for token in count], dtype=np.int64)
        times = np.array([n for count in counts for n in count.values()], dtype=np.float64)
        owners = np.repeat(np.arange(self._total), sizes)
        order = np.argsort(tokens, kind="stable")
        self._documents = owners[order]
        weights = self._idf[tokens] * times * (_SATURATION + 1) / (times + bounds[owners])
        self._weights = weights[order]
        self._starts = np.searchsorted(tokens[order], np.arange(len(self._ids) + 1))

    def _rarity(self, frequency: int) -> float:
        return math.log(1 + (self._total - frequency + 0.5) / (frequency + 0.5))

    def score(self, tokens: Sequence[str]) -> Scores:
        """The BM25 score of every document, shape (documents,)."""
        scores = np.zeros(self._total)
        for token in set(tokens):
            number = self._ids.get(token)
            if number is not None:
                span = slice(self._starts[number], self._starts[number + 1])
                scores[self._documents[span]] += self._weights[span]
        return scores

    def weigh(self, tokens: Sequence[str]) -> tuple[float, float]:
        """What a document with every one of the tokens could score, and the share of unknown ones.

        An unknown token weighs as much as the rarest known one: a question half about something
        else must not look covered.
        """
        known = unknown = 0.0
        for token in set(tokens):
            number = self._ids.get(token)
            if number is None:
                unknown += self._rarity(0)
            else:
                known += float(self._idf[number])
        total = known + unknown
        return total * (_SATURATION + 1), unknown / total if total else 1.0
