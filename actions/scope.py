"""What this service does not do, told plainly; never an order followed, never a report turned away."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_danger import belongs_to_urgent
from actions.answering import answer_follow_up, answer_if_sure
from actions.fallback import fail_once_more, is_noise, is_wordless
from actions.manners import choose_answer, count_insults
from actions.tongues import choose_greeting, tells_trouble, wants_agent
from actions.turn import end_turn, read_turn
from bot.language.bodies import find_body
from bot.language.injections import is_injection
from bot.language.insults import is_annoyed, is_insult, is_mere_insult
from bot.language.scope import is_elsewhere, tells_of_trouble
from cases.categories import UNSORTED
from cases.draft import Reading
from cases.story import asks

_SURE = 0.6


def choose_reply(text: str) -> str:
    """Which response fits a matter that is not ours, without naming the body."""
    greeting = choose_greeting(text)
    if greeting is not None:
        return greeting
    if is_injection(text):
        return "utter_out_of_scope"
    if find_body(text) is not None:
        return "utter_scope_other_body"
    return "utter_scope_elsewhere" if is_elsewhere(text) else "utter_out_of_scope"


def explain_scope(dispatcher: CollectingDispatcher, text: str) -> None:
    """Say in one line that it is not ours, and whose it is as far as that is known."""
    response, body = choose_reply(text), find_body(text)
    if response != "utter_scope_other_body" or body is None:
        dispatcher.utter_message(response=response)
        return
    near = "utter_scope_near_body" if body.categories else "utter_scope_body"
    dispatcher.utter_message(response=near, told=body.told, body=body.name)


def is_ours_after_all(reading: Reading) -> bool:
    """Whether what was taken for another body's matter is a report: 快递柜占道，新源街12号."""
    if tells_trouble(reading.text):
        return True
    if not reading.categories or is_mere_insult(reading.text) or is_injection(reading.text):
        return False
    code, _, confidence = reading.categories[0]
    if code == UNSORTED or confidence < _SURE or asks(reading.text):
        return False
    if not tells_of_trouble(reading.text) or is_elsewhere(reading.text):
        return False
    body = find_body(reading.text)
    return body is None or code in body.categories or reading.first("location") is not None


def _is_settled(text: str) -> bool:
    """Whether no article may answer, however alike it sounds: not from here, or no question at all."""
    elsewhere = choose_reply(text) == "utter_scope_elsewhere"
    return elsewhere or is_injection(text) or choose_greeting(text) is not None


class ExplainScope(Action):
    """Declines in one line, unless it is a report after all or the knowledge base has the answer."""

    def name(self) -> str:
        return "action_explain_scope"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        text = reading.text
        if is_ours_after_all(reading):
            return [FollowupAction("report_form")]
        if await belongs_to_urgent(dispatcher, tracker, others=True):
            return end_turn()
        answered = None if _is_settled(text) else answer_follow_up(dispatcher, tracker)
        if answered is not None:
            return end_turn(*answered)
        if wants_agent(text) or is_noise(text) or is_wordless(text):
            return end_turn(*fail_once_more(dispatcher, tracker))
        if is_insult(text):
            dispatcher.utter_message(response=choose_answer(count_insults(tracker)))
        elif is_annoyed(text) and find_body(text) is None:
            dispatcher.utter_message(response="utter_insult")
        elif _is_settled(text) or not answer_if_sure(dispatcher, tracker):
            explain_scope(dispatcher, text)
        return end_turn(SlotSet("failures", 0))
