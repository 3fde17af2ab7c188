"""GET and POST /wecom: callbacks of WeCom, always sealed."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from channels.tencent.crypto import Envelope
from channels.tencent.errors import BadMessage, BadSignature
from channels.tencent.xml import read_xml, text_of
from channels.wechat.routes import read_body
from channels.wecom.protocol import read_callback
from channels.wecom.pulling import Puller
from hotline.clock import Clock
from hotline.settings import Settings

_FRESH = timedelta(minutes=10)


class WeComDoor:
    """Handlers of /wecom."""

    def __init__(self, settings: Settings, clock: Clock, puller: Puller) -> None:
        self._clock = clock
        self._puller = puller
        self._envelope = Envelope(
            settings.wecom_token, settings.wecom_aes_key, settings.wecom_corpid
        )

    async def check_url(self, request: web.Request) -> web.Response:
        """GET /wecom: prove that we hold the key, by opening `echostr`."""
        sealed = request.query.get("echostr", "")
        self._check_signature(request, sealed)
        return web.Response(text=self._envelope.open(sealed), content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """POST /wecom: there are messages to pull."""
        sealed = text_of(read_xml(await read_body(request)), "Encrypt")
        if not sealed:
            raise BadMessage
        self._check_signature(request, sealed)
        timestamp = request.query.get("timestamp", "")
        if not timestamp.isdecimal() or len(timestamp) > 12:
            raise BadSignature
        if abs(self._clock.now().timestamp() - int(timestamp)) > _FRESH.total_seconds():
            raise BadSignature
        news = read_callback(self._envelope.open(sealed))
        if news is not None:
            self._puller.wake(news.account, news.token)
        return web.Response(text="success", content_type="text/plain")

    def _check_signature(self, request: web.Request, sealed: str) -> None:
        query = request.query
        signature = query.get("msg_signature", "")
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not self._envelope.is_signed(signature, timestamp, nonce, sealed):
            raise BadSignature
