"""WeCom customer service against the fake WeCom, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp.test_utils import TestServer

from channels.tencent.fake.wecom import FakeWeCom
from channels.tencent.store import ChannelUserRow
from conversations.bot import ScriptedBot
from conversations.models import Operator
from hotline.app import Product, make_app, open_product
from hotline.settings import Settings
from tests.channels.running import AES_KEY, until
from tests.product import TinyEmbedder, echo

LI = "wmLi0001"
WANG = Operator("op1", "王坐席")


@asynccontextmanager
async def running_wecom(
    settings: Settings, bot: ScriptedBot
) -> AsyncIterator[tuple[Product, FakeWeCom]]:
    fake = FakeWeCom("", "token", "wwcorp", "secret", AES_KEY)
    server = TestServer(fake.make_app())
    await server.start_server()
    on = replace(
        settings,
        wecom_token="token",
        wecom_corpid="wwcorp",
        wecom_secret="secret",
        wecom_aes_key=AES_KEY,
        wecom_api_base=str(server.make_url("")).rstrip("/"),
    )
    async with open_product(on, bot=bot, embedder=TinyEmbedder()) as product:
        gateway = TestServer(make_app(product))
        await gateway.start_server()
        fake.gateway = str(gateway.make_url("/wecom"))
        try:
            yield product, fake
        finally:
            await gateway.close()
            await server.close()


def told(fake: FakeWeCom) -> list[tuple[str, str]]:
    return [(b["via"], b["text"]) for b in fake.resident(LI).chat if b["side"] == "account"]


async def test_the_same_dialogue_by_pulling(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wecom(settings, bot) as (_, fake):
        await fake.act(LI, "enter")
        await until(lambda: told(fake))
        assert told(fake)[0][0] == "welcome"
        assert "96310" in told(fake)[0][1]
        fake.empty_pages = 2
        await fake.act(LI, "text", content="你好")
        await until(lambda: len(told(fake)) == 2)
        assert told(fake)[1] == ("customer", "收到：你好")
        assert fake.resident(LI).state == 1  # held by the assistant, so that our operators answer
        await fake.act(
            LI, "location", latitude=39.9, longitude=116.4, name="东单", address="东城区"
        )
        await until(lambda: len(bot.turns) == 2)
        assert bot.turns[1].location is not None
        assert bot.turns[1].location.label == "东单"


async def test_nothing_is_pulled_twice_after_a_restart(settings: Settings) -> None:
    bot = ScriptedBot(echo)
    async with running_wecom(settings, bot) as (_, fake):
        for n in range(150):
            fake.resident(LI).open("message", 300, 3600)
            fake._log(LI, 3, "text", text={"content": f"第{n}句"})
        await fake.call_back()
        await until(lambda: len(bot.turns) == 150, 30)
        log = fake.log
        assert [turn.text for turn in bot.turns] == [f"第{n}句" for n in range(150)]
    async with running_wecom(settings, bot) as (_, fake):
        fake.log = log
        fake.resident(LI)
        await fake.act(LI, "text", content="又来了")
        await until(lambda: len(bot.turns) == 151)
        await asyncio.sleep(0.3)
        assert len(bot.turns) == 151


async def test_an_operator_answers_from_our_console(settings: Settings) -> None:
    async with running_wecom(settings, ScriptedBot(echo)) as (product, fake):
        await fake.act(LI, "text", content="你好")
        await until(lambda: told(fake))
        async with product.db.read() as session:
            key = {"channel": "wecom", "external_user": LI}
            user = await session.get(ChannelUserRow, key)
        assert user is not None
        assert user.conversation_id is not None
        await product.conversations.take_over(user.conversation_id, WANG)
        await product.conversations.answer(user.conversation_id, WANG, "我来处理。")
        await until(lambda: "王坐席：我来处理。" in "".join(text for _, text in told(fake)))


async def test_a_session_with_wecoms_own_staff_is_not_spoken_into(settings: Settings) -> None:
    async with running_wecom(settings, ScriptedBot(echo)) as (_, fake):
        fake.resident(LI).state = 3
        await fake.act(LI, "text", content="你好")
        await asyncio.sleep(1)
        assert told(fake) == []
        fake.resident(LI).state = 0
        await fake.act(LI, "text", content="在吗")
        await until(lambda: "收到：在吗" in "".join(text for _, text in told(fake)))
        assert "收到：你好" in "".join(text for _, text in told(fake))  # held, not lost
