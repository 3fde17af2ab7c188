"""Slips of speech recognition and of the keyboard: words of the field written by their sound.

站道经营 is put back to 占道经营 and 望精 to 望京, never at the cost of a real word: what changes
must stand alone between the words around it, and the text must become far likelier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from bot.language.models import Channel
from bot.language.word_costs import UNKNOWN, load_word_costs

Slip = tuple[int, int, str]
"""text[start:end] was meant as the third, which has the same length."""

_CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]{2,}")
_AROUND = 6
"""Characters read on either side of a slip to weigh it."""
_LONGEST_WORD = 5
_COST_REAL = 140
"""What the rarer real words cost that sound like a word of the field."""
_FREE = 74
"""Characters that cost less stand alone all the time (一, 是, 还): they are hardly slips."""
_USUAL_TYPED, _USUAL_HEARD = 90, 105
"""A word of two characters that only sounds alike must itself be at least this usual."""
_POSITIONS = frozenset("东西南北上下里外前后中左右内")

# Tenths of -ln(probability) the text must gain, for each way of sounding alike.
_LEAST_GAIN = {"typed": (45, 85), "voice": (40, 65)}
_LESS_WHEN_LONG = 12
"""Three characters and more hardly sound like a word of the field by chance."""
_MOST_FUZZY = 1

_SOUNDS = (
    (re.compile("^([zcs])h"), r"\1"), (re.compile("^n(?=[aeiouv])"), "l"),
    (re.compile("(?<=[aei])ng$"), "n"),
)  # fmt: skip
_PERSON_BEFORE = re.compile(r"(?:姓|我叫|名叫|名字叫|联系人|签名)[\u4e00-\u9fff]?$")
_LONGER_NAME = re.compile(r"[\u4e00-\u9fff]?(?:家园|花园|嘉园|苑|府|公馆|公寓|大厦|先生|女士)")
_HOMES = ("家园", "嘉园", "佳园")
"""晨光嘉园 and 晨光家园 may both exist."""

# 没气味 is good Chinese, so only what stands before it tells that 煤气味 was heard.
_GAS_SMELL = re.compile(r"(?<=[股有到见着浓大是])没(?=气味?)(?!气味?[了吧])")


class _Meant(NamedTuple):
    """A word slips are put back to, with the syllables each of its characters may have."""

    word: str
    syllables: tuple[frozenset[str], ...]


class _Index:
    def __init__(self) -> None:
        loaded = load_word_costs()
        self.follows, self.unseen = loaded.follows, loaded.unseen
        self.usual = loaded.usual
        self.sounds = {char: blur(syllable) for char, syllable in loaded.usual.items()}
        self.costs = loaded.costs | dict.fromkeys(loaded.real, _COST_REAL)
        self.words = frozenset(loaded.meant)
        self.by_sound: dict[str, list[_Meant]] = {}
        self.lengths: dict[str, set[int]] = {}
        readings = {word: key.split(" ") for word, key, _ in loaded.also if word in self.words}
        for word in loaded.meant:
            usual = [loaded.usual.get(char, "") for char in word]
            syllables = tuple(
                frozenset(both) for both in zip(usual, readings.get(word, usual), strict=True)
            )
            # A slip keeps most characters, and those sound as they usually do.
            for sounds in {tuple(map(blur, usual)), tuple(map(blur, readings.get(word, usual)))}:
                self.by_sound.setdefault(" ".join(sounds), []).append(_Meant(word, syllables))
                self.lengths.setdefault(" ".join(sounds[:2]), set()).add(len(word))


@cache
def _index() -> _Index:
    return _Index()


@cache
def blur(syllable: str) -> str:
    """What a syllable and those often taken for it have in common: zhang, zhan, zan are zan."""
    for pattern, plain in _SOUNDS:
        syllable = pattern.sub(plain, syllable)
    return syllable


def find_slips(text: str, channel: Channel) -> list[Slip]:
    """The slips in `text` from the left, without overlaps, each with what was meant.

    Heard text needs less of a gain than typed text. Linear in the text; about 0.1 ms for a
    message without slips.
    """
    slips = [(m.start(), m.end(), "煤") for m in _GAS_SMELL.finditer(text)]
    for run in _CHINESE_RUN.finditer(text):
        at = 0
        for start, end, word in _find_alike(run.group()):
            if start >= at and _is_meant(text, run.start() + start, word, channel):
                slips.append((run.start() + start, run.start() + end, word))
                at = end
    return sorted(slips)


def _find_alike(run: str) -> Iterator[Slip]:
    """Stretches that sound like exactly one word of the field and are not it, longest first."""
    index = _index()
    sounds = [index.sounds.get(char, "?") for char in run]
    for start in range(len(run) - 1):
        lengths = index.lengths.get(f"{sounds[start]} {sounds[start + 1]}")
        for length in sorted(lengths, reverse=True) if lengths else ():
            end = start + length
            said = run[start:end]
            if len(said) < length or said in index.words or said in index.costs:
                continue
            word = _choose(said, index.by_sound.get(" ".join(sounds[start:end]), ()))
            if word:
                yield start, end, word


def _choose(said: str, listed: Sequence[_Meant]) -> str:
    """The one word that sounds most like what was said; none when two do."""
    ranked = sorted({(_count_fuzzy(said, meant), meant.word) for meant in listed})
    if not ranked or ranked[0][0] > _MOST_FUZZY:
        return ""
    alike = [word for fuzzy, word in ranked if fuzzy == ranked[0][0]]
    return alike[0] if len(alike) == 1 else ""


def _count_fuzzy(said: str, meant: _Meant) -> int:
    """How many syllables only sound alike and are not the same."""
    usual = _index().usual
    return sum(
        char != right and usual[char] not in syllables
        for char, right, syllables in zip(said, meant.word, meant.syllables, strict=True)
    )


def _is_meant(text: str, start: int, word: str, channel: Channel) -> bool:
    """Whether the text with `word` at `start` is far likelier, and no real word is torn."""
    end = start + len(word)
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    if _PERSON_BEFORE.search(before) or (len(word) == 2 and _LONGER_NAME.match(after)):
        return False
    said = text[start:end]
    changed = [at for at in range(len(word)) if said[at] != word[at]]
    usual, heard = _index().usual, channel == "voice"
    fuzzy = any(usual[said[at]] != usual.get(word[at]) for at in changed)
    if not _may_be_slip(said, word, changed) or (
        fuzzy
        and len(word) == 2
        and _index().costs[word] > (_USUAL_HEARD if heard else _USUAL_TYPED)
    ):
        return False
    cost, pieces = _cut(before + said + after)
    at = 0
    for piece in pieces:
        if len(piece) > 1 and any(at <= len(before) + n < at + len(piece) for n in changed):
            return False
        at += len(piece)
    gain = cost - _cut(before + word + after)[0]
    least = _LEAST_GAIN["voice" if heard else "typed"][fuzzy]
    return gain >= least - (_LESS_WHEN_LONG if len(word) > 2 else 0)


def _may_be_slip(said: str, word: str, changed: Sequence[int]) -> bool:
    """Whether what would change is not just an everyday word beside another one."""
    if 2 * len(changed) > len(word) or said.endswith(_HOMES):
        return False
    costs = _index().costs
    for at in changed:
        free = costs.get(said[at], UNKNOWN) < _FREE
        if len(word) == 2 and (free or said[at] in _POSITIONS):
            return False
        if free and (said[1:] if at == 0 else said[:-1] if at == len(word) - 1 else "") in costs:
            return False
    return True


def _cut(text: str) -> tuple[int, list[str]]:
    """The cost of the likeliest words of a short text, and these words."""
    index = _index()
    ways: list[dict[str, tuple[int, list[str]]]] = [{"": (0, [])}]
    for end in range(1, len(text) + 1):
        here: dict[str, tuple[int, list[str]]] = {}
        for start in range(max(0, end - _LONGEST_WORD), end):
            word = text[start:end]
            cost = index.costs.get(word, UNKNOWN if len(word) == 1 else None)
            if cost is None:
                continue
            here[word] = min(
                (so_far + _follow(before, word, cost), [*words, word])
                for before, (so_far, words) in ways[start].items()
            )
        ways.append(here)
    return min(ways[-1].values())


def _follow(before: str, word: str, cost: int) -> int:
    index = _index()
    followers = index.follows.get(before)
    if followers is None:
        return cost
    seen = followers.get(word)
    return index.unseen[before] + cost if seen is None else seen
