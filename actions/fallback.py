"""When nothing fits: ask again once, then offer a person."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.after_filing import belongs_to_filed, follows_filing, hurry_filed
from actions.answering import answer_follow_up
from actions.handoff import hand_off
from actions.tongues import choose_greeting, wants_agent
from actions.turn import end_turn, said

_WORDS = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{2,}[^A-Za-z]+[A-Za-z]{2,}")
_MOJIBAKE = re.compile(r"锟斤拷|烫烫烫|屯屯屯")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LAUGHTER = frozenset("哈嘿呵嘻")
_FEWEST_TO_JUDGE = 5
_LEAST_VARIETY = 0.45
"""Different characters in all: 嘟噜嘟噜嘟噜噜 has less."""


def is_noise(text: str) -> bool:
    """Whether there is nothing in it to understand: ？？？, asdfghjkl, 123, 嘟噜嘟噜嘟噜."""
    pictures = any(unicodedata.category(character) == "So" for character in text)
    if pictures or choose_greeting(text) is not None:
        return False
    if _WORDS.search(text) is None or _MOJIBAKE.search(text):
        return True
    letters = _HAN.findall(text)
    variety = set(letters)
    return (
        len(letters) >= _FEWEST_TO_JUDGE
        and len(variety) < len(letters) * _LEAST_VARIETY
        and not variety <= _LAUGHTER
        and len(letters) == len(re.findall(r"\w", text))
    )


def is_wordless(text: str) -> bool:
    """Whether there are but signs and pictures: ？？？, 😊."""
    return re.search(r"\w", text) is None


def fail_once_more(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Say that it was not understood; the second time in a row offer a person."""
    text = said(tracker)
    if wants_agent(text):
        hand_off(dispatcher, "市民要求人工")
        return [SlotSet("failures", 0)]
    if (greeting := choose_greeting(text)) is not None:
        dispatcher.utter_message(response=greeting)
        return [SlotSet("failures", 0)]
    failures = int(tracker.get_slot("failures") or 0) + 1
    response = "utter_not_understood" if failures == 1 else "utter_not_understood_again"
    dispatcher.utter_message(response=response)
    return [SlotSet("failures", failures)]


class DefaultFallback(Action):
    """No rule and no story fits."""

    def name(self) -> str:
        return "action_default_fallback"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if await belongs_to_urgent(dispatcher, tracker, others=True):
            return end_turn()
        if await hurry_filed(dispatcher, tracker):
            return end_turn()
        if follows_filing(tracker) and await belongs_to_filed(dispatcher, tracker):
            return end_turn()
        if (answered := answer_follow_up(dispatcher, tracker)) is not None:
            return end_turn(*answered)
        # nothing fits after it either: without this Rasa would call it again and again
        return end_turn(*fail_once_more(dispatcher, tracker))
