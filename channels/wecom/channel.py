"""WeCom customer service, wired: made, started and stopped with the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from channels.tencent.attachments import Attachments
from channels.tencent.courier import Courier
from channels.tencent.intake import Intake, Words
from channels.tencent.parts import ChannelParts
from channels.tencent.seats import Seats
from channels.webchat.routes import greeting
from channels.wecom.line import WeComLine, open_api
from channels.wecom.pulling import Puller
from channels.wecom.routes import WeComDoor


@dataclass(frozen=True, slots=True)
class WeCom:
    """The running channel."""

    door: WeComDoor

    def setup(self, app: web.Application) -> None:
        """Add /wecom."""
        app.add_routes(
            [web.get("/wecom", self.door.check_url), web.post("/wecom", self.door.receive)]
        )


@asynccontextmanager
async def open_wecom(parts: ChannelParts) -> AsyncIterator[WeCom]:
    """The channel with its workers running."""
    settings = parts.settings
    async with aiohttp.ClientSession() as http:
        api, tokens = open_api(http, parts.db, parts.clock, parts.vault, settings)
        line = WeComLine(api, tokens, settings)
        seats = Seats()
        courier = Courier(parts.db, parts.clock, parts.bus, line, seats, settings.public_base_url)
        intake = Intake(
            parts.db,
            parts.clock,
            parts.conversations,
            parts.relay,
            Attachments(line, parts.media, parts.recogniser),
            line,
            courier,
            seats,
            Words(greeting(settings), {}, settings.max_message_chars),
        )
        puller = Puller(parts.db, parts.clock, line, intake)
        await courier.start()
        await intake.start()
        await puller.start()
        try:
            yield WeCom(WeComDoor(settings, parts.clock, puller))
        finally:
            await puller.stop()
            await intake.stop()
            await courier.stop()
