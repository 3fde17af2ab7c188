"""Words of a Chinese text, by jieba with our lexicon in a dictionary of its own.

jieba's global dictionary is never touched: other code in the process keeps its own words.
"""

from __future__ import annotations

import gc
import re
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

with warnings.catch_warnings():
    # jieba looks for its files through pkg_resources, which warns of its own removal.
    warnings.simplefilter("ignore")
    import jieba

_NAMES = frozenset({"ns", "nr", "nt", "nz", "nrt", "nrfg"})
_NAME_TAG, _TERM_TAG = "nz", "l"

# jieba's model for unknown words copies its path at every sign: cost grows with the square of
# a run without punctuation, so long texts are cut in stretches, at a sign where there is one.
_STRETCH = 300
_STRETCH_END = re.compile(r"[，。！？；、\s](?=[^，。！？；、\s]{0,99}$)")


class Segmenter:
    """Cuts text into words and knows the part of speech of each word in its dictionary.

    `names` are added as proper names and `terms` as everyday words of the field. Loading
    takes about half a second and 100 MB: share one.
    """

    def __init__(self, names: Iterable[str] = (), terms: Iterable[str] = ()) -> None:
        freq, total, tags = _read_dictionary()
        self._tags = tags
        self._jieba = jieba.Tokenizer()
        # What Tokenizer.initialize() would read, without its cache file in the shared
        # temporary folder, which anyone on the machine could have written.
        self._jieba.FREQ = dict(freq)
        self._jieba.total = total
        self._jieba.initialized = True
        self._added: dict[str, str] = {}
        for tag, words in ((_NAME_TAG, names), (_TERM_TAG, terms)):
            for word in words:
                if word not in tags:
                    self._added.setdefault(word, tag)
                    self._jieba.add_word(word)

    def cut(self, text: str) -> Iterator[str]:
        """Yield the words of `text` in order; joined they are `text` again."""
        at = 0
        while len(text) - at > _STRETCH:
            stretch = text[at : at + _STRETCH]
            end = match.end() if (match := _STRETCH_END.search(stretch)) else _STRETCH
            yield from self._jieba.cut(stretch[:end])
            at += end
        yield from self._jieba.cut(text[at:])

    def tag_of(self, word: str) -> str | None:
        """jieba's tag (n, v, ns, …); None for a word in no dictionary."""
        return self._tags.get(word) or self._added.get(word)

    def is_name(self, word: str) -> bool:
        """Whether the dictionary knows the word as a proper name."""
        return self.tag_of(word) in _NAMES

    def is_common(self, word: str) -> bool:
        """Whether the word is an everyday word beside whatever else it may name."""
        return word in self._tags and self._tags[word] not in _NAMES


@cache
def _read_dictionary() -> tuple[dict[str, int], int, dict[str, str]]:
    """jieba's dictionary: frequencies with every prefix, their sum, and tags."""
    freq: dict[str, int] = {}
    tags: dict[str, str] = {}
    total = 0
    text = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8")
    collecting = gc.isenabled()
    gc.disable()  # half a million small objects that stay: looking for garbage doubles the time
    try:
        for line in text.splitlines():
            word, count, tag = line.split(" ")
            freq[word] = number = int(count)
            tags[word] = tag
            total += number
        for word in tags:
            for end in range(1, len(word)):
                freq.setdefault(word[:end], 0)
    finally:
        if collecting:
            gc.enable()
    return freq, total, tags
