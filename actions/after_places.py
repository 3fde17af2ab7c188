"""What may follow after places were shown: the next ones, another district, or "this is wrong"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.corrections import describe_place_subject
from actions.handoff import hand_off
from actions.nearby import asks_for_more
from actions.progress import end_form, leave_for
from actions.services import services
from bot.language import answers
from cases.draft import Reading
from cases.placing import place_of
from kb.places import Place

SLOT = "place_query"
_WRONG = re.compile(
    "拆了|拆掉|拆除|搬走|搬了|搬家|关张|关门了|关门好|关了|倒闭|停业|歇业|没了|不在了|不存在|不开了|"
    "没这个|没有这|空号|打不通|写错|标错|给错|登错|有误|"
    "(?:电话|号码|地址|位置|时间|名字|名称|信息|地图)[^，。！？]{0,6}(?:不对|错|不准|不是|变了|改了|过期|过时)"
)
"""Said straight after a place was shown, it is about that place."""
_ELSEWHERE = re.compile("(?:换|别|其他|其它|另)[一个的外]{0,2}(?:区|街道|地方|地儿|位置)")
_ORDINALS = tuple(
    re.compile(pattern)
    for pattern in ("第?[一1][个家处]", "第?[二两2][个家处]", "第?[三3][个家处]")
)
_LONGEST_BARE_PLACE = 10
_LOOKS_FOR_PLACES = frozenset({"inform", "find_market", "find_office"})
_OTHERWISE = {
    "check_case": "progress_form",
    "chitchat": "action_chitchat",
}
_SURE = 0.5


def is_bare_place(reading: Reading) -> bool:
    """Whether the turn only names another place, or asks the same for it."""
    if place_of(reading) is None:
        return False
    if reading.intent in _LOOKS_FOR_PLACES:
        return True
    return len(reading.text) <= _LONGEST_BARE_PLACE and leave_for(reading, _SURE) is None


def wants_elsewhere(text: str) -> bool:
    """Whether he wants to look in another district without saying in which."""
    return _ELSEWHERE.search(text) is not None


def say_all_shown(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """There is no more: another district or a person."""
    if tracker.get_latest_input_channel() == "voice":
        dispatcher.utter_message(
            text="登记的就是这些了。想查别的地方，请说哪个区、哪个街道；要找人工，请说“人工”。"
        )
        return
    dispatcher.utter_message(
        text="登记过的就是这些，都给您看过了。想查别处，直接说哪个区、哪个街道。",
        buttons=[
            {"title": "换个区", "payload": "换个区"},
            {"title": "转人工", "payload": "人工"},
        ],
    )


def leave_places(
    dispatcher: CollectingDispatcher, reading: Reading, query: Mapping[str, Any]
) -> list[EventType] | None:
    """Go where the turn leads; None when it asks for places again."""
    if reading.emergency:
        return end_form(SlotSet(SLOT, None), then="report_form")
    if answers.wants_human(reading.text):
        hand_off(dispatcher, "查询点位")
        return end_form(SlotSet(SLOT, None))
    if answers.is_cancel(reading.text) or answers.is_back(reading.text):
        dispatcher.utter_message(response="utter_done")
        return end_form(SlotSet(SLOT, None))
    if query.get("wrong") and (chosen := _correct(dispatcher, reading, query)) is not None:
        return chosen
    if asks_for_more(reading) or wants_elsewhere(reading.text) or is_bare_place(reading):
        return None
    if query.get("shown") and _WRONG.search(reading.text):
        return _correct(dispatcher, reading, query)
    if reading.intent in _LOOKS_FOR_PLACES and reading.intent != "inform":
        return None
    other = leave_for(reading, _SURE) or _OTHERWISE.get(reading.intent)
    if other is None and reading.attachment_ids:
        other = "action_take_hint"
    if other is None:
        dispatcher.utter_message(response="utter_done")
    return end_form(SlotSet(SLOT, None), then=other or "action_listen")


def _correct(
    dispatcher: CollectingDispatcher, reading: Reading, query: Mapping[str, Any]
) -> list[EventType] | None:
    """Report what is wrong about the place that is meant; ask once which one, if that is open."""
    shown = [place for place in map(services().places.get, query["shown"]) if place is not None]
    place, told = _choose(reading.text, shown), query.get("wrong")
    if place is not None:
        text = f"{place.name}：{told}" if told else reading.text
        correction = {"text": text, "about": asdict(describe_place_subject(place))}
        return end_form(SlotSet(SLOT, {"correction": correction}), then="report_form")
    if told:
        return None
    buttons = [{"title": each.name, "payload": each.name} for each in shown]
    buttons.append({"title": "取消", "payload": "取消"})
    dispatcher.utter_message(text="请问您说的是哪一个？", buttons=buttons)
    kept = SlotSet(SLOT, {**query, "wrong": reading.text})
    return [kept, SlotSet("requested_slot", "narrowed")]


def _choose(text: str, shown: Sequence[Place]) -> Place | None:
    named = [place for place in shown if place.name in text]
    if named:
        return max(named, key=lambda place: len(place.name))
    if len(shown) == 1:
        return shown[0]
    for place, ordinal in zip(shown, _ORDINALS, strict=False):
        if ordinal.search(text):
            return place
    return shown[-1] if shown and "最后" in text else None


def read_wrong_place(tracker: Tracker, reading: Reading) -> tuple[Reading, dict[str, Any]] | None:
    """The turn as a correction of the place shown last, and its subject; None for any other."""
    kept = (tracker.get_slot(SLOT) or {}).get("correction")
    if not kept:
        return None
    return replace(reading, text=kept["text"], intent="report_error"), kept["about"]
