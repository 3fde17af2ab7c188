"""What we rely on of Tencent's two APIs, held against the fakes, or the real ones where they are set.

For the real ones set HOTLINE_TEST_WECHAT_API_BASE, _APPID and _SECRET, and
HOTLINE_TEST_WECOM_API_BASE, _CORPID and _SECRET. Nothing is sent to anybody.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

import channels.wechat.line as wechat
import channels.wecom.line as wecom
from channels.tencent.errors import ApiFailed
from channels.tencent.fake.wechat import FakeWeChat
from channels.tencent.fake.wecom import FakeWeCom
from channels.tencent.models import Part
from channels.tencent.tokens import Tokens
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
NAMES = {"wechat": ("appid", "secret"), "wecom": ("corpid", "secret")}
Line = wechat.WeChatLine | wecom.WeComLine


@pytest.fixture(params=["wechat", "wecom"])
async def account(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, Settings]]:
    """One of the platforms and the settings that reach it."""
    name: str = request.param
    names = ("api_base", *NAMES[name])
    real = {f"{name}_{n}": os.environ.get(f"HOTLINE_TEST_{name}_{n}".upper(), "") for n in names}
    if all(real.values()):
        yield name, replace(Settings(), **real)
        return
    fake = (FakeWeChat if name == "wechat" else FakeWeCom)("", "token", "id", "secret", AES_KEY)
    server = TestServer(fake.make_app())
    await server.start_server()
    made = dict(zip(real, (str(server.make_url("")).rstrip("/"), "id", "secret"), strict=True))
    yield name, replace(Settings(), **made)
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def connect(
    name: str, settings: Settings, http: aiohttp.ClientSession, db: Database, vault: Vault
) -> tuple[Line, Tokens]:
    clock = SystemClock()
    if name == "wechat":
        api, tokens = wechat.open_api(http, db, clock, vault, settings)
        return wechat.WeChatLine(api, tokens, settings, clock), tokens
    api, tokens = wecom.open_api(http, db, clock, vault, settings)
    return wecom.WeComLine(api, tokens, settings), tokens


async def test_a_token_is_given_and_shared(
    account: tuple[str, Settings], http: aiohttp.ClientSession, sqlite_db: Database, vault: Vault
) -> None:
    _, first = connect(*account, http, sqlite_db, vault)
    _, second = connect(*account, http, sqlite_db, vault)
    token = await first.get()
    assert token
    assert await second.get() == token


async def test_a_wrong_secret_gives_no_token(
    account: tuple[str, Settings], http: aiohttp.ClientSession, sqlite_db: Database, vault: Vault
) -> None:
    name, settings = account
    wrong = replace(settings, **{f"{name}_secret": "wrong"})
    _, tokens = connect(name, wrong, http, sqlite_db, vault)
    with pytest.raises(ApiFailed):
        await tokens.get()


async def test_nobody_is_sent_to(
    account: tuple[str, Settings], http: aiohttp.ClientSession, sqlite_db: Database, vault: Vault
) -> None:
    line, _ = connect(*account, http, sqlite_db, vault)
    with pytest.raises(ApiFailed) as failed:
        await line.send("nobody", "kfNobody", Part("您好"), "1-0")
    assert failed.value.errcode


async def test_lost_media_is_told(
    account: tuple[str, Settings], http: aiohttp.ClientSession, sqlite_db: Database, vault: Vault
) -> None:
    line, _ = connect(*account, http, sqlite_db, vault)
    with pytest.raises(ApiFailed) as failed:
        await line.fetch_media("lost")
    assert failed.value.errcode == 40007
