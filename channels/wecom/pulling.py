"""Pulls a service account's messages into the journal, each once, from a kept cursor."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from channels.tencent import store
from channels.tencent.errors import ApiFailed
from channels.tencent.intake import Intake
from channels.wecom.line import CHANNEL, WeComLine
from channels.wecom.protocol import read_pulled
from hotline.clock import Clock
from hotline.db import Database

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 60.0
"""A callback may get lost; the messages it told of are pulled then at the latest."""
_MOST_PAGES = 1000
_MOST_IDLE = 20


class Puller:
    """One task an account, at most; a callback while it runs makes it look once more."""

    def __init__(self, db: Database, clock: Clock, line: WeComLine, intake: Intake) -> None:
        self._db = db
        self._clock = clock
        self._line = line
        self._intake = intake
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, str] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look at every account that is known, now and then."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Stop; the cursor stands where the journal does."""
        tasks = [*self._tasks.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def wake(self, account: str, token: str = "") -> None:
        """There is news in this account."""
        if account in self._tasks:
            self._again[account] = token
            return
        task = asyncio.create_task(self._work(account, token))
        self._tasks[account] = task
        task.add_done_callback(lambda done: self._finished(account, done))

    def _finished(self, account: str, task: asyncio.Task[None]) -> None:
        del self._tasks[account]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("wecom.pull_failed", exc_info=error)
        if account in self._again and not task.cancelled():
            self.wake(account, self._again.pop(account))

    async def _sweep(self) -> None:
        while True:
            try:
                async with self._db.read() as session:
                    accounts = await store.known_accounts(session)
                for account in accounts:
                    self.wake(account)
            except Exception as error:  # the database may be away for a while; keep looking
                log.error("wecom.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _work(self, account: str, token: str) -> None:
        async with self._db.write(durable=False) as session:
            cursor = (await store.lock_cursor(session, account, self._clock.now())).cursor
        idle = 0
        for _ in range(_MOST_PAGES):
            try:
                items, following, more = await self._line.pull(account, cursor, token)
            except ApiFailed as error:
                log.warning("wecom.pull_refused", errcode=error.errcode)
                return
            found = [read_pulled(item) for item in items if isinstance(item, dict)]
            news = [item for item in found if item is not None]
            # messages and cursor move in one transaction: none is skipped, and a repeat is known
            async with self._db.write() as session:
                row = await store.lock_cursor(session, account, self._clock.now())
                if news:
                    await store.keep_inbound(session, CHANNEL, news, self._clock.now())
                row.cursor, row.updated_at = following, self._clock.now()
            for user in dict.fromkeys(item.user for item in news):
                self._intake.wake(user)
            if not more:
                return
            # an empty page may have more behind it, but not for ever
            idle = idle + 1 if following == cursor and not items else 0
            if idle > _MOST_IDLE:
                log.warning("wecom.pull_stuck")
                return
            cursor = following
