"""After an urgent case was filed: what is said next belongs to it, until he is safe again.

A place goes to the case that lacks it, more words to its history; that there was no danger is
written down for the operator. Who wanted to die is never told that small talk is not done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.similar import to_location
from actions.turn import conversation_id, read_turn
from bot.language import answers
from bot.language.emergency import denies_danger
from cases.draft import SELF_HARM, Draft, Reading
from cases.errors import CaseNotFound, IllegalMove
from cases.models import Case, Location
from cases.placing import place_of
from hotline.audit import Actor

SLOT = "urgent"
"""The urgent case that was filed last in this conversation."""


def remember_urgent(case: Case) -> SlotSet:
    """Kept from now on, or what was kept before when the case is none."""
    kept = {
        "case_number": case.case_number,
        "kind": case.emergency,
        "placed": case.location is not None and case.location.district_code is not None,
    }
    return SlotSet(SLOT, kept)


async def go_on_after_danger(
    dispatcher: CollectingDispatcher, tracker: Tracker, *, others: bool
) -> list[EventType] | None:
    """Deal with a message that belongs to the urgent case; None when it does not.

    `others`: nothing else understands the message, so that whatever it says is taken.
    """
    urgent = tracker.get_slot(SLOT)
    reading = read_turn(tracker)
    if urgent is None or answers.wants_human(reading.text) or not reading.text:
        return None
    number = str(urgent["case_number"])
    if denies_danger(reading.text):
        await _add(tracker, number, reading.text, None)
        if urgent["kind"] == SELF_HARM:
            dispatcher.utter_message(response="utter_self_harm_stay")
            return []
        dispatcher.utter_message(response="utter_danger_over", case_number=number)
        return [SlotSet(SLOT, None)]
    place = _place(reading)
    if place is not None and not urgent["placed"] and reading.intent in ("inform", "correct_slot"):
        if await _add(tracker, number, reading.text, place):
            dispatcher.utter_message(response="utter_urgent_placed", case_number=number)
            return [SlotSet(SLOT, {**urgent, "placed": True})]
        return None
    if not (others or _is_the_same(reading, urgent)):
        return None
    if not await _add(tracker, number, reading.text, None if urgent["placed"] else place):
        return None
    stay = urgent["kind"] == SELF_HARM
    said = "utter_self_harm_stay" if stay else "utter_urgent_added"
    dispatcher.utter_message(response=said, case_number=number)
    return [SlotSet(SLOT, {**urgent, "placed": urgent["placed"] or place is not None})]


def _is_the_same(reading: Reading, urgent: Mapping[str, Any]) -> bool:
    """The same danger once more, without another place, is no second case."""
    return reading.emergency is not None and (not urgent["placed"] or _place(reading) is None)


def _place(reading: Reading) -> Location | None:
    place = place_of(reading)
    return to_location(Draft(location=place)) if place is not None else None


async def _add(tracker: Tracker, number: str, words: str, place: Location | None) -> bool:
    who = Actor("resident", conversation_id(tracker), "市民")
    try:
        await services().supplements.add(number, words, who, place)
    except (CaseNotFound, IllegalMove):
        return False
    return True
