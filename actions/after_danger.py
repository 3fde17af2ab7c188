"""After an urgent case was filed: what is said next belongs to it, until he is safe again.

A place goes to the case that lacks it, more words to its history; that there was no danger is
written down for the operator. Who wanted to die is never told that small talk is not done here.
What has been said already is read from the case itself.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.after_filing import add_to_case
from actions.services import services
from actions.similar import to_location
from actions.turn import conversation_id, read_turn
from bot.language import answers
from bot.language.emergency import denies_danger
from cases.draft import SELF_HARM, Draft, Reading
from cases.models import Case, Location
from cases.placing import place_of
from cases.supplements import ADDED


async def belongs_to_urgent(
    dispatcher: CollectingDispatcher, tracker: Tracker, *, others: bool
) -> bool:
    """Deal with a message that belongs to the urgent case just filed; False when it does not.

    `others`: nothing else understands the message, so that whatever it says is taken.
    """
    reading = read_turn(tracker)
    if answers.wants_human(reading.text) or not reading.text:
        return False
    case = await services().cases.urgent_of(conversation_id(tracker))
    if case is None or (case.emergency != SELF_HARM and _is_denied(case)):
        return False
    denied = denies_danger(reading.text)
    place = None if denied or _has_place(case) else _place(reading)
    told_where = place is not None and reading.intent in ("inform", "correct_slot")
    if not (denied or told_where or others or _is_the_same(reading, case)):
        return False
    if not await add_to_case(tracker, case, reading, place):
        return False
    said = _choose_reply(case, denied=denied, told_where=told_where)
    dispatcher.utter_message(response=said, case_number=case.case_number)
    return True


def _choose_reply(case: Case, *, denied: bool, told_where: bool) -> str:
    if told_where:
        return "utter_urgent_placed"
    if case.emergency == SELF_HARM:
        return "utter_self_harm_stay"
    return "utter_danger_over" if denied else "utter_urgent_added"


def _is_denied(case: Case) -> bool:
    """Whether he has said already that there is no danger."""
    notes = (step.note for step in case.history if step.note.startswith(ADDED))
    return any(denies_danger(note.removeprefix(ADDED)) for note in notes)


def _is_the_same(reading: Reading, case: Case) -> bool:
    """The same danger once more, without another place, is no second case."""
    return reading.emergency is not None and (not _has_place(case) or _place(reading) is None)


def _has_place(case: Case) -> bool:
    return case.location is not None and case.location.district_code is not None


def _place(reading: Reading) -> Location | None:
    place = place_of(reading)
    return to_location(Draft(location=place)) if place is not None else None
