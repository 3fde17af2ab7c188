"""The bot that is a Rasa server, reached through our own connector (bot/components/connector)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import structlog

from conversations.errors import BotFailed
from conversations.models import Button, Handoff, Reply, Turn

log = structlog.get_logger(__name__)

CONNECTOR_PATH = "/webhooks/gateway/webhook"
SECRET_HEADER = "X-Hotline-Secret"  # noqa: S105 - the header's name, not its value
_READY_POLL_SECONDS = 0.25


class RasaBot:
    """Asks a Rasa server, at most `concurrency` turns at once, each within `timeout` seconds."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        secret: str,
        timeout: float,
        concurrency: int,
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._secret = secret
        self._timeout = timeout
        self._slots = asyncio.Semaphore(concurrency)
        self._ready = False

    async def respond(self, turn: Turn) -> Sequence[Reply]:
        async with self._slots:
            deadline = time.monotonic() + self._timeout
            await self._wait_until_ready(deadline)
            body = {
                "sender": f"{turn.conversation_id}.{turn.session}",
                "message": turn.text,
                "message_id": turn.message_id,
                "channel": turn.channel,
                "replayed": turn.replayed,
                "question": dict(turn.question) if turn.question else None,
                "metadata": {
                    "conversation_id": turn.conversation_id,
                    "message_id": turn.message_id,
                    "location": _location(turn),
                    "attachments": [dict(item) for item in turn.attachments],
                },
            }
            answer = await self._post(body, max(deadline - time.monotonic(), 0.1))
        replies = [_to_reply(item) for item in answer]
        if not replies:
            # Rasa hides an exception in its own process behind an empty list
            raise BotFailed("empty answer")
        return replies

    async def is_ready(self) -> bool:
        """Whether the server answers and has a model."""
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with self._http.get(
                f"{self._url}/webhooks/gateway/", timeout=timeout
            ) as response:
                body = await response.json()
                self._ready = response.status == 200 and bool(body.get("model_loaded"))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            self._ready = False
        return self._ready

    async def _wait_until_ready(self, deadline: float) -> None:
        while not self._ready and not await self.is_ready():
            if time.monotonic() + _READY_POLL_SECONDS >= deadline:
                raise BotFailed("not ready")
            await asyncio.sleep(_READY_POLL_SECONDS)

    async def _post(self, body: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
        try:
            async with self._http.post(
                self._url + CONNECTOR_PATH,
                json=body,
                headers={SECRET_HEADER: self._secret},
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                if response.status != 200:
                    raise BotFailed(f"status {response.status}")
                answer = await response.json()
        except TimeoutError as error:
            raise BotFailed("timeout") from error
        except (aiohttp.ClientError, ValueError) as error:
            self._ready = False
            raise BotFailed(type(error).__name__) from error
        if not isinstance(answer, list):
            raise BotFailed("malformed answer")
        return answer


def _location(turn: Turn) -> dict[str, Any] | None:
    if turn.location is None:
        return None
    return {"lat": turn.location.lat, "lon": turn.location.lon, "label": turn.location.label}


def _to_reply(item: Mapping[str, Any]) -> Reply:
    extra = item.get("custom") or {}
    handoff = extra.get("handoff")
    return Reply(
        text=str(item.get("text") or ""),
        buttons=tuple(
            Button(str(button["title"]), str(button["payload"]))
            for button in item.get("buttons") or ()
        ),
        citations=tuple(extra.get("citations") or ()),
        case=extra.get("case"),
        handoff=Handoff(handoff["reason"], handoff.get("summary", "")) if handoff else None,
        places=tuple(extra.get("places") or ()),
        missed=bool(extra.get("missed")),
        expects=extra.get("expects"),
    )
