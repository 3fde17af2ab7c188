"""Whole telephone calls with the real assistant in virtual time (*.yml beside this file).

- name: what it shows
  staff: ready | refuses          # an operator at her telephone; without it nobody is
  number: "13812345678"           # who calls; "" withheld
  steps:
    - {say: 市民的话, confidence: 0.9, cut_in: 3, hears: [说出的], never: [没说的]}
    - {press: "1"}  {silent: true}  {hang_up: true}  {call_again: true}
    - {operator: "2"}             # the operator hears the whisper and presses this key
    - {wait_key: "*"}             # a key while waiting in the queue
    - {…, over: true}             # the line is closed by us
  #   {press: "1", when: 按一} is taken only if the last words held this
  files: {…}                      # a case with these was filed
  call_back: 明天上午十点           # one is owed, in these words
  draft: true                     # a report half told is kept
  barge_ins: 1                    # he spoke into our words so often
`{case_number}` is the number of the case filed last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from cases.models import Case
from conversations.models import Operator
from hotline.app import Product
from hotline.clock import FakeClock
from telephony.provider import RecordingProvider
from tests.assistant import assistant_settings, running_assistant
from tests.phone import Phone, with_phone
from tests.product import Client, serve_product

pytestmark = [pytest.mark.assistant, pytest.mark.asyncio(loop_scope="module")]

HERE = Path(__file__).parent
CALLS = [
    (f"{path.stem}-{number}", item)
    for path in sorted(HERE.glob("*.yml"))
    for number, item in enumerate(yaml.safe_load(path.read_text("utf-8")), 1)
]
_NEVER = ("utter_", "action_", "None", "null", "{", "}", "http", "回复", "点击", "（", "1381234")
"""What no caller should ever hear."""
LONGEST_TURN = 60.0
"""Seconds of speech before a caller gets the word."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Product, Client, FakeClock, RecordingProvider]]:
    settings = with_phone(assistant_settings(tmp_path_factory.mktemp("calls")))
    clock, provider = FakeClock(datetime(2026, 11, 22, 2, 0, tzinfo=UTC)), RecordingProvider()
    async with running_assistant(settings, clock, provider) as product:
        await product.accounts.add_operator("li", "小李", "operator")
        async with serve_product(product) as client:
            yield product, client, clock, provider


class Play:
    """One scripted call on the stage."""

    def __init__(self, stage: Any, script: dict[str, Any]) -> None:
        self.product, self.client, self.clock, self.provider = stage
        self.script = script
        self.phone = self._new_phone()
        self.case: Case | None = None
        self.rung = len(self.provider.named("call_operator"))

    def _new_phone(self) -> Phone:
        return Phone(self.client, self.clock, number=str(self.script.get("number", "13812345678")))

    async def run(self) -> None:
        self.clock.advance(timedelta(days=2))
        # every call begins at ten in the morning
        self.clock.advance(timedelta(hours=(2 - self.clock.now().hour) % 24))
        await self._set_staff()
        words = await self.phone.dial()
        for number, step in enumerate(self.script["steps"], 1):
            if step.get("when", "") not in words:
                continue  # a question the assistant may do without as it learns
            words = await self._take(step)
            where = f"{self.script['name']}，第 {number} 步 {step}：{words}"
            for wanted in step.get("hears") or ():
                assert wanted in words, f"没有“{wanted}”：{where}"
            for unwanted in (*_NEVER, *(step.get("never") or ())):
                assert unwanted not in words, f"不该有“{unwanted}”：{where}"
            assert len(words) / 4.5 < LONGEST_TURN, f"太长：{where}"
            if "over" in step:
                assert self.phone.over, where
            await self._note_case()
        await self._check_end()
        await self.phone.hang_up()

    async def _set_staff(self) -> None:
        (account,) = await self.product.accounts.list_operators()
        ready = self.script.get("staff") in ("ready", "refuses")
        await self.product.telephony.transfers.set_line(
            Operator(account.id, account.name), "01088880001", ready
        )

    async def _take(self, step: dict[str, Any]) -> str:
        if "say" in step:
            return await self.phone.say(
                step["say"], step.get("confidence", 0.9), step.get("cut_in")
            )
        if "press" in step:
            keys = step["press"].replace(
                "{case_number}", self.case.case_number if self.case else ""
            )
            return await self.phone.press(keys)
        if "silent" in step:
            return await self.phone.stay_silent()
        if "wait_key" in step:
            return await self.phone.wait_in_queue(step["wait_key"])
        if "operator" in step:
            return await self._answer_as_operator(step["operator"])
        await self.phone.hang_up() if "hang_up" in step else None
        if "call_again" in step:
            self.clock.advance(timedelta(minutes=10))
            self.phone = self._new_phone()
            return await self.phone.dial()
        return ""

    async def _answer_as_operator(self, key: str) -> str:
        transfers, calls = self.product.telephony.transfers, self.product.telephony.calls
        async with asyncio.timeout(5):
            # the product's own background work may be ringing her at the same moment
            while len(self.provider.named("call_operator")) == self.rung:
                await transfers.ring_for_waiting(calls.push)
                await asyncio.sleep(0.01)
        _, leg = self.provider.named("call_operator")[-1]
        self.rung = len(self.provider.named("call_operator"))
        whisper = await self.phone.post(f"operator?leg={leg}", CallSid="CA" + "e" * 32)
        action = whisper.find("Gather").get("action")  # type: ignore[union-attr]
        await self.phone.post(str(action), Digits=key, CallSid="CA" + "e" * 32)
        call = await calls.by_sid(self.phone.sid)
        assert call is not None
        if key == "1":
            await self.phone.post(f"leg?leg={leg}", CallStatus="completed")
            return ""
        self.clock.advance(timedelta(seconds=1))
        await transfers.ring_for_waiting(calls.push)
        return await self.phone.fetch(f"next?call={call.id}")

    async def _note_case(self) -> None:
        call = await self.product.telephony.calls.by_sid(self.phone.sid)
        assert call is not None
        for case in await self.product.cases.recent(3):
            if case.conversation_id == call.conversation_id:
                self.case = case
                return

    async def _check_end(self) -> None:
        call = await self.product.telephony.calls.by_sid(self.phone.sid)
        assert call is not None
        for key, value in (self.script.get("files") or {}).items():
            assert self.case is not None, f"没有立案：{self.script['name']} {self.phone.heard}"
            place = self.case.location
            found = {
                "place": value if place and str(value) in place.raw_text else place,
                "phone": self.case.phone_masked,
            }.get(key, getattr(self.case, key, None) or getattr(place, key, None))
            assert found == value, f"{key} 是 {found}：{self.script['name']}"
        if "files" not in self.script and not self.script.get("may_file"):
            assert self.case is None or self.phone.heard, self.script["name"]
        conversation = await self.product.conversations.get(str(call.conversation_id))
        if self.script.get("draft"):
            assert conversation.draft is not None, self.script["name"]
            assert self.case is None, self.script["name"]
        if "barge_ins" in self.script:
            assert call.counts.get("barge_ins", 0) == self.script["barge_ins"], self.script["name"]
        if "call_back" in self.script:
            owed = (await self.product.telephony.call_backs.recent(1))[0]
            assert owed.when == self.script["call_back"], self.script["name"]


@pytest.mark.parametrize("script", [item for _, item in CALLS], ids=[label for label, _ in CALLS])
async def test_call(stage: Any, script: dict[str, Any]) -> None:
    await Play(stage, script).run()


async def test_forty_calls() -> None:
    assert len(CALLS) >= 40
