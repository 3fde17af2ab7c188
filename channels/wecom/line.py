"""WeCom customer service's API: pull, send, move the session's state, media."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, TypeVar

import aiohttp
import structlog

from channels.tencent.api import Api
from channels.tencent.errors import ApiFailed, Unreachable, WindowClosed
from channels.tencent.models import Allowance, Part
from channels.tencent.tokens import Tokens
from conversations.models import Entry
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings

log = structlog.get_logger(__name__)

CHANNEL = "wecom"
NEW, BOT, ENDED = 0, 1, 4
"""States of a WeCom session in which it can be, or become, ours. We keep it with the bot: who of
our operators answers is decided on our side."""
_STATE_WRONG = 95018
_CLOSED = frozenset({95001, 95002, 45047, 45015})
"""Too many messages, or more than 48 hours since the customer's last one."""
_GONE = frozenset({84061, 40003})
_REPEATED = 95009
"""The message id was used before: that message is there already."""
_MESSAGE_ID_CHARS = 32
_MOST_KNOWN = 10_000
Kept = TypeVar("Kept")


def open_api(
    http: aiohttp.ClientSession, db: Database, clock: Clock, vault: Vault, settings: Settings
) -> tuple[Api, Tokens]:
    """The API and its access token."""
    api = Api(http, settings.wecom_api_base)

    async def obtain(force: bool) -> tuple[str, int]:
        # asking again gives the same token until it ends; there is no way to force another
        answer = await api.get_plain(
            "/cgi-bin/gettoken",
            {"corpid": settings.wecom_corpid, "corpsecret": settings.wecom_secret},
        )
        return str(answer["access_token"]), int(answer["expires_in"])

    return api, Tokens(db, clock, vault, f"wecom:{settings.wecom_corpid}", obtain)


class WeComLine:
    """Sends and fetches for one company's customer service."""

    channel = CHANNEL

    def __init__(self, api: Api, tokens: Tokens, settings: Settings) -> None:
        self._api = api
        self._tokens = tokens
        self._settings = settings
        self._ours: OrderedDict[str, None] = OrderedDict()
        self._welcome: OrderedDict[str, str] = OrderedDict()
        self.allowance = Allowance(after_message=settings.wecom_messages_per_window)

    async def pull(self, account: str, cursor: str, token: str) -> tuple[Sequence[Any], str, bool]:
        """Messages after `cursor`: (messages, next cursor, whether there are more)."""
        body: dict[str, Any] = {"open_kfid": account, "limit": 1000, "voice_format": 0}
        body |= {name: value for name, value in (("cursor", cursor), ("token", token)) if value}
        answer = await self._api.post(self._tokens, "/cgi-bin/kf/sync_msg", body)
        messages = answer.get("msg_list")
        return (
            messages if isinstance(messages, list) else (),
            str(answer.get("next_cursor") or cursor),
            bool(answer.get("has_more")),
        )

    async def send(self, user: str, account: str, part: Part, key: str) -> None:
        """One message; the message id makes a repeat after a crash harmless."""
        body: dict[str, Any] = {
            "touser": user,
            "open_kfid": account,
            "msgid": f"hotline_{key}"[:_MESSAGE_ID_CHARS],
        }
        # WeCom's cards need an uploaded picture; a link in the words serves as well
        text = f"{part.title}\n{part.text}\n{part.url}" if part.url else part.text
        body |= {"msgtype": "text", "text": {"content": text}}
        if code := self._welcome.pop(user, ""):
            # greets without spending the quota, once and within 20 seconds
            del body["touser"], body["open_kfid"]
            await self._send({**body, "code": code}, "/cgi-bin/kf/send_msg_on_event")
            return
        try:
            await self._send(body)
        except ApiFailed as error:
            if error.errcode != _STATE_WRONG or not await self._take_session(user, account):
                raise
            await self._send(body)

    async def notify(self, user: str, entry: Entry) -> bool:
        """WeCom customer service has no notices outside the window."""
        return False

    async def fetch_media(self, media_id: str) -> tuple[bytes, str]:
        """A picture or recording the customer sent."""
        most = self._settings.max_upload_megabytes * 1024 * 1024
        return await self._api.download(self._tokens, media_id, most)

    async def prepare(self, user: str, account: str, welcome_code: str) -> None:
        """Hold the session as the assistant, so that WeCom does not give it to its own staff."""
        if welcome_code:
            _keep(self._welcome, user, welcome_code)
        if user in self._ours:
            return
        try:
            await self._take_session(user, account)
        except ApiFailed as error:
            # sending tries again when it must
            log.warning("wecom.state_not_moved", errcode=error.errcode)

    async def _take_session(self, user: str, account: str) -> bool:
        who = {"open_kfid": account, "external_userid": user}
        self._ours.pop(user, None)
        answer = await self._api.post(self._tokens, "/cgi-bin/kf/service_state/get", who)
        state = answer.get("service_state")
        if state == BOT:
            _keep(self._ours, user, None)
            return True
        if state != NEW:
            # with WeCom's own staff, or ended: only the customer's next message changes that
            raise WindowClosed(_STATE_WRONG, f"service state {state}")
        await self._api.post(
            self._tokens, "/cgi-bin/kf/service_state/trans", {**who, "service_state": BOT}
        )
        _keep(self._ours, user, None)
        return True

    async def _send(self, body: dict[str, Any], path: str = "/cgi-bin/kf/send_msg") -> None:
        try:
            await self._api.post(self._tokens, path, body)
        except ApiFailed as error:
            if error.errcode == _REPEATED:
                return
            if error.errcode in _CLOSED:
                raise WindowClosed(error.errcode, error.reason) from None
            if error.errcode in _GONE:
                raise Unreachable(error.errcode, error.reason) from None
            raise


def _keep(known: OrderedDict[str, Kept], user: str, value: Kept) -> None:
    known[user] = value
    while len(known) > _MOST_KNOWN:
        known.popitem(last=False)
