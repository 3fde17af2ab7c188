"""The resident's turn as actions see it: what he said and what the pipeline made of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction

from actions.services import services
from bot.language.emergency import danger_to_teller
from bot.language.models import Vector
from bot.language.normalise import simplify
from cases.draft import Reading


def latest(tracker: Tracker) -> Mapping[str, Any]:
    """The latest message with its parse result."""
    return tracker.latest_message or {}


def metadata(tracker: Tracker) -> Mapping[str, Any]:
    """What the gateway sent along: conversation_id, message_id, location, attachments."""
    return latest(tracker).get("metadata") or {}


def conversation_id(tracker: Tracker) -> str:
    """The conversation this turn belongs to."""
    return str(metadata(tracker)["conversation_id"])


def vector_of(tracker: Tracker) -> Vector:
    """The sentence vector made in the pipeline; embedded here only if it did not come along."""
    packed = latest(tracker).get("embedding")
    if packed:
        vector = np.frombuffer(base64.b64decode(packed), dtype=np.float16).astype(np.float32)
        return vector / (np.linalg.norm(vector) or 1.0)
    return services().embedder.embed([said(tracker)])[0]


def said(tracker: Tracker) -> str:
    """The resident's words, simplified; empty when he sent only a position or a picture."""
    message, extra = latest(tracker), metadata(tracker)
    text = simplify(str(message.get("text") or ""))
    label = (extra.get("location") or {}).get("label")
    if label and text == simplify(label):
        return ""  # the position's own name, given to the pipeline to find the district in it
    if (extra.get("location") or extra.get("attachments")) and text in ("图片", "这里", "。"):
        return ""
    return text


def read_turn(tracker: Tracker) -> Reading:
    """The turn as the pure dialogue logic wants it."""
    message, extra = latest(tracker), metadata(tracker)
    intent = message.get("intent") or {}
    only_shared = not said(tracker)
    return Reading(
        text=said(tracker),
        intent="inform" if only_shared else str(intent.get("name") or "inform"),
        confidence=float(intent.get("confidence") or 0.0),
        categories=tuple(
            (str(c["code"]), str(c["name"]), float(c["confidence"]))
            for c in message.get("categories") or ()
        ),
        entities=tuple(map(_simplify_entity, message.get("entities") or ())),
        emergency=danger_to_teller(message.get("emergency"), said(tracker)),
        shared_location=extra.get("location"),
        attachment_ids=tuple(str(item["id"]) for item in extra.get("attachments") or ()),
        photo_position=next(
            (item["position"] for item in extra.get("attachments") or () if item.get("position")),
            None,
        ),
    )


def _simplify_entity(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    """The words of an entity as they stand in the simplified text."""
    plain = {**entity, "text": simplify(str(entity["text"]))}
    data = entity.get("data") or {}
    if "raw_text" in data:
        plain["data"] = {**data, "raw_text": simplify(str(data["raw_text"]))}
    return plain


def count_turns(tracker: Tracker) -> int:
    """How many messages the resident has sent, this one too."""
    return sum(event.get("event") == "user" for event in tracker.events)


def last_deed(tracker: Tracker) -> str | None:
    """The last action before this message."""
    events = list(tracker.events)
    while events and events.pop().get("event") != "user":
        pass
    names = (event.get("name") for event in reversed(events) if event.get("event") == "action")
    return next((str(name) for name in names if name != "action_listen"), None)


def end_turn(*events: EventType) -> list[EventType]:
    """`events`, and nothing more is said: a form that led here would leave Rasa without a rule for
    what follows, and it would add that it has not understood.
    """
    return [*events, FollowupAction("action_listen")]
