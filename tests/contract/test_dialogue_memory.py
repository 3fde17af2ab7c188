"""The assistant's memory of a dialogue: a sealed row a turn, read back as it was."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from hotline.db import Database
from hotline.dialogue_memory import DialogueMemory, memory_key


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_MEMORY_KEY", memory_key("k" * 40))
    return tmp_path / "rasa.db"


@pytest.fixture
def rasa() -> Any:
    """tests.rasa_dialogue, imported for these tests only."""
    return importlib.import_module("tests.rasa_dialogue")


async def test_a_turn_is_one_sealed_row_and_is_read_back_after_a_restart(
    rasa: Any, file: Path
) -> None:
    await rasa.talk(rasa.open_memory(file), 3)
    memory = rasa.open_memory(file)
    await rasa.talk(memory, 2, first=3)
    tracker = await memory.retrieve(rasa.SENDER)
    assert tracker is not None
    assert tracker.get_slot("draft") == {"turn": 4}
    assert tracker.active_loop_name == "report_form"
    said = [event for event in tracker.events if isinstance(event, rasa.UserUttered)]
    assert [event.message_id for event in said] == ["m0", "m1", "m2", "m3", "m4"]
    assert {(event.text, event.intent_name, event.input_channel) for event in said} == {
        (rasa.SAID, "report_case", "voice")
    }
    assert said[0].entities[0]["value"] == "13812345678"
    with memory.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT data FROM events").scalars().all()
    assert len(rows) == 5
    lying_there = b"".join(path.read_bytes() for path in file.parent.iterdir())
    for trace in ("13812345678", "知春路", "report_case", json.dumps("知春路")[1:-1]):
        assert trace.encode() not in lying_there, trace


async def test_what_only_its_own_turn_needed_is_not_kept(rasa: Any, file: Path) -> None:
    await rasa.talk(rasa.open_memory(file), 1)
    tracker = await rasa.open_memory(file).retrieve(rasa.SENDER)
    assert tracker is not None
    assert tracker.latest_message is not None
    kept = str([event.as_dict() for event in tracker.events])
    for gone in ("embedding", "AAAA", "06029", "parts", "116.3"):
        assert gone not in kept


async def test_a_message_answered_before_a_crash_has_its_old_answer(rasa: Any, file: Path) -> None:
    await rasa.talk(rasa.open_memory(file), 2)
    tracker = await rasa.open_memory(file).retrieve(rasa.SENDER)
    assert tracker is not None
    assert rasa.replies_to(tracker, "m1") == [
        {"text": "好的m1", "buttons": [{"title": "取消"}], "custom": {}}
    ]
    assert rasa.replies_to(tracker, "m2") is None


async def test_rows_of_an_earlier_version_go_on(rasa: Any, file: Path) -> None:
    memory = rasa.open_memory(file)
    before = rasa.DialogueStateTracker.from_events(rasa.SENDER, [], rasa.DOMAIN.slots)
    rasa.say(before, "m0", {"turn": 0})
    columns = "sender_id, type_name, timestamp, data"
    with memory.engine.begin() as connection:
        for event in before.events:  # an event a row, the first ones not sealed yet
            row = (rasa.SENDER, event.type_name, event.timestamp, json.dumps(event.as_dict()))
            connection.exec_driver_sql(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?)", row)
    await rasa.talk(memory, 1, first=1)
    tracker = await rasa.open_memory(file).retrieve(rasa.SENDER)
    assert tracker is not None
    assert tracker.get_slot("draft") == {"turn": 1}
    assert len(tracker.events) == 2 * len(before.events)


async def test_the_application_makes_it_forget(rasa: Any, file: Path) -> None:
    memory = rasa.open_memory(file)
    await rasa.talk(memory, 2)
    forgetter = DialogueMemory(Database(f"sqlite+aiosqlite:///{file}"))
    await forgetter.forget(["a" * 32])
    await forgetter.close()
    assert await memory.retrieve(rasa.SENDER) is None
    await rasa.talk(memory, 1)  # and it begins afresh
    tracker = await memory.retrieve(rasa.SENDER)
    assert tracker is not None
    assert sum(isinstance(event, rasa.UserUttered) for event in tracker.events) == 1


async def test_an_action_is_told_this_turn_and_who_said_what_before(rasa: Any, file: Path) -> None:
    rasa.lighten_action_calls()
    memory = rasa.open_memory(file)
    await rasa.talk(memory, 2)
    tracker = await memory.retrieve(rasa.SENDER)
    rasa.say(tracker, "m2", {"turn": 2})
    call = rasa.RemoteAction("action_take_hint", None)._action_call_format(tracker, rasa.DOMAIN)
    assert call["next_action"] == "action_take_hint"
    assert call["tracker"]["slots"]["draft"] == {"turn": 2}
    assert call["tracker"]["latest_message"]["embedding"]
    assert call["tracker"]["active_loop"]["name"] == "report_form"
    told = call["tracker"]["events"]
    assert [event["text"] for event in told if event["event"] == "user"] == [rasa.SAID] * 3
    assert {
        event["parse_data"]["intent"]["name"] for event in told if event["event"] == "user"
    } == {"report_case"}
    assert [event["name"] for event in told if event["event"] == "action"][-2:] == [
        "report_form",
        "action_listen",
    ]


@pytest.mark.parametrize(
    "answer", [None, [], {"events": {}}, {"events": [{}]}, {"events": [], "responses": ["x"]}]
)
def test_a_malformed_answer_of_an_action_is_refused(rasa: Any, answer: Any) -> None:
    rasa.lighten_action_calls()
    action = rasa.RemoteAction("action_take_hint", None)
    assert action._validate_action_result({"events": [{"event": "slot"}], "responses": [{}]})
    with pytest.raises(rasa.RasaException):
        action._validate_action_result(answer)
