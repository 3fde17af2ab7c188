"""Two hundred file at once while the process is killed twice: what was acknowledged is there once,
and the day's numbers have no gap."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import select

from cases.store import CaseRow, CaseStepRow
from hotline.api_keys import ApiKeys, Scope
from hotline.audit import SYSTEM, AuditRow
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.serve import pick_port

FILERS = 200
KILLED_AFTER = (50, 120)
"""Acknowledged filings after which the process is killed, counted over all its lives."""

pytestmark = [pytest.mark.slow, pytest.mark.long]


@asynccontextmanager
async def serving(url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server that answers; killed at the end, if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.filing_server",
        url,
        str(port),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(120), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(f"http://127.0.0.1:{port}/api/v1/categories"):
                        break
                except aiohttp.ClientError:
                    assert process.returncode is None
                    await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def file_until_acknowledged(
    http: aiohttp.ClientSession, key: str, nth: int, acknowledged: dict[int, str]
) -> None:
    """As another system does: the same idempotency key again until it is told the number."""
    body = {
        "idempotency_key": f"filer-{nth}",
        "category_code": "06029",
        "description": f"第 {nth} 件：样例路烧烤油烟",
        "location": {"raw_text": "海淀区样例路", "district_code": "110108"},
    }
    headers = {"Authorization": f"Bearer {key}"}
    while nth not in acknowledged:
        try:
            async with http.post("/api/v1/cases", json=body, headers=headers) as response:
                assert response.status == 201, await response.text()
                acknowledged[nth] = (await response.json())["case"]["case_number"]
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.1)


async def test_killed_twice_while_two_hundred_file(db: Database, database_url: str) -> None:
    key = await ApiKeys(db, SystemClock()).issue("测试", [Scope.FILE_CASES], SYSTEM)
    port, acknowledged = pick_port(0), dict[int, str]()
    connector = aiohttp.TCPConnector(limit=FILERS)
    timeout = aiohttp.ClientTimeout(total=60)
    async with (
        asyncio.timeout(300),
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", connector=connector, timeout=timeout
        ) as http,
    ):
        filing = []
        for kill_after in (*KILLED_AFTER, FILERS):
            async with serving(database_url, port) as process:
                if not filing:
                    filing = [
                        asyncio.create_task(file_until_acknowledged(http, key, nth, acknowledged))
                        for nth in range(FILERS)
                    ]
                while len(acknowledged) < kill_after:
                    await asyncio.sleep(0.005)
                    done = [task for task in filing if task.done()]
                    assert not [task for task in done if task.exception()]
                process.kill()
                await process.wait()
        await asyncio.gather(*filing)
    await check(db, acknowledged)


async def check(db: Database, acknowledged: dict[int, str]) -> None:
    """Every filing is one case with one first step and one audit entry; no number is missing."""
    async with db.read() as session:
        rows = (await session.execute(select(CaseRow.case_number, CaseRow.description))).all()
        steps = Counter(await session.scalars(select(CaseStepRow.case_number)))
        filed = select(AuditRow.object_id).where(AuditRow.action == "case_filed")
        audited = Counter(await session.scalars(filed))
    told = {row.description: row.case_number for row in rows}
    assert len(rows) == len(told) == FILERS
    assert {told[f"第 {nth} 件：样例路烧烤油烟"]: nth for nth in acknowledged} == {
        number: nth for nth, number in acknowledged.items()
    }
    assert set(steps.values()) == set(audited.values()) == {1}
    by_day: dict[str, list[int]] = {}
    for row in rows:
        by_day.setdefault(row.case_number[:8], []).append(int(row.case_number[8:]))
    for numbers in by_day.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
