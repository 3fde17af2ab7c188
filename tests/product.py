"""A whole product on a throwaway SQLite database with a scripted bot: no Rasa, no model files.

Import what a test module needs: `from tests.product import client, product` (fixtures), or open
one with settings of its own: `async with open_client(settings) as client`.
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

import console.passwords
import kb.service
from bot.language.embedding import Role
from bot.language.models import Vector
from conversations.bot import ScriptedBot
from conversations.models import Reply, Turn
from hotline.app import Product, make_app, open_product
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.settings import Settings
from kb.models import Article
from kb.testing import TinyEmbedder

Client = TestClient[web.Request, web.Application]

SECRET_KEY = "tests only, not a secret: " + "x" * 20
FEW_ARTICLES = 3
"""So many shipped articles are enough for everything but search itself."""


def echo(turn: Turn) -> list[Reply]:
    """The bot's script unless a test brings its own."""
    return [Reply(f"收到：{turn.text}")]


@asynccontextmanager
async def run_product(
    settings: Settings, bot: ScriptedBot | None = None, clock: FakeClock | None = None
) -> AsyncIterator[Product]:
    """Everything wired as in production, but for the bot, the clock and the sentence encoder."""
    async with open_product(
        settings, bot=bot or ScriptedBot(echo), clock=clock, embedder=TinyEmbedder()
    ) as product:
        yield product


@asynccontextmanager
async def serve_product(product: Product) -> AsyncIterator[Client]:
    """The public door on a free port, and a client that keeps no cookies."""
    server = TestServer(make_app(product))
    async with TestClient(server, cookie_jar=aiohttp.DummyCookieJar()) as client:
        yield client


@asynccontextmanager
async def open_client(
    settings: Settings, bot: ScriptedBot | None = None, clock: FakeClock | None = None
) -> AsyncIterator[Client]:
    """`run_product` and `serve_product` in one."""
    async with run_product(settings, bot, clock) as product, serve_product(product) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Visitor:
    """One resident's browser: it knows its conversation and its token."""

    client: Client
    conversation_id: str
    token: str

    @property
    def path(self) -> str:
        """The address of the conversation."""
        return f"/api/v1/conversations/{self.conversation_id}"

    @property
    def headers(self) -> dict[str, str]:
        """What every call of the chat API carries."""
        return {"Authorization": f"Bearer {self.token}"}

    async def post(
        self, body: Any = None, *, wait: str | None = "10", **more: Any
    ) -> aiohttp.ClientResponse:
        """Post a message: `body` as JSON, or `data=…` as aiohttp takes it."""
        params = {} if wait is None else {"wait": wait}
        if body is not None:
            more["json"] = body
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.post(
            f"{self.path}/messages", params=params, headers=headers, **more
        )

    async def say(self, text: str, key: str | None = None) -> list[dict[str, Any]]:
        """Say it and read the answers; the message must be accepted."""
        response = await self.post({"client_message_id": key or uuid.uuid4().hex, "text": text})
        assert response.status == 200, await response.text()
        replies: list[dict[str, Any]] = (await response.json())["replies"]
        return replies

    async def send_picture(
        self, data: bytes, name: str = "p.jpg", key: str | None = None
    ) -> aiohttp.ClientResponse:
        """Upload a picture as the page does."""
        form = aiohttp.FormData()
        form.add_field("client_message_id", key or uuid.uuid4().hex)
        form.add_field("image", data, filename=name, content_type="application/octet-stream")
        return await self.post(data=form)

    async def events(self, after: int = 0) -> list[dict[str, Any]]:
        """The timeline."""
        response = await self.client.get(
            f"{self.path}/events", params={"after": str(after)}, headers=self.headers
        )
        assert response.status == 200, await response.text()
        events: list[dict[str, Any]] = (await response.json())["events"]
        return events


async def open_conversation(client: Client) -> Visitor:
    """A new resident."""
    response = await client.post("/api/v1/conversations")
    assert response.status == 201, await response.text()
    body = await response.json()
    return Visitor(client, body["conversation_id"], body["token"])


@pytest.fixture(scope="session")
def first_articles() -> Mapping[str, tuple[Article, str]]:
    """A few shipped articles as `read_articles` gives them: reading all takes half a second."""
    folder = next(path for path in sorted(kb.service.ARTICLES.iterdir()) if path.is_dir())
    return dict(list(kb.service.read_articles(folder).items())[:FEW_ARTICLES])


@pytest.fixture
def settings(
    tmp_path: Path,
    migrated_file: Path,
    first_articles: Mapping[str, tuple[Article, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """Settings on a fresh database; `dataclasses.replace` makes others of them."""
    monkeypatch.setattr(kb.service, "read_articles", lambda *_: first_articles)
    quick = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(console.passwords, "PasswordHasher", quick)
    shutil.copy(migrated_file, tmp_path / "hotline.db")
    return Settings(data_dir=tmp_path, secret_key=SECRET_KEY)


@pytest.fixture
def bot() -> ScriptedBot:
    """Repeats what it hears; `bot.turns` tells what reached it."""
    return ScriptedBot(echo)


@pytest.fixture
async def product(settings: Settings, bot: ScriptedBot, clock: FakeClock) -> AsyncIterator[Product]:
    """A running product."""
    async with run_product(settings, bot, clock) as running:
        yield running


@pytest.fixture
async def client(product: Product) -> AsyncIterator[Client]:
    """A browser on the running product."""
    async with serve_product(product) as browser:
        yield browser


@pytest.fixture
async def visitor(client: Client) -> Visitor:
    """A resident with a conversation."""
    return await open_conversation(client)
