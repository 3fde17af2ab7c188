"""Which office is in charge here, and where the nearest market is: one form for places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off
from actions.hints import forget_hint, read_hint
from actions.nearby import say_more, say_nearby, wanted_kinds, wants_next, wants_open, where_of
from actions.progress import end_form, leave_for
from actions.services import services
from actions.turn import read_turn
from bot.language import answers
from cases.draft import Reading
from cases.placing import place_of
from kb.places import PlaceKind

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


def _new_query(reading: Reading) -> dict[str, Any]:
    kinds = [kind.value for kind in wanted_kinds(reading.intent, reading.text)]
    only_open = wants_open(reading.text)
    return {"what": reading.intent, "kinds": kinds, "only_open": only_open, "misses": 0}


def _keep_or_end(query: dict[str, Any], more: list[int]) -> list[EventType]:
    """Stay to show the next ones, while there are any."""
    if not more:
        return end_form(SlotSet("place_query", None), forget_hint())
    # the offer has been made: the form itself stays silent
    kept = SlotSet("place_query", {**query, "more": more})
    return [kept, SlotSet("requested_slot", "narrowed"), forget_hint()]


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
        query = dict(query or _new_query(reading))
        if query.get("more") and wants_next(reading.text):
            return _keep_or_end(query, say_more(dispatcher, tracker, query["more"]))
        if not first and (ended := self._leave(dispatcher, reading)) is not None:
            return ended
        if not first and reading.intent in ("find_market", "find_office"):
            query = _new_query(reading)
        kinds = [PlaceKind(kind) for kind in query["kinds"]]
        if query["what"] == "find_market" and not services().places.has(kinds):
            # nothing of the kind has been imported: say so instead of asking where
            dispatcher.utter_message(response="utter_market_no_data")
            return end_form(SlotSet("place_query", None))
        place = place_of(reading) or (read_hint(tracker).location if first else None)
        where = where_of(place, str(tracker.get_latest_input_channel() or "webchat"))
        if where.is_known:
            more = say_nearby(dispatcher, tracker, kinds, where, only_open=query["only_open"])
            if more is not None:
                return _keep_or_end(query, more)
        if query.get("more"):  # something else was said: the answer has been given
            dispatcher.utter_message(response="utter_done")
            return end_form(SlotSet("place_query", None))
        if query["what"] == "find_market":
            return self._no_market(dispatcher, query, where.is_known, first)
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

    def _no_market(
        self, dispatcher: CollectingDispatcher, query: dict[str, Any], known: bool, first: bool
    ) -> list[EventType]:
        """Ask where the resident is, or say that nothing is registered there."""
        query["misses"] += not first
        if known or query["misses"] >= _MOST_MISSES:
            open_too = known and query["only_open"]
            response = "utter_market_none_open" if open_too else "utter_market_not_here"
            dispatcher.utter_message(response=response)
            return end_form(SlotSet("place_query", None))
        return [SlotSet("place_query", query), SlotSet("requested_slot", "whereabouts")]

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
