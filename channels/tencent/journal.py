"""The journal: a delivery is acknowledged once it is written here, many in one transaction.

A disk can be waited for a few hundred times a second at most; deliveries that arrive while one
transaction is being written share the next, so that five hundred a second are no trouble.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from channels.tencent import store
from channels.tencent.models import Inbound
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Unavailable

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 200
_MOST_WAITING = 5000


class Journal:
    """Writes one channel's deliveries durably."""

    def __init__(self, db: Database, clock: Clock, channel: str) -> None:
        self._db = db
        self._clock = clock
        self._channel = channel
        self._waiting: list[tuple[Inbound, asyncio.Future[bool]]] = []
        self._oldest: float | None = None
        self._writer: asyncio.Task[None] | None = None

    @property
    def delay(self) -> float:
        """Seconds that the oldest delivery which is not acknowledged yet has waited."""
        if self._oldest is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._oldest

    async def keep(self, inbound: Inbound) -> bool:
        """Write it; returns whether it is new. Raises Unavailable when it cannot be written."""
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((inbound, future))
        if self._oldest is None:
            self._oldest = loop.time()
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await future

    async def stop(self) -> None:
        """Let what is being written be written."""
        if self._writer is not None:
            with suppress(Exception):
                await self._writer

    async def _write(self) -> None:
        while self._waiting:
            batch = self._waiting[:_MOST_AT_ONCE]
            del self._waiting[:_MOST_AT_ONCE]
            began = asyncio.get_running_loop().time()
            await self._write_batch(batch)
            # whoever is left came while this batch was being written, or a little before
            self._oldest = began if self._waiting else None

    async def _write_batch(self, batch: Sequence[tuple[Inbound, asyncio.Future[bool]]]) -> None:
        # the same delivery twice in one statement would be a conflict with itself
        firsts: dict[str, Inbound] = {}
        for inbound, _ in batch:
            firsts.setdefault(inbound.external_id, inbound)
        try:
            async with self._db.write() as session:
                new = await store.keep_inbound(
                    session, self._channel, list(firsts.values()), self._clock.now()
                )
        except Exception as error:  # whatever the driver says: these are not acknowledged
            log.error("journal.failed", error=type(error).__name__, count=len(batch))
            for _, future in batch:
                if not future.done():
                    future.set_exception(Unavailable())
            return
        for inbound, future in batch:
            if not future.done():
                future.set_result(inbound.external_id in new)
            new.discard(inbound.external_id)
