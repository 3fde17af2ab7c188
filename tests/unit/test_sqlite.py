"""SQLite connections that keep short steps on the loop's thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hotline import sqlite
from hotline.db import Database


async def _count(db: Database) -> int:
    async with db.read() as session:
        return int(await session.scalar(text("SELECT count(*) FROM kb_revision")) or 0)


async def test_a_write_is_seen_and_the_connection_is_no_longer_writing(sqlite_db: Database) -> None:
    async with sqlite_db.write() as session:
        raw = await (await session.connection()).get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        assert driver.writing
        await session.execute(text("INSERT INTO kb_revision (id, revision) VALUES (91, 1)"))
    assert not driver.writing
    assert await _count(sqlite_db) >= 1


async def test_a_failed_write_leaves_nothing_and_frees_the_lock(sqlite_db: Database) -> None:
    before = await _count(sqlite_db)
    twice = text("INSERT INTO kb_revision (id, revision) VALUES (92, 1), (92, 1)")
    with pytest.raises(IntegrityError):
        async with sqlite_db.write() as session:
            await session.execute(twice)
    assert await _count(sqlite_db) == before
    async with asyncio.timeout(5), sqlite_db.write() as session:
        await session.execute(text("INSERT INTO kb_revision (id, revision) VALUES (92, 1)"))
    assert await _count(sqlite_db) == before + 1


async def test_waiting_for_another_process_does_not_stop_the_loop(
    sqlite_db: Database, sqlite_url: str
) -> None:
    other = Database(sqlite_url)
    ticks = 0

    async def write_elsewhere() -> None:
        async with other.write() as session:
            await session.execute(text("INSERT INTO kb_revision (id, revision) VALUES (93, 1)"))

    async with sqlite_db.write() as session:
        await session.execute(text("INSERT INTO kb_revision (id, revision) VALUES (94, 1)"))
        blocked = asyncio.create_task(write_elsewhere())
        for _ in range(10):
            await asyncio.sleep(0.005)
            ticks += 1
        assert not blocked.done()
    async with asyncio.timeout(12):
        await blocked
    assert ticks == 10
    await other.close()


async def test_rows_come_in_every_way_of_asking(sqlite_db: Database) -> None:
    query = text("SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3")
    async with sqlite_db.read() as session:
        assert (await session.execute(query)).scalars().all() == [1, 2, 3]
        assert (await session.execute(query)).scalars().first() == 1
        assert (await session.execute(query)).fetchmany(2) == [(1,), (2,)]
        streamed = await session.stream_scalars(query)
        assert [row async for row in streamed] == [1, 2, 3]


async def test_long_results_come_whole(sqlite_db: Database) -> None:
    query = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"
    )
    expected = list(range(1, 501))
    async with sqlite_db.read() as session:
        assert (await session.execute(query)).scalars().all() == expected
        streamed = await session.stream_scalars(query.execution_options(yield_per=70))
        assert [row async for row in streamed] == expected


async def _write(db: Database, number: int, durable: bool) -> tuple[int, int]:
    """One write; how it waits for the disk, and after how many pages it carries them over."""
    async with db.write(durable=durable) as session:
        insert = text("INSERT INTO kb_revision (id, revision) VALUES (:id, 1)")
        await session.execute(insert, {"id": number})
        synchronous = await session.scalar(text("PRAGMA synchronous"))
        pages = await session.scalar(text("PRAGMA wal_autocheckpoint"))
    return int(synchronous or 0), int(pages or 0)


async def test_a_brief_look_never_leaves_the_loop_and_the_next_one_does(
    sqlite_db: Database,
) -> None:
    assert await _count(sqlite_db) >= 0
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "had a turn")
    async with sqlite_db.read(brief=True) as session:
        await session.execute(text("SELECT id FROM kb_revision WHERE id = 91"))
    assert others == []
    await _count(sqlite_db)
    assert others == ["had a turn"]


async def test_a_write_that_need_not_outlast_a_power_cut_never_leaves_the_loop(
    sqlite_db: Database,
) -> None:
    assert await _write(sqlite_db, 101, durable=False) == (1, 0)
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "had a turn")
    await _write(sqlite_db, 102, durable=False)
    assert others == []
    assert await _write(sqlite_db, 103, durable=True) == (2, 1000)
    assert others == ["had a turn"]
    assert await _write(sqlite_db, 104, durable=False) == (1, 0)
    assert await _count(sqlite_db) >= 4


async def test_a_close_that_is_cut_short_ends_all_the_same(tmp_path: Path) -> None:
    # so a cancelled request's connection is ended: closed in a task of its own, then stopped by force
    connection = await sqlite.connect(str(tmp_path / "x.db"))
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    done, _ = await asyncio.wait([closing], timeout=5)
    assert done
