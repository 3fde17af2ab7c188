"""What was sent before anybody said what it is for: a position, a picture, the name of a place."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

from actions.turn import count_turns
from cases.draft import Draft, Reading
from cases.placing import place_of
from cases.story import own_phone

_SLOT = "hint"
_FRESH_TURNS = 3
"""Said longer ago, it belongs to another matter."""


def read_hint(tracker: Tracker) -> Draft:
    """The place and the pictures sent shortly before; an empty draft without any."""
    kept = tracker.get_slot(_SLOT)
    if not kept or count_turns(tracker) - kept["turn"] > _FRESH_TURNS:
        return Draft()
    return Draft.from_json(kept["draft"])


def keep_hint(tracker: Tracker, reading: Reading) -> EventType:
    """Remember the place and the pictures of this turn, beside those of the last ones."""
    before = read_hint(tracker)
    draft = Draft(
        location=place_of(reading) or before.location,
        attachment_ids=(*before.attachment_ids, *reading.attachment_ids),
        photo_position=reading.photo_position or before.photo_position,
        phone=own_phone(reading) or before.phone,
    )
    hint: dict[str, Any] = {"turn": count_turns(tracker), "draft": draft.to_json()}
    return SlotSet(_SLOT, hint)


def forget_hint() -> EventType:
    """It has been used."""
    return SlotSet(_SLOT, None)
