"""Delivers stored messages through their channels, at least once, with bounded retries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update

from conversations.models import Entry
from conversations.store import EntryRow, OutboxRow, to_entry
from conversations.timeline import conversation_topic
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.rounds import Rounds

log = structlog.get_logger(__name__)

_BATCH = 100
_IDLE_SECONDS = 0.5
_PAUSES = (1, 5, 30, 120, 600)
"""Seconds before the next try; after the last one the delivery is given up and logged."""


class DeliveryFailed(Exception):
    """The channel did not take the message. `permanent`: trying again will not help."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Channel(Protocol):
    """A way to reach a resident."""

    async def deliver(self, conversation_id: str, entry: Entry) -> None:
        """Bring one message to the resident; raise DeliveryFailed when that did not work."""
        ...


class WebChat:
    """Open pages read the timeline themselves; delivering is telling them to look."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def deliver(self, conversation_id: str, entry: Entry) -> None:
        self._bus.publish(
            conversation_topic(conversation_id), {"type": "changed", "seq": entry.seq}
        )


class Outbox(Rounds):
    """The worker that empties the outbox."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        channels: Mapping[str, Channel],
        apart: Collection[str] = (),
    ) -> None:
        """`apart`: channels with a worker of their own, since they have quotas to keep."""
        super().__init__("outbox", _IDLE_SECONDS)
        self._db = db
        self._clock = clock
        self._channels = channels
        self._apart = tuple(apart)

    async def do_round(self) -> bool:
        """Deliver a batch; whether it was a full one."""
        return await self.deliver_due() >= _BATCH

    async def deliver_due(self) -> int:
        """Deliver one batch of what is due; returns how many rows were looked at."""
        now = self._clock.now()
        query = (
            select(OutboxRow, EntryRow)
            .join(EntryRow, EntryRow.id == OutboxRow.message_id)
            .where(
                OutboxRow.done_at.is_(None),
                OutboxRow.available_at <= now,
                OutboxRow.channel.not_in(self._apart),
            )
            .order_by(OutboxRow.id)
            .limit(_BATCH)
        )
        async with self._db.read() as session:
            due = (await session.execute(query)).all()
        sent: list[int] = []
        for row, entry in due:
            if await self._deliver(row, to_entry(entry)):
                sent.append(row.id)
        if sent:
            async with self._db.write(durable=False) as session:
                done = update(OutboxRow).where(OutboxRow.id.in_(sent)).values(done_at=now)
                await session.execute(done)
        return len(due)

    async def _deliver(self, row: OutboxRow, entry: Entry) -> bool:
        channel = self._channels.get(row.channel)
        try:
            if channel is None:
                raise DeliveryFailed(f"channel {row.channel} is off", permanent=False)
            await channel.deliver(row.conversation_id, entry)
        except DeliveryFailed as error:
            await self._postpone(row, error)
            return False
        return True

    async def _postpone(self, row: OutboxRow, error: DeliveryFailed) -> None:
        now = self._clock.now()
        over = error.permanent or row.attempts >= len(_PAUSES)
        pause = timedelta(seconds=_PAUSES[min(row.attempts, len(_PAUSES) - 1)])
        log.warning(
            "outbox.undelivered", message_id=row.message_id, reason=str(error), given_up=over
        )
        async with self._db.write(durable=False) as session:
            statement = (
                update(OutboxRow)
                .where(OutboxRow.id == row.id)
                .values(
                    attempts=row.attempts + 1,
                    available_at=now + pause,
                    error=str(error)[:128],
                    done_at=now if over else None,
                )
            )
            await session.execute(statement)
