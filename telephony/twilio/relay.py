"""ConversationRelay: the call as a WebSocket of words, both ways.

In: setup, prompt, dtmf, interrupt, error and others we ignore. Out: text, end. Twilio tells no
silence here, so it is timed by how long our words take to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from hotline.bus import Bus
from hotline.errors import HotlineError
from telephony.events import Act, Event, HangUp, Heard, Hold, Listen, Pressed, Say, Silent, Wait
from telephony.models import CallStatus, CallView
from telephony.service import Calls, call_topic
from telephony.speaking import seconds_to_say
from telephony.twilio.addresses import Signatures

log = structlog.get_logger(__name__)

SETUP_SECONDS = 10.0
_FRAME_BYTES = 32 * 1024
_MOST_BAD_FRAMES = 5
_MOST_WAITING = 32
_LONGEST_WORDS = 2000
_KEY_PAUSE = 3.0
_LOOK_AGAIN = 1.0


class RelayDoor:
    """GET /telephony/twilio/relay"""

    def __init__(self, calls: Calls, bus: Bus, signatures: Signatures) -> None:
        self._calls = calls
        self._bus = bus
        self._signatures = signatures
        self._open: WeakSet[Session] = WeakSet()

    async def open(self, request: web.Request) -> web.StreamResponse:
        """One call's session, until it ends."""
        self._signatures.check_socket(request)
        call = await self._calls.get(request.query.get("call", "")[:32])
        socket = web.WebSocketResponse(heartbeat=25.0, max_msg_size=_FRAME_BYTES)
        await socket.prepare(request)
        session = Session(self._calls, self._bus, call, socket)
        self._open.add(session)
        await session.run()
        return socket

    async def close(self, _: web.Application) -> None:
        """Let every session go; Twilio then asks the Connect's action what to do."""
        for session in list(self._open):
            await session.close(WSCloseCode.GOING_AWAY, b"restarting")


class BadFrame(Exception):
    """The other side does not keep to the protocol; the reason is told when closing."""


