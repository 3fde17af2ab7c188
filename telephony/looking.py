"""What the call pages show, read straight from the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select

from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from telephony import store
from telephony.arrivals import PROVIDER
from telephony.errors import CallNotFound
from telephony.measures import CallFact
from telephony.models import CallStatus, CallView
from telephony.reading import Segment
from telephony.store import CallRow, SegmentRow

_LIVE = (CallStatus.ACTIVE.value, CallStatus.QUEUED.value, CallStatus.OPERATOR.value)
_MOST_LIVE, _MOST_FACTS = 200, 200_000


class CallLists:
    """The queries of the call pages."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    async def live(self) -> Sequence[CallView]:
        """Calls that go on now: who waits first, then the longest."""
        query = (
            select(CallRow)
            .where(
                CallRow.provider == PROVIDER,
                CallRow.ended_at.is_(None),
                CallRow.status.in_(_LIVE),
            )
            .order_by(CallRow.status != CallStatus.QUEUED.value, CallRow.started_at)
            .limit(_MOST_LIVE)
        )
        return await self._views(query)

    async def recent(self, limit: int = 40) -> Sequence[CallView]:
        """Calls that are over, the newest first."""
        query = (
            select(CallRow)
            .where(CallRow.provider == PROVIDER, CallRow.ended_at.is_not(None))
            .order_by(CallRow.started_at.desc())
            .limit(limit)
        )
        return await self._views(query)

    async def _views(self, query: Select[CallRow]) -> Sequence[CallView]:
        async with self._db.read() as session:
            return [store.to_view(row, self._vault) for row in await session.scalars(query)]

    async def open(self, call_id: str, actor: Actor) -> tuple[CallView, Sequence[Segment]]:
        """A call with what was said on it; that somebody looked is written down."""
        async with self._db.write() as session:
            row = await session.get(CallRow, call_id)
            if row is None or row.provider != PROVIDER:
                raise CallNotFound
            query = select(SegmentRow).where(SegmentRow.call_id == call_id).order_by(SegmentRow.id)
            said = [
                Segment(each.external_id, each.speaker, each.text, each.start_ms, each.end_ms)
                for each in await session.scalars(query)
            ]
            record_deed(session, self._clock.now(), actor, "call_read", "call", call_id)
        return store.to_view(row, self._vault), said

    async def facts(self, since: datetime, until: datetime) -> Sequence[CallFact]:
        """What the measures need of the inbound calls begun in this stretch."""
        row = CallRow
        query = (
            select(
                row.caller_blind, row.started_at, row.answered_at, row.human_wanted_at,
                row.queued_at, row.joined_at, row.ended_at, row.memory,
            )
            .where(
                row.provider == PROVIDER, row.direction == "inbound",
                row.started_at >= since, row.started_at < until,
            )
            .order_by(row.started_at)
            .limit(_MOST_FACTS)
        )  # fmt: skip
        async with self._db.read() as session:
            found = (await session.execute(query)).all()
        facts = []
        for caller, started, answered, wanted, queued, joined, ended, memory in found:
            counts = memory.get("counts") or {}
            facts.append(
                CallFact(
                    caller, started, answered, wanted, queued, joined, ended,
                    spoke=bool(memory.get("spoke")),
                    silences=int(counts.get("silences", 0)),
                    misses=int(counts.get("misses", 0)),
                    abandoned=memory.get("ended_in") == "queued",
                )
            )  # fmt: skip
        return facts
