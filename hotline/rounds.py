"""Work done again and again in the background, the same way everywhere."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)


class Rounds(ABC):
    """A worker that does its round until it is stopped.

    A round that fails is logged as `<worker>.failed` and tried again after the pause: the database
    may be away for a while.
    """

    def __init__(self, worker: str, pause_seconds: float) -> None:
        self._worker = worker
        self._pause_seconds = pause_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._task = asyncio.create_task(self._go_round())

    async def stop(self) -> None:
        """End; what is undone waits for the next start."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    async def do_round(self) -> bool | None:
        """One round; True when more waits, so that the next begins without a pause."""

    async def _go_round(self) -> None:
        while True:
            more: bool | None = False
            try:
                more = await self.do_round()
            except Exception as error:  # whatever it is, one bad round must not end the work
                log.error(f"{self._worker}.failed", error=type(error).__name__)
            if not more:
                await asyncio.sleep(self._pause_seconds)
