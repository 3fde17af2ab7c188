"""`kill -9` in the middle of work: what was accepted is answered once, nothing is filed twice."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import aiohttp
import pytest

from hotline.serve import pick_port
from tests.assistant import assistant_settings, serving, until_alive

pytestmark = [pytest.mark.assistant, pytest.mark.long]

REPORT = (
    "朝阳区望京街道望京西路12号门口每天晚上有人占道摆摊",
    "匿名",
    "提交",
)
RESIDENTS = 6


async def open_one(http: aiohttp.ClientSession) -> tuple[str, dict[str, str]]:
    async with http.post("/api/v1/conversations") as response:
        opened = await response.json()
    return opened["conversation_id"], {"Authorization": f"Bearer {opened['token']}"}


async def send_until_accepted(
    http: aiohttp.ClientSession, conversation: tuple[str, dict[str, str]], text: str
) -> None:
    """As the web chat does: the same client id again until the server has it."""
    body = {"client_message_id": uuid.uuid4().hex, "text": text}
    path = f"/api/v1/conversations/{conversation[0]}/messages"
    while True:
        try:
            async with http.post(path, json=body, headers=conversation[1]) as response:
                if response.status == 202:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)


async def events_when_quiet(
    http: aiohttp.ClientSession, conversation: tuple[str, dict[str, str]]
) -> list[dict[str, object]]:
    """The whole timeline once every message of the script has its answer."""
    path = f"/api/v1/conversations/{conversation[0]}/events"
    async with asyncio.timeout(120):
        while True:
            async with http.get(path, headers=conversation[1]) as response:
                events = list((await response.json())["events"])
            if any("已登记" in str(event.get("text")) for event in events):
                return events
            await asyncio.sleep(0.2)


async def test_killed_twice_while_six_residents_report(tmp_path: Path) -> None:
    assistant_settings(tmp_path)
    port = pick_port(0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        async with serving(tmp_path, port) as first:
            await until_alive(http, "/readyz")
            residents = [await open_one(http) for _ in range(RESIDENTS)]
            sending = [asyncio.create_task(_tell(http, resident)) for resident in residents]
            await asyncio.sleep(0.25)
            first.kill()
            await first.wait()
            async with serving(tmp_path, port) as second:
                await until_alive(http)
                await asyncio.sleep(1.0)
                second.kill()
                await second.wait()
                async with serving(tmp_path, port):
                    await until_alive(http)
                    await asyncio.gather(*sending)
                    timelines = [await events_when_quiet(http, one) for one in residents]
    numbers = [_check(events) for events in timelines]
    assert sorted(numbers) == [f"{numbers[0][:8]}{n:05d}" for n in range(1, RESIDENTS + 1)]


async def _tell(http: aiohttp.ClientSession, conversation: tuple[str, dict[str, str]]) -> None:
    for text in REPORT:
        await send_until_accepted(http, conversation, text)


def _check(events: list[dict[str, object]]) -> str:
    """One resident's timeline is whole; returns his case number."""
    told = json.dumps(events, ensure_ascii=False)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), told
    assert [e["text"] for e in events if e.get("sender") == "resident"] == list(REPORT), told
    bot = [str(event["text"]) for event in events if event.get("sender") == "bot"][1:]
    assert len(bot) == len(REPORT), told
    filed = [event["case"] for event in events if event.get("case")]
    assert len(filed) == 1, told
    return str(filed[0]["case_number"])  # type: ignore[index]
