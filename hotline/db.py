"""The database: one engine, short sessions, one way to write.

SQLite (WAL) takes one writer at a time, so writes queue on a lock here instead of failing
with "database is locked"; PostgreSQL needs none. Every write is one transaction that rolls
back unless it ends well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, event, make_url
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from hotline import sqlite


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
            "pool_pre_ping": True,
            # no prepared statements: after a few uses their plan forgets what is looked for, and
            # a rare word is then searched like a common one, through a million cases
            "connect_args": {"prepare_threshold": None},
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
        self._write_lock = asyncio.Lock()
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", self._begin_sqlite)

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
        """A session for looking; nothing it does is kept.

        `brief`: it reads a bounded number of rows by their key, so on SQLite it is done at once
        and needs no thread.
        """
        async with self._open_session() as session:
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
            async with self._write_lock, self._open_session() as session:
                await session.connection(execution_options={"writing": True, "durable": durable})
                async with _committing(session):
                    yield session
        for function in session.info.get("after_commit", ()):
            function()

    @asynccontextmanager
    async def _open_session(self) -> AsyncIterator[AsyncSession]:
        if not self.is_sqlite:
            async with self._sessions() as session:
                yield session
            return
        session = self._sessions()
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
