"""Delivers one channel's outbox: merged, within the quota, in order, none lost.

A message goes with a request that is still open (free), else by the API while a window lasts,
else it waits: for the resident's next words, or as a notice when it tells a case's progress.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.tencent import store
from channels.tencent.errors import ApiFailed, Unreachable, WindowClosed
from channels.tencent.line import Line
from channels.tencent.models import MORE, Part, Windows, choose_parts
from channels.tencent.rendering import Choice, merge_parts, number_choices, render_entry
from channels.tencent.seats import Seats
from conversations.models import Entry, Sender
from conversations.store import QUIET, EntryRow, InboxRow, OutboxRow, to_entry
from conversations.timeline import DESK_TOPIC
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
_SWEEP_SECONDS = 0.5
_SWEEP_MOST = 200
_AT_ONCE = 4
_PAUSES = (1, 5, 30, 120, 600)
"""Seconds before the next try; after the last one the message waits for the next window."""
_FAR = timedelta(days=3650)
_COMPANY = timedelta(seconds=20)
_MOST_KNOWN = 50_000
_LOOK_BACK = 60

Due = Sequence[tuple[OutboxRow, Entry]]


class Courier:
    """The worker of one channel."""

    def __init__(
        self, db: Database, clock: Clock, bus: Bus, line: Line, seats: Seats, base_url: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._line = line
        self._seats = seats
        self._base_url = base_url
        self._owner = uuid.uuid4().hex
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._known: OrderedDict[str, str] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin delivering in the background."""
        self._watchers = [asyncio.create_task(self._listen()), asyncio.create_task(self._sweep())]

    async def stop(self) -> None:
        """Stop; what is undelivered waits for the next start."""
        tasks = [*self._watchers, *self._tasks.values()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def know(self, conversation_id: str, user: str) -> None:
        """A conversation of this channel: hints about it are for us."""
        self._known[conversation_id] = user
        self._known.move_to_end(conversation_id)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def wake(self, conversation_id: str) -> None:
        """There may be something to deliver in this conversation, or an open request to close."""
        if conversation_id in self._tasks:
            self._again.add(conversation_id)
            return
        task = asyncio.create_task(self._work(conversation_id))
        self._tasks[conversation_id] = task
        task.add_done_callback(lambda done: self._finished(conversation_id, done))

    def _finished(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[conversation_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("courier.failed", conversation_id=conversation_id, exc_info=error)
        if conversation_id in self._again:
            self._again.discard(conversation_id)
            if not task.cancelled():
                self.wake(conversation_id)

    async def _listen(self) -> None:
        async with self._bus.listen(DESK_TOPIC) as signals:
            while True:
                conversation_id = (await signals.get()).get("conversation_id")
                if conversation_id in self._known:
                    self.wake(conversation_id)

    async def _sweep(self) -> None:
        while True:
            try:
                async with self._db.read() as session:
                    due = await store.outbox_due(
                        session, self._line.channel, self._clock.now(), _SWEEP_MOST
                    )
                for conversation_id in due:
                    if conversation_id not in self._tasks:
                        self.wake(conversation_id)
            except Exception as error:  # the database may be away for a while; keep looking
                log.error("courier.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _work(self, conversation_id: str) -> None:
        async with self._slots:
            self._again.discard(conversation_id)
            await self._deliver(conversation_id)

    async def _deliver(self, conversation_id: str) -> None:
        now, known = self._clock.now(), self._known.get(conversation_id)
        async with self._db.read() as session:
            found = [
                (row, to_entry(entry))
                for row, entry in await store.outbox_of(session, conversation_id)
            ]
            if not found and known not in self._seats:
                return
            user = await store.user_of(session, conversation_id)
            choices = await _choices(session, conversation_id) if found else {}
            pending = user is not None and await _is_pending(session, user, conversation_id)
        if user is None:
            await self._give_up(found, "nobody")
            return
        due = [
            (row, entry)
            for row, entry in found
            if row.error != store.HELD and not (row.error == QUIET and row.available_at > now)
        ]
        if due and due[0][0].available_at <= now:
            if user.external_user not in self._seats and _may_wait(due, now):
                return  # the sweep comes back
            if not await self._claim(user.external_user):
                return  # another process delivers to him; it, or the sweep, will come to these
            try:
                await self._send_all(user, due, choices)
            finally:
                await self._release(user.external_user)
            if user.external_user in self._seats:
                # deliveries that came again meanwhile: nothing may be left to tell them
                self._again.add(conversation_id)
        elif not pending:
            self._seats.release(user.external_user)

    async def _claim(self, user: str) -> bool:
        if self._db.is_sqlite:
            return True  # one process owns an SQLite file, and here a task owns a conversation
        async with self._db.write(durable=False) as session:
            return await store.claim_user(
                session, self._line.channel, user, self._owner, self._clock.now(), LEASE
            )

    async def _release(self, user: str) -> None:
        if self._db.is_sqlite:
            return
        key = {"channel": self._line.channel, "external_user": user}
        async with self._db.write(durable=False) as session:
            row = await session.get(store.ChannelUserRow, key, with_for_update=True)
            if row is not None and row.lease_owner == self._owner:
                row.lease_owner, row.lease_until = None, None

    async def _send_all(
        self, user: store.ChannelUserRow, due: Due, choices: Mapping[str, tuple[Choice, ...]]
    ) -> None:
        parts = merge_parts(
            [
                (
                    row.id,
                    row.parts_sent,
                    render_entry(entry, choices.get(entry.id, ()), self._base_url),
                )
                for row, entry in due
            ]
        )
        windows, now = Windows.from_data(user.windows), self._clock.now()
        left, keep_last = windows.left(now), windows.keeps_last(now)
        seat = self._seats.find(user.external_user)
        if seat is not None and parts:
            rest, waiting = choose_parts(parts[1:], left, keep_last)
            first = parts[0]
            if waiting and not rest and not first.url:
                first = replace(first, text=first.text + MORE)
            if await seat.carry(first):
                await self._record(user.external_user, first, spent=False)
                parts = parts[1:]
        chosen, _ = choose_parts(parts, left, keep_last)
        sent = await self._send_parts(user, chosen, due)
        if sent is not None:
            covered = {row_id for part in parts for row_id in part.covers} - sent
            await self._hold(user, [(row, entry) for row, entry in due if row.id in covered])

    async def _send_parts(
        self, user: store.ChannelUserRow, parts: Sequence[Part], due: Due
    ) -> set[int] | None:
        """Send in order; the rows that are told, or None when a later try was arranged."""
        done: set[int] = set()
        for part in parts:
            key = f"{part.row_id}-{part.index}"
            try:
                await self._line.send(user.external_user, user.account, part, key)
            except WindowClosed as error:
                log.info("courier.window_closed", errcode=error.errcode)
                await self._close_windows(user.external_user)
                return done
            except Unreachable as error:
                await self._block(user.external_user, str(error.errcode))
                await self._give_up(due, "unreachable")
                return None
            except ApiFailed as error:
                await self._postpone([row for row, _ in due if row.id not in done], error)
                return None
            await self._record(user.external_user, part, spent=True)
            done.update(part.covers)
        return done

    async def _record(self, user: str, part: Part, *, spent: bool) -> None:
        now = self._clock.now()
        key = {"channel": self._line.channel, "external_user": user}
        async with self._db.write(durable=False) as session:
            for row_id in part.covers:
                row = await session.get(OutboxRow, row_id)
                if row is not None:
                    row.done_at, row.error = now, None
            if not part.covers:
                row = await session.get(OutboxRow, part.row_id)
                if row is not None:
                    row.parts_sent = part.index + 1
            if spent:
                owner = await session.get(store.ChannelUserRow, key, with_for_update=True)
                if owner is not None:
                    owner.windows = Windows.from_data(owner.windows).spent(now).to_data()

    async def _close_windows(self, user: str) -> None:
        key = {"channel": self._line.channel, "external_user": user}
        async with self._db.write(durable=False) as session:
            row = await session.get(store.ChannelUserRow, key, with_for_update=True)
            if row is not None:
                row.windows = Windows.from_data(row.windows).closed().to_data()

    async def _block(self, user: str, reason: str) -> None:
        key = {"channel": self._line.channel, "external_user": user}
        async with self._db.write(durable=False) as session:
            row = await session.get(store.ChannelUserRow, key, with_for_update=True)
            if row is not None:
                row.blocked = reason

    async def _hold(self, user: store.ChannelUserRow, rows: Due) -> None:
        """Progress of a case goes as a notice where one is set up; the rest waits."""
        for row, entry in rows:
            told = False
            if entry.payload.get("case") and entry.sender is Sender.SYSTEM:
                try:
                    told = await self._line.notify(user.external_user, entry)
                except ApiFailed as error:
                    log.warning("courier.notice_failed", errcode=error.errcode)
            now = self._clock.now()
            async with self._db.write(durable=False) as session:
                kept = await session.get(OutboxRow, row.id)
                if kept is None:
                    continue
                if told:
                    kept.done_at, kept.error = now, "notice"
                else:
                    kept.available_at, kept.error = now + _FAR, store.HELD
        if rows:
            self._bus.publish(DESK_TOPIC, {"type": "changed"})

    async def _postpone(self, rows: Sequence[OutboxRow], error: ApiFailed) -> None:
        now = self._clock.now()
        log.warning("courier.undelivered", errcode=error.errcode, count=len(rows))
        async with self._db.write(durable=False) as session:
            for row in rows:
                kept = await session.get(OutboxRow, row.id)
                if kept is None:
                    continue
                if kept.attempts >= len(_PAUSES):
                    kept.available_at, kept.error, kept.attempts = now + _FAR, store.HELD, 0
                    continue
                kept.available_at = now + timedelta(seconds=_PAUSES[kept.attempts])
                kept.attempts, kept.error = kept.attempts + 1, str(error)[:128]

    async def _give_up(self, rows: Due, reason: str) -> None:
        async with self._db.write(durable=False) as session:
            for row, _ in rows:
                kept = await session.get(OutboxRow, row.id)
                if kept is not None:
                    kept.done_at, kept.error = self._clock.now(), reason


def _may_wait(due: Due, now: datetime) -> bool:
    """Bare announcements (who has taken over) wait a little for words to travel with them."""
    return all(
        entry.sender is Sender.SYSTEM
        and entry.in_reply_to is None
        and not entry.payload
        and now - entry.sent_at < _COMPANY
        for _, entry in due
    )


async def _choices(session: AsyncSession, conversation_id: str) -> Mapping[str, tuple[Choice, ...]]:
    return number_choices(await recent_entries(session, conversation_id))


async def recent_entries(session: AsyncSession, conversation_id: str) -> list[Entry]:
    """What was said since the resident last wrote, in order: what was offered to him last."""
    mine = EntryRow.conversation_id == conversation_id
    last = (
        select(func.coalesce(func.max(EntryRow.seq), 0))
        .where(mine, EntryRow.sender == Sender.RESIDENT.value)
        .scalar_subquery()
    )
    query = select(EntryRow).where(mine, EntryRow.seq > last).order_by(EntryRow.seq)
    return [to_entry(row) for row in await session.scalars(query.limit(_LOOK_BACK))]


async def _is_pending(
    session: AsyncSession, user: store.ChannelUserRow, conversation_id: str
) -> bool:
    """Whether something of the resident's is still on its way to an answer."""
    arrived = exists().where(
        store.InboundRow.channel == user.channel,
        store.InboundRow.external_user == user.external_user,
        store.InboundRow.done_at.is_(None),
    )
    asked = exists().where(InboxRow.conversation_id == conversation_id, InboxRow.done_at.is_(None))
    return bool(await session.scalar(select(arrived | asked)))
