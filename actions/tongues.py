"""A line in the resident's own language: what this is and how to go on."""

from __future__ import annotations

import re

from rasa_sdk.executor import CollectingDispatcher

from bot.language.tongues import OTHER, detect_language
from cases.draft import Slot

_GREETINGS = {
    "en": "utter_scope_english",
    "ja": "utter_scope_japanese",
    "ko": "utter_scope_korean",
    "ru": "utter_scope_russian",
    "fr": "utter_scope_french",
    "de": "utter_scope_german",
    "es": "utter_scope_spanish",
    OTHER: "utter_scope_two_languages",
}
_QUESTIONS = {
    Slot.DESCRIPTION: "What is wrong, and where?",
    Slot.CATEGORY: "What kind of problem is it? Say it in your own words.",
    Slot.LOCATION: "Where is it? Road and number, compound or landmark.",
    Slot.DISTRICT: "Which district is that in? “Not sure” is fine.",
    Slot.SIMILAR: "Somebody may have reported it already: reply “same” or “different”.",
    Slot.OCCURRED: "When does it happen? For example “now” or “every night”.",
    Slot.CONTACT: "Your phone number, please, or reply “anonymous”.",
    Slot.CONFIRMED: "Please check: reply “submit”, “cancel”, or say what to change.",
}
_AGENT = re.compile(
    r"^\W*(?:please\W+)?(?:(?:can|could|may)\s+i\s+)?(?:i\s+(?:want|need|would\s+like)\s+(?:to\s+)?)?"
    r"(?:(?:talk|speak)\s+(?:to|with)\s+|get\s+|call\s+)?(?:an?\s+|the\s+)?(?:real\s+|live\s+|human\s+)?"
    r"(?:agent|human|operator|person|representative|someone|staff)(?:\s+please)?\W*$",
    re.IGNORECASE,
)
_ENGLISH_TROUBLE = re.compile(
    r"\b(?:broken|blocked|blocking|noise|noisy|loud|garbage|trash|rubbish|litter|leak|leaking|smell|smells|parked|missing|dirty"
    r"|construction|pothole|dump|dumped|barbecue|smoke|flood|flooded|damaged|illegal|street\s?lamp|street\s?light|manhole)\b",
    re.IGNORECASE,
)


def choose_greeting(text: str) -> str | None:
    """The response in the message's language; None for Chinese."""
    code = detect_language(text)
    return None if code is None else _GREETINGS[code]


def wants_agent(text: str) -> bool:
    """Asks for a person in English."""
    return _AGENT.match(text) is not None


def tells_trouble(text: str) -> bool:
    """Whether an English message tells of something wrong in the street."""
    return detect_language(text) == "en" and _ENGLISH_TROUBLE.search(text) is not None


def greet_reporter(dispatcher: CollectingDispatcher, text: str, emergency: str | None) -> None:
    """Before a report is taken down in Chinese: a line for one who writes another language."""
    if detect_language(text) is None:
        return
    dispatcher.utter_message(
        response="utter_report_english_urgent" if emergency else "utter_report_english"
    )


def ask_in_english(dispatcher: CollectingDispatcher, told: str, asked: Slot | None) -> None:
    """The question in English before the Chinese one, for whose report `told` is in English."""
    if asked in _QUESTIONS and detect_language(told.splitlines()[0] if told else "") == "en":
        dispatcher.utter_message(text=_QUESTIONS[asked])
