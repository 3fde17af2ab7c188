"""The web chat: the page at `/` and the chat API of contract.md."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from channels.webchat.intake import Posted, clean_text, read_json, read_posted
from channels.webchat.messages import describe_event, describe_messages
from conversations.errors import ConversationNotFound
from conversations.media import Media
from conversations.models import Button, Conversation, Incoming, Reply
from conversations.relay import Relay
from conversations.service import TIMELINE_PAGE, Accepted, Conversations
from conversations.shown import find_shown
from conversations.timeline import conversation_topic
from conversations.waiting import until_answered
from hotline.bus import Bus, next_signal
from hotline.errors import InvalidInput, Unauthenticated, UnsupportedMedia
from hotline.limits import Limiter
from hotline.settings import Settings
from hotline.web import client_address, network_of, send_file
from kb.ratings import LONGEST_REASON, Rated, Ratings

log = structlog.get_logger(__name__)

HERE = Path(__file__).parent
_LONGEST_WAIT = 30.0
_PING_SECONDS = 25.0
_LARGEST_SEQ = 2**31 - 1
"""What the database's column holds; PostgreSQL refuses to compare it with more."""
_LOOK_BACK = 20
"""The question stands so many entries before its answer at most."""
_SUBPROTOCOL = "hotline.v1"
_ID = re.compile(r"[0-9a-f]{32}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class ChatContext:
    """What the web chat needs of the application."""

    settings: Settings
    conversations: Conversations
    relay: Relay
    media: Media
    bus: Bus
    limiter: Limiter
    ratings: Ratings


def greeting(settings: Settings) -> list[Reply]:
    """The first words of every conversation."""
    return [
        Reply(
            f"您好，这里是{settings.city_name} 96310 城市管理服务，我是智能助手。"
            "您可以问政策、反映问题、查工单进度，随时可以说“人工”。"
            "遇到火情、燃气泄漏、有人受伤，请先拨打 119、110 或 120。",
            buttons=(
                Button("我要反映问题", "我要反映问题"),
                Button("查进度", "查进度"),
                Button("问政策", "我想问个政策"),
                Button("转人工", "人工"),
            ),
        )
    ]


def setup_webchat(app: web.Application, context: ChatContext) -> None:
    """Add the page, its files and the chat API."""
    api = ChatApi(context)
    page = _render_page(context.settings)

    async def show_page(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app.add_routes(
        [
            web.get("/", show_page),
            web.static("/static/webchat", HERE / "static"),
            web.post("/api/v1/conversations", api.open),
            web.post("/api/v1/conversations/{id}/messages", api.post_message),
            web.post("/api/v1/conversations/{id}/ratings", api.rate),
            web.get("/api/v1/conversations/{id}/events", api.get_events),
            web.get("/api/v1/conversations/{id}/socket", api.socket),
            web.get("/api/v1/conversations/{id}/attachments/{attachment}", api.get_attachment),
        ]
    )


def _render_page(settings: Settings) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True
    )
    template = environment.get_template("webchat/index.html")
    return template.render(
        title=f"{settings.city_name} 96310", static_url=lambda path: f"/static/webchat/{path}"
    )


class ChatApi:
    """Handlers of the chat API."""

    def __init__(self, context: ChatContext) -> None:
        self._c = context

    async def open(self, request: web.Request) -> web.Response:
        """POST /api/v1/conversations"""
        address = client_address(request, self._c.settings)
        await self._c.limiter.spend(
            f"open:{network_of(address)}", self._c.settings.conversations_per_minute, 60
        )
        conversation, token, entries = await self._c.conversations.open(
            "webchat", greeting(self._c.settings)
        )
        body = {
            "conversation_id": conversation.id,
            "token": token,
            "greeting": describe_messages(conversation.id, entries),
        }
        return web.json_response(body, status=201)

    async def post_message(self, request: web.Request) -> web.Response:
        """POST /api/v1/conversations/{id}/messages?wait=SECONDS"""
        conversation = await self._authenticate(request)
        wait = _read_wait(request)
        await self._c.limiter.spend(
            f"say:{conversation.id}", self._c.settings.messages_per_minute, 60
        )
        posted = await read_posted(request, self._c.settings)
        incoming = await self._to_incoming(conversation.id, posted)
        async with self._c.bus.listen(conversation_topic(conversation.id)) as signals:
            accepted = await self._c.conversations.accept(conversation.id, incoming)
            if accepted.needs_turn:
                self._c.relay.submit(conversation.id)
            if wait is None:
                body = {"message_id": accepted.entry.id, "replies": []}
                return web.json_response(body, status=202)
            entries = await self._wait_for_replies(accepted, signals, wait)
        replies = describe_messages(conversation.id, entries)
        return web.json_response({"message_id": accepted.entry.id, "replies": replies})

    async def rate(self, request: web.Request) -> web.Response:
        """POST /api/v1/conversations/{id}/ratings {seq, helpful, reason?}: did this answer help?"""
        conversation = await self._authenticate(request)
        await self._c.limiter.spend(
            f"rate:{conversation.id}", self._c.settings.messages_per_minute, 60
        )
        body = await read_json(request)
        seq, helpful, reason = body.get("seq"), body.get("helpful"), body.get("reason", "")
        if not isinstance(helpful, bool) or not isinstance(reason, str):
            raise InvalidInput("helpful 应是 true 或 false，reason 应是文字。")
        if len(reason) > LONGEST_REASON:
            raise InvalidInput(f"原因最多 {LONGEST_REASON} 个字。")
        if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq <= _LARGEST_SEQ:
            raise InvalidInput("seq 应是消息序号。")
        said = await self._c.conversations.timeline(conversation.id, max(seq - _LOOK_BACK, 0))
        shown = find_shown(said, seq)
        if shown is None or shown.citation is None:
            raise InvalidInput("只能评价助手有信息来源的回答。")
        rated = Rated(
            str(shown.citation["slug"]),
            int(shown.citation.get("version") or 0),
            conversation.id,
            seq,
            conversation.channel,
            shown.question,
        )
        await self._c.ratings.rate(rated, helpful, clean_text(reason))
        return web.json_response({})

    async def _to_incoming(self, conversation_id: str, posted: Posted) -> Incoming:
        attachments: tuple[str, ...] = ()
        if posted.upload is not None:
            if posted.upload.kind != "image":
                raise UnsupportedMedia("暂时听不了语音，请打字说明，或说“人工”。")
            kept = await self._c.media.keep_image(
                conversation_id, posted.upload.name, posted.upload.data
            )
            attachments = (kept.id,)
        return Incoming(posted.client_message_id, posted.text, posted.location, attachments)

    async def _wait_for_replies(
        self, accepted: Accepted, signals: asyncio.Queue[Any], wait: float
    ) -> Any:
        conversation_id, message_id = accepted.conversation.id, accepted.entry.id
        deadline, waiting = time.monotonic() + wait, accepted.needs_turn
        while True:
            if waiting:
                left = max(deadline - time.monotonic(), 0.0)
                await until_answered(signals, message_id, min(left, 2.0))
            done, entries = await self._c.conversations.replies(conversation_id, message_id)
            if done or time.monotonic() >= deadline:
                return entries
            waiting = True

    async def get_events(self, request: web.Request) -> web.Response:
        """GET /api/v1/conversations/{id}/events?after=SEQ&wait=SECONDS"""
        conversation = await self._authenticate(request)
        after, deadline = _read_after(request), time.monotonic() + (_read_wait(request) or 0.0)
        async with self._c.bus.listen(conversation_topic(conversation.id)) as signals:
            while True:
                entries = await self._c.conversations.timeline(conversation.id, after)
                left = deadline - time.monotonic()
                if entries or left <= 0:
                    break
                await next_signal(signals, min(left, 1.0))
        return web.json_response({"events": [describe_event(conversation.id, e) for e in entries]})

    async def get_attachment(self, request: web.Request) -> web.StreamResponse:
        """GET /api/v1/conversations/{id}/attachments/{attachment}?size=small"""
        conversation = await self._authenticate(request)
        opened = await self._c.media.open_attachment(
            conversation.id, request.match_info["attachment"], request.query.get("size", "")
        )
        headers = {"Content-Type": opened.content_type, "Cache-Control": "private, max-age=86400"}
        return await send_file(request, opened.tag, opened.read, headers)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """GET /api/v1/conversations/{id}/socket: events as frames, from `after` on, live."""
        conversation = await self._authenticate(request)
        after = _read_after(request)
        socket = web.WebSocketResponse(
            heartbeat=_PING_SECONDS, max_msg_size=4096, protocols=(_SUBPROTOCOL,)
        )
        await socket.prepare(request)
        async with self._c.bus.listen(conversation_topic(conversation.id)) as signals:
            sending = asyncio.create_task(
                self._send_events(socket, conversation.id, after, signals)
            )
            try:
                async for frame in socket:
                    if frame.type is WSMsgType.TEXT:
                        self._hear(conversation.id, frame.data)
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
        return socket

    def _hear(self, conversation_id: str, data: str) -> None:
        if '"typing"' in data:
            signal = {
                "type": "typing",
                "sender": "resident",
                "active": '"active":false' not in data,
            }
            self._c.bus.publish(conversation_topic(conversation_id), signal)

    async def _send_events(
        self,
        socket: web.WebSocketResponse,
        conversation_id: str,
        after: int,
        signals: asyncio.Queue[Any],
    ) -> None:
        try:
            await self._follow(socket, conversation_id, after, signals)
        except ConnectionError:
            pass  # the page has gone
        except Exception as error:  # whatever it is: a page that hears nothing must come again
            log.error("webchat.socket_failed", error=type(error).__name__)
            await socket.close(code=WSCloseCode.INTERNAL_ERROR)

    async def _follow(
        self,
        socket: web.WebSocketResponse,
        conversation_id: str,
        after: int,
        signals: asyncio.Queue[Any],
    ) -> None:
        pending = True
        while not socket.closed:
            while pending:
                entries = await self._c.conversations.timeline(conversation_id, after)
                for entry in entries:
                    await socket.send_json(describe_event(conversation_id, entry))
                    after = entry.seq
                pending = len(entries) == TIMELINE_PAGE
            # a missed hint costs at most this long: the timeline is read again anyway
            signal = await next_signal(signals, 5.0)
            if signal is not None and signal["type"] == "typing":
                if signal["sender"] != "resident":
                    await socket.send_json(dict(signal))
            else:
                pending = True

    async def _authenticate(self, request: web.Request) -> Conversation:
        token, conversation_id = _read_token(request), request.match_info["id"]
        if not token:
            raise Unauthenticated
        try:
            if not _ID.fullmatch(conversation_id):
                raise ConversationNotFound  # NUL, for one, is nothing a database can look for
            return await self._c.conversations.authenticate(conversation_id, token)
        except ConversationNotFound:
            # one answer for "no such conversation" and "not yours": ids cannot be probed
            raise Unauthenticated("这个会话不存在或已失效，请重新开始。") from None


def _read_token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() == "bearer":
        # ours are ASCII; other bytes may not even be text
        return token.strip() if token.isascii() else ""
    # browsers cannot set headers on a WebSocket; a subprotocol stays out of URLs and logs
    for name in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if name.strip().startswith("token.") and name.isascii():
            return name.strip().removeprefix("token.")
    return ""


def _read_wait(request: web.Request) -> float | None:
    raw = request.query.get("wait")
    if raw is None:
        return None
    try:
        wait = float(raw)
    except ValueError:
        raise InvalidInput("wait 应是秒数。") from None
    if not 0 <= wait < float("inf"):
        raise InvalidInput("wait 应是秒数。")
    return min(wait, _LONGEST_WAIT)


def _read_after(request: web.Request) -> int:
    raw = request.query.get("after", "0")
    if not raw.isdecimal() or len(raw) > 12:
        raise InvalidInput("after 应是消息序号。")
    return min(int(raw), _LARGEST_SEQ)
