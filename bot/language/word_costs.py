"""How usual each word is in residents' Chinese, how it is read and what follows it.

Read from words.tsv, which count_words.py beside it writes. Costs are tenths of -ln(probability):
they add up, and the least is the likeliest.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bot.language.gazetteer import LEXICON_DIR

UNKNOWN = 150
"""What a character in no dictionary costs."""


@dataclass(slots=True)
class WordCosts:
    """The words of words.tsv.

    `costs` holds the cost of each word anywhere; `usual` the toneless syllable of each character;
    `also` words read otherwise than their characters, with what that reading adds to the cost;
    `follows` the cost of a word right after another one, and what a word not seen there adds;
    `meant` the field words and place names that slips are put back to; `real`
    rarer words that sound like one of these and are no slips.
    """

    costs: dict[str, int] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)
    also: list[tuple[str, str, int]] = field(default_factory=list)
    follows: dict[str, dict[str, int]] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    meant: list[str] = field(default_factory=list)
    real: list[str] = field(default_factory=list)


@cache
def load_word_costs(path: Path = LEXICON_DIR / "words.tsv") -> WordCosts:
    """Read the file once for the process; takes about 0.1 s and 15 MB.

    Raises OSError when the file is missing and ValueError when a line is malformed.
    """
    words = WordCosts()
    collecting = gc.isenabled()
    gc.disable()  # many small objects that stay: looking for garbage among them takes longer
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, _, rest = line.partition("\t")
            _READERS.get(kind, _skip)(words, rest)
    finally:
        if collecting:
            gc.enable()
    return words


def _skip(words: WordCosts, rest: str) -> None:
    """A comment."""


def _read_words(words: WordCosts, rest: str) -> None:
    cost, listed = rest.split("\t")
    words.costs.update(dict.fromkeys(listed.split(" "), int(cost)))


def _read_usual(words: WordCosts, rest: str) -> None:
    syllable, chars = rest.split("\t")
    words.usual.update(dict.fromkeys(chars, syllable))


def _read_also(words: WordCosts, rest: str) -> None:
    word, syllables, extra = rest.split("\t")
    words.also.append((word, syllables, int(extra)))


def _read_next(words: WordCosts, rest: str) -> None:
    before, unseen, pairs = rest.split("\t")
    listed = pairs.split(" ")
    words.unseen[before] = int(unseen)
    words.follows[before] = dict(zip(listed[::2], map(int, listed[1::2]), strict=True))


def _read_meant(words: WordCosts, rest: str) -> None:
    words.meant.extend(rest.split(" "))


def _read_real(words: WordCosts, rest: str) -> None:
    words.real.extend(rest.split(" "))


_READERS = {
    "word": _read_words, "read": _read_usual, "also": _read_also, "next": _read_next,
    "mean": _read_meant, "real": _read_real,
}  # fmt: skip
