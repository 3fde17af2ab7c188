"""`hotline serve`: the whole product in one command."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import structlog
from aiohttp import web

from console.service import Accounts
from hotline.action_server import make_action_app
from hotline.app import Product, make_app, new_secret, open_product
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.limits import LocalLimiter
from hotline.memory import settle_memory
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.rasa_server import RasaServer
from hotline.settings import Settings, with_secret_key
from hotline.training import model_path, train

log = structlog.get_logger(__name__)

DEMO_LOGIN = "demo"
_READY_SECONDS = 180.0


class PortTaken(HotlineError):
    """The public port is in use."""

    code = "port_taken"


def pick_port(wanted: int) -> int:
    """`wanted` if it is free on this machine, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PortTaken("本机没有可用的端口。")


async def prepare_database(settings: Settings, say: Callable[[str], None]) -> None:
    """Database up to date, and a first operator where there is none."""
    db = Database(settings.effective_database_url)
    try:
        await upgrade_database(db)
        accounts = Accounts(db, SystemClock(), LocalLimiter(), Vault(settings.secret_key), settings)
        if not await accounts.list_operators():
            password = await accounts.add_operator(DEMO_LOGIN, "演示坐席", "admin", None)
            say(f"已创建演示坐席：账号 {DEMO_LOGIN}，密码 {password}（只显示这一次，请登录后修改）")
    finally:
        await db.close()


async def prepare_model(settings: Settings, say: Callable[[str], None]) -> Path:
    """A model that fits the data, trained where there is none."""
    if not model_path(settings).exists():
        say("正在训练助手，约需一两分钟……")
    return await asyncio.to_thread(train, settings)


async def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Run until interrupted; `say` prints the few lines a person should see."""
    settings = with_secret_key(settings)
    started = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    secret, actions_port = new_secret(), pick_port(settings.actions_port)
    async with AsyncExitStack() as stack:
        rasa_url = settings.rasa_url
        if not rasa_url:
            # started first: Rasa takes longest, and the rest gets ready beside it
            model, rasa_port = await prepare_model(settings, say), pick_port(settings.rasa_port)
            rasa_url = f"http://127.0.0.1:{rasa_port}"
            server = RasaServer(settings, model, rasa_port, actions_port, secret)
            await server.start()
            stack.push_async_callback(server.stop)
        await prepare_database(settings, say)
        product = await stack.enter_async_context(
            open_product(settings, rasa_url=rasa_url, rasa_secret=secret)
        )
        await product.nearby.prepare()
        await _listen(stack, make_action_app(), "127.0.0.1", actions_port)
        await _listen(stack, make_app(product), settings.http_host, settings.http_port)
        await _tell_when_ready(product, stop, started, say)
        await stop.wait()
        say("正在停止……")


async def _listen(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=3)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise PortTaken(f"端口 {port} 已被占用，请用 --port 换一个。") from error


async def _tell_when_ready(
    product: Product, stop: asyncio.Event, started: float, say: Callable[[str], None]
) -> None:
    settings = product.settings
    deadline = time.monotonic() + _READY_SECONDS
    is_ready = getattr(product.bot, "is_ready", None)
    while is_ready is not None and not stop.is_set() and not await is_ready():
        if time.monotonic() > deadline:
            say(
                f"Rasa 还没有就绪，请看日志 {settings.data_dir / 'logs' / 'rasa.log'}；市民消息会先保存。"
            )
            return
        await asyncio.sleep(0.2)
    settle_memory()
    base = settings.public_base_url or f"http://{settings.http_host}:{settings.http_port}"
    say(
        f"已就绪（{time.monotonic() - started:.0f} 秒）：市民网页 {base}/ ，坐席控制台 {base}/console ，按 Ctrl+C 停止"
    )


def with_port(settings: Settings, port: int | None) -> Settings:
    """The settings with the command line's port."""
    return settings if port is None else replace(settings, http_port=port)
