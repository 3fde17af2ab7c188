"""Migrated databases to copy: migrating one takes longer than most tests."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline.db import Database
from hotline.migrate import upgrade_database

POSTGRES = os.environ.get("HOTLINE_TEST_POSTGRES", "")
"""A server on which databases may be made and dropped; empty where there is none."""


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file."""
    return make_migrated_file(tmp_path_factory.mktemp("migrated"))


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[str]:
    """The name of an empty, migrated PostgreSQL database; empty without a server."""
    if not POSTGRES:
        yield ""
        return
    name = _new_name()
    asyncio.run(_make_template(name))
    yield name
    asyncio.run(_drop(name))


def make_migrated_file(folder: Path) -> Path:
    """An empty, migrated SQLite file in `folder`."""
    path = folder / "hotline.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@asynccontextmanager
async def copied(template: str) -> AsyncIterator[str]:
    """A database of its own, made from `template` and dropped afterwards; its URL."""
    name = _new_name()
    await _say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield _url(name)
    finally:
        await _drop(name)


async def _make_template(name: str) -> None:
    await _say(f'CREATE DATABASE "{name}"')
    await _migrate(_url(name))


async def _migrate(url: str) -> None:
    db = Database(url)
    await upgrade_database(db)
    await db.close()


async def _drop(name: str) -> None:
    await _say(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _say(statement: str) -> None:
    admin = Database(POSTGRES)
    async with admin.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(statement))
    await admin.close()


def _new_name() -> str:
    return f"hotline_{uuid.uuid4().hex[:12]}"


def _url(name: str) -> str:
    url = Database(POSTGRES).url.set(database=name)
    return url.render_as_string(hide_password=False)
