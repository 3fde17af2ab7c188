"""The Official Account's API: customer messages, notices, media."""

from __future__ import annotations

from typing import Any

import aiohttp

from channels.tencent.api import Api
from channels.tencent.errors import ApiFailed, Unreachable, WindowClosed
from channels.tencent.models import Allowance, Part
from channels.tencent.tokens import Tokens
from conversations.models import Entry
from hotline.clock import Clock, to_city
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings

CHANNEL = "wechat"
_CLOSED = frozenset({45015, 45047, 48001, 48002})
"""Outside the window, over its count, or an account that may not send at all: wait for words."""
_GONE = frozenset({40003, 43004})
_STATUS_NAMES_CHARS = 5
"""A `phrase` field holds at most five characters."""


def open_api(
    http: aiohttp.ClientSession, db: Database, clock: Clock, vault: Vault, settings: Settings
) -> tuple[Api, Tokens]:
    """The API and its access token."""
    api = Api(http, settings.wechat_api_base)

    async def obtain(force: bool) -> tuple[str, int]:
        answer = await api.post_plain(
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential",
                "appid": settings.wechat_appid,
                "secret": settings.wechat_secret,
                "force_refresh": force,
            },
        )
        return str(answer["access_token"]), int(answer["expires_in"])

    return api, Tokens(db, clock, vault, f"wechat:{settings.wechat_appid}", obtain)


class WeChatLine:
    """Sends and fetches for the Official Account."""

    channel = CHANNEL

    def __init__(self, api: Api, tokens: Tokens, settings: Settings, clock: Clock) -> None:
        self._api = api
        self._tokens = tokens
        self._settings = settings
        self._clock = clock
        self.allowance = Allowance(
            after_message=settings.wechat_messages_per_window,
            after_event=settings.wechat_messages_per_event,
        )

    async def send(self, user: str, account: str, part: Part, key: str) -> None:
        """One customer message."""
        body: dict[str, Any] = {"touser": user}
        if part.url:
            card = {"title": part.title, "description": part.text, "url": part.url, "picurl": ""}
            body |= {"msgtype": "news", "news": {"articles": [card]}}
        else:
            body |= {"msgtype": "text", "text": {"content": part.text}}
        await self._post("/cgi-bin/message/custom/send", body)

    async def notify(self, user: str, entry: Entry) -> bool:
        """A subscription notice, else a template message; False when neither is set up."""
        settings = self._settings
        body: dict[str, Any] = {"touser": user, "data": self._notice_data(entry)}
        if settings.public_base_url:
            body["url" if not settings.wechat_subscription_id else "page"] = (
                settings.public_base_url
            )
        if settings.wechat_subscription_id:
            body["template_id"] = settings.wechat_subscription_id
            await self._post("/cgi-bin/message/subscribe/bizsend", body)
            return True
        if settings.wechat_template_id:
            body["template_id"] = settings.wechat_template_id
            await self._post("/cgi-bin/message/template/send", body)
            return True
        return False

    async def fetch_media(self, media_id: str) -> tuple[bytes, str]:
        """A picture or recording the resident sent."""
        most = self._settings.max_upload_megabytes * 1024 * 1024
        return await self._api.download(self._tokens, media_id, most)

    async def prepare(self, user: str, account: str, welcome_code: str) -> None:
        """Nothing is needed before answering."""

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self._api.post(self._tokens, path, body)
        except ApiFailed as error:
            if error.errcode in _CLOSED:
                raise WindowClosed(error.errcode, error.reason) from None
            if error.errcode in _GONE:
                raise Unreachable(error.errcode, error.reason) from None
            raise

    def _notice_data(self, entry: Entry) -> dict[str, dict[str, str]]:
        case = entry.payload.get("case") or {}
        values = {
            "number": str(case.get("case_number", "")),
            "status": str(case.get("status_name") or case.get("status", ""))[:_STATUS_NAMES_CHARS],
            "time": f"{to_city(self._clock.now()):%Y-%m-%d %H:%M}",
            "text": entry.text[:20],
        }
        fields = (
            item.strip().partition("=") for item in self._settings.wechat_notice_fields.split(",")
        )
        return {
            name: {"value": values[what]} for name, _, what in fields if what in values and name
        }
