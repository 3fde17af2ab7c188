"""When nothing fits: ask again once, then offer a person."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

_WORDS = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{2,}[^A-Za-z]+[A-Za-z]{2,}")


def is_noise(text: str) -> bool:
    """Whether there is nothing in it to understand: ？？？, asdfghjkl, 123."""
    pictures = any(unicodedata.category(character) == "So" for character in text)
    return not pictures and _WORDS.search(text) is None


def fail_once_more(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Say that it was not understood; the second time in a row offer a person."""
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
        # nothing fits after it either: without this Rasa would call it again and again
        return [*fail_once_more(dispatcher, tracker), FollowupAction("action_listen")]
