"""A hundred telephone calls at once, text in and text out: how long the caller waits for us.

Every caller dials in, then speaks and listens in real time, as people do; a turn's time is from
Twilio's request to our TwiML, without any recogniser or synthesiser. `hotline serve` runs as it
does at a site, the callers in this process. Run it with the real assistant:

    .venv/bin/python -m benchmarks.calls --calls 100 --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from benchmarks.processes import (
    end_children_on_sigterm,
    free_port,
    processor_seconds,
    running,
)
from hotline.clock import FakeClock, SystemClock
from hotline.settings import ROOT
from telephony.speaking import seconds_to_say
from tests.assistant import assistant_settings, until_alive
from tests.phone import ACCOUNT, BASE, OURS, TOKEN, Phone

_WARM_SECONDS = 5.0

TALKS: Sequence[Sequence[str]] = (
    ("我要投诉", "海淀区知春路四十八号有家饭馆油烟太大", "每天晚上", "匿名", "提交", "没有了"),
    ("夜里几点以后不能施工", "那找谁管", "谢谢", "再见"),
    ("朝阳区望京街道有人占道经营", "今天早上", "幺三八幺二三四五六七八", "对", "提交", "再见"),
    ("查一下工单", "不知道号码", "没事了"),
    ("剩菜剩饭扔哪个桶", "继续", "结束", "路灯坏了在东城区东直门内大街", "昨天", "匿名", "提交"),
)


class RealTime(FakeClock):
    """The callers' side needs no virtual time here: seconds pass by themselves."""

    def advance(self, by: object) -> None:
        """Nothing to do."""


async def talk(phone: Phone, until: float, times: list[float], worst: list[str]) -> int:
    """One caller, call after call; returns how many calls ended as they should."""
    done = 0
    choose = random.Random(phone.number)
    await asyncio.sleep(choose.random() * 10)
    while time.monotonic() < until:
        words = await phone.dial()
        for said in choose.choice(TALKS):
            await asyncio.sleep(seconds_to_say(words) * 0.7 + seconds_to_say(said))
            started = time.perf_counter()
            words = await phone.say(said)
            times.append(time.perf_counter() - started)
            if "没能处理" in words or "稍等" in words:
                worst.append(words)
            if phone.over or time.monotonic() > until:
                break
        await phone.hang_up()
        done += 1
        phone = Phone(phone.client, phone.clock, number=phone.number)
    return done


async def measure(port: int, session: int, calls: int, seconds: float) -> list[str]:
    """Everybody calls; the lines of the report."""
    times: list[float] = []
    worst: list[str] = []
    connector = aiohttp.TCPConnector(limit=calls + 4)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:
        clock = RealTime(SystemClock().now())
        await until_alive(client, "/readyz")
        await talk(Phone(client, clock), time.monotonic() + _WARM_SECONDS, [], [])
        until, before = time.monotonic() + seconds, processor_seconds(session)
        phones = [Phone(client, clock, number=f"139{n:08d}") for n in range(calls)]
        done = await asyncio.gather(*(talk(each, until, times, worst) for each in phones))
    rasa, others = (
        (after - then) * 1000 / len(times)
        for after, then in zip(processor_seconds(session), before, strict=True)
    )
    cuts = statistics.quantiles(times, n=100)
    return [
        f"同时通话 {calls} 路，{len(times)} 轮，打完 {sum(done)} 通",
        f"每秒 {len(times) / seconds:.1f} 轮；我方用时 p50 {cuts[49] * 1000:.0f} ms，"
        f"p95 {cuts[94] * 1000:.0f} ms，p99 {cuts[98] * 1000:.0f} ms",
        f"每轮处理器时间：助手进程 {rasa:.1f} ms，其余 {others:.1f} ms",
        f"请市民稍等或致歉 {len(worst)} 次",
    ]


def serve_and_measure(calls: int, seconds: float) -> list[str]:
    """Start the product in a fresh folder and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir, port = Path(folder), free_port()
        assistant_settings(data_dir)  # the cached model and encoder, borrowed
        env = {
            **os.environ,
            "HOTLINE_DATA_DIR": folder,
            "HOTLINE_ACTIONS_PORT": "0",
            "HOTLINE_RASA_PORT": "0",
            "HOTLINE_PUBLIC_BASE_URL": BASE,
            "HOTLINE_TWILIO_ACCOUNT_SID": ACCOUNT,
            "HOTLINE_TWILIO_AUTH_TOKEN": TOKEN,
            "HOTLINE_TWILIO_NUMBER": OURS,
            # whoever would be called or connected is not
            "HOTLINE_TWILIO_API_BASE": "http://127.0.0.1:9",
        }
        command = [sys.executable, "-m", "hotline.cli", "serve", "--port", str(port)]
        with running(command, env, ROOT, data_dir / "serve.log") as process:
            return asyncio.run(measure(port, process.pid, calls, seconds))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    end_children_on_sigterm()
    for line in serve_and_measure(chosen.calls, chosen.seconds):
        print(line)


if __name__ == "__main__":
    main()
