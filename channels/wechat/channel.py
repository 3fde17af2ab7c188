"""The Official Account, wired: made, started and stopped with the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from channels.tencent.attachments import Attachments
from channels.tencent.courier import Courier
from channels.tencent.intake import Intake, Words
from channels.tencent.journal import Journal
from channels.tencent.parts import ChannelParts
from channels.tencent.seats import Seats
from channels.webchat.routes import greeting
from channels.wechat.line import CHANNEL, WeChatLine, open_api
from channels.wechat.menu import meanings, read_menu
from channels.wechat.routes import WeChatContext, WeChatDoor


@dataclass(frozen=True, slots=True)
class WeChat:
    """The running channel."""

    door: WeChatDoor

    def setup(self, app: web.Application) -> None:
        """Add /wechat."""
        app.add_routes(
            [web.get("/wechat", self.door.check_url), web.post("/wechat", self.door.receive)]
        )


@asynccontextmanager
async def open_wechat(parts: ChannelParts) -> AsyncIterator[WeChat]:
    """The channel with its workers running."""
    settings = parts.settings
    async with aiohttp.ClientSession() as http:
        api, tokens = open_api(http, parts.db, parts.clock, parts.vault, settings)
        line = WeChatLine(api, tokens, settings, parts.clock)
        seats = Seats()
        courier = Courier(parts.db, parts.clock, parts.bus, line, seats, settings.public_base_url)
        words = Words(greeting(settings), meanings(read_menu()), settings.max_message_chars)
        journal = Journal(parts.db, parts.clock, CHANNEL)
        intake = Intake(
            parts.db,
            parts.clock,
            parts.conversations,
            parts.relay,
            Attachments(line, parts.media, parts.recogniser),
            line,
            courier,
            seats,
            words,
            parts.forget_dialogues,
            lambda: journal.delay,
        )
        await courier.start()
        await intake.start()
        try:
            yield WeChat(
                WeChatDoor(
                    WeChatContext(settings, parts.clock, parts.limiter, journal, intake, seats)
                )
            )
        finally:
            seats.release_all()
            await journal.stop()
            await intake.stop()
            await courier.stop()
