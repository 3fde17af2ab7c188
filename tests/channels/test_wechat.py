"""The Official Account against the fake WeChat, over real sockets."""

from __future__ import annotations

import aiohttp
import pytest

from channels.tencent.crypto import sign
from channels.tencent.fake.wechat import Mode
from hotline.settings import Settings
from tests.channels.running import TOKEN, running_wechat

ZHANG = "oZhang0001"


async def test_the_url_check_gives_the_echo_back(settings: Settings) -> None:
    async with running_wechat(settings) as run:
        query = {"timestamp": "1410685589", "nonce": "test", "echostr": "<b>4711</b>"}
        query["signature"] = sign(TOKEN, query["timestamp"], query["nonce"])
        async with (
            run.product.wechat_http() if False else __import__("aiohttp").ClientSession() as http
        ):
            async with http.get(run.fake.gateway, params=query) as response:
                assert (response.status, await response.text()) == (200, "<b>4711</b>")
                assert response.content_type == "text/plain"
            query["signature"] = "0" * 40
            async with http.get(run.fake.gateway, params=query) as response:
                assert response.status == 403


@pytest.mark.parametrize("mode", ["plain", "mixed", "aes"])
async def test_a_text_is_answered_at_once(settings: Settings, mode: Mode) -> None:
    async with running_wechat(settings, mode=mode) as run:
        await run.say(ZHANG, "你好")
        assert [(b["via"], b["text"]) for b in run.bubbles(ZHANG)] == [("passive", "收到：你好")]
        assert run.fake.resident(ZHANG).left() == 5
