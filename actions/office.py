"""Which office is in charge here; market.py's questions share the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off
from actions.hints import forget_hint, read_hint
from actions.progress import end_form, leave_for
from actions.turn import read_turn
from bot.language import answers
from cases.draft import Reading
from cases.placing import place_of

_MOST_MISSES = 2


def say_office(dispatcher: CollectingDispatcher, place: Mapping[str, Any] | None) -> bool:
    """Name the enforcement team in charge of a place; False when unknown, or asked more exactly."""
    data = place or {}
    if data.get("subdistrict"):
        dispatcher.utter_message(
            response="utter_office_found",
            district=data.get("district") or "",
            subdistrict=data["subdistrict"],
        )
        return True
    candidates = data.get("candidates") or ()
    if candidates:
        said = data.get("raw_text") or ""
        names = [f"{c['district']}{c.get('subdistrict') or said}" for c in candidates[:4]]
        buttons = [{"title": name, "payload": name} for name in dict.fromkeys(names)]
        buttons.append({"title": "取消", "payload": "取消"})
        dispatcher.utter_message(response="utter_office_ambiguous", buttons=buttons)
    elif data.get("district"):
        dispatcher.utter_message(
            response="utter_office_needs_subdistrict", district=data["district"]
        )
    return False


class ValidatePlaceForm(Action):
    """Gets a place, then tells who is in charge there, or where the market is."""

    def name(self) -> str:
        return "validate_place_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        query = tracker.get_slot("place_query")
        first = query is None
        query = dict(query or {"what": reading.intent, "misses": 0})
        if not first and (ended := self._leave(dispatcher, reading)) is not None:
            return ended
        if query["what"] == "find_market":
            # no city's market data has been imported: say so instead of asking where
            dispatcher.utter_message(response="utter_market_no_data")
            return end_form(SlotSet("place_query", None))
        place = place_of(reading) or (read_hint(tracker).location if first else None)
        if say_office(dispatcher, place):
            return end_form(SlotSet("place_query", None), forget_hint())
        spoke = bool(dispatcher.messages)
        query["misses"] += not first
        if query["misses"] >= _MOST_MISSES:
            dispatcher.utter_message(response="utter_office_unknown")
            return end_form(SlotSet("place_query", None))
        # having asked something more exact already, the form itself stays silent
        return [
            SlotSet("place_query", query),
            SlotSet("requested_slot", "narrowed" if spoke else "location"),
        ]

    def _leave(self, dispatcher: CollectingDispatcher, reading: Reading) -> list[EventType] | None:
        if answers.wants_human(reading.text):
            hand_off(dispatcher, "查询负责单位")
            return end_form(SlotSet("place_query", None))
        if answers.is_cancel(reading.text) or answers.is_back(reading.text):
            dispatcher.utter_message(response="utter_done")
            return end_form(SlotSet("place_query", None))
        other = leave_for(reading, 0.7)
        if other not in (None, "place_form") and reading.first("location") is None:
            return end_form(SlotSet("place_query", None), then=other)
        return None
