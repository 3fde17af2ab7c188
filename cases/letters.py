"""What of a letter belongs to its trouble: not its writer's life, nor when he can be called.

A letter names more times and places than its own. The sentence that tells what is wrong tells where
and when, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.language.scope import tells_of_trouble

_SENTENCE = re.compile(r"[^。！!？?\n]+")
_OF_HIMSELF = re.compile(
    r"我[^，。]{0,6}(?:住|搬|来北京|工作|上班|退休|骑|买房)|电话|联系我|回电|来电|当年|以前"
)
_TOO_WIDE = re.compile(
    r"从?(?:[0-9]{4}|今|去|前)年(?:初|底)?(?:起|开始|以来)?|.{1,4}年了|.{1,4}年来?"
)


def _sentence_of(words: str, letter: str) -> str:
    return next((each[0] for each in _SENTENCE.finditer(letter) if words in each[0]), "")


def times_of_trouble(letter: str, times: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Out of a letter the times of the sentence that tells best when its trouble happens, not of his
    own life, of other places or of when he can be called.
    """

    def weigh(item: Mapping[str, Any]) -> int:
        sentence = _sentence_of(item["text"], letter)
        habit = (item.get("data") or {}).get("kind") == "habit"
        wide = _TOO_WIDE.fullmatch(item["text"]) is not None
        himself = _OF_HIMSELF.search(sentence) is not None
        return 2 * tells_of_trouble(sentence) + habit - 2 * wide - 3 * himself

    if not times:
        return []
    likely = max(times, key=weigh)
    if weigh(likely) < 0:
        return []  # better asked than guessed
    best = _sentence_of(likely["text"], letter)
    near = [item for item in times if item["text"] in best]
    return sorted(near, key=lambda item: _TOO_WIDE.fullmatch(item["text"]) is not None)


_BEFORE_OWN = re.compile(r"(?:单位|公司|以前住|从前住|老家|娘家|原来住)[^，。]{0,4}$")
_AFTER_OWN = re.compile(r"[^，。]{0,4}(?:上班|工作|打工|办公|当保安|退休)")


def is_of_writer(place: str, letter: str) -> bool:
    """Whether the first mention of `place` is of where he works or lived once."""
    before, _, after = letter.partition(place)
    return bool(_BEFORE_OWN.search(before) or _AFTER_OWN.match(after))


def is_of_trouble(place: str, letter: str) -> bool:
    """Whether the sentence of its first mention tells what is wrong."""
    return tells_of_trouble(_sentence_of(place, letter))
