"""`hotline bench chat`: many residents at once, through the public chat API, checked and timed."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import aiohttp

from hotline.errors import Unavailable

SCRIPT = (
    "你好",
    "剩菜剩饭应该扔哪个桶",
    "海淀区中关村大街27号门口每天晚上都有人摆摊卖烧烤，烟特别大",
    "匿名",
    "提交",
    "谢谢",
    "夜里几点以后不能施工",
    "朝阳区望京街道归哪个执法队管",
)
"""What each resident says, in turn, over and over."""


@dataclass(slots=True)
class Tally:
    """What one run saw."""

    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def bench_chat(url: str, residents: int, turns: int) -> list[str]:
    """Run and report; raises Unavailable when the service does not answer."""
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=residents + 4)
    async with aiohttp.ClientSession(url, connector=connector) as http:
        try:
            async with http.get("/healthz", timeout=aiohttp.ClientTimeout(total=3)):
                pass
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"连不上 {url}，请先启动服务。") from error
        started = time.perf_counter()
        await asyncio.gather(
            *(_resident(http, number, turns, tally) for number in range(residents))
        )
        elapsed = time.perf_counter() - started
    return describe(tally, residents, turns, elapsed)


def describe(tally: Tally, residents: int, turns: int, elapsed: float) -> list[str]:
    """The figures of a run."""
    lines = [f"{residents} 人同时，各 {turns} 轮，共 {len(tally.seconds)} 轮，{elapsed:.1f} 秒"]
    if len(tally.seconds) > 1:
        cuts = quantiles(tally.seconds, n=100)
        lines.append(
            f"每秒 {len(tally.seconds) / elapsed:.1f} 轮；一轮 p50 {cuts[49] * 1000:.0f} 毫秒，"
            f"p95 {cuts[94] * 1000:.0f} 毫秒，最长 {max(tally.seconds) * 1000:.0f} 毫秒"
        )
    lines.append(f"丢失、重复、乱序或无应答：{len(tally.problems)}")
    return lines + tally.problems[:10]


async def _resident(http: aiohttp.ClientSession, number: int, turns: int, tally: Tally) -> None:
    async with http.post("/api/v1/conversations") as response:
        if response.status != 201:
            tally.problems.append(f"市民 {number} 没能开始会话：{response.status}")
            return
        opened = await response.json()
    path = f"/api/v1/conversations/{opened['conversation_id']}"
    headers = {"Authorization": f"Bearer {opened['token']}"}
    said: list[str] = []
    for turn in range(turns):
        text = SCRIPT[turn % len(SCRIPT)]
        body = {"client_message_id": uuid.uuid4().hex, "text": text}
        started = time.perf_counter()
        async with http.post(f"{path}/messages?wait=30", json=body, headers=headers) as response:
            answer = await response.json()
        tally.seconds.append(time.perf_counter() - started)
        said.append(text)
        if response.status != 200 or not answer.get("replies"):
            tally.problems.append(f"市民 {number} 第 {turn + 1} 轮没有应答：{response.status}")
    async with http.get(f"{path}/events", headers=headers) as response:
        events = (await response.json())["events"]
    tally.problems += _check_order(number, events, said)


def _check_order(number: int, events: Sequence[dict[str, Any]], said: Sequence[str]) -> list[str]:
    problems = []
    if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
        problems.append(f"市民 {number} 的序号不连续")
    if [event["text"] for event in events if event.get("sender") == "resident"] != list(said):
        problems.append(f"市民 {number} 的消息丢失、重复或乱序")
    return problems
