"""A hundred telephone calls at once, text in and text out: how long the caller waits for us.

Every caller dials in, then speaks and listens in real time, as people do; a turn's time is from
Twilio's request to our TwiML, without any recogniser or synthesiser. Run it with the real assistant:

    .venv/bin/python -m benchmarks.calls --calls 100 --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hotline.clock import FakeClock, SystemClock
from telephony.provider import RecordingProvider
from telephony.speaking import seconds_to_say
from tests.assistant import assistant_settings, running_assistant
from tests.phone import Phone, with_phone
from tests.product import serve_product

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
            if phone.over:
                break
        await phone.hang_up()
        done += 1
        phone = Phone(phone.client, phone.clock, number=phone.number)
    return done


async def run(calls: int, seconds: float) -> list[str]:
    """The measurement; returns the lines of the report."""
    times: list[float] = []
    worst: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = with_phone(assistant_settings(Path(folder)))
        async with running_assistant(settings, SystemClock(), RecordingProvider()) as product:
            async with serve_product(product) as client:
                clock = RealTime(SystemClock().now())
                warm = Phone(client, clock)
                await warm.dial()
                await warm.say("你好")
                until = time.monotonic() + seconds
                phones = [Phone(client, clock, number=f"139{n:08d}") for n in range(calls)]
                done = await asyncio.gather(*(talk(each, until, times, worst) for each in phones))
    cuts = statistics.quantiles(times, n=100)
    return [
        f"同时通话 {calls} 路，{len(times)} 轮，打完 {sum(done)} 通",
        f"每秒 {len(times) / seconds:.1f} 轮；我方用时 p50 {cuts[49] * 1000:.0f} ms，"
        f"p95 {cuts[94] * 1000:.0f} ms，p99 {cuts[98] * 1000:.0f} ms",
        f"请市民稍等或致歉 {len(worst)} 次",
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    for line in asyncio.run(run(chosen.calls, chosen.seconds)):
        print(line)


if __name__ == "__main__":
    main()
