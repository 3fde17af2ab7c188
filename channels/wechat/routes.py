"""GET and POST /wechat: what Tencent's servers call."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from channels.tencent.crypto import Envelope, is_signed
from channels.tencent.errors import BadMessage, BadSignature
from channels.tencent.intake import Intake
from channels.tencent.journal import Journal
from channels.tencent.models import Inbound, Kind, Part
from channels.tencent.seats import Seats
from channels.tencent.xml import read_xml, text_of, write_xml
from channels.wechat.protocol import read_delivery, write_reply
from hotline.clock import Clock
from hotline.errors import RateLimited, TooLarge
from hotline.limits import Limiter
from hotline.settings import Settings

log = structlog.get_logger(__name__)

BODY_BYTES = 128 * 1024
"""Deliveries are a few kilobytes: files are only named in them."""
_FRESH = timedelta(minutes=10)
_MOST_SEEN = 20_000
_LONGEST_ECHO = 512
_TOO_FAST = Part("您发得太快了，请稍等一会儿再发。")
_SILENT = frozenset({Kind.OTHER, Kind.PERMISSION, Kind.OUTCOME, Kind.UNSUBSCRIBE})


@dataclass(frozen=True, slots=True)
class WeChatContext:
    """What the door needs of the application."""

    settings: Settings
    clock: Clock
    limiter: Limiter
    journal: Journal
    intake: Intake
    seats: Seats


class WeChatDoor:
    """Handlers of /wechat."""

    def __init__(self, context: WeChatContext) -> None:
        self._c = context
        settings = context.settings
        self._token = settings.wechat_token
        self._envelope = (
            Envelope(self._token, settings.wechat_aes_key, settings.wechat_appid)
            if settings.wechat_aes_key
            else None
        )
        self._seen: OrderedDict[str, str] = OrderedDict()

    async def check_url(self, request: web.Request) -> web.Response:
        """GET /wechat: prove that we know the token, by giving `echostr` back."""
        query = request.query
        signature, echo = query.get("signature", ""), query.get("echostr", "")
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not is_signed(signature, self._token, timestamp, nonce) or len(echo) > _LONGEST_ECHO:
            raise BadSignature
        return web.Response(text=echo, content_type="text/plain")

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """POST /wechat: a message or an event; answered in time, whatever becomes of it."""
        started = asyncio.get_running_loop().time()
        xml = self._open(request, await read_body(request))
        inbound, account = read_delivery(xml)
        self._check_replay(request, inbound)
        try:
            await self._c.limiter.spend(
                f"wechat:{inbound.user}", self._c.settings.messages_per_minute, 60
            )
        except RateLimited:
            return self._reply(_TOO_FAST, inbound.user, account)
        new = await self._c.journal.keep(inbound)
        if new:
            self._c.intake.wake(inbound.user)
        if inbound.kind in _SILENT or self._is_overloaded():
            return _acknowledge()
        with self._c.seats.take(inbound.user, lambda: _is_open(request)) as seat:
            self._c.intake.wake(inbound.user)
            if not new:
                await self._c.intake.look_again(inbound.user)
            used = asyncio.get_running_loop().time() - started
            part = await seat.wait(max(self._c.settings.wechat_reply_seconds - used, 0.05))
            if part is None:
                return _acknowledge()
            response = self._reply(part, inbound.user, account)
            try:
                await response.prepare(request)
                await response.write_eof()
            except ConnectionError:
                seat.settle(False)
            else:
                seat.settle(_is_open(request))
            return response

    def _is_overloaded(self) -> bool:
        if self._c.intake.backlog <= self._c.settings.wechat_passive_backlog:
            return False
        # nobody is answered sooner by being kept waiting
        self._c.seats.release_all()
        return True

    def _open(self, request: web.Request, body: bytes) -> str | bytes:
        """The plain XML of a delivery that is signed, fresh and for us."""
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise BadSignature
        self._check_fresh(timestamp)
        if self._envelope is None:
            return body
        # with a key, plain words are refused: their signature does not cover what they say
        sealed = text_of(read_xml(body), "Encrypt")
        if not sealed:
            raise BadMessage
        signature = query.get("msg_signature", "")
        if not self._envelope.is_signed(signature, timestamp, nonce, sealed):
            raise BadSignature
        return self._envelope.open(sealed)

    def _check_fresh(self, timestamp: str) -> None:
        if not timestamp.isdecimal() or len(timestamp) > 12:
            raise BadSignature
        age = self._c.clock.now().timestamp() - int(timestamp)
        if abs(age) > _FRESH.total_seconds():
            raise BadSignature

    def _check_replay(self, request: web.Request, inbound: Inbound) -> None:
        """One signature belongs to one delivery: a plain body could be exchanged under it."""
        if self._envelope is not None:
            return
        query = request.query
        key = f"{query.get('timestamp')}:{query.get('nonce')}"
        digest = hashlib.sha256(inbound.external_id.encode()).hexdigest()
        if self._seen.setdefault(key, digest) != digest:
            raise BadSignature
        while len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)

    def _reply(self, part: Part, user: str, account: str) -> web.Response:
        now = self._c.clock.now()
        xml = write_reply(part, user, account, now)
        if self._envelope is not None:
            sealed, stamp = self._envelope.seal(xml), str(int(now.timestamp()))
            nonce = hashlib.sha256(sealed.encode()).hexdigest()[:16]
            xml = write_xml(
                {
                    "Encrypt": sealed,
                    "MsgSignature": self._envelope.sign(stamp, nonce, sealed),
                    "TimeStamp": int(stamp),
                    "Nonce": nonce,
                }
            )
        return web.Response(text=xml, content_type="application/xml", charset="utf-8")


async def read_body(request: web.Request) -> bytes:
    """The body, at most BODY_BYTES of it; raises TooLarge."""
    if (request.content_length or 0) > BODY_BYTES:
        raise TooLarge
    body = bytearray()
    while chunk := await request.content.read(BODY_BYTES):
        body += chunk
        if len(body) > BODY_BYTES:
            raise TooLarge
    return bytes(body)


def _is_open(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _acknowledge() -> web.Response:
    return web.Response(text="success", content_type="text/plain")
