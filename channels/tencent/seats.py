"""Requests that are still open: each can carry one message back for free (passive reply)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from channels.tencent.models import Part


class Seat:
    """One open request of a resident."""

    def __init__(self, is_alive: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        self.is_alive = is_alive
        self._part: asyncio.Future[Part | None] = loop.create_future()
        self._written: asyncio.Future[bool] = loop.create_future()

    @property
    def is_free(self) -> bool:
        """Whether a message can still be put on it."""
        return not self._part.done() and self.is_alive()

    async def wait(self, seconds: float) -> Part | None:
        """What to answer; None for nothing, at the latest after `seconds`."""
        try:
            return await asyncio.wait_for(self._part, seconds)
        except TimeoutError:
            return None

    async def carry(self, part: Part) -> bool:
        """Give it the message; returns whether it was written to the connection."""
        if not self.is_free:
            return False
        self._part.set_result(part)
        return await self._written

    def settle(self, written: bool) -> None:
        """Tell how writing ended; also when nothing was to be written."""
        if not self._part.done():
            self._part.cancel()
        if not self._written.done():
            self._written.set_result(written)

    def release(self) -> None:
        """There is nothing to wait for."""
        if not self._part.done():
            self._part.set_result(None)


class Seats:
    """The open requests of this process, by resident."""

    def __init__(self) -> None:
        self._open: defaultdict[str, list[Seat]] = defaultdict(list)

    @contextmanager
    def take(self, user: str, is_alive: Callable[[], bool]) -> Iterator[Seat]:
        """A seat for the time of one request."""
        seat = Seat(is_alive)
        self._open[user].append(seat)
        try:
            yield seat
        finally:
            seat.settle(False)
            self._open[user].remove(seat)
            if not self._open[user]:
                del self._open[user]

    def find(self, user: str) -> Seat | None:
        """The resident's oldest request that can still carry a message."""
        return next((seat for seat in self._open.get(user, ()) if seat.is_free), None)

    def release(self, user: str) -> None:
        """Nothing will come for this resident now."""
        for seat in self._open.get(user, ()):
            seat.release()

    def release_all(self) -> None:
        """Nobody can be answered in time: acknowledge everybody at once."""
        for user in list(self._open):
            self.release(user)

    def __contains__(self, user: object) -> bool:
        return user in self._open

    def __len__(self) -> int:
        return len(self._open)
