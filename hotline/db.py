"""The database: one engine, short sessions, one way to write.

SQLite (WAL) takes one writer at a time, so writes queue on a lock here instead of failing
with "database is locked"; PostgreSQL needs none. Every write is one transaction that rolls
back unless it ends well.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, MetaData, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from hotline import sqlite

Found = TypeVar("Found")
Done = TypeVar("Done")
_FRESH_SECONDS = 5.0
"""So long after its last use a connection is taken to be alive."""


def _to_utc(value: datetime | None) -> datetime | None:
    return value if value is None else value.astimezone(UTC)


def _load_json(raw: bytes | str) -> Any:
    # json.loads would guess the encoding of every value
    return json.loads(raw if isinstance(raw, str) else raw.decode())


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """What makes a column's values: PostgreSQL's are aware, and a list reads hundreds."""
        if dialect.name != "postgresql":
            return super().result_processor(dialect, coltype)
        return _to_utc


JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Parent of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: JsonColumn,
        list[Any]: JsonColumn,
    }


def _note_return(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["returned"] = time.monotonic()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # the driver must not open transactions of its own: writes begin IMMEDIATE below
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        f"busy_timeout={sqlite.BUSY_MILLISECONDS}",
        "cache_size=-32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgres(connection: Any, _record: Any) -> None:
    # a planner that expects much work starts helpers and compiles, even for a part of a statement
    # that is then not needed: thirty milliseconds for a search of one
    cursor = connection.cursor()
    cursor.execute("SET max_parallel_workers_per_gather = 0")
    cursor.execute("SET jit = off")
    # nor may a prepared statement keep a plan that forgets what is looked for: a rare word would be
    # searched like a common one, through a million cases
    cursor.execute("SET plan_cache_mode = force_custom_plan")
    cursor.close()
    connection.commit()


class Database:
    """Opens sessions. `url` is a SQLAlchemy URL (`sqlite+aiosqlite`, `postgresql`)."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {
            "pool_size": 20,
            "json_deserializer": _load_json,
            # read once, planned each time (_prepare_postgres)
            "connect_args": {"prepare_threshold": 3},
        }
        if self.is_sqlite:
            path = self.url.database or ":memory:"
            options = {"async_creator": lambda *_: sqlite.connect(path)}
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            hide_parameters=True,  # a failing statement is logged, residents' words are not
            **options,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # a look needs no transaction on PostgreSQL: BEGIN and ROLLBACK would be two more journeys
        looking = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._looks = async_sessionmaker(
            self.engine.execution_options(**looking), expire_on_commit=False, autoflush=False
        )
        self._write_lock = asyncio.Lock()
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", self._begin_sqlite)
        else:
            event.listen(self.engine.sync_engine, "connect", _prepare_postgres)
            event.listen(self.engine.sync_engine, "checkin", _note_return)
            event.listen(self.engine.sync_engine, "checkout", self._check_idle)

    def _check_idle(self, connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        """Ask a connection that has been idle whether it is alive; the pool makes a new one if not.

        Asking every time (pool_pre_ping) would be a journey more for each look.
        """
        returned = record.info.get("returned")
        if returned is None or time.monotonic() - returned < _FRESH_SECONDS:
            return
        dialect = self.engine.sync_engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("closed while it was idle") from error

    @staticmethod
    def _begin_sqlite(connection: Any) -> None:
        options = connection.get_execution_options()
        driver = connection.connection.driver_connection
        if not options.get("writing", False):
            driver.brief = options.get("brief", False)
            connection.exec_driver_sql("BEGIN")
            return
        driver.set_durable(options.get("durable", True))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        # the lock is ours: from here on nothing waits until the commit
        driver.writing = True

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncSession]:
        """A session for looking: it must not write. Each statement sees what is committed by then.

        `brief`: it reads a bounded number of rows by their key, so on SQLite it is done at once
        and needs no thread.
        """
        async with self._open_session(self._looks) as session:
            if brief and self.is_sqlite:
                await session.connection(execution_options={"brief": True})
            yield session

    @asynccontextmanager
    async def write(self, *, durable: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Functions registered with `after_commit` run once the data is safe. `durable=False` is for
        bookkeeping that a restart makes again: on SQLite it survives a crash of the process but
        perhaps not a power cut, and does not wait for the disk.
        """
        if not self.is_sqlite:
            async with self._sessions() as session, session.begin():
                yield session
        else:
            async with self._write_lock, self._open_session(self._sessions) as session:
                await session.connection(execution_options={"writing": True, "durable": durable})
                async with _committing(session):
                    yield session
        for function in session.info.get("after_commit", ()):
            function()

    async def look_then_write(
        self,
        look: Callable[[AsyncSession], Awaitable[Found]],
        write: Callable[[AsyncSession, Found], Awaitable[Done]],
    ) -> Done:
        """Write with one statement, by what was looked up before it; what is locked is held for as
        little as can be. On PostgreSQL the statement is a transaction of its own; on SQLite the
        looks are over before the lock is taken.
        """
        if not self.is_sqlite:
            async with self.read() as session:
                return await write(session, await look(session))
        async with self.read(brief=True) as session:
            found = await look(session)
        async with self.write() as session:
            return await write(session, found)

    @asynccontextmanager
    async def _open_session(
        self, sessions: async_sessionmaker[AsyncSession]
    ) -> AsyncIterator[AsyncSession]:
        if not self.is_sqlite:
            async with sessions() as session:
                yield session
            return
        session = sessions()
        try:
            yield session
        finally:
            # at once: leaving `async with` it would be closed in a task of its own, to be waited for
            await session.close()

    async def wipe_free_space(self) -> None:
        """Overwritten rows linger in SQLite's free pages and journal until the file is rebuilt."""
        if not self.is_sqlite:
            return
        async with self._write_lock, self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                # closed, since a row not taken is a statement in progress at the next commit
                await (await driver.execute(statement)).close()

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


@asynccontextmanager
async def _committing(session: AsyncSession) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()


def after_commit(session: AsyncSession, function: Callable[[], None]) -> None:
    """Call `function` when this session's transaction has been committed, and only then."""
    session.info.setdefault("after_commit", []).append(function)
