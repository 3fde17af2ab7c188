"""Words as search sees them: characters, pairs of neighbours and field concepts, ranked by BM25.

Character pairs stand in for segmented words: measured on held-out question forms they rank as
well as jieba's words and need no dictionary in memory. Concepts (kb/data/synonyms.csv) join
what residents call by many names: 电瓶车, 电驴 and 电动自行车 share one token.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

SYNONYMS_FILE = Path(__file__).parent / "data" / "synonyms.csv"

_RUN = re.compile(r"[0-9a-z]+|[\u3400-\u9fff]+")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_LATIN_RUN = re.compile(r"[0-9a-z]+")
_FIRST_HAN, _LAST_HAN = 0x3400, 0x9FFF
# Characters of questions and politeness; as parts of pairs they still count.
_EMPTY = frozenset("的了吗呢吧啊呀是在我你您他这那有就都也和与请问一下怎么什么可以能要不")
_IS_HAN, _TELLS, _BEGINS = 1, 2, 4  # a character; one that carries meaning; begins a concept
_PAIR_SHIFT = np.uint64(16)
_NAMED = 1 << 63  # numbers above: concepts and Latin words; below: characters and pairs
_SATURATION = 1.2
_LENGTH_SHARE = 0.75
_MOST_TIMES = 255  # how often a word counts at most in one document

Scores = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.uint64]
"""Tokens as numbers: 8 bytes each, whatever the token."""
Places = npt.NDArray[np.intp]


def tokenize(text: str) -> list[str]:
    """Characters that carry meaning, pairs of neighbours, Latin words, numbers and concepts."""
    tokens: list[str] = []
    for run in _RUN.findall(text.casefold()):
        if _HAN_RUN.match(run):
            tokens += [char for char in run if char not in _EMPTY]
            tokens += [first + second for first, second in pairwise(run)]
            tokens += find_concepts(run)
        else:  # whole: 12345 inside a telephone number is not the hotline
            tokens += [run, *_load_synonyms().concepts.get(run, ())]
    return tokens


def number_tokens(text: str) -> Numbers:
    """The tokens of `text` as numbers, in no order; the same as `tokenize`, for long texts."""
    text = text.casefold()
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    kinds = _load_kinds()[np.minimum(codes, _LAST_HAN + 1)]
    is_han, codes = kinds > 0, codes.astype(np.uint64)
    pairs = (codes[:-1] << _PAIR_SHIFT | codes[1:])[is_han[:-1] & is_han[1:]]
    named = list(_find_numbers(text, np.flatnonzero(kinds & _BEGINS).tolist()))
    for run in _LATIN_RUN.findall(text):
        named += map(number_token, (run, *_load_synonyms().concepts.get(run, ())))
    return np.concatenate((codes[(kinds & _TELLS) > 0], pairs, np.array(named, dtype=np.uint64)))


def _find_numbers(text: str, starts: Iterable[int]) -> Iterator[int]:
    """As `find_concepts`, the numbers, given where a name may begin."""
    synonyms, free = _load_synonyms(), 0
    for at in starts:
        if at >= free:
            for size in synonyms.sizes[text[at]]:
                named = synonyms.concepts.get(text[at : at + size])
                if named:
                    yield from map(number_token, named)
                    free = at + size
                    break


@cache
def _load_kinds() -> npt.NDArray[np.uint8]:
    """What each character is, by its code."""
    kinds = np.zeros(_LAST_HAN + 2, dtype=np.uint8)
    kinds[_FIRST_HAN : _LAST_HAN + 1] = _IS_HAN | _TELLS
    kinds[[ord(char) for char in _EMPTY]] = _IS_HAN
    kinds[[ord(char) for char in _load_synonyms().sizes if _HAN_RUN.match(char)]] |= _BEGINS
    return kinds


@lru_cache(maxsize=10_000)
def number_token(token: str) -> int:
    """The number of one token of `tokenize`."""
    if _HAN_RUN.fullmatch(token) and len(token) <= 2:
        return ord(token) if len(token) == 1 else ord(token[0]) << 16 | ord(token[1])
    return _NAMED | int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


def fold(text: str) -> str:
    """Only the letters, digits and characters: two texts that differ in signs are one."""
    return "".join(_RUN.findall(text.casefold()))


def find_concepts(text: str) -> Iterator[str]:
    """Yield the concepts `text` names, marked with #; where names overlap the longest wins."""
    synonyms = _load_synonyms()
    at, end = 0, len(text)
    while at < end:
        for size in synonyms.sizes.get(text[at], ()):
            named = synonyms.concepts.get(text[at : at + size])
            if named:
                yield from named
                at += size
                break
        else:
            at += 1


@dataclass(frozen=True, slots=True)
class _Synonyms:
    concepts: Mapping[str, tuple[str, ...]]
    """Concepts by name."""
    sizes: Mapping[str, tuple[int, ...]]
    """The lengths of the names that begin with a character, the longest first."""


@cache
def _load_synonyms() -> _Synonyms:
    concepts: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, set[int]] = defaultdict(set)
    with SYNONYMS_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["words"].casefold().split():
                concepts[name] = (*concepts.get(name, ()), f"#{row['concept']}")
                sizes[name[0]].add(len(name))
    ordered = {char: tuple(sorted(each, reverse=True)) for char, each in sizes.items()}
    return _Synonyms(concepts, ordered)


