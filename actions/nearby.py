"""Markets, breakfast points, teams and offices near the resident: found, shown, or not known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from bot.language import answers
from kb.hours import is_open
from kb.place_telling import describe_place, say_place, tell_line
from kb.places import KIND_NAMES, Near, Place, PlaceKind, Where, from_gcj02

SHOWN = 3
_REMEMBERED = 10
_SPOKEN = frozenset({"voice"})
_WITH_CARDS = frozenset({"webchat"})
_GCJ02_CHANNELS = frozenset({"wechat", "wecom"})
"""Their positions are those of Chinese maps; browsers give WGS-84."""
_BREAKFAST = re.compile("早餐|早点|早饭|早上吃|豆浆|油条|包子")
_ONLY_OPEN = re.compile("(?:现在|这会儿|这时候|还).{0,4}(?:开着|开门|营业)|正在营业|开着的|开着门")
_NEXT = re.compile("下一个|下一家|下个|还有|别的|其他|再说|再看|换一个|换一家|继续")
_OFFICES = (PlaceKind.TEAM, PlaceKind.OFFICE)


def wanted_kinds(intent: str, text: str) -> tuple[PlaceKind, ...]:
    """The kinds of places that are looked for."""
    if intent != "find_market":
        return _OFFICES
    return (PlaceKind.BREAKFAST,) if _BREAKFAST.search(text) else (PlaceKind.MARKET,)


def wants_open(text: str) -> bool:
    """Whether only places that are open now are of use."""
    return _ONLY_OPEN.search(text) is not None


def wants_next(text: str) -> bool:
    """Whether the offer of the next one is taken."""
    return answers.is_affirm(text) or _NEXT.search(text) is not None


def where_of(place: Mapping[str, Any] | None, channel: str) -> Where:
    """Where the resident is, from the place in his words or the position he sent."""
    data = place or {}
    lat, lon = data.get("lat"), data.get("lon")
    if lat is not None and lon is not None and channel in _GCJ02_CHANNELS:
        lat, lon = from_gcj02(lat, lon)
    words = tuple(str(data[key]) for key in ("landmark", "road") if data.get(key))
    named = str(data.get("raw_text") or "")
    if not words and named and not (data.get("district") or data.get("subdistrict")):
        words = (named,)
    district, subdistrict = str(data.get("district") or ""), str(data.get("subdistrict") or "")
    return Where(lat, lon, district, subdistrict, words)


def say_nearby(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    kinds: Sequence[PlaceKind],
    where: Where,
    *,
    only_open: bool = False,
) -> list[int] | None:
    """Show what is near; the ids that were not shown yet, None when nothing was found."""
    found = services().places.find(kinds, where, only_open=only_open)
    if not found.places:
        return None
    channel = str(tracker.get_latest_input_channel() or "webchat")
    lead = _lead(kinds, where, found.by, only_open)
    shown = _say(dispatcher, channel, lead, found.places)
    return [near.place.id for near in found.places[shown:_REMEMBERED]]


def say_more(dispatcher: CollectingDispatcher, tracker: Tracker, ids: Sequence[int]) -> list[int]:
    """Show the next of the places found before; returns the ids that are left."""
    places = services().places
    known = [place for place in map(places.get, ids) if place is not None]
    if not known:
        dispatcher.utter_message(response="utter_place_no_more")
        return []
    channel = str(tracker.get_latest_input_channel() or "webchat")
    shown = _say(dispatcher, channel, "还有", [_again(place) for place in known])
    return [place.id for place in known[shown:]]


def _again(place: Place) -> Near:
    return Near(place, None, is_open(place.hours, services().places.now()))


def _say(dispatcher: CollectingDispatcher, channel: str, lead: str, places: Sequence[Near]) -> int:
    """Say as many as the channel takes well; returns how many."""
    if channel in _SPOKEN:
        offer = "要听下一个吗？" if len(places) > 1 else "还有什么可以帮您？"
        dispatcher.utter_message(text=f"{lead}{say_place(places[0])}{offer}")
        return 1
    shown = places[:SHOWN]
    note = "出门前最好打电话或在地图上再确认一下。"
    buttons = [{"title": "再看几个", "payload": "再看几个"}] if len(places) > SHOWN else []
    if channel in _WITH_CARDS:
        text = f"{lead} {len(shown)} 处。{note}"
        cards = {"places": [describe_place(near) for near in shown]}
    else:
        lines = [f"{number}. {tell_line(near)}" for number, near in enumerate(shown, 1)]
        text, cards = "\n".join([f"{lead} {len(shown)} 处：", *lines, note]), {}
    dispatcher.utter_message(text=text, buttons=buttons, json_message=cards)
    return len(shown)


def _lead(kinds: Sequence[PlaceKind], where: Where, by: str, only_open: bool) -> str:
    names = "、".join(KIND_NAMES[kind] for kind in kinds)
    state = "现在营业的" if only_open else ""
    if by == "position":
        return f"离您最近的{state}{names}有"
    if by == "district" and where.subdistrict:
        return f"{where.subdistrict}没有登记，{where.district}登记的{state}{names}有"
    at = {"words": where.words[0] if where.words else ""}.get(by) or getattr(where, by, "")
    return f"{at}登记的{state}{names}有"
