"""The desk's WebSocket: counts, the open conversation, typing, presence, the end of a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from console.live import SIGNED_OUT
from console.models import Role
from console.testing import Page, World, build_world, origin_of
from conversations.models import Incoming
from conversations.timeline import conversation_topic

WAIT = 3.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    await world.add("wang", name="王强")
    yield world
    await world.close()


async def connect(page: Page) -> ClientWebSocketResponse:
    headers = {"Origin": origin_of(page.client)}
    return await page.client.ws_connect("/console/api/socket", headers=headers)


async def frame(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next frame of this kind; others are let pass."""
    async with asyncio.timeout(WAIT):
        while True:
            data: dict[str, Any] = await socket.receive_json()
            if data["type"] == kind:
                return data


async def watch(
    page: Page, conversation_id: str, after: int | None = None
) -> ClientWebSocketResponse:
    socket = await connect(page)
    await socket.send_json({"type": "watch", "conversation_id": conversation_id, "after": after})
    return socket


async def test_a_page_is_told_the_counts_at_once_and_when_they_change(world: World) -> None:
    socket = await connect(await world.log_in("lina"))
    assert (await frame(socket, "desk"))["queue"] == 0
    await world.enqueue()
    while (counts := await frame(socket, "desk"))["queue"] != 1:
        pass
    assert counts["danger"] == 0


async def test_the_open_conversation_goes_on_live_and_resumes(world: World) -> None:
    conversation = await world.open("第一句")
    lina = await world.log_in("lina")
    socket = await watch(lina, conversation)
    first = (await frame(socket, "entries"))["entries"]
    assert [entry["text"] for entry in first] == ["您好", "第一句"]
    await world.context.conversations.accept(conversation, Incoming("b", "第二句"))
    (second,) = (await frame(socket, "entries"))["entries"]
    assert second["text"] == "第二句"
    await socket.close()
    await world.context.conversations.accept(conversation, Incoming("c", "第三句"))
    again = await watch(lina, conversation, after=second["seq"])
    (third,) = (await frame(again, "entries"))["entries"]
    assert third["text"] == "第三句"


async def test_a_long_conversation_starts_near_its_end(world: World) -> None:
    conversation = await world.open(*(f"第{number}句" for number in range(300)))
    socket = await watch(await world.log_in("lina"), conversation)
    entries = (await frame(socket, "entries"))["entries"]
    assert (entries[0]["seq"], entries[-1]["seq"]) == (102, 301)


async def test_typing_goes_both_ways_and_only_the_holder_types(world: World) -> None:
    conversation = await world.enqueue()
    lina, wang = await world.log_in("lina"), await world.log_in("wang")
    await lina.post(f"/console/api/conversations/{conversation}/take")
    holder, looker = await watch(lina, conversation), await watch(wang, conversation)
    for socket in (holder, looker):
        await frame(socket, "state")
    topic = conversation_topic(conversation)
    async with world.bus.listen(topic) as signals:
        await looker.send_json({"type": "typing", "active": True})
        await holder.send_json({"type": "typing", "active": True})
        await holder.send_json({"type": "typing", "active": True})
        await holder.send_json({"type": "typing", "active": False})
        heard = [await asyncio.wait_for(signals.get(), WAIT) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert signals.empty()
    assert heard == [
        {"type": "typing", "sender": "operator", "active": True},
        {"type": "typing", "sender": "operator", "active": False},
    ]
    world.bus.publish(topic, {"type": "typing", "sender": "resident", "active": True})
    assert (await frame(holder, "typing"))["active"] is True


async def test_operators_see_who_else_looks(world: World) -> None:
    conversation = await world.enqueue()
    lina = await watch(await world.log_in("lina"), conversation)
    assert (await frame(lina, "presence"))["viewers"] == []
    wang = await watch(await world.log_in("wang"), conversation)
    assert [each["name"] for each in (await frame(lina, "presence"))["viewers"]] == ["王强"]
    while not (seen := (await frame(wang, "presence"))["viewers"]):
        pass
    assert [each["name"] for each in seen] == ["李娜"]
    await wang.send_json({"type": "unwatch"})
    assert (await frame(lina, "presence"))["viewers"] == []


async def test_reading_is_remembered(world: World) -> None:
    conversation = await world.enqueue("一", "转人工")
    lina = await world.log_in("lina")
    badge = "条未读"
    assert badge in await (await lina.client.get("/console/lists")).text()
    socket = await watch(lina, conversation)
    last = (await frame(socket, "entries"))["entries"][-1]["seq"]
    await socket.send_json({"type": "read", "seq": last})
    for _ in range(100):
        if badge not in await (await lina.client.get("/console/lists")).text():
            return
        await asyncio.sleep(0.02)
    pytest.fail("the badge stayed")


async def test_nonsense_is_let_pass(world: World) -> None:
    conversation = await world.enqueue()
    socket = await connect(await world.log_in("lina"))
    for nonsense in ("x", "[]", '{"type":5}', '{"type":"read","seq":1}', '{"type":"typing"}'):
        await socket.send_str(nonsense)
    await socket.send_json({"type": "watch", "conversation_id": "nothing"})
    assert (await frame(socket, "gone"))["conversation_id"] == "nothing"
    await socket.send_json({"type": "watch", "conversation_id": conversation, "after": "x"})
    await socket.send_json({"type": "watch", "conversation_id": conversation, "after": None})
    await frame(socket, "entries")


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(WAIT):
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
    return socket.close_code


async def test_a_disabled_operator_is_sent_away_at_once(world: World) -> None:
    await world.add("boss", Role.ADMIN)
    boss, lina = await world.log_in("boss"), await world.log_in("lina")
    socket = await connect(lina)
    await frame(socket, "desk")
    found = await world.context.accounts.list_operators()
    identifier = next(each.id for each in found if each.login == "lina")
    await boss.submit(f"/console/operators/{identifier}/disable")
    await frame(socket, "signed_out")
    assert await close_code(socket) == SIGNED_OUT


async def test_logging_out_in_one_tab_closes_the_others(world: World) -> None:
    lina = await world.log_in("lina")
    socket = await connect(lina)
    await frame(socket, "desk")
    await lina.submit("/console/logout")
    assert await close_code(socket) == SIGNED_OUT


async def test_an_expired_session_gets_no_socket(world: World) -> None:
    lina = await world.log_in("lina")
    world.clock.advance(timedelta(hours=12))
    headers = {"Origin": origin_of(lina.client)}
    answer = await lina.client.get("/console/api/socket", headers=headers)
    assert answer.status == 401
