"""What both fakes share: residents, their chats, files, tokens and faults."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ANSWER_SECONDS = 5.0
TRIES = 3


@dataclass(slots=True)
class Quota:
    """How many messages may be sent until a moment (monotonic seconds)."""

    left: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Resident:
    """One user of the app: what he sees, and what may be sent to him."""

    name: str
    follows: bool = True
    chat: list[dict[str, Any]] = field(default_factory=list)
    quotas: dict[str, Quota] = field(default_factory=dict)
    state: int = 0

    def see(self, side: str, via: str, **content: Any) -> None:
        """Add a bubble. `side` is "me" or "account"; `via` tells how it came."""
        entry = {"seq": len(self.chat) + 1, "side": side, "via": via, "at": time.time()}
        self.chat.append({**entry, **content})

    def open(self, name: str, count: int, seconds: float) -> None:
        """Let `count` messages be sent for `seconds`."""
        self.quotas[name] = Quota(count, time.monotonic() + seconds)

    def left(self) -> int:
        """Messages that may be sent now."""
        now = time.monotonic()
        return sum(quota.left for quota in self.quotas.values() if quota.until > now)

    def spend(self) -> int:
        """Count one message: 0 or the error number."""
        now = time.monotonic()
        usable = [quota for quota in self.quotas.values() if quota.until > now]
        if not usable:
            return 45015
        first = next((quota for quota in sorted(usable, key=lambda q: q.until) if quota.left), None)
        if first is None:
            return 45047
        first.left -= 1
        return 0


@dataclass(slots=True)
class Faults:
    """What goes wrong on purpose."""

    media_seconds: float = 0.0
    fail_next: list[int] = field(default_factory=list)
    """Error numbers that the next sends get instead of being sent."""


class Platform:
    """The state of one fake, and the calls that both have."""

    def __init__(self) -> None:
        self.residents: dict[str, Resident] = {}
        self.media: dict[str, tuple[bytes, str]] = {}
        self.faults = Faults()
        self.tokens: dict[str, float] = {}
        self.tokens_given = 0
        self.tries = 0
        self._ids = itertools.count(time.time_ns() // 1000)
        self._changed = asyncio.Event()

    def next_id(self) -> str:
        """A message id: as long as real ones."""
        return str(next(self._ids)).rjust(17, "2")

    def resident(self, name: str) -> Resident:
        """The resident of this name, new or known."""
        return self.residents.setdefault(name, Resident(name))

    def keep_media(self, data: bytes, content_type: str) -> str:
        """Keep a file as if the resident's app had uploaded it; returns its media id."""
        media_id = secrets.token_urlsafe(24)
        self.media[media_id] = (data, content_type)
        return media_id

    def give_token(self, seconds: float = 7200) -> str:
        """A new access token."""
        self.tokens_given += 1
        token = secrets.token_urlsafe(32)
        self.tokens[token] = time.monotonic() + seconds
        return token

    def check_token(self, request: web.Request) -> int:
        """0, or the error number."""
        token = request.query.get("access_token", "")
        if not token:
            return 41001
        ends = self.tokens.get(token)
        if ends is None:
            return 40001
        return 0 if ends > time.monotonic() else 42001

    def tell_changed(self) -> None:
        """Wake the pages that wait for news."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def get_media(self, request: web.Request) -> web.StreamResponse:
        """GET /cgi-bin/media/get"""
        if errcode := self.check_token(request):
            return fail(errcode)
        if self.faults.media_seconds:
            await asyncio.sleep(self.faults.media_seconds)
        found = self.media.get(request.query.get("media_id", ""))
        if found is None:
            return fail(40007)
        return web.Response(body=found[0], content_type=found[1])

    async def read_json(self, request: web.Request) -> dict[str, Any] | None:
        """The body, as strict as the real ones: UTF-8 itself, no \\u escapes."""
        raw = await request.read()
        if b"\\u" in raw:
            return None
        try:
            body = json.loads(raw.decode())
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    # --- the hands of whoever tries it out ---------------------------------------------------

    async def show_chat(self, request: web.Request) -> web.Response:
        """GET …/dev/chats/{user}?after=SEQ&wait=SECONDS"""
        resident = self.resident(request.match_info["user"])
        after, wait = int(request.query.get("after", "0")), float(request.query.get("wait", "0"))
        if len(resident.chat) <= after and wait:
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                pass
        return web.json_response(
            {
                "messages": resident.chat[after:],
                "left": resident.left(),
                "follows": resident.follows,
                "tries": self.tries,
                "tokens_given": self.tokens_given,
            }
        )

    async def add_media(self, request: web.Request) -> web.Response:
        """POST …/dev/media: a file; answers its media id."""
        data = await request.read()
        return web.json_response({"media_id": self.keep_media(data, request.content_type)})

    async def set_faults(self, request: web.Request) -> web.Response:
        """POST …/dev/faults {media_seconds?, fail_next?, expire_tokens?, spend_all?}"""
        body = await request.json()
        self.faults.media_seconds = float(body.get("media_seconds", self.faults.media_seconds))
        self.faults.fail_next += [int(item) for item in body.get("fail_next", ())]
        if body.get("expire_tokens"):
            self.tokens = dict.fromkeys(self.tokens, 0.0)
        if body.get("close_windows"):
            for resident in self.residents.values():
                resident.quotas.clear()
        return web.json_response({})

    def add_dev_routes(self, app: web.Application, say: Callable[..., Any]) -> None:
        """The calls of tests and of the page."""
        app.add_routes(
            [
                web.get("/dev/chats/{user}", self.show_chat),
                web.post("/dev/chats/{user}", say),
                web.post("/dev/media", self.add_media),
                web.post("/dev/faults", self.set_faults),
            ]
        )


def fail(errcode: int, message: str = "fake error") -> web.Response:
    """An error as Tencent tells it: status 200."""
    return web.json_response({"errcode": errcode, "errmsg": message})


def succeed(**more: Any) -> web.Response:
    """A success."""
    return web.json_response({"errcode": 0, "errmsg": "ok", **more})