@dataclass(frozen=True, slots=True)
class Document:
    """The tokens of one article: how often each is there, and how often in what it tells."""

    tokens: Numbers
    """Distinct, ascending."""
    times: npt.NDArray[np.uint8]
    told_times: npt.NDArray[np.uint8]
    length: int
    told_length: int


def read_document(asked: str, told: str) -> Document:
    """A document from how people ask and what is told, each all sentences in one text."""
    told_numbers = number_tokens(told)
    every = np.concatenate((number_tokens(asked), told_numbers))
    tokens, times = np.unique(every, return_counts=True)
    told_times = np.bincount(np.searchsorted(tokens, told_numbers), minlength=len(tokens))
    return Document(
        tokens,
        np.minimum(times, _MOST_TIMES).astype(np.uint8),
        np.minimum(told_times, _MOST_TIMES).astype(np.uint8),
        max(len(every), 1),
        max(len(told_numbers), 1),
    )


class Postings:
    """Which documents have which tokens, for at most 65,536 documents: 4 bytes an entry."""

    MOST = 1 << 16

    def __init__(self, documents: Iterable[Document]) -> None:
        documents = list(documents)
        if len(documents) > self.MOST:
            raise ValueError(f"at most {self.MOST} documents, not {len(documents)}")
        self.total = len(documents)
        self.lengths = np.array([each.length for each in documents], dtype=np.float32)
        self.told_lengths = np.array([each.told_length for each in documents], dtype=np.float32)
        none = np.empty(0, dtype=np.uint64)
        tokens = np.concatenate([none, *(each.tokens for each in documents)])
        sizes = [len(each.tokens) for each in documents]
        order = np.argsort(tokens, kind="stable")
        ordered = tokens[order]
        firsts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] + np.uint64(1)))
        self._tokens = ordered[firsts]
        self._starts = np.append(firsts, len(ordered))
        self._owners = np.repeat(np.arange(self.total, dtype=np.uint16), sizes)[order]
        empty = np.empty(0, dtype=np.uint8)
        self._times = np.concatenate([empty, *(each.times for each in documents)])[order]
        self._told = np.concatenate([empty, *(each.told_times for each in documents)])[order]

    def find(self, tokens: Numbers) -> list[slice]:
        """Where the entries of each token are; empty where the token is unknown."""
        if not len(self._tokens):
            return [slice(0, 0)] * len(tokens)
        at = np.minimum(np.searchsorted(self._tokens, tokens), len(self._tokens) - 1)
        known = self._tokens[at] == tokens
        starts, ends = self._starts[at], np.where(known, self._starts[at + 1], self._starts[at])
        return [slice(*each) for each in zip(starts.tolist(), ends.tolist(), strict=True)]

    def score(self, spans: Sequence[slice], rarities: Scores, bounds: Scores) -> Scores:
        """The BM25 score of every document, shape (total,)."""
        scores = np.zeros(self.total)
        for span, rarity in zip(spans, rarities.tolist(), strict=True):
            if span.start < span.stop:
                owners = self._owners[span]
                times = self._times[span].astype(np.float32)
                scores[owners] += rarity * times / (times + bounds[owners])
        return scores * (_SATURATION + 1)

    def score_told(
        self, spans: Sequence[slice], rarities: Scores, bounds: Scores, documents: Places
    ) -> Scores:
        """The BM25 score of what is told, for `documents` only, shape (len(documents),)."""
        scores = np.zeros(len(documents))
        for span, rarity in zip(spans, rarities.tolist(), strict=True):
            if span.start < span.stop:
                owners = self._owners[span]
                at = np.minimum(np.searchsorted(owners, documents), len(owners) - 1)
                times = np.where(owners[at] == documents, self._told[span][at], 0)
                scores += rarity * times / (times + bounds[documents])
        return scores * (_SATURATION + 1)

    def count_told(self, spans: Sequence[slice]) -> list[int]:
        """In how many documents each token is told."""
        return [int(np.count_nonzero(self._told[span])) for span in spans]


def bound_lengths(lengths: npt.NDArray[np.float32], usual: float) -> Scores:
    """What keeps a long document from winning by its length, for BM25."""
    bounds: Scores = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths / usual)
    return bounds


def rate_rarity(frequencies: npt.NDArray[np.int64], total: int) -> Scores:
    """The weight of tokens that so many of `total` documents have."""
    rarities: Scores = np.log(1 + (total - frequencies + 0.5) / (frequencies + 0.5))
    return rarities


def attain(rarities: Scores, frequencies: npt.NDArray[np.int64], total: int) -> tuple[float, float]:
    """What a document with every one of the tokens could score, and the share of unknown ones.

    An unknown token weighs as much as the rarest known one: a question half about something
    else must not look covered.
    """
    known = float(rarities[frequencies > 0].sum())
    unknown = int((frequencies == 0).sum()) * float(rate_rarity(np.zeros(1, np.int64), total)[0])
    whole = known + unknown
    return whole * (_SATURATION + 1), unknown / whole if whole else 1.0
