"""`hotline cases export` and `hotline keys`: the services without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cases.describing import HEADER, PERSONAL_HEADER, stream_rows
from cases.finding import Search
from cases.service import Cases
from hotline.api_keys import ApiKeys
from hotline.audit import SYSTEM
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.settings import Settings
from hotline.table_streams import stream_csv, stream_xlsx

_STREAMS = {".csv": stream_csv, ".xlsx": stream_xlsx}


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The migrated database, closed at the end."""
    db = Database(settings.effective_database_url)
    try:
        await upgrade_database(db)
        yield db
    finally:
        await db.close()


async def export_cases(settings: Settings, path: Path, search: Search, personal: bool) -> int:
    """Write the cases that fit to a .csv or .xlsx file; returns how many. Audited."""
    stream = _STREAMS.get(path.suffix.casefold())
    if stream is None:
        raise InvalidInput("请写到 .csv 或 .xlsx 文件。")
    written = 0
    async with open_database(settings) as db:
        clock = SystemClock()
        cases = Cases(db, clock, Vault(settings.secret_key), LocalLimiter())
        await cases.record_export(SYSTEM, {"file": path.name}, personal)

        async def counted() -> AsyncIterator[list[str]]:
            nonlocal written
            async for row in stream_rows(cases, search, personal):
                written += 1
                yield list(row)

        try:
            with path.open("wb") as file:
                header = HEADER + PERSONAL_HEADER if personal else HEADER
                async for piece in stream(header, counted()):
                    file.write(piece)
        except OSError as error:
            raise InvalidInput(f"写不了文件 {path}：{error.strerror}。") from None
    return written


@asynccontextmanager
async def open_keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    """The keys of other systems."""
    async with open_database(settings) as db:
        yield ApiKeys(db, SystemClock())
