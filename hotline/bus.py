"""Fan-out: "this conversation changed" told to every open page, in this process and others.

What is published is a hint or a passing signal (typing); the database stays the truth, so a
lost hint costs a moment, never a message.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

Signal = Mapping[str, Any]
_QUEUE_BOUND = 256


class Bus(Protocol):
    """Publish to a topic; listen to topics."""

    def publish(self, topic: str, signal: Signal) -> None:
        """Tell every listener of `topic`; never blocks, never raises."""
        ...

    def listen(self, *topics: str) -> Any:
        """Async context manager giving an `asyncio.Queue` of signals of these topics."""
        ...


class LocalBus:
    """Within one process."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, set[asyncio.Queue[Signal]]] = defaultdict(set)

    def publish(self, topic: str, signal: Signal) -> None:
        for queue in self._queues.get(topic, ()):
            # a listener that does not read loses hints, not messages: it re-reads by seq
            with suppress(asyncio.QueueFull):
                queue.put_nowait(signal)

    @asynccontextmanager
    async def listen(self, *topics: str) -> AsyncIterator[asyncio.Queue[Signal]]:
        queue: asyncio.Queue[Signal] = asyncio.Queue(_QUEUE_BOUND)
        for topic in topics:
            self._queues[topic].add(queue)
        try:
            yield queue
        finally:
            for topic in topics:
                self._queues[topic].discard(queue)
                if not self._queues[topic]:
                    del self._queues[topic]


async def next_signal(signals: asyncio.Queue[Signal], seconds: float) -> Signal | None:
    """The next signal, None when none comes in time."""
    try:
        # not wait_for: where a signal and a cancellation meet, it keeps the signal and goes on
        async with asyncio.timeout(seconds):
            return await signals.get()
    except TimeoutError:
        return None


class RedisBus(LocalBus):
    """Across processes through Redis; within this one at once, as LocalBus."""

    _CHANNEL = "hotline:bus"

    def __init__(self, client: Any, origin: str) -> None:
        super().__init__()
        self._client = client
        self._origin = origin
        self._pending: set[asyncio.Task[None]] = set()

    def publish(self, topic: str, signal: Signal) -> None:
        super().publish(topic, signal)
        envelope = json.dumps({"origin": self._origin, "topic": topic, "signal": dict(signal)})
        task = asyncio.get_running_loop().create_task(self._send(envelope))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _send(self, envelope: str) -> None:
        try:
            await self._client.publish(self._CHANNEL, envelope)
        except Exception as error:  # any driver error: the message is stored, only the hint is lost
            log.warning("bus.publish_failed", error=type(error).__name__)

    async def relay_forever(self) -> None:
        """Pass on what other processes publish; reconnects with a bounded pause."""
        pause = 0.2
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.subscribe(self._CHANNEL)
                    async for item in subscription.listen():
                        pause = 0.2
                        if item.get("type") == "message":
                            self._deliver(item["data"])
            except asyncio.CancelledError:
                raise
            except Exception as error:  # any driver error is answered by connecting again
                log.warning("bus.reconnecting", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _deliver(self, data: bytes | str) -> None:
        envelope = json.loads(data)
        if envelope["origin"] != self._origin:
            super().publish(envelope["topic"], envelope["signal"])
