"""The fake Official Account."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
from aiohttp import web

from channels.tencent.crypto import Envelope, sign
from channels.tencent.errors import BadMessage
from channels.tencent.fake.platform import (
    ANSWER_SECONDS,
    TRIES,
    Platform,
    fail,
    succeed,
)
from channels.tencent.xml import read_xml, text_of, write_xml

ACCOUNT = "gh_96310fake0001"
UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
_TEXT_BYTES = 2048
Mode = Literal["plain", "mixed", "aes"]
_OPENS = {"CLICK": ("menu", 3, 60.0), "subscribe": ("follow", 3, 60.0), "SCAN": ("scan", 3, 60.0)}


class FakeWeChat(Platform):
    """Sends deliveries to `gateway` (the address of /wechat) and offers the account's API."""

    def __init__(
        self, gateway: str, token: str, appid: str, secret: str, aes_key: str, mode: Mode = "aes"
    ) -> None:
        super().__init__()
        self.gateway = gateway
        self.mode = mode
        self.answer_seconds = ANSWER_SECONDS
        self.menu: dict[str, Any] = {"button": []}
        self.notices: list[dict[str, Any]] = []
        self._token = token
        self._appid, self._secret = appid, secret
        self._envelope = Envelope(token, aes_key, appid) if aes_key else None
        self._http: aiohttp.ClientSession | None = None
        self._stable = ""
        self._sending: set[asyncio.Task[Any]] = set()

    def make_app(self) -> web.Application:
        """The API and the hands of whoever tries it out."""
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/cgi-bin/stable_token", self.get_token),
                web.post("/cgi-bin/message/custom/send", self.send_message),
                web.post("/cgi-bin/message/template/send", self.send_notice),
                web.post("/cgi-bin/message/subscribe/bizsend", self.send_notice),
                web.post("/cgi-bin/menu/create", self.create_menu),
                web.get("/cgi-bin/media/get", self.get_media),
                web.get("/dev/menu", self.show_menu),
                web.get("/dev/notices", self.show_notices),
            ]
        )
        self.add_dev_routes(app, self.take_hand)
        app.cleanup_ctx.append(self._keep_session)
        return app

    async def _keep_session(self, _: web.Application) -> Any:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        yield
        for task in self._sending:
            task.cancel()
        await self._http.close()

    # --- the API -----------------------------------------------------------------------------

    async def get_token(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/stable_token"""
        body = await self.read_json(request) or {}
        if body.get("appid") != self._appid:
            return fail(40013)
        if body.get("secret") != self._secret:
            return fail(40125)
        if body.get("force_refresh") or self.tokens.get(self._stable, 0) < time.monotonic():
            self.tokens.clear()
            self._stable = self.give_token()
        return web.json_response({"access_token": self._stable, "expires_in": 7200})

    async def send_message(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/message/custom/send"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request)
        if body is None:
            return fail(40033)
        if self.faults.fail_next:
            return fail(self.faults.fail_next.pop(0))
        resident = self.residents.get(str(body.get("touser")))
        if resident is None:
            return fail(40003)
        if not resident.follows:
            return fail(43004)
        content = _read_message(body)
        if content is None:
            return fail(40008)
        if len(content.get("text", "").encode()) > _TEXT_BYTES:
            return fail(45002)
        if errcode := resident.spend():
            return fail(errcode)
        resident.see("account", "customer", **content)
        self.tell_changed()
        return succeed()

    async def send_notice(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/message/template/send and …/subscribe/bizsend"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request)
        if body is None or not body.get("template_id"):
            return fail(40037)
        resident = self.residents.get(str(body.get("touser")))
        if resident is None or not resident.follows:
            return fail(43004)
        self.notices.append(body)
        words = "；".join(str(item.get("value")) for item in body.get("data", {}).values())
        resident.see("account", "notice", type="text", text=f"【服务通知】{words}")
        self.tell_changed()
        return succeed(msgid=int(self.next_id()))

    async def create_menu(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/menu/create"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request)
        if body is None:
            return fail(40033)
        if not 0 < len(body.get("button", ())) <= 3:
            return fail(40016)
        self.menu = body
        return succeed()

    async def show_menu(self, _: web.Request) -> web.Response:
        """GET /dev/menu"""
        return web.json_response(self.menu)

    async def show_notices(self, _: web.Request) -> web.Response:
        """GET /dev/notices"""
        return web.json_response(self.notices)

    # --- deliveries --------------------------------------------------------------------------

    async def take_hand(self, request: web.Request) -> web.Response:
        """POST /dev/chats/{user}: what the resident does; answers at once, as his app does."""
        body = await request.json()
        task = asyncio.create_task(self.act(request.match_info["user"], **body))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        if request.query.get("wait"):
            await task
        return web.json_response({})

    async def act(self, user: str, type: str, **content: Any) -> str:
        """Do it as this resident; returns what the gateway answered in the end."""
        resident = self.resident(user)
        fields: dict[str, str | int] = {
            "ToUserName": ACCOUNT,
            "FromUserName": user,
            "CreateTime": int(content.pop("at", 0) or time.time()),
            "MsgType": type,
        }
        if type == "event":
            event = str(content["Event"])
            if event in ("subscribe", "unsubscribe"):
                resident.follows = event == "subscribe"
            if event in _OPENS:
                resident.open(*_OPENS[event])
            resident.see("me", "event", type="event", text=content.get("label", event))
            content.pop("label", None)
        else:
            resident.open("message", 5, 48 * 3600)
            fields["MsgId"] = int(content.pop("MsgId", 0) or self.next_id())
            resident.see("me", "message", type=type, **_for_chat(content))
        self.tell_changed()
        return await self.deliver(resident.name, {**fields, **content})

    async def deliver(self, user: str, fields: Mapping[str, str | int]) -> str:
        """Bring it to the gateway: up to three tries, each cut off after five seconds."""
        xml = write_xml(fields)
        for _ in range(TRIES):
            try:
                answer = await asyncio.wait_for(self.post(xml), self.answer_seconds)
            except (TimeoutError, aiohttp.ClientError):
                continue
            if answer in ("", "success"):
                return answer
            self._show_passive(user, answer)
            return answer
        self.resident(user).see("account", "system", type="text", text=UNAVAILABLE)
        self.tell_changed()
        return ""

    async def post(self, xml: str) -> str:
        """One try; the answer's text. Raises ClientError for a status other than 200."""
        assert self._http is not None
        self.tries += 1
        body, query = self.wrap(xml)
        headers = {"Content-Type": "text/xml"}
        async with self._http.post(
            self.gateway, params=query, data=body.encode(), headers=headers
        ) as response:
            text = await response.text()
            if response.status != 200:
                raise aiohttp.ClientPayloadError(f"status {response.status}")
            return text

    def wrap(self, xml: str) -> tuple[str, dict[str, str]]:
        """The body and query of a delivery, signed and sealed as the mode demands."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        query = {
            "signature": sign(self._token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }
        if self.mode == "plain" or self._envelope is None:
            return xml, query
        sealed = self._envelope.seal(xml)
        query |= {
            "encrypt_type": "aes",
            "msg_signature": self._envelope.sign(timestamp, nonce, sealed),
        }
        if self.mode == "mixed":
            return xml.removesuffix("</xml>") + f"<Encrypt>{sealed}</Encrypt></xml>", query
        return write_xml({"ToUserName": ACCOUNT, "Encrypt": sealed}), query

    def _show_passive(self, user: str, answer: str) -> None:
        resident = self.resident(user)
        try:
            content = read_passive(self.unwrap(answer), user)
        except (BadMessage, ValueError):
            resident.see("account", "system", type="text", text=UNAVAILABLE)
        else:
            resident.see("account", "passive", **content)
        self.tell_changed()

    def unwrap(self, answer: str) -> str:
        """The plain XML of a passive reply; raises when it is not signed and sealed as it must."""
        if self.mode == "plain" or self._envelope is None:
            return answer
        root = read_xml(answer)
        sealed, stamp = text_of(root, "Encrypt"), text_of(root, "TimeStamp")
        nonce, signature = text_of(root, "Nonce"), text_of(root, "MsgSignature")
        if not self._envelope.is_signed(signature, stamp, nonce, sealed):
            raise BadMessage
        return self._envelope.open(sealed)


def read_passive(xml: str, user: str) -> dict[str, Any]:
    """A passive reply as a bubble; raises BadMessage when WeChat would not show it."""
    root = read_xml(xml)
    if text_of(root, "ToUserName") != user or text_of(root, "FromUserName") != ACCOUNT:
        raise BadMessage
    kind = text_of(root, "MsgType")
    if kind == "text" and (text := text_of(root, "Content")):
        return {"type": "text", "text": text}
    item = root.find("Articles/item")
    if kind == "news" and item is not None and text_of(root, "ArticleCount") == "1":
        return {
            "type": "card",
            "title": text_of(item, "Title"),
            "text": text_of(item, "Description"),
            "url": text_of(item, "Url"),
        }
    raise BadMessage


def _read_message(body: Mapping[str, Any]) -> dict[str, Any] | None:
    if body.get("msgtype") == "text" and body.get("text", {}).get("content"):
        return {"type": "text", "text": str(body["text"]["content"])}
    if body.get("msgtype") == "news" and len(body.get("news", {}).get("articles", ())) == 1:
        card = body["news"]["articles"][0]
        return {
            "type": "card",
            "title": card["title"],
            "text": card["description"],
            "url": card["url"],
        }
    return None


def _for_chat(content: Mapping[str, Any]) -> dict[str, Any]:
    words = content.get("Content") or content.get("Label") or content.get("Title") or ""
    return {"text": str(words), "media_id": content.get("MediaId", "")}
