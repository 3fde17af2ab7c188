"""Dispatching as a use case: the proposal for a case, and trying the rules out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from cases.dispatch import Book, Facts, Proposal, propose
from cases.models import CaseStatus, Location
from cases.store import CaseRow
from cases.unit_store import read_book
from hotline.clock import Clock
from hotline.db import Database


class Dispatching:
    """What the rules say about a case or about a place."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def propose(self, case_number: str) -> Proposal | None:
        """The unit for a case that waits to be dispatched; None for any other."""
        async with self._db.read() as session:
            row = await session.get(CaseRow, case_number)
            if row is None or row.status not in _WAITING:
                return None
            return await propose_for(session, row, self._clock.now())

    async def try_out(self, facts: Facts) -> tuple[Proposal, Book]:
        """What the rules would do with such a case, and the book they were read from."""
        async with self._db.read() as session:
            book = await read_book(session, self._clock.now())
        return propose(facts, book), book

    async def book(self) -> Book:
        """Rules, units and areas as they stand."""
        async with self._db.read() as session:
            return await read_book(session, self._clock.now())


_WAITING = frozenset({CaseStatus.ACCEPTED, CaseStatus.VERIFYING, CaseStatus.FILED})


async def propose_for(session: AsyncSession, row: CaseRow, now: datetime) -> Proposal:
    """The unit for this case: the one it had before, unless it was returned; else by rule."""
    book = await read_book(session, now)
    location = Location(**row.location) if row.location else None
    found = propose(Facts(row.category_code, location, now), book)
    first = book.unit_by_id(row.unit_id)
    if first is not None and first.enabled:
        helpers = [book.unit_by_id(identifier) for identifier in row.helper_ids]
        known = tuple(each for each in helpers if each is not None and each.enabled)
        return Proposal(first, known, "首接单位负责：这张工单原来由它承办。", None, found.trials)
    return found
