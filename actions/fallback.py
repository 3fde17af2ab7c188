"""When nothing fits: ask again once, then offer a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.turn import read_turn


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
        return fail_once_more(dispatcher, tracker)


class OfferMenu(Action):
    """Shows what can be done here."""

    def name(self) -> str:
        return "action_offer_menu"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        dispatcher.utter_message(response="utter_menu")
        return [SlotSet("failures", 0)]


class TakeHint(Action):
    """Bare information outside any task: a position, a picture, a number, a title, a place."""

    def name(self) -> str:
        return "action_take_hint"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if services().knowledge.find_by_title(turn.text) is not None:
            return [FollowupAction("action_answer_policy")]
        if turn.first("case_number") is not None:
            return [FollowupAction("progress_form")]
        if turn.attachment_ids:
            dispatcher.utter_message(response="utter_got_photo")
            return []
        if turn.shared_location is not None or turn.first("location") is not None:
            dispatcher.utter_message(response="utter_got_place")
            return []
        return fail_once_more(dispatcher, tracker)
