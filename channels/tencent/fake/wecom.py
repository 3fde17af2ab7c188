"""The fake WeCom customer service."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import aiohttp
from aiohttp import web

from channels.tencent.crypto import Envelope
from channels.tencent.fake.platform import ANSWER_SECONDS, TRIES, Platform, fail, succeed
from channels.tencent.xml import write_xml

ACCOUNT = "wkFake96310Service"
_PAGE = 100
_STATE_BOT, _STATE_ENDED = 1, 4
_MOVES = {0: {1, 2, 3, 4}, 1: {2, 3, 4}, 2: {3, 4}, 3: {2, 3, 4}, 4: set[int]()}


class FakeWeCom(Platform):
    """Calls back `gateway` (the address of /wecom) and offers the account's API."""

    def __init__(self, gateway: str, token: str, corpid: str, secret: str, aes_key: str) -> None:
        super().__init__()
        self.gateway = gateway
        self.answer_seconds = ANSWER_SECONDS
        self.log: list[dict[str, Any]] = []
        """Every message, as `sync_msg` gives it."""
        self.empty_pages = 0
        """So many pages are empty although there is more: the real one does that."""
        self._corpid, self._secret = corpid, secret
        self._envelope = Envelope(token, aes_key, corpid)
        self._http: aiohttp.ClientSession | None = None
        self._callback_tokens: dict[str, float] = {}
        self._welcome_codes: dict[str, str] = {}
        self._sent_ids: set[str] = set()
        self._sending: set[asyncio.Task[Any]] = set()

    def make_app(self) -> web.Application:
        """The API and the hands of whoever tries it out."""
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/cgi-bin/gettoken", self.get_token),
                web.post("/cgi-bin/kf/sync_msg", self.sync),
                web.post("/cgi-bin/kf/send_msg", self.send_message),
                web.post("/cgi-bin/kf/send_msg_on_event", self.send_welcome),
                web.post("/cgi-bin/kf/service_state/get", self.get_state),
                web.post("/cgi-bin/kf/service_state/trans", self.move_state),
                web.get("/cgi-bin/media/get", self.get_media),
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
        """GET /cgi-bin/gettoken: the same token until it ends."""
        if request.query.get("corpid") != self._corpid:
            return fail(40013)
        if request.query.get("corpsecret") != self._secret:
            return fail(40001)
        now = time.monotonic()
        token = next((name for name, ends in self.tokens.items() if ends > now), None)
        return succeed(access_token=token or self.give_token(), expires_in=7200)

    async def sync(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/kf/sync_msg"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request) or {}
        token = str(body.get("token", ""))
        if token and self._callback_tokens.get(token, 0) < time.monotonic():
            return fail(95012)
        if body.get("open_kfid") != ACCOUNT:
            return fail(95011)
        start = int(body.get("cursor") or 0)
        if self.empty_pages and start < len(self.log):
            self.empty_pages -= 1
            return succeed(next_cursor=str(start), has_more=1, msg_list=[])
        end = min(start + min(int(body.get("limit", 1000)), _PAGE), len(self.log))
        more = int(end < len(self.log))
        return succeed(next_cursor=str(end), has_more=more, msg_list=self.log[start:end])

    async def send_message(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/kf/send_msg"""
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
        if resident.state not in (0, _STATE_BOT):
            return fail(95018)
        if (message_id := str(body.get("msgid", ""))) in self._sent_ids:
            return fail(95009)
        if errcode := resident.spend():
            return fail({45015: 95002, 45047: 95001}[errcode])
        self._sent_ids.add(message_id)
        self._show(resident.name, "customer", body)
        return succeed(msgid=message_id)

    async def send_welcome(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/kf/send_msg_on_event"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request) or {}
        user = self._welcome_codes.pop(str(body.get("code")), None)
        if user is None:
            return fail(95008)
        self._show(user, "welcome", body)
        return succeed(msgid=self.next_id())

    def _show(self, user: str, via: str, body: dict[str, Any]) -> None:
        text = str(body.get("text", {}).get("content", ""))
        self.resident(user).see("account", via, type="text", text=text)
        # what we send comes back in the pull, as it does in the real one
        self._log(user, 5, "text", text={"content": text})
        self.tell_changed()

    async def get_state(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/kf/service_state/get"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request) or {}
        resident = self.residents.get(str(body.get("external_userid")))
        return fail(40003) if resident is None else succeed(service_state=resident.state)

    async def move_state(self, request: web.Request) -> web.Response:
        """POST /cgi-bin/kf/service_state/trans"""
        if errcode := self.check_token(request):
            return fail(errcode)
        body = await self.read_json(request) or {}
        resident = self.residents.get(str(body.get("external_userid")))
        wanted = int(body.get("service_state", -1))
        if resident is None or wanted not in _MOVES[resident.state]:
            return fail(95014)
        resident.state = wanted
        return succeed()

    # --- the customer ------------------------------------------------------------------------

    async def take_hand(self, request: web.Request) -> web.Response:
        """POST /dev/chats/{user}: what the customer does."""
        body = await request.json()
        task = asyncio.create_task(self.act(request.match_info["user"], **body))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        if request.query.get("wait"):
            await task
        return web.json_response({})

    async def act(self, user: str, type: str, **content: Any) -> None:
        """Do it as this customer, then call back."""
        resident = self.resident(user)
        if type == "enter":
            code = secrets.token_urlsafe(16)
            self._welcome_codes[code] = user
            event = {
                "event_type": "enter_session",
                "open_kfid": ACCOUNT,
                "external_userid": user,
                "welcome_code": code,
            }
            self._log(user, 4, "event", event=event)
        else:
            resident.state = 0 if resident.state == _STATE_ENDED else resident.state
            resident.open("message", 5, 48 * 3600)
            message_id = content.pop("MsgId", None)
            words = content.get("content") or content.get("name") or content.get("title") or ""
            resident.see("me", "message", type=type, text=words, media_id=content.get("media_id"))
            self._log(user, 3, type, message_id, **{type: content})
        self.tell_changed()
        await self.call_back()

    def _log(
        self, user: str, origin: int, type: str, message_id: str | None = None, **content: Any
    ) -> None:
        self.log.append(
            {
                "msgid": message_id or self.next_id(),
                "open_kfid": ACCOUNT,
                "external_userid": user,
                "send_time": int(time.time()),
                "origin": origin,
                "msgtype": type,
                **content,
            }
        )

    async def call_back(self) -> None:
        """Tell the gateway that there is news: up to three tries, each cut after five seconds."""
        token = secrets.token_urlsafe(24)
        self._callback_tokens[token] = time.monotonic() + 600
        xml = write_xml(
            {
                "ToUserName": self._corpid,
                "CreateTime": int(time.time()),
                "MsgType": "event",
                "Event": "kf_msg_or_event",
                "Token": token,
                "OpenKfId": ACCOUNT,
            }
        )
        for _ in range(TRIES):
            try:
                if await asyncio.wait_for(self._post(xml), self.answer_seconds) == 200:
                    return
            except (TimeoutError, aiohttp.ClientError):
                continue

    async def _post(self, xml: str) -> int:
        assert self._http is not None
        self.tries += 1
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        sealed = self._envelope.seal(xml)
        query = {
            "msg_signature": self._envelope.sign(timestamp, nonce, sealed),
            "timestamp": timestamp,
            "nonce": nonce,
        }
        body = write_xml({"ToUserName": self._corpid, "Encrypt": sealed, "AgentID": ""})
        async with self._http.post(self.gateway, params=query, data=body.encode()) as response:
            return response.status
