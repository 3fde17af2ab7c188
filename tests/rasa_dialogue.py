"""Dialogues as Rasa keeps them, for tests of the assistant's memory.

Importing Rasa takes seconds and hundreds of megabytes: import this module inside a test.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.components.action_calls import lighten_action_calls
from bot.components.connector import replies_to
from bot.components.tracker_store import DialogueMemory

SAID = "海淀区知春路48号油烟大，电话13812345678"
SENDER = "a" * 32 + ".1"
_DOMAIN = {
    "version": "3.1",
    "intents": ["report_case"],
    "forms": {"report_form": {"required_slots": []}},
    "slots": {
        "draft": {
            "type": "any",
            "influence_conversation": False,
            "mappings": [{"type": "custom"}],
        }
    },
}


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of slots in general, at every domain
    DOMAIN = Domain.from_dict(_DOMAIN)


def open_memory(file: Path) -> DialogueMemory:
    """As after a start: nothing is remembered but what the file holds."""
    return DialogueMemory(DOMAIN, host=f"sqlite:///{file}")


def say(tracker: DialogueStateTracker, message_id: str, draft: object) -> None:
    """What one turn leaves in a tracker."""
    phone = {"entity": "phone", "value": "13812345678", "start": 16, "end": 27, "data": {"x": 1}}
    parsed = {"embedding": "A" * 1000, "categories": [{"code": "06029"}], "parts": [{"text": SAID}]}
    tracker.update(
        UserUttered(
            SAID,
            {"name": "report_case", "confidence": 0.9},
            [phone],
            parsed,
            input_channel="voice",
            message_id=message_id,
            metadata={"location": {"lat": 39.9, "lon": 116.3}},
        )
    )
    tracker.update(ActionExecuted("report_form"))
    tracker.update(ActiveLoop("report_form"))
    tracker.update(SlotSet("draft", draft))
    tracker.update(BotUttered(f"好的{message_id}", {"buttons": [{"title": "取消"}], "custom": {}}))
    tracker.update(ActionExecuted("action_listen"))


async def talk(memory: DialogueMemory, turns: int, first: int = 0) -> None:
    """So many turns as Rasa runs them."""
    for turn in range(first, first + turns):
        tracker = await memory.get_or_create_tracker(SENDER, append_action_listen=False)
        if not tracker.events:
            tracker.update(ActionExecuted("action_session_start"))
            tracker.update(SessionStarted())
            tracker.update(ActionExecuted("action_listen"))
        say(tracker, f"m{turn}", {"turn": turn})
        await memory.save(tracker)
        await memory.save(tracker)  # nothing new: nothing is written


__all__ = [
    "DOMAIN",
    "SAID",
    "SENDER",
    "DialogueStateTracker",
    "RasaException",
    "RemoteAction",
    "UserUttered",
    "lighten_action_calls",
    "open_memory",
    "replies_to",
    "say",
    "talk",
]


async def run_action(
    monkeypatch: pytest.MonkeyPatch, name: str, status: int | None
) -> BaseException | None:
    """What comes of running an action whose server answers with `status`, or is not there."""
    for owner, changed in (
        (RemoteAction, "run"),
        (RemoteAction, "_action_call_format"),
        (RemoteAction, "_validate_action_result"),
        (EndpointConfig, "session"),
    ):
        monkeypatch.setattr(owner, changed, getattr(owner, changed))
    lighten_action_calls()

    async def refuse(*_: object, **__: object) -> None:
        told = f'{{"action_name": "{name}", "error": "no"}}'
        raise ClientResponseError(status or 0, "no", told)

    if status is not None:
        monkeypatch.setattr(EndpointConfig, "request", refuse)
    action = RemoteAction(name, EndpointConfig("http://127.0.0.1:9/webhook"))
    tracker = DialogueStateTracker("somebody", DOMAIN.slots)
    try:
        # what it would be said with comes after the answer
        await action.run(None, None, tracker, DOMAIN)
    except BaseException as error:
        return error
    return None
