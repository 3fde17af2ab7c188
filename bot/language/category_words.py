"""What a category is called: its name and the residents' words for it, found in a message.

Likeness alone is unsure of 我要投诉某路三号有商户占道经营, whose other words outweigh the name that
stands there. Who uses the very name means it; one of its words says a little, since it may also
be where a thing lies or what stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.language.classifier import Floats

_NAMED, _MENTIONED = 20.0, 1.8
"""How many times likelier a category is when its name, one of its words, is said; measured on
sentences of residents, the second over a wide range alike."""
_SHORTEST = 2
_SHORTEST_NAME = 3


class CategoryWords:
    """Finds names and words of categories; safe to share between threads."""

    def __init__(
        self, labels: Sequence[str], said: Iterable[tuple[str, str, Sequence[str]]]
    ) -> None:
        """`said` has (code, name, words) of each category; codes that are no label are left out."""
        rows = {label: row for row, label in enumerate(labels)}
        self._size = len(rows)
        self._shares: dict[str, dict[int, float]] = {}
        for code, name, words in said:
            if (row := rows.get(code)) is None:
                continue
            for word in words:
                self._add(word, row, _MENTIONED)
            self._add(name, row, _NAMED if len(name) >= _SHORTEST_NAME else _MENTIONED)
        # a word told by many categories tells little of each
        for shares in self._shares.values():
            for row in shares:
                shares[row] **= 1 / len(shares)
        self._starts: Mapping[str, tuple[str, ...]] = self._sort_by_start()

    def weigh(self, odds: Floats, texts: Sequence[str]) -> Floats:
        """(texts, labels): the odds with what is called by its name made likelier."""
        weighed = odds * np.stack([self._likelier(text) for text in texts])
        return np.asarray(weighed / weighed.sum(axis=1, keepdims=True), np.float32)

    def _add(self, word: str, row: int, times: float) -> None:
        if len(word) >= _SHORTEST:
            shares = self._shares.setdefault(word, {})
            shares[row] = max(times, shares.get(row, 1.0))

    def _sort_by_start(self) -> Mapping[str, tuple[str, ...]]:
        starts: dict[str, list[str]] = {}
        for word in sorted(self._shares, key=len, reverse=True):
            starts.setdefault(word[:_SHORTEST], []).append(word)
        return {start: tuple(words) for start, words in starts.items()}

    def _likelier(self, text: str) -> Floats:
        times = np.ones(self._size, np.float32)
        for word in self._find(text):
            for row, share in self._shares[word].items():
                times[row] = max(times[row], share)
        return times

    def _find(self, text: str) -> set[str]:
        """The longest word at each place; 店外经营 is not also 经营."""
        found, end = set(), 0
        for at in range(len(text) - 1):
            for word in self._starts.get(text[at : at + _SHORTEST], ()):
                if at + len(word) > end and text.startswith(word, at):
                    found.add(word)
                    end = at + len(word)
                    break
        return found
