"""The bus: what both kinds keep, and what crosses from one process to another."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import redis.asyncio

from hotline.bus import Bus, LocalBus, RedisBus, Signal, next_signal

CHANNEL = "hotline:bus"
PATIENCE = 3.0
QUIET = 0.2
"""Seconds after which nothing more is expected."""


def envelope(topic: str, signal: Signal) -> str:
    """What another process puts on the wire."""
    return json.dumps({"origin": "another process", "topic": topic, "signal": signal})


@asynccontextmanager
async def open_redis_bus(url: str) -> AsyncIterator[RedisBus]:
    """As in a process of its own: its own connections, listening."""
    client = redis.asyncio.from_url(url)
    bus = RedisBus(client, uuid.uuid4().hex)
    task = asyncio.create_task(bus.relay_forever())
    topic = f"ready:{uuid.uuid4().hex}"
    async with bus.listen(topic) as queue:
        for _ in range(300):
            await client.publish(CHANNEL, envelope(topic, {}))
            if not queue.empty():
                break
            await asyncio.sleep(0.01)
    yield bus
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await client.aclose()


async def hear(queue: asyncio.Queue[Signal]) -> Signal:
    return await asyncio.wait_for(queue.get(), PATIENCE)


async def assert_quiet(queue: asyncio.Queue[Signal]) -> None:
    await asyncio.sleep(QUIET)
    assert queue.empty()


@pytest.fixture(params=["local", "redis"])
async def any_bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "local":
        yield LocalBus()
        return
    async with open_redis_bus(request.getfixturevalue("redis_url")) as bus:
        yield bus


@pytest.fixture
def topic() -> str:
    return f"conversation:{uuid.uuid4().hex}"


async def test_a_listener_hears_its_topic_once_and_in_order(any_bus: Bus, topic: str) -> None:
    async with any_bus.listen(topic) as queue:
        for number in range(5):
            any_bus.publish(topic, {"type": "changed", "seq": number})
        assert [(await hear(queue))["seq"] for _ in range(5)] == list(range(5))
        await assert_quiet(queue)


async def test_a_listener_hears_nothing_of_other_topics(any_bus: Bus, topic: str) -> None:
    async with any_bus.listen(topic) as queue:
        any_bus.publish(topic + "0", {"type": "changed"})
        any_bus.publish("desk", {"type": "changed"})
        await assert_quiet(queue)


async def test_every_listener_hears_and_one_may_hear_many_topics(any_bus: Bus, topic: str) -> None:
    async with any_bus.listen(topic, topic + "b") as both, any_bus.listen(topic) as one:
        any_bus.publish(topic, {"n": 1})
        any_bus.publish(topic + "b", {"n": 2})
        assert [(await hear(both))["n"], (await hear(both))["n"]] == [1, 2]
        assert (await hear(one))["n"] == 1
        await assert_quiet(one)


async def test_who_left_hears_nothing_more(any_bus: Bus, topic: str) -> None:
    async with any_bus.listen(topic) as queue:
        pass
    any_bus.publish(topic, {"type": "changed"})
    await assert_quiet(queue)


async def test_a_listener_that_does_not_read_holds_nobody_up(any_bus: Bus, topic: str) -> None:
    async with any_bus.listen(topic) as slow, any_bus.listen(topic) as quick:
        for number in range(1000):
            any_bus.publish(topic, {"n": number})
            assert quick.get_nowait()["n"] == number
        assert 0 < slow.qsize() < 1000


async def test_chinese_and_odd_words_cross_unchanged(any_bus: Bus, topic: str) -> None:
    signal = {
        "type": "typing",
        "sender": "坐席李",
        "text": '引号" 换行\n',
        "none": None,
        "list": [1],
    }
    async with any_bus.listen(topic) as queue:
        any_bus.publish(topic, signal)
        assert await hear(queue) == signal


async def test_two_processes_hear_each_other_through_redis(redis_url: str, topic: str) -> None:
    async with (
        open_redis_bus(redis_url) as first,
        open_redis_bus(redis_url) as second,
        first.listen(topic) as at_first,
        second.listen(topic) as at_second,
    ):
        first.publish(topic, {"from": "first"})
        assert [(await hear(queue))["from"] for queue in (at_first, at_second)] == ["first"] * 2
        second.publish(topic, {"from": "second"})
        assert [(await hear(queue))["from"] for queue in (at_first, at_second)] == ["second"] * 2
        await assert_quiet(at_first)
        await assert_quiet(at_second)


async def test_rubbish_on_the_channel_does_not_deafen_a_process(redis_url: str, topic: str) -> None:
    async with open_redis_bus(redis_url) as bus, bus.listen(topic) as queue:
        client = redis.asyncio.from_url(redis_url)
        await client.publish(CHANNEL, "not json")
        await client.publish(CHANNEL, "{}")
        for _ in range(60):
            # the connection may just be coming back
            await client.publish(CHANNEL, envelope(topic, {"n": 1}))
            await asyncio.sleep(0.05)
            if not queue.empty():
                break
        assert (await hear(queue))["n"] == 1
        await client.aclose()


async def test_without_redis_this_process_still_hears_itself(topic: str) -> None:
    client = redis.asyncio.from_url("redis://127.0.0.1:1/0")
    bus = RedisBus(client, "alone")
    task = asyncio.create_task(bus.relay_forever())
    async with bus.listen(topic) as queue:
        bus.publish(topic, {"n": 1})
        assert (await hear(queue))["n"] == 1
        await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await client.aclose()


async def test_who_is_sent_away_while_a_signal_comes_goes_away() -> None:
    for steps in range(4):
        queue: asyncio.Queue[Signal] = asyncio.Queue()
        waiting = asyncio.create_task(next_signal(queue, 60))
        await asyncio.sleep(0.01)
        queue.put_nowait({"type": "typing"})
        for _ in range(steps):
            await asyncio.sleep(0)
        came = waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting], timeout=PATIENCE)
        assert came or waiting.cancelled()


async def test_no_signal_in_time_is_none() -> None:
    assert await next_signal(asyncio.Queue(), 0.01) is None
