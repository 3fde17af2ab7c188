"""What tests share: databases (SQLite and, where there is one, PostgreSQL), a clock, services."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.processor import settle_processor
from tests.databases import copied, migrated_database, migrated_file

settle_processor()  # nothing imported so far loads numpy

__all__ = ["migrated_database", "migrated_file"]

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
"""Reference material beside the project; tests that read it skip where it is absent."""

REQUIRED = set(filter(None, os.environ.get("HOTLINE_TEST_REQUIRE", "").split(",")))


def skip_unless_required(name: str, reason: str) -> None:
    """Skip with a reason; where `name` is required (CI), fail instead."""
    if name in REQUIRED:
        pytest.fail(f"{name} is required here: {reason}")
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HOTLINE_") and not name.startswith("HOTLINE_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    """Sunday, 22 November 2026, 10:00 in the city."""
    return FakeClock(datetime(2026, 11, 22, 2, 0, tzinfo=UTC))


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def limiter() -> LocalLimiter:
    return LocalLimiter()


@pytest.fixture
def vault() -> Vault:
    return Vault("tests only, not a secret: " + "x" * 20)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A migrated, empty SQLite database of its own."""
    shutil.copy(migrated_file, tmp_path / "hotline.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"


@pytest.fixture
async def postgres_url(migrated_database: str) -> AsyncIterator[str]:
    """A migrated, empty database of its own on the configured server, dropped afterwards."""
    if not migrated_database:
        skip_unless_required("postgres", "HOTLINE_TEST_POSTGRES is not set")
    async with copied(migrated_database) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of each kind."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_db(sqlite_url: str) -> AsyncIterator[Database]:
    """A migrated, empty SQLite database."""
    database = Database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    return SHARED
