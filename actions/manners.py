"""Staying polite with a resident who is not: sorry, one warning, then a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.fallback import is_noise, is_wordless
from bot.language.insults import is_annoyed, is_insult, is_mere_insult

_SMALL_TALK = frozenset({"chitchat", "out_of_scope"})
_ALONE = ("utter_insult", "utter_insult_warning", "utter_insult_person")
_IN_BETWEEN = ("utter_insult_aside", "utter_insult_warning_aside", "utter_insult_person")


def count_insults(tracker: Tracker) -> int:
    """How many insults in a row, this turn's included; anything sensible in between ends the row."""
    insults = 0
    for event in reversed(tracker.events):
        if event.get("event") != "user":
            continue
        text = str(event.get("text") or "")
        if _abuses(event, text):
            insults += 1
        elif not (is_noise(text) or is_wordless(text) or is_annoyed(text)):
            break
    return insults


def choose_answer(insults: int) -> str:
    """The response to the last of so many insults in a row (at least one)."""
    return _ALONE[min(insults, len(_ALONE)) - 1]


def choose_answer_aside(insults: int) -> str:
    """The same while a report is being told, whose next question follows."""
    return _IN_BETWEEN[min(insults, len(_IN_BETWEEN)) - 1]


def _abuses(event: dict[str, Any], text: str) -> bool:
    intent = ((event.get("parse_data") or {}).get("intent") or {}).get("name")
    # an insult with a report in it is a report
    return is_mere_insult(text) or (intent in _SMALL_TALK and is_insult(text))
