"""Live calls: each event of the line played once through the call model, in order, and kept.

A turn is claimed in the database by its number, so a webhook that comes twice, or at two
processes, is played once and answered twice alike.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from conversations.errors import ConversationClosed, ConversationNotFound
from conversations.models import Handoff
from conversations.relay import Relay
from conversations.service import Conversations
from hotline.audit import SYSTEM, record_deed
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings
from telephony import store
from telephony.arrivals import PROVIDER, Arrivals, memory_of
from telephony.call import Call, Phase, step
from telephony.call_backs import CallBacks
from telephony.dialogue import Dialogue
from telephony.errors import CallNotFound
from telephony.events import (
    Act,
    Ask,
    BookCallBack,
    Event,
    HangUp,
    Heard,
    HungUp,
    Interrupted,
    LeaveQueue,
    Listen,
    NoteOutcome,
    Pressed,
    Queued,
    Returned,
    Say,
    StopRecording,
    Transfer,
)
from telephony.models import Arrival, CallStatus, CallView, Errand, Line
from telephony.provider import Provider, ProviderFailed
from telephony.recordings import Recordings
from telephony.speaking import seconds_to_say
from telephony.spoken import (
    cut_segment,
    cut_spoken,
    heard_until,
    interruptible_words,
    spoken_words,
    write_down,
)
from telephony.store import CallRow
from telephony.transfers import Transfers
from telephony.wire import dump, load

log = structlog.get_logger(__name__)

_MOST_STEPS = 12
_REPLAY_SECONDS = 10.0
_BOOKING = frozenset({Phase.NUMBER.value, Phase.TIME.value, Phase.BOOKING.value})
SORRY: tuple[Act, ...] = (Say("很抱歉，刚才没有处理好，请再说一遍。"), Listen(6, 1))


def call_topic(call_id: str) -> str:
    """Bus topic of one call: something new is to be said on it."""
    return f"call:{call_id}"


class Calls:
    """The use cases around live calls."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        vault: Vault,
        settings: Settings,
        conversations: Conversations,
        relay: Relay,
        provider: Provider,
        transfers: Transfers,
        call_backs: CallBacks,
        recordings: Recordings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._vault = vault
        self._conversations = conversations
        self._arrivals = Arrivals(db, clock, vault, settings, conversations, call_backs)
        self._dialogue = Dialogue(db, bus, settings, conversations, relay)
        self._provider = provider
        self._transfers = transfers
        self._call_backs = call_backs
        self._recordings = recordings

    # --- the line begins and ends -------------------------------------------------------------

    async def arrive(self, arrival: Arrival) -> CallView:
        """A call reached us (or ours was answered); the same call again is the same row."""
        async with self._db.read(brief=True) as session:
            row = await store.find_call(session, PROVIDER, arrival.sid)
        if row is None:
            row = await self._arrivals.open(arrival)
        return store.to_view(row, self._vault)

    async def end(self, sid: str, reason: str) -> None:
        """The line is closed; what was said stays, a report half told stays a draft."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await store.find_call(session, PROVIDER, sid)
            if row is None or row.ended_at is not None:
                return
            waited = row.status == CallStatus.QUEUED.value
            call, _ = step(self._call_of(row), HungUp())
            # what is asked at the next call is kept, numbers in the making are not
            booking = row.memory.get("phase") in _BOOKING
            over = replace(call, held="", number="", question="" if booking else call.question)
            row.memory = {**memory_of(over), "ended_in": row.memory.get("phase")}
            row.status, row.ended_at, row.end_reason = CallStatus.ENDED.value, now, reason
            record_deed(session, now, SYSTEM, "call_ended", "call", row.id, reason=reason)
        await self._settle(row, waited)
        self._bus.publish(call_topic(row.id), {"type": "ended"})

    async def _settle(self, row: CallRow, waited: bool) -> None:
        if row.conversation_id:
            try:
                await self._conversations.stop_waiting(row.conversation_id)
            except (ConversationClosed, ConversationNotFound):
                pass
        await self._transfers.let_go(row.id)
        if row.call_back_id and (row.memory.get("spoke") or row.joined_at is not None):
            await self._call_backs.note_spoken(row.call_back_id, row.sid)
        elif row.call_back_id:
            # an answering machine, or somebody who put the receiver down at once
            await self._call_backs.note_unreached(row.call_back_id, row.sid, "silent")
        caller = store.caller_of(row, self._vault)
        if waited and caller and row.direction == "inbound":
            # gave up waiting for a person: we owe a call
            await self._call_backs.book(caller, Errand.MISSED, conversation_id=row.conversation_id)

    # --- turns --------------------------------------------------------------------------------

    async def play(self, call_id: str, turn: int, event: Event | None) -> Sequence[Act]:
        """Play one event (None: see what is to be said); the same turn again gives the same."""
        async with self._db.write(durable=False) as session:
            row = await store.claim_turn(session, call_id, turn)
        if row is None:
            return await self._replay(call_id, turn)
        if row.ended_at is not None:
            return (HangUp(),)
        try:
            return await self._run(row, event)
        except (ConversationClosed, ConversationNotFound):
            acts: tuple[Act, ...] = (Say("本次服务已结束，感谢来电，再见。"), HangUp())
            await self._keep(row, self._call_of(row), acts)
            return acts

    async def _replay(self, call_id: str, turn: int) -> Sequence[Act]:
        deadline = time.monotonic() + _REPLAY_SECONDS
        while True:
            row = await self._row(call_id)
            if row.acts or row.turn > turn + 1:
                return [load(each) for each in row.acts] or SORRY
            if row.turn <= turn or time.monotonic() > deadline:
                return SORRY  # a turn that has not come yet, or whose player died
            await asyncio.sleep(0.05)

    async def _run(self, row: CallRow, event: Event | None) -> Sequence[Act]:
        call = self._call_of(row)
        said: list[Act] = []
        heard = spoken_words(event)
        call = await self._note_barge_in(row, call, event)
        todo: deque[Event] = deque(
            [event] if event is not None else await self._dialogue.news(row, call)
        )
        for _ in range(_MOST_STEPS):
            if not todo:
                break
            if isinstance(todo[0], Returned):
                await self._transfers.let_go(row.id)
            call, acts = step(call, todo.popleft())
            for act in acts:
                if isinstance(act, Ask | Transfer | LeaveQueue | BookCallBack | NoteOutcome):
                    follows = await self._do(row, act)
                    if follows is not None:
                        todo.append(follows)
                elif isinstance(act, StopRecording):
                    await self._recordings.refuse(row.id, row.sid)
                else:
                    said.append(act)
        await self._keep(row, call, said, heard)
        return said

    async def _note_barge_in(self, row: CallRow, call: Call, event: Event | None) -> Call:
        """On a line that does not tell it: an answer that came before our words were over."""
        said = row.memory.get("saying")
        if row.line != Line.GATHER.value or not said or not isinstance(event, Heard | Pressed):
            return call
        since = (self._clock.now() - row.seen_at).total_seconds()
        if isinstance(event, Heard):
            since -= seconds_to_say(event.text)
        until = heard_until(said, since)
        if until is None:
            return call
        call, _ = step(call, Interrupted(until))
        if until:  # reckoned, not known: where nothing would be left, the words stay readable
            async with self._db.write(durable=False) as session:
                await cut_segment(session, row.id, until)
        return call

    async def _keep(self, row: CallRow, call: Call, acts: Sequence[Act], heard: str = "") -> None:
        now, before = self._clock.now(), row.status
        status = CallStatus.ACTIVE.value
        if call.phase is Phase.QUEUED:
            status = CallStatus.QUEUED.value
        elif call.phase in (Phase.OPERATOR, Phase.TYPED):
            status = CallStatus.OPERATOR.value
        row.status = status
        values: dict[str, Any] = {
            "memory": {**memory_of(call), "saying": interruptible_words(acts)},
            "acts": [dump(act) for act in acts],
            "pending": [],
            "asked": row.asked,
            "spoken_seq": row.spoken_seq,
            "status": status,
            "answered_at": row.answered_at or now,
            "seen_at": now,
        }
        if status == CallStatus.QUEUED.value and before != status:
            values["queued_at"] = now
        async with self._db.write(durable=False) as session:
            await session.execute(update(CallRow).where(CallRow.id == row.id).values(**values))
            at_ms = max(int((now - row.started_at).total_seconds() * 1000), 0)
            write_down(session, row, at_ms, heard, acts)

    async def _do(self, row: CallRow, act: Act) -> Event | None:
        match act:
            case Ask(text):
                return await self._dialogue.converse(row, text)
            case Transfer(reason):
                return await self._transfer(row, reason)
            case LeaveQueue():
                await self._stop_waiting(row)
            case BookCallBack(number, when):
                await self._stop_waiting(row)
                await self._call_backs.book(
                    number, Errand.PROMISED, when=when, conversation_id=row.conversation_id
                )
            case NoteOutcome(name, value) if row.call_back_id:
                await self._call_backs.note(row.call_back_id, name, value)
        return None

    async def _stop_waiting(self, row: CallRow) -> None:
        await self._conversations.stop_waiting(str(row.conversation_id))
        await self._transfers.let_go(row.id)

    async def _transfer(self, row: CallRow, reason: str) -> Event:
        now = self._clock.now()
        async with self._db.write(durable=False) as session:
            await session.execute(
                update(CallRow)
                .where(CallRow.id == row.id, CallRow.human_wanted_at.is_(None))
                .values(human_wanted_at=now)
            )
        return await self._transfers.ask_for_human(row, Handoff(reason))

    # --- from outside the line -------------------------------------------------------------------

    async def push(self, call_id: str, event: Event) -> None:
        """Something happened beside the line; the line is made to ask at once."""
        await self.note(call_id, event)
        await self.nudge(call_id)

    async def note(self, call_id: str, event: Event) -> None:
        """Keep an event for the line's own next question."""
        async with self._db.write() as session:
            row = await session.get(CallRow, call_id, with_for_update=True)
            if row is not None and row.ended_at is None:
                row.pending = [*row.pending, dump(event)]

    async def place(self, call_id: str) -> Queued:
        """Where a waiting caller stands."""
        return await self._transfers.place_of(await self._row(call_id))

    async def fall_to_gather(self, call_id: str) -> None:
        """The WebSocket broke: carry the call turn by turn from now on."""
        async with self._db.write() as session:
            row = await session.get(CallRow, call_id, with_for_update=True)
            if row is not None:
                row.line = Line.GATHER.value

    async def nudge(self, call_id: str) -> None:
        """Make the line ask what is to be said."""
        row = await self._row(call_id)
        if row.ended_at is not None:
            return
        if row.line == Line.RELAY.value and row.status == CallStatus.ACTIVE.value:
            self._bus.publish(call_topic(call_id), {"type": "news"})
            return
        if row.line == Line.RELAY.value and row.memory.get("phase") == Phase.TYPED.value:
            self._bus.publish(call_topic(call_id), {"type": "news"})
            return
        try:
            await self._provider.fetch_next(row.sid, row.id, Line(row.line))
        except ProviderFailed as error:
            log.warning("call.not_nudged", call_id=call_id, reason=error.reason)

    async def cut_spoken(self, call_id: str, heard: str) -> None:
        """The caller spoke into our words: the transcript keeps what he heard of the last ones."""
        row = await self._row(call_id)
        call, _ = step(self._call_of(row), Interrupted(heard))
        async with self._db.write(durable=False) as session:
            await cut_spoken(session, row, heard)
            await session.execute(
                update(CallRow).where(CallRow.id == row.id).values(memory=memory_of(call))
            )

    async def find_live(self, conversation_id: str) -> CallView | None:
        """The open call of a conversation."""
        query = (
            select(CallRow)
            .where(CallRow.conversation_id == conversation_id, CallRow.ended_at.is_(None))
            .order_by(CallRow.started_at.desc())
            .limit(1)
        )
        async with self._db.read() as session:
            row = await session.scalar(query)
        return store.to_view(row, self._vault) if row is not None else None

    async def get(self, call_id: str) -> CallView:
        """The call; raises CallNotFound."""
        return store.to_view(await self._row(call_id), self._vault)

    async def by_sid(self, sid: str) -> CallView | None:
        """The call with the provider's id."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, sid)
        return store.to_view(row, self._vault) if row is not None else None

    async def end_forgotten(self, after: timedelta) -> int:
        """End calls of which nothing was heard for `after`: their hang-up got lost."""
        before = self._clock.now() - after
        query = select(CallRow.sid).where(
            CallRow.ended_at.is_(None),
            CallRow.provider == PROVIDER,
            CallRow.status != CallStatus.OPERATOR.value,
            CallRow.seen_at < before,
        )
        async with self._db.read() as session:
            sids = (await session.scalars(query)).all()
        for sid in sids:
            await self.end(sid, "lost")
        return len(sids)

    # --- small parts ---------------------------------------------------------------------------

    def _call_of(self, row: CallRow) -> Call:
        """The call's state; the caller's number lies sealed in its own column."""
        caller = store.caller_of(row, self._vault)
        return replace(Call.from_json(row.memory), caller=caller)

    async def _row(self, call_id: str) -> CallRow:
        async with self._db.read(brief=True) as session:
            row = await session.get(CallRow, call_id)
        if row is None:
            raise CallNotFound
        return row
