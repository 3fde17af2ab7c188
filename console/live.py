"""One WebSocket per page: the desk's counts, and the open conversation as it goes on.

The page sends `watch` (conversation_id, after: the last seq it has, null for none), `unwatch`,
`read` (seq) and `typing` (active). It gets `desk` (counts), `entries`, `state` (what lies beside
the conversation changed), `typing`, `presence`, `gone` and `signed_out`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from console.context import ConsoleContext
from console.desk import Desk
from console.door import Visitor
from console.following import LOOK_AGAIN, Follower
from console.intake import read_object, read_seq
from conversations.timeline import DESK_TOPIC
from hotline.bus import next_signal
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

SIGNED_OUT = 4401
"""Close code: the session has ended, coming back is of no use."""
_DESK_PAUSE = 1.0
_CHECK_SECONDS = 10.0
_FRAME_BYTES = 4096


def operator_topic(operator_id: str) -> str:
    """Bus topic of one operator's pages: her sessions may have ended."""
    return f"operator:{operator_id}"


class LivePage:
    """One open page of one operator."""

    def __init__(self, context: ConsoleContext, desk: Desk, visitor: Visitor) -> None:
        self._c = context
        self._desk = desk
        self._visitor = visitor
        self._socket = web.WebSocketResponse(heartbeat=25.0, max_msg_size=_FRAME_BYTES)
        self._follower: Follower | None = None
        self._following: asyncio.Task[None] | None = None

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the page until it closes or its session ends."""
        await self._socket.prepare(request)
        tasks = [
            asyncio.create_task(self._guard(self._tell_desk())),
            asyncio.create_task(self._guard(self._check_session())),
        ]
        try:
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    await self._hear(frame.data)
        finally:
            await _stop(*tasks)
            await self._unwatch()
        return self._socket

    async def close(self) -> None:
        """Send the page away; it will come back by itself."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _hear(self, data: str) -> None:
        # a frame that makes no sense is dropped: the page is ours, or nobody's
        with suppress(HotlineError):
            frame = read_object(data)
            kind = frame.get("type")
            if kind == "watch":
                await self._watch(frame)
            elif kind == "unwatch":
                await self._unwatch()
            elif kind == "read" and self._follower:
                await self._follower.mark_read(read_seq(frame.get("seq")))
            elif kind == "typing" and self._follower:
                self._follower.type(frame.get("active") is True)

    async def _watch(self, frame: Mapping[str, Any]) -> None:
        await self._unwatch()
        after = frame.get("after")
        self._follower = Follower(
            self._c,
            self._desk,
            self._visitor.account,
            str(frame.get("conversation_id")),
            None if after is None else read_seq(after),
            self._socket.send_json,
        )
        self._following = asyncio.create_task(self._guard(self._follower.run()))

    async def _unwatch(self) -> None:
        task, self._following, self._follower = self._following, None, None
        if task is not None:
            await _stop(task)

    async def _tell_desk(self) -> None:
        async with self._c.bus.listen(DESK_TOPIC) as signals:
            while True:
                counts = await self._desk.counts(self._visitor.account.id)
                await self._socket.send_json({"type": "desk", **asdict(counts)})
                await next_signal(signals, 3 * LOOK_AGAIN)
                # a busy hotline changes all the time; a page needs to know once a second
                await asyncio.sleep(_DESK_PAUSE)
                while not signals.empty():
                    signals.get_nowait()

    async def _check_session(self) -> None:
        async with self._c.bus.listen(operator_topic(self._visitor.account.id)) as signals:
            while await self._c.accounts.find(self._visitor.token) is not None:
                await next_signal(signals, _CHECK_SECONDS)
        await self._socket.send_json({"type": "signed_out"})
        await self._socket.close(code=SIGNED_OUT)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ConnectionResetError:
            return
        except Exception as error:  # the page would look alive and show nothing new
            log.exception("console.live_failed", error=type(error).__name__)
            await self._socket.close(code=WSCloseCode.INTERNAL_ERROR)


async def _stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
