"""Residents' messages through /wechat at a steady rate: acknowledgement, draining, order.

    python -m benchmarks.wechat [--rate 500] [--seconds 60] [--users 2000]

Three processes, as in service: the gateway (with a bot that repeats what it hears, so that the
gateway itself is measured), the fake WeChat's API, and the load. Messages are sealed and signed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import aiohttp
from aiohttp import web

from channels.tencent.crypto import Envelope
from channels.tencent.fake.wechat import ACCOUNT, FakeWeChat
from channels.tencent.xml import read_xml, text_of, write_xml
from conversations.bot import ScriptedBot
from conversations.models import Reply
from hotline.app import make_app, open_product
from hotline.db import Database
from hotline.migrate import upgrade_database
from hotline.serve import pick_port
from hotline.settings import Settings
from tests.product import TinyEmbedder

TOKEN, APPID, SECRET = "bench-token", "wx0123456789abcdef", "bench-secret"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
_NUMBER = re.compile(r"#(\d+)#")


async def run_gateway(port: int, api_port: int, folder: str) -> None:
    """The product, on a database of its own, until killed."""
    settings = Settings(
        data_dir=Path(folder),
        secret_key="x" * 40,
        wechat_token=TOKEN,
        wechat_appid=APPID,
        wechat_secret=SECRET,
        wechat_aes_key=AES_KEY,
        wechat_api_base=f"http://127.0.0.1:{api_port}",
        messages_per_minute=1_000_000,
    )
    settings = replace(settings, database_url=os.environ.get("HOTLINE_BENCH_DATABASE_URL", ""))
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    await db.close()
    bot = ScriptedBot(lambda turn: [Reply(f"收到：{turn.text}")])
    async with open_product(settings, bot=bot, embedder=TinyEmbedder()) as product:
        await _serve(make_app(product), port)


async def run_api(port: int) -> None:
    """The fake WeChat's API, with quotas that never end: many words follow each other here."""
    fake = FakeWeChat("", TOKEN, APPID, SECRET, AES_KEY)
    fake.answer_seconds = 60

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(
            {name: [b["text"] for b in one.chat] for name, one in fake.residents.items()}
        )

    async def add(request: web.Request) -> web.Response:
        for name in await request.json():
            fake.resident(name).open("bench", 1_000_000, 1e6)
        return web.json_response({})

    app = fake.make_app()
    app.add_routes([web.get("/bench/chats", tell), web.post("/bench/users", add)])
    await _serve(app, port)


async def _serve(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


class Load:
    """Posts deliveries on time, whether or not earlier ones were answered."""

    def __init__(self, http: aiohttp.ClientSession, gateway: str) -> None:
        self._http = http
        self._gateway = gateway
        self._fake = FakeWeChat(gateway, TOKEN, APPID, SECRET, AES_KEY)
        self._envelope = Envelope(TOKEN, AES_KEY, APPID)
        self.seconds: list[float] = []
        self.refused = 0
        self.heard: defaultdict[str, list[int]] = defaultdict(list)
        self.sent: defaultdict[str, list[int]] = defaultdict(list)

    async def run(self, rate: int, seconds: int, users: int) -> None:
        """`rate` messages a second for `seconds`, from `users` residents in turn.

        One resident's messages are users / rate seconds apart: nobody types two within
        milliseconds, and what the network swaps has no order to keep.
        """
        names, tasks = [f"oBench{n:05d}" for n in range(users)], set()
        random.Random(96310).shuffle(names)
        started = time.perf_counter()
        for number in range(rate * seconds):
            pause = started + number / rate - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            user = names[number % users]
            self.sent[user].append(number)
            task = asyncio.create_task(self._post(user, number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks)

    async def _post(self, user: str, number: int) -> None:
        xml = write_xml(
            {
                "ToUserName": ACCOUNT,
                "FromUserName": user,
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": f"第#{number}#条",
                "MsgId": 10**15 + number,
            }
        )
        body, query = self._fake.wrap(xml)
        started = time.perf_counter()
        async with self._http.post(self._gateway, params=query, data=body.encode()) as response:
            text = await response.text()
        self.seconds.append(time.perf_counter() - started)
        if response.status != 200:
            self.refused += 1
        elif text != "success":
            plain = self._envelope.open(text_of(read_xml(text), "Encrypt"))
            self.heard[user] += [int(n) for n in _NUMBER.findall(plain)]


async def measure(rate: int, seconds: int, users: int) -> None:
    """Start the processes, load them, and print the figures."""
    gateway_port, api_port = pick_port(0), pick_port(0)
    with tempfile.TemporaryDirectory() as folder:
        children = [
            await _spawn("api", str(api_port)),
            await _spawn("gateway", str(gateway_port), str(api_port), folder),
        ]
        try:
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                await _until_alive(http, f"http://127.0.0.1:{gateway_port}/healthz")
                names = [f"oBench{n:05d}" for n in range(users)]
                await http.post(f"http://127.0.0.1:{api_port}/bench/users", json=names)
                load = Load(http, f"http://127.0.0.1:{gateway_port}/wechat")
                started = time.perf_counter()
                await load.run(rate, seconds, users)
                loaded = time.perf_counter() - started
                _tell_acknowledged(load, rate, seconds, users, loaded)
                await _until_drained(http, load, api_port, rate * seconds)
                drained = time.perf_counter() - started
        finally:
            for child in children:
                child.kill()
                await child.wait()
    print(f"drained after {drained:.0f} s ({rate * seconds / drained:.0f} answered a second)")
    lost = sum(len(set(sent) - set(load.heard[user])) for user, sent in load.sent.items())
    twice = sum(len(heard) - len(set(heard)) for heard in load.heard.values())
    disorder = sum(heard != sorted(heard) for heard in load.heard.values())
    print(f"lost {lost}, twice {twice}, residents whose order was broken {disorder}")


def _tell_acknowledged(load: Load, rate: int, seconds: int, users: int, loaded: float) -> None:
    cuts = quantiles(load.seconds, n=1000)
    print(
        f"{rate}/s for {seconds} s from {users} residents: {len(load.seconds)} acknowledged, "
        f"{load.refused} refused, sent in {loaded:.1f} s"
    )
    print(
        f"acknowledgement p50 {cuts[499] * 1000:.0f} ms, p99 {cuts[989] * 1000:.0f} ms, "
        f"p99.9 {cuts[998] * 1000:.0f} ms, longest {max(load.seconds) * 1000:.0f} ms",
        flush=True,
    )


async def _spawn(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.wechat", "--role", *arguments,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _until_alive(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                async with http.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


async def _until_drained(
    http: aiohttp.ClientSession, load: Load, api_port: int, expected: int
) -> None:
    early = {user: list(heard) for user, heard in load.heard.items()}
    async with asyncio.timeout(1800):
        while True:
            async with http.get(f"http://127.0.0.1:{api_port}/bench/chats") as response:
                chats = await response.json()
            load.heard.clear()
            for user, texts in chats.items():
                # passive replies came first, before the queue grew; the rest by customer message
                load.heard[user] = early.get(user, []) + [
                    int(n) for text in texts for n in _NUMBER.findall(text)
                ]
            if sum(len(set(heard)) for heard in load.heard.values()) >= expected:
                return
            await asyncio.sleep(2)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--role", nargs="+", default=[])
    options = parser.parse_args()
    match options.role:
        case ["api", port]:
            asyncio.run(run_api(int(port)))
        case ["gateway", port, api_port, folder]:
            asyncio.run(run_gateway(int(port), int(api_port), folder))
        case _:
            asyncio.run(measure(options.rate, options.seconds, options.users))


if __name__ == "__main__":
    main()