class Session:
    """One WebSocket: reads frames, plays turns one after the other, times silence."""

    def __init__(
        self, calls: Calls, bus: Bus, call: CallView, socket: web.WebSocketResponse
    ) -> None:
        self._calls = calls
        self._bus = bus
        self._call = call
        self._socket = socket
        self._inbox: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue(_MOST_WAITING)
        self._bad = 0
        self._keys = ""
        self._keys_wanted = 1
        self._due: float | None = None
        """When silence, or the next look, is due; loop time."""
        self._looks = False
        self._listening = 0.0
        """How long the last question waits for an answer, in seconds."""
        self._over = False

    async def run(self) -> None:
        """Serve the call; nothing is left hanging whichever side fails."""
        reader = asyncio.create_task(self._read())
        try:
            await self._expect_setup()
            async with self._bus.listen(call_topic(self._call.id)) as signals:
                await self._play(None)
                while not self._over and not self._socket.closed:
                    await self._step(signals)
        except BadFrame as error:
            log.warning("relay.refused", call_id=self._call.id, reason=str(error))
            await self.close(WSCloseCode.POLICY_VIOLATION, str(error).encode())
        except ConnectionResetError:
            pass
        except HotlineError as error:
            log.error("relay.failed", call_id=self._call.id, error=error.code)
            await self.close(WSCloseCode.INTERNAL_ERROR, b"failed")
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            await self.close(WSCloseCode.OK, b"over")

    async def close(self, code: int, reason: bytes) -> None:
        """Close the socket; Twilio goes on with the Connect's action."""
        if not self._socket.closed:
            await self._socket.close(code=code, message=reason)

    # --- frames in -----------------------------------------------------------------------------

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is WSMsgType.TEXT:
                await self._inbox.put(self._parse(frame.data))
            else:
                await self._inbox.put({"type": "malformed"})
        await self._inbox.put(None)

    @staticmethod
    def _parse(data: str) -> Mapping[str, Any]:
        try:
            frame = json.loads(data)
        except (ValueError, RecursionError):
            return {"type": "malformed"}
        return frame if isinstance(frame, dict) else {"type": "malformed"}

    async def _expect_setup(self) -> None:
        try:
            async with asyncio.timeout(SETUP_SECONDS):
                frame = await self._inbox.get()
        except TimeoutError:
            raise BadFrame("no setup") from None
        if frame is None or frame.get("type") != "setup":
            raise BadFrame("setup expected")
        if frame.get("callSid") != self._call.sid:
            raise BadFrame("another call")

    async def _step(self, signals: asyncio.Queue[Any]) -> None:
        """Wait for whatever comes first: a frame, news of the call, or silence."""
        frame_task = asyncio.ensure_future(self._inbox.get())
        news_task = asyncio.ensure_future(signals.get())
        left = None
        if self._due is not None:
            left = max(self._due - asyncio.get_running_loop().time(), 0.0)
        done, waiting = await asyncio.wait(
            {frame_task, news_task}, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        if frame_task in done:
            await self._take_frame(frame_task.result())
        if news_task in done:
            if news_task.result().get("type") == "ended":
                self._over = True
            else:
                await self._play(None)
        if not done:
            await self._take_silence()

    async def _take_frame(self, frame: Mapping[str, Any] | None) -> None:
        if frame is None:
            self._over = True
            return
        kind = frame.get("type")
        if kind == "prompt":
            words = frame.get("voicePrompt")
            if frame.get("last") is not True:
                self._put_off_silence()  # he is speaking
            elif isinstance(words, str) and words.strip():
                await self._play(Heard(words.strip()[:_LONGEST_WORDS]))
        elif kind == "dtmf":
            await self._take_key(str(frame.get("digit", ""))[:1])
        elif kind == "interrupt":
            heard = frame.get("utteranceUntilInterrupt")
            await self._calls.cut_spoken(self._call.id, str(heard or "")[:_LONGEST_WORDS])
            self._put_off_silence()  # and our words are over
        elif kind == "error":
            log.warning(
                "relay.error", call_id=self._call.id, text=str(frame.get("description"))[:80]
            )
        elif kind == "malformed":
            self._bad += 1
            if self._bad >= _MOST_BAD_FRAMES:
                raise BadFrame("malformed frames")

    def _put_off_silence(self) -> None:
        if self._due is not None and not self._looks:
            self._due = asyncio.get_running_loop().time() + self._listening

    async def _take_key(self, key: str) -> None:
        if key not in "0123456789*#" or not key:
            return
        self._keys += "" if key == "#" else key
        whole = key == "#" or len(self._keys) >= self._keys_wanted
        if whole and self._keys:
            await self._press()
        elif self._keys:
            self._due = asyncio.get_running_loop().time() + _KEY_PAUSE

    async def _press(self) -> None:
        keys, self._keys = self._keys, ""
        await self._play(Pressed(keys))

    async def _take_silence(self) -> None:
        if self._keys:
            await self._press()
        else:
            await self._play(None if self._looks else Silent())

    # --- words out -------------------------------------------------------------------------------

    async def _play(self, event: Event | None) -> None:
        turn = (await self._calls.get(self._call.id)).turn
        acts = await self._calls.play(self._call.id, turn, event)
        await self._perform(acts)

    async def _perform(self, acts: Sequence[Act]) -> None:
        now = asyncio.get_running_loop().time()
        speaking = 0.0
        for act in acts:
            if isinstance(act, Say):
                speaking += seconds_to_say(act.text)
                interruptible = {} if act.interruptible else {"interruptible": False}
                await self._socket.send_json(
                    {"type": "text", "token": act.text, "last": True, **interruptible}
                )
        self._due, self._looks, self._keys_wanted = None, False, 1
        for act in acts:
            match act:
                case Listen(seconds, keys, _):
                    self._due, self._keys_wanted = now + speaking + seconds, keys or 1
                    self._listening = seconds
                case Wait():
                    self._due, self._looks = now + speaking + _LOOK_AGAIN, True
                case Hold():
                    await self._end(speaking, {"reason": "queue"})
                case HangUp():
                    await self._end(speaking, {"reason": "over"})
        if not acts:
            current = await self._calls.get(self._call.id)
            self._over = current.status is CallStatus.ENDED

    async def _end(self, speaking: float, handoff: Mapping[str, str]) -> None:
        """Let the last words be heard, then give the call back to Twilio."""
        await asyncio.sleep(speaking)
        self._over = True
        await self._socket.send_json({"type": "end", "handoffData": json.dumps(handoff)})
