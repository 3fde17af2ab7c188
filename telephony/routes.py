"""The calls API: transcripts of calls that people lead, taken in live or afterwards."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from hotline.audit import Actor
from hotline.clock import iso
from hotline.errors import InvalidInput, TooLarge, Unauthenticated
from hotline.limits import Limiter
from hotline.privacy import mask_phone
from hotline.settings import Settings
from telephony.masking import mask_spoken
from telephony.transcripts import Transcript, Transcripts, read_segments

_MOST_BYTES = 1024 * 1024
_PER_MINUTE = 600
_ORDER_FIELDS = frozenset(
    {"category", "location", "occurred", "phone", "description", "contact_name"}
)
Handler = Callable[[web.Request, Actor], Awaitable[web.Response]]


class CallsApi:
    """Handlers of /api/v1/calls; the caller shows one of the configured keys."""

    def __init__(self, settings: Settings, transcripts: Transcripts, limiter: Limiter) -> None:
        self._keys = [
            key.strip().encode() for key in settings.calls_api_keys.split(",") if key.strip()
        ]
        self._transcripts = transcripts
        self._limiter = limiter

    def routes(self) -> list[web.RouteDef]:
        """None without a key: an open door for anybody's words would be worse than no door."""
        if not self._keys:
            return []
        return [
            web.post("/api/v1/calls/{id}/segments", self._keyed(self.add_segments)),
            web.post("/api/v1/calls/{id}/order", self._keyed(self.check_order)),
            web.get("/api/v1/calls/{id}", self._keyed(self.show)),
        ]

    def _keyed(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            offered = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
            fitting = [hmac.compare_digest(offered, key) for key in self._keys]
            if not any(fitting):
                raise Unauthenticated("接口密钥不对。")
            number = fitting.index(True) + 1
            await self._limiter.spend(f"calls-api:{number}", _PER_MINUTE, 60)
            return await handler(request, Actor("system", f"calls-api-{number}", "话务系统"))

        return handle

    async def add_segments(self, request: web.Request, actor: Actor) -> web.Response:
        """POST /api/v1/calls/{id}/segments"""
        body = await _read_json(request)
        transcript = await self._transcripts.add(
            request.match_info["id"],
            read_segments(body.get("segments")),
            actor,
            final=body.get("final") is True,
            started_at=_read_time(body.get("started_at")),
        )
        return web.json_response(describe(transcript))

    async def check_order(self, request: web.Request, actor: Actor) -> web.Response:
        """POST /api/v1/calls/{id}/order"""
        body = await _read_json(request)
        written = {
            key: value
            for key, value in body.items()
            if key in _ORDER_FIELDS and isinstance(value, str) and len(value) <= 2000
        }
        if not written:
            raise InvalidInput(f"工单内容应含 {'、'.join(sorted(_ORDER_FIELDS))} 之一。")
        transcript = await self._transcripts.check(request.match_info["id"], written, actor)
        return web.json_response(describe(transcript))

    async def show(self, request: web.Request, actor: Actor) -> web.Response:
        """GET /api/v1/calls/{id}"""
        transcript = await self._transcripts.get(request.match_info["id"])
        return web.json_response(describe(transcript))


def describe(transcript: Transcript) -> dict[str, Any]:
    """A call as the API tells it: numbers masked."""
    report = dict(transcript.report)
    report["fields"] = [
        {
            **each,
            "value": mask_phone(each["value"])
            if each["name"] == "phone"
            else mask_spoken(each["value"]),
        }
        for each in report.get("fields", ())
    ]
    report["summary"] = [mask_spoken(line) for line in report.get("summary", ())]
    return {
        "id": transcript.external_id,
        "call_id": transcript.id,
        "started_at": iso(transcript.started_at),
        "ended_at": iso(transcript.ended_at) if transcript.ended_at else None,
        "segments": [
            {**asdict(each), "text": mask_spoken(each.text)} for each in transcript.segments
        ],
        "report": report,
    }


async def _read_json(request: web.Request) -> Mapping[str, Any]:
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise TooLarge
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidInput("内容不是合法的 JSON 文本。") from None
    if not isinstance(data, dict):
        raise InvalidInput("内容应是一个 JSON 对象。")
    return data


def _read_time(raw: object) -> datetime | None:
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(str(raw))
    except ValueError:
        raise InvalidInput("started_at 应是带时区的 ISO 8601 时间。") from None
    if moment.tzinfo is None:
        raise InvalidInput("started_at 应带时区。")
    return moment
