"""Sentences as a speech recogniser would hand them over, made from written ones.

Kept apart from what people wrote: nothing made here is stored in nlu_data. The same sentence
always gives the same noise, so training can be repeated. What residents say differs from what
they type in five ways: no punctuation, fillers, words said twice, spoken digits, and words heard
as others of the same sound.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from pypinyin import lazy_pinyin

_PUNCTUATION = re.compile(r"[，。！？、；：“”‘’（）…,.!?;:()~～\-\s]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_DIGITS = "零幺二三四五六七八九"
_OPENINGS = ("喂", "喂你好", "嗯", "那个", "哎", "你好我想问一下", "呃", "就是", "我跟你说啊", "")
_FILLERS = ("呃", "嗯", "那个", "就是", "啊", "就是说", "然后")
_STUTTERED = frozenset("我你他这那就在有")
_SHORTEST = 4
_SHARE_HEARD_WRONG = 0.3


def is_picked(text: str, every: int) -> bool:
    """Whether a text is one of `every`, by itself: whichever texts come or go, the others stay."""
    return zlib.crc32(text.encode("utf-8")) % every == 0


def add_speech(pairs: Sequence[tuple[str, str]], every: int) -> list[tuple[str, str]]:
    """(noisy text, label) for one in `every` sentences, if it is long enough to be said."""
    texts = [text for text, _ in pairs]
    sounds = _same_sounds("".join(texts))
    chosen = [
        pair
        for pair in pairs
        if is_picked(pair[0], every) and len(_CHINESE.findall(pair[0])) >= _SHORTEST
    ]
    return [(_speak(text, sounds), label) for text, label in chosen]


def _speak(text: str, sounds: dict[str, str]) -> str:
    dice = random.Random(text)  # seeded by the text
    words = [_hear(part, sounds, dice) for part in _PUNCTUATION.split(text) if part]
    said = dice.choice(_OPENINGS)
    for index, part in enumerate(words):
        said += dice.choice(_FILLERS) if index and dice.random() < 0.4 else ""
        said += part
    return said


def _hear(part: str, sounds: dict[str, str], dice: random.Random) -> str:
    heard = [_DIGITS[int(c)] if c.isascii() and c.isdigit() else c for c in part]
    for at, char in enumerate(heard):
        if char in _STUTTERED and dice.random() < 0.1:
            heard[at] = char * 2
    places = [at for at, char in enumerate(heard) if len(sounds.get(char, "")) > 1]
    if places and dice.random() < _SHARE_HEARD_WRONG:
        at = dice.choice(places)
        heard[at] = dice.choice([c for c in sounds[heard[at]] if c != heard[at]])
    return "".join(heard)


def _same_sounds(characters: Iterable[str]) -> dict[str, str]:
    """For each character those of our own texts that sound like it, tone apart."""
    by_sound: dict[str, set[str]] = defaultdict(set)
    known = {char for char in characters if _CHINESE.match(char)}
    for char in known:
        by_sound[_sound(char)].add(char)
    return {char: "".join(sorted(by_sound[_sound(char)])) for char in known}


@cache
def _sound(char: str) -> str:
    return str(lazy_pinyin(char)[0])
