"""Which office is in charge here, and where the nearest market is: one form for places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.after_places import SLOT, leave_places, say_all_shown, wants_elsewhere
from actions.handoff import hand_off
from actions.hints import forget_hint, read_hint
from actions.nearby import (
    Told,
    asks_for_more,
    say_more,
    say_nearby,
    wanted_kinds,
    wants_open,
    where_of,
)
from actions.progress import end_form, leave_for
from actions.services import services
from actions.turn import read_turn
from bot.language import answers
from cases.draft import Reading
from cases.placing import place_of
from kb.places import PlaceKind, Where

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


def _stay(query: dict[str, Any], told: Told | None, place: Any = None) -> list[EventType]:
    """The question is answered; stay for the next places, another district, or a correction."""
    seen = [*query.get("seen", ()), *(told.shown if told else ())]
    kept = {
        **query,
        "answered": True,
        "wrong": None,
        "seen": seen,
        "shown": told.shown if told else [],
        "more": told.more if told else [],
        "place": place or query.get("place"),
    }
    # the answer has been given: the form itself stays silent
    return [SlotSet(SLOT, kept), SlotSet("requested_slot", "narrowed"), forget_hint()]


_OTHER_KIND = re.compile(
    "公共厕所|公厕|厕所|卫生间|洗手间|停车场|停车位|停车点|充电桩|加油站|派出所|医院|银行|药店|超市|消纳场|垃圾站"
)
"""Places that are no markets, whatever the sentence sounds like."""


class ValidatePlaceForm(Action):
    """Gets a place, then tells who is in charge there, or where the market is."""

    def name(self) -> str:
        return "validate_place_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        reading = read_turn(tracker)
        query = tracker.get_slot(SLOT)
        first = query is None
        query = dict(query or _new_query(reading))
        if query.get("answered"):
            if query["more"] and answers.is_affirm(reading.text):  # the offer of the next is taken
                return self._show_more(dispatcher, tracker, query)
            if (ended := leave_places(dispatcher, reading, query)) is not None:
                return ended
            if asks_for_more(reading):
                return self._show_more(dispatcher, tracker, query)
        elif not first and (ended := self._leave(dispatcher, reading)) is not None:
            return ended
        place = place_of(reading) or (read_hint(tracker).location if first else None)
        if wants_elsewhere(reading.text) and not (place or {}).get("district_code"):
            place = None  # 换个区 names no district
        if not first and reading.intent in ("find_market", "find_office"):
            place = place or query.get("place")
            query = _new_query(reading)
        elif query.get("answered"):
            query = {key: query[key] for key in ("what", "kinds", "only_open", "misses")}
        return self._look(dispatcher, tracker, query, place, first)

    def _look(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        query: dict[str, Any],
        place: Mapping[str, Any] | None,
        first: bool,
    ) -> list[EventType]:
        kinds = [PlaceKind(kind) for kind in query["kinds"]]
        if query["what"] == "find_market" and not services().places.has(kinds):
            # nothing of the kind has been imported: say so instead of asking where
            other = _OTHER_KIND.search(read_turn(tracker).text)
            response = "utter_place_kind_unknown" if other else "utter_market_no_data"
            dispatcher.utter_message(response=response, kind=other[0] if other else None)
            return _stay(query, None, place)
        where = where_of(place, str(tracker.get_latest_input_channel() or "webchat"))
        if where.is_known:
            told = say_nearby(dispatcher, tracker, kinds, where, only_open=query["only_open"])
            if told is not None:
                return _stay(query, told, place)
        if query["what"] == "find_market":
            return self._no_market(dispatcher, query, place, where.is_known, first)
        if say_office(dispatcher, place):
            return end_form(SlotSet(SLOT, None), forget_hint())
        spoke = bool(dispatcher.messages)
        query["misses"] += not first
        if query["misses"] >= _MOST_MISSES:
            dispatcher.utter_message(response="utter_office_unknown")
            return end_form(SlotSet(SLOT, None))
        # having asked something more exact already, the form itself stays silent
        return [
            SlotSet(SLOT, query),
            SlotSet("requested_slot", "narrowed" if spoke else "location"),
        ]

    def _show_more(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, query: dict[str, Any]
    ) -> list[EventType]:
        """The next ones, then those in the rest of the district, then: these are all."""
        told = say_more(dispatcher, tracker, query["more"])
        district = (query.get("place") or {}).get("district")
        if told is None and query["seen"] and district:
            kinds = [PlaceKind(kind) for kind in query["kinds"]]
            told = say_nearby(
                dispatcher,
                tracker,
                kinds,
                Where(district=str(district)),
                only_open=query["only_open"],
                seen=query["seen"],
            )
        if told is not None:
            return _stay(query, told)
        if query["more"]:  # they were taken off the list since the first ones were shown
            dispatcher.utter_message(response="utter_place_no_more")
        elif query["seen"]:
            say_all_shown(dispatcher, tracker)
        elif query["what"] == "find_market":
            known = services().places.has([PlaceKind(kind) for kind in query["kinds"]])
            response = "utter_market_not_here" if known else "utter_market_no_data"
            dispatcher.utter_message(response=response)
        # a form that sets nothing has rejected the message, and Rasa would take it elsewhere
        return [SlotSet(SLOT, query), SlotSet("requested_slot", "narrowed")]

    def _no_market(
        self,
        dispatcher: CollectingDispatcher,
        query: dict[str, Any],
        place: Mapping[str, Any] | None,
        known: bool,
        first: bool,
    ) -> list[EventType]:
        """Ask where the resident is, or say that nothing is registered there."""
        query["misses"] += not first
        if known or query["misses"] >= _MOST_MISSES:
            open_too = known and query["only_open"]
            response = "utter_market_none_open" if open_too else "utter_market_not_here"
            dispatcher.utter_message(response=response)
            return _stay({**query, "misses": 0}, None, place)
        return [SlotSet(SLOT, query), SlotSet("requested_slot", "whereabouts")]

    def _leave(self, dispatcher: CollectingDispatcher, reading: Reading) -> list[EventType] | None:
        if answers.wants_human(reading.text):
            hand_off(dispatcher, "查询负责单位")
            return end_form(SlotSet(SLOT, None))
        if answers.is_cancel(reading.text) or answers.is_back(reading.text):
            dispatcher.utter_message(response="utter_done")
            return end_form(SlotSet(SLOT, None))
        other = leave_for(reading, 0.7)
        if other not in (None, "place_form") and reading.first("location") is None:
            return end_form(SlotSet(SLOT, None), then=other)
        return None
