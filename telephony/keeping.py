"""Forgetting calls whose time is over: who called, what was said, what was made of it.

The row stays for the measures (times and counts). The conversation in which a caller spoke with
the assistant follows the rules for conversations and cases.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, exists, null, or_, select, update

from hotline.audit import SYSTEM, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.settings import Settings
from telephony.store import CallRow, SegmentRow

_AT_ONCE = 200
_MEASURED = ("counts", "spoke", "ended_in")
"""What the measures still need of a call's memory."""


class Keeping:
    """Deletes what was kept long enough."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    async def forget_old(self) -> int:
        """Forget up to 200 calls; returns how many."""
        days = self._settings.telephony_keep_text_days
        if not days:
            return 0
        now = self._clock.now()
        told = exists().where(SegmentRow.call_id == CallRow.id)
        query = (
            select(CallRow)
            .where(
                CallRow.ended_at < now - timedelta(days=days),
                or_(told, CallRow.caller_blind.is_not(None), CallRow.report.is_not(None)),
            )
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        async with self._db.write() as session:
            rows = (await session.scalars(query)).all()
            for row in rows:
                row.caller_sealed = row.caller_blind = None
                row.memory = {key: row.memory[key] for key in _MEASURED if key in row.memory}
                row.acts, row.pending = [], []
                record_deed(session, now, SYSTEM, "call_forgotten", "call", row.id)
            gone = [row.id for row in rows]
            # a JSON column writes None as JSON's null; nothing at all is meant
            nothing = update(CallRow).where(CallRow.id.in_(gone)).values(report=null())
            await session.execute(nothing)
            await session.execute(delete(SegmentRow).where(SegmentRow.call_id.in_(gone)))
        return len(rows)
