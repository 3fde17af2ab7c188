"""SQLite connections whose short steps stay on the event loop's own thread.

aiosqlite hands every step (cursor, execute, fetch, close) to a thread and waits to be woken: some
forty changes of thread a transaction, which cost more than the statements themselves. Here a
thread is used only where SQLite does wait: for the lock of a write that another process has, for
the disk (a durable commit) and for a query outside a write, whose first rows then come with the
same step. Inside a write transaction statements are short by design and other writers wait for its
end anyway; one that is not durable never leaves the loop, so nobody waits for it at all.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite
from aiosqlite.context import contextmanager

BUSY_MILLISECONDS = 10_000
"""So long a write waits for another process's."""
_CHECKPOINT_PAGES = 1000
_TAKEN_ALONG = 64
"""Rows that come with the query itself; a long result is read on from the file as it is asked for."""


def _set_busy_timeout(connection: sqlite3.Connection, milliseconds: int) -> None:
    """How long a write waits for another's."""
    # it answers with a row: left open, that would be a statement in progress at the commit
    connection.execute(f"PRAGMA busy_timeout={milliseconds}").close()


class LoopCursor(aiosqlite.Cursor):
    """A cursor that brings the first rows of a query with the query."""

    def __init__(self, connection: LoopConnection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._run = connection._execute
        self._rows: deque[Any] = deque()
        self._more = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> LoopCursor:
        """Run one statement."""

        def run() -> list[Any]:
            self._cursor.execute(sql, () if parameters is None else parameters)  # type: ignore[arg-type]
            return self._cursor.fetchmany(_TAKEN_ALONG) if self._cursor.description else []

        if sql == "BEGIN":  # touches no file
            run()
        elif sql == "BEGIN IMMEDIATE":
            if not self._lock_at_once():
                await self._run(run)
        else:
            self._rows = deque(await self._run(run))
        self._more = len(self._rows) == _TAKEN_ALONG
        return self

    def _lock_at_once(self) -> bool:
        """Begin a write if nobody has the lock."""
        _set_busy_timeout(self._cursor.connection, 0)
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        finally:
            _set_busy_timeout(self._cursor.connection, BUSY_MILLISECONDS)
        return True

    async def fetchone(self) -> Any:
        """The next row or None."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next `size` rows, fewer at the end."""
        size = self._cursor.arraysize if size is None else size
        rows = [self._rows.popleft() for _ in range(min(size, len(self._rows)))]
        if len(rows) < size and self._more:
            rest = await self._run(self._cursor.fetchmany, size - len(rows))
            self._more = len(rest) == size - len(rows)
            rows += rest
        return rows

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows = list(self._rows)
        self._rows.clear()
        if self._more:
            rows += await self._run(self._cursor.fetchall)
            self._more = False
        return rows

    async def close(self) -> None:
        """Let go of the statement; rows taken along stay."""
        self._more = False
        self._cursor.close()


class LoopConnection(aiosqlite.Connection):
    """A connection of one event loop.

    `writing`: it holds the write lock. `brief`: it only looks up what an index finds at once. Both
    last until the transaction ends and keep statements on the loop.

    `durable`: commits wait for the disk. They also carry the journal over into the file, which
    waits for the disk as well and which the others leave to them.
    """

    writing = False
    brief = False
    durable: bool | None = None
    _stopped = False

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread, once: it answers nothing that is asked of it afterwards, so whoever came
        second would wait for ever (a close that is cut short by SQLAlchemy's own stop).
        """
        if self._stopped:
            return None
        self._stopped = True
        return super().stop()

    def set_durable(self, durable: bool) -> None:
        """For the next transaction; call it outside of one."""
        if durable is not self.durable:
            # in WAL mode FULL waits for the disk at every commit, NORMAL only at checkpoints
            self._conn.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}").close()
            pages = _CHECKPOINT_PAGES if durable else 0
            self._conn.execute(f"PRAGMA wal_autocheckpoint={pages}").close()
            self.durable = durable

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """A new cursor; making one touches no file."""
        return LoopCursor(self, self._conn.cursor())

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.writing or self.brief:
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    async def commit(self) -> None:
        """End the transaction; a durable one waits for the disk."""
        waits = self.durable or not self.writing
        self.writing = self.brief = False
        if waits:
            await super().commit()
        else:
            self._conn.commit()

    async def rollback(self) -> None:
        """Give the transaction up; in WAL mode nothing has to be undone on the disk."""
        self.writing = self.brief = False
        self._conn.rollback()


def connect(path: str) -> LoopConnection:
    """A connection to be awaited; its thread ends with the process."""

    def open_file() -> sqlite3.Connection:
        # two threads use it, never both at once: every step is awaited
        return sqlite3.connect(path, check_same_thread=False)

    connection = LoopConnection(open_file, iter_chunk_size=64)
    connection._thread.daemon = True
    return connection
