"""Several things in one message: told one after the other, none forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import latest, read_turn
from bot.language.scope import tells_of_trouble
from cases.draft import Draft, Reading
from cases.story import asks_secrecy

_SLOT = "upcoming"
_FILED = frozenset({"report_case", "make_suggestion", "give_praise"})
_QUOTED = 24


def read_matters(tracker: Tracker) -> tuple[list[Reading], list[Reading]]:
    """What is to be filed and what is asked, in the order told; both empty for one thing only."""
    whole = read_turn(tracker)
    parts = latest(tracker).get("parts") or ()
    readings = [_read_part(whole, part) for part in parts]
    if any(reading.doubtful for reading in readings):
        # he may have told of one matter only, and then nothing of it is lost
        readings[0] = replace(whole, categories=readings[0].categories)
    filed = [reading for reading in readings if reading.intent in _FILED]
    # 请替我保密, behind a 另外, is no matter of its own
    filed = [each for each in filed if not _only_asks_secrecy(each.text)] or filed
    return filed, [reading for reading in readings if reading.intent not in _FILED]


def _only_asks_secrecy(text: str) -> bool:
    return asks_secrecy(text) and not tells_of_trouble(text)


def keep_upcoming(readings: Sequence[Reading]) -> EventType:
    """Remember what is told next."""
    return SlotSet(_SLOT, {"matters": [_pack(reading) for reading in readings]})


def keep_one_more(tracker: Tracker, reading: Reading) -> EventType:
    """Remember what was told in the middle of another matter; it is asked whether to file it."""
    waiting = (tracker.get_slot(_SLOT) or {}).get("matters") or []
    return SlotSet(_SLOT, {"matters": [*waiting, _pack(replace(reading, doubtful=True))]})


def announce(dispatcher: CollectingDispatcher, readings: Sequence[Reading]) -> None:
    """Tell that each of the matters will be filed, one at a time."""
    dispatcher.utter_message(response="utter_several", count=len(readings))


def go_on_with_next(tracker: Tracker, draft: Draft) -> list[EventType]:
    """Events that begin the next matter after `draft` has ended; none when there is none."""
    waiting = (tracker.get_slot(_SLOT) or {}).get("matters") or []
    if not waiting:
        return [SlotSet(_SLOT, None)]
    carried = {
        "location": draft.location and dict(draft.location),
        "phone": draft.phone,
        "contact_name": draft.contact_name,
        "anonymous": draft.anonymous,
        "place_settled": draft.place_settled,
        "district_asked": draft.district_asked,
        "confidential": draft.confidential,
    }
    return [
        SlotSet(_SLOT, {"matters": waiting, "carried": carried}),
        FollowupAction("report_form"),
    ]


def take_next(tracker: Tracker) -> tuple[Reading, Mapping[str, Any], EventType] | None:
    """The next matter, what is known from the one before, and what then remains; None without."""
    kept = tracker.get_slot(_SLOT) or {}
    if "carried" not in kept or not kept.get("matters"):
        return None
    first, *rest = kept["matters"]
    return Reading(**first), kept["carried"], SlotSet(_SLOT, {"matters": rest} if rest else None)


def carry_over(draft: Draft, carried: Mapping[str, Any]) -> Draft:
    """The same person reports, and near the same place unless he said another one."""
    known = {
        "phone": carried["phone"],
        "contact_name": carried["contact_name"],
        "anonymous": carried["anonymous"],
        "confidential": draft.confidential or bool(carried.get("confidential")),
    }
    if draft.location is None and carried["location"]:
        known |= {key: carried[key] for key in ("location", "place_settled", "district_asked")}
    return replace(draft, **known)


def shorten(text: str) -> str:
    """The beginning of the resident's words, to name the matter."""
    words = text.strip("，,。 \n")
    return words if len(words) <= _QUOTED else f"{words[:_QUOTED]}…"


class AskWanted(Action):
    """Asks whether what was told beside the case just filed is a matter of its own."""

    def name(self) -> str:
        return "action_ask_report_form_wanted"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        words = shorten(Draft.from_json(tracker.get_slot("draft")).description or "")
        if tracker.get_latest_input_channel() == "voice":
            text = f"您还说到：{words}。要另外登记请说要，不用请说不用。"
        else:
            text = f"您还说到“{words}”。要另外登记一件吗？"
        buttons = [{"title": word, "payload": word} for word in ("另外登记", "不用")]
        dispatcher.utter_message(text=text, buttons=buttons)
        return []


def _read_part(whole: Reading, part: Mapping[str, Any]) -> Reading:
    inside = [
        entity
        for entity in whole.entities
        if part["start"] <= entity["start"] and entity["end"] <= part["end"]
    ]
    # who is speaking holds for every matter; where and when, only where it was said
    personal = [e for e in whole.entities if e["entity"] in ("phone", "person") and e not in inside]
    if part["intent"] == "report_case" and not any(e["entity"] == "location" for e in inside):
        inside += [e for e in whole.entities if e["entity"] == "location"][:1]
    return replace(
        whole,
        text=str(part["text"]),
        intent=str(part["intent"]),
        doubtful=not part.get("sure", True),
        entities=(*inside, *personal),
        categories=tuple(
            (str(c["code"]), str(c["name"]), float(c["confidence"])) for c in part["categories"]
        ),
    )


def _pack(reading: Reading) -> dict[str, Any]:
    packed = asdict(reading)
    # a picture and a position belong to what was being told when they came
    return {**packed, "shared_location": None, "attachment_ids": ()}
