"""还是那个地方: where the case filed last in this conversation is, for one told after it."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.after_filing import follows_filing
from actions.services import services
from actions.turn import conversation_id
from cases.draft import Reading
from cases.placing import place_of

_THING = r"(?:地方|地址|地点|位置|地儿|楼|小区|院子?|街|胡同|路口|路上?|条路)"
_SAME = re.compile(
    rf"(?:还|就|也|都)?是?在?(?:刚才|刚刚|上面|前面)(?:(?:说|报|登记)的?[那这]?|[那这])(?:个|件|条|座|栋)?{_THING}"
    rf"|(?:还|也|就|都)是?在?[那这](?:个|条)?(?:{_THING}|儿|里|块儿?|边儿?)(?!有|的人)"
    rf"|(?:同一?|一)样?的?(?:个|条)?{_THING}|{_THING}(?:也|还|跟刚才|和刚才)?(?:一样|同上|不变|没变)|同上|老地方"
)
_BESIDE = re.compile(
    r"^(?:对了|还有|另外)?[，,\s]*(?:他们?家?|那[个边家儿]|这[个边家儿])?(?:的)?(?:旁边|边上|隔壁|对面|跟前|附近|又|还没)"
)
"""Told right after a case was filed: 还有，旁边消防栓也给堵了."""


async def recall_place(
    dispatcher: CollectingDispatcher, tracker: Tracker, reading: Reading
) -> Reading:
    """The reading with the place of the case before, where he points back to it, and says so.

    In danger he is asked: people are sent there at once.
    """
    match = _SAME.search(reading.text)
    if match is None and follows_filing(tracker):
        match = _BESIDE.search(reading.text)
    if match is None or reading.emergency or place_of(reading) is not None:
        return reading
    case = await services().cases.latest_of(conversation_id(tracker))
    if case is None or case.location is None:
        return reading
    place = asdict(case.location)
    words = place.pop("raw_text")
    dispatcher.utter_message(response="utter_place_recalled", place=words)
    said = match[0]
    entity = {"entity": "location", "value": words, "text": words, "start": 0, "end": 0}
    rest = [
        item
        for item in reading.entities
        if item["entity"] != "location" and not (item["entity"] == "time" and item["text"] in said)
    ]
    return replace(reading, entities=(*rest, {**entity, "data": place}))
