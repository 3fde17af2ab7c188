"""Markets, breakfast points, teams and offices near the resident: found, shown, or not known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from cases.draft import Reading
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
_NEXT = re.compile(
    "下一个|下一家|下个|还有|别的|其他|其它|再说|再看|再来|再给|再找|多来|多给|多看|换一个|换一家|继续|"
    "更多|剩下|远(?:一点|点|一些|些)"
)
_LONGEST_REQUEST = 16
"""Longer words with 还有 in them tell something: 门口还有两家店把桌子摆到了便道上."""
_OFFICES = (PlaceKind.TEAM, PlaceKind.OFFICE)


def wanted_kinds(intent: str, text: str) -> tuple[PlaceKind, ...]:
    """The kinds of places that are looked for."""
    if intent != "find_market":
        return _OFFICES
    return (PlaceKind.BREAKFAST,) if _BREAKFAST.search(text) else (PlaceKind.MARKET,)


def wants_open(text: str) -> bool:
    """Whether only places that are open now are of use."""
    return _ONLY_OPEN.search(text) is not None


def asks_for_more(reading: Reading) -> bool:
    """Whether more places are asked for, in words that tell nothing else."""
    short = len(reading.text) <= _LONGEST_REQUEST and reading.intent != "report_case"
    return short and _NEXT.search(reading.text) is not None


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


@dataclass(frozen=True, slots=True)
class Told:
    """Places that were found: those shown now and those left, by id; `by` as in Finding."""

    shown: list[int]
    more: list[int]
    by: str


def say_nearby(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    kinds: Sequence[PlaceKind],
    where: Where,
    *,
    only_open: bool = False,
    seen: Sequence[int] = (),
) -> Told | None:
    """Show what is near and was not `seen`; None when nothing was found."""
    found = services().places.find(kinds, where, only_open=only_open)
    new = [near for near in found.places if near.place.id not in seen]
    if not new:
        return None
    channel = str(tracker.get_latest_input_channel() or "webchat")
    lead = _lead(kinds, where, found.by, only_open)
    count = _say(dispatcher, channel, f"{lead[:-1]}还有" if seen else lead, new)
    ids = [near.place.id for near in new]
    return Told(ids[:count], ids[count:_REMEMBERED], found.by)


def say_more(dispatcher: CollectingDispatcher, tracker: Tracker, ids: Sequence[int]) -> Told | None:
    """Show the next of the places found before; None when none of them is left."""
    places = services().places
    known = [place for place in map(places.get, ids) if place is not None]
    if not known:
        return None
    channel = str(tracker.get_latest_input_channel() or "webchat")
    shown = _say(dispatcher, channel, "还有", [_again(place) for place in known])
    left = [place.id for place in known]
    return Told(left[:shown], left[shown:], "")


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
