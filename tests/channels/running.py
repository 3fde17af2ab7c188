"""A product whose gateway and a fake platform talk to each other over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiohttp.test_utils import TestServer

from channels.tencent.fake.wechat import FakeWeChat, Mode
from conversations.bot import ScriptedBot
from conversations.speech import Recogniser
from hotline.app import Product, make_app, open_product
from hotline.clock import Clock
from hotline.settings import Settings
from tests.product import TinyEmbedder, echo

TOKEN, APPID, SECRET = "tests-only-token", "wx0123456789abcdef", "tests only secret"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass(frozen=True, slots=True)
class WeChatRun:
    """The product, its public address and the fake it is connected to."""

    product: Product
    fake: FakeWeChat
    gateway: TestServer

    async def say(self, user: str, text: str, **more: Any) -> str:
        """A text message; returns what the gateway answered."""
        return await self.fake.act(user, "text", Content=text, **more)

    def bubbles(self, user: str) -> list[dict[str, Any]]:
        """What the account said to the resident, in order."""
        return [item for item in self.fake.resident(user).chat if item["side"] == "account"]

    async def until_bubbles(
        self, user: str, count: int, seconds: float = 10
    ) -> list[dict[str, Any]]:
        """Wait until the account has said so much."""
        async with asyncio.timeout(seconds):
            while len(self.bubbles(user)) < count:
                await asyncio.sleep(0.02)
        return self.bubbles(user)


async def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


def wechat_settings(settings: Settings, **more: Any) -> Settings:
    """Settings with the Official Account on."""
    return replace(
        settings,
        wechat_token=TOKEN,
        wechat_appid=APPID,
        wechat_secret=SECRET,
        wechat_aes_key=AES_KEY,
        **more,
    )


@asynccontextmanager
async def running_wechat(
    settings: Settings,
    bot: ScriptedBot | None = None,
    *,
    mode: Mode = "aes",
    clock: Clock | None = None,
    recogniser: Recogniser | None = None,
    **more: Any,
) -> AsyncIterator[WeChatRun]:
    """The gateway with WeChat on, and a fake WeChat that knows it."""
    fake = FakeWeChat("", TOKEN, APPID, SECRET, AES_KEY, mode)
    server = TestServer(fake.make_app())
    await server.start_server()
    base = str(server.make_url("")).rstrip("/")
    on = wechat_settings(settings, wechat_api_base=base, **more)
    if mode == "plain":
        on = replace(on, wechat_aes_key="")
    async with open_product(
        on,
        bot=bot or ScriptedBot(echo),
        clock=clock,
        embedder=TinyEmbedder(),
        recogniser=recogniser,
    ) as product:
        gateway = TestServer(make_app(product))
        await gateway.start_server()
        fake.gateway = str(gateway.make_url("/wechat"))
        try:
            yield WeChatRun(product, fake, gateway)
        finally:
            await gateway.close()
            await server.close()
