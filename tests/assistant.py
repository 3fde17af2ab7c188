"""The real assistant for tests: trained once, a Rasa process and the actions around it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web

from conversations.models import Entry, Incoming, SharedLocation
from conversations.rasa_bot import RasaBot
from hotline.action_server import make_action_app
from hotline.app import Product, open_product
from hotline.clock import Clock
from hotline.db import Database
from hotline.migrate import upgrade_database
from hotline.rasa_server import RasaServer
from hotline.serve import pick_port
from hotline.settings import ROOT, Settings, with_secret_key
from hotline.training import train
from telephony.provider import Provider

CACHE = Path(os.environ.get("HOTLINE_TEST_CACHE") or ROOT / ".cache" / "tests")
"""Models and encoders that tests may reuse between runs; made again when anything changed."""


def assistant_settings(folder: Path, database_url: str = "") -> Settings:
    """Settings of a product in `folder` that borrows the cached model and encoder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    shared = Settings(data_dir=CACHE)
    model = train(shared)
    settings = with_secret_key(Settings(data_dir=folder, database_url=database_url))
    settings.model_dir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, settings.model_dir / model.name)
    if not settings.cache_dir.exists():
        settings.cache_dir.symlink_to(shared.cache_dir, target_is_directory=True)
    return replace(settings, kb_refresh_seconds=0.2)


@asynccontextmanager
async def running_assistant(
    settings: Settings, clock: Clock | None = None, provider: Provider | None = None
) -> AsyncIterator[Product]:
    """A whole product without its public door: database, services, actions and a Rasa process."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    await db.close()
    secret, rasa_port, actions_port = "s" * 40, pick_port(0), pick_port(0)
    async with AsyncExitStack() as stack:
        server = RasaServer(settings, train(settings), rasa_port, actions_port, secret)
        await server.start()
        stack.push_async_callback(server.stop)
        product = await stack.enter_async_context(
            open_product(
                settings,
                rasa_url=f"http://127.0.0.1:{rasa_port}",
                rasa_secret=secret,
                clock=clock,
                provider=provider,
            )
        )
        runner = web.AppRunner(make_action_app(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", actions_port).start()
        assert isinstance(product.bot, RasaBot)
        async with asyncio.timeout(90):
            while not await product.bot.is_ready():
                await asyncio.sleep(0.2)
        yield product


class Resident:
    """Somebody who talks to the product, one message at a time."""

    def __init__(self, product: Product, conversation_id: str, channel: str = "webchat") -> None:
        self._product = product
        self.conversation_id = conversation_id
        self.channel = channel
        self._said = 0

    @classmethod
    async def arrive(cls, product: Product, channel: str = "webchat") -> Resident:
        """A new conversation."""
        conversation, _, _ = await product.conversations.open(channel, [])
        return cls(product, conversation.id, channel)

    async def say(
        self,
        text: str = "",
        location: SharedLocation | None = None,
        attachments: tuple[str, ...] = (),
    ) -> list[Entry]:
        """Send and wait for every reply to it."""
        self._said += 1
        accepted = await self._product.conversations.accept(
            self.conversation_id, Incoming(f"m{self._said}", text, location, attachments)
        )
        if accepted.needs_turn:
            self._product.relay.submit(self.conversation_id)
        async with asyncio.timeout(30):
            while True:
                done, entries = await self._product.conversations.replies(
                    self.conversation_id, accepted.entry.id
                )
                if done:
                    return list(entries)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`hotline serve` as a process of its own, ready when entered."""
    environment = {
        **os.environ,
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_HTTP_PORT": str(port),
        "HOTLINE_ACTIONS_PORT": "0",
        "HOTLINE_RASA_PORT": "0",
        "HOTLINE_RASA_TIMEOUT_SECONDS": "60",
        "HOTLINE_CONVERSATIONS_PER_MINUTE": "1000",
        "PYTHONWARNINGS": "ignore",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline.cli", "serve", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def until_alive(http: aiohttp.ClientSession, path: str = "/healthz") -> None:
    """Wait until the product answers 200 at `path`."""
    async with asyncio.timeout(120):
        while True:
            try:
                async with http.get(path) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
