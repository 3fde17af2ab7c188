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
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.errors import ConversationClosed, ConversationNotFound
from conversations.models import Conversation, Entry, EntryType, Handoff, Holder, Incoming, Sender
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.store import ConversationRow, EntryRow, is_answered
from conversations.timeline import conversation_topic
from hotline.audit import SYSTEM, record_deed
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings
from telephony import store
from telephony.call import Call, Phase, step
from telephony.call_backs import CallBacks
from telephony.entries import to_answers
from telephony.errors import CallNotFound
from telephony.events import (
    Act,
    Answered,
    Answers,
    Ask,
    BookCallBack,
    Event,
    HangUp,
    Heard,
    HungUp,
    Interrupted,
    Joined,
    LeaveQueue,
    Listen,
    NoteOutcome,
    Pressed,
    Queued,
    Returned,
    Say,
    Slow,
    StopRecording,
    Transfer,
)
from telephony.models import Arrival, CallStatus, CallView, Errand, Line
from telephony.provider import Provider, ProviderFailed
from telephony.speaking import seconds_to_say
from telephony.store import CallRow
from telephony.transfers import Transfers
from telephony.wire import dump, load

log = structlog.get_logger(__name__)

PROVIDER = "twilio"
CHANNEL = "voice"
_RESUME_WITHIN = timedelta(hours=24)
_EMPTY_WITHIN = timedelta(hours=1)
_MOST_EMPTY = 3
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
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._vault = vault
        self._settings = settings
        self._conversations = conversations
        self._relay = relay
        self._provider = provider
        self._transfers = transfers
        self._call_backs = call_backs

    # --- the line begins and ends -------------------------------------------------------------

    async def arrive(self, arrival: Arrival) -> CallView:
        """A call reached us (or ours was answered); the same call again is the same row."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, arrival.sid)
        if row is None:
            row = await self._open(arrival)
        return store.to_view(row, self._vault)

    async def _open(self, arrival: Arrival) -> CallRow:
        now = self._clock.now()
        blind = self._vault.blind(arrival.caller) if arrival.caller else None
        promised = await self._call_backs.find(arrival.call_back_id)
        conversation_id, unfinished = await self._find_unfinished(blind)
        if promised is not None and promised.conversation_id and not conversation_id:
            conversation_id = await self._reopen(promised.conversation_id)
        if conversation_id is None:
            conversation, _, _ = await self._conversations.open(CHANNEL, [], blind)
            conversation_id, last_seq = conversation.id, 0
        else:
            last_seq = (await self._conversations.get(conversation_id)).last_seq
        record = bool(self._settings.telephony_record)
        call = Call(
            caller=arrival.caller,
            notice=self._settings.telephony_notice if record else "",
            patient=not await self._often_empty(blind),
        )
        opening = Answered(
            unfinished,
            promised.errand if promised else None,
            promised.case_number if promised else None,
        )
        row = CallRow(
            id=store.new_id(),
            provider=PROVIDER,
            sid=arrival.sid,
            line=arrival.line.value,
            status=CallStatus.RINGING.value,
            direction="outbound" if arrival.outbound else "inbound",
            conversation_id=conversation_id,
            call_back_id=arrival.call_back_id,
            caller_sealed=self._vault.lock(arrival.caller) if arrival.caller else None,
            caller_blind=blind,
            memory=_memory_of(call),
            acts=[],
            pending=[dump(opening)],
            turn=0,
            spoken_seq=last_seq,
            recording=record,
            started_at=now,
            seen_at=now,
        )
        try:
            async with self._db.write() as session:
                session.add(row)
                record_deed(
                    session, now, SYSTEM, "call_opened", "call", row.id, direction=row.direction
                )
        except IntegrityError:
            # announced at another process at the same moment: that row counts
            async with self._db.read() as session:
                earlier = await store.find_call(session, PROVIDER, arrival.sid)
            if earlier is None:
                raise
            return earlier
        return row

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
            row.memory = {**_memory_of(over), "ended_in": row.memory.get("phase")}
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
        if row.call_back_id:
            await self._call_backs.note_spoken(row.call_back_id, row.sid)
        caller = store.caller_of(row, self._vault)
        if waited and caller and row.direction == "inbound":
            # gave up waiting for a person: we owe a call
            await self._call_backs.book(caller, Errand.MISSED, conversation_id=row.conversation_id)

    # --- turns --------------------------------------------------------------------------------

    async def play(self, call_id: str, turn: int, event: Event | None) -> Sequence[Act]:
        """Play one event (None: see what is to be said); the same turn again gives the same."""
        now = self._clock.now()
        async with self._db.write(durable=False) as session:
            claimed = await store.claim_turn(session, call_id, turn, now)
        if not claimed:
            return await self._replay(call_id, turn)
        row = await self._row(call_id)
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
        todo: deque[Event] = deque([event] if event is not None else await self._news(row, call))
        for _ in range(_MOST_STEPS):
            if not todo:
                break
            call, acts = step(call, todo.popleft())
            for act in acts:
                if isinstance(act, Ask | Transfer | LeaveQueue | BookCallBack | NoteOutcome):
                    follows = await self._do(row, act)
                    if follows is not None:
                        todo.append(follows)
                elif isinstance(act, StopRecording):
                    await self._stop_recording(row)
                else:
                    said.append(act)
        await self._keep(row, call, said, heard)
        return said

    async def _keep(self, row: CallRow, call: Call, acts: Sequence[Act], heard: str = "") -> None:
        now, before = self._clock.now(), row.status
        status = CallStatus.ACTIVE.value
        if call.phase is Phase.QUEUED:
            status = CallStatus.QUEUED.value
        elif call.phase in (Phase.OPERATOR, Phase.TYPED):
            status = CallStatus.OPERATOR.value
        row.status = status
        values: dict[str, Any] = {
            "memory": _memory_of(call),
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
            self._write_down(session, row, heard, acts)

    def _write_down(
        self, session: AsyncSession, row: CallRow, heard: str, acts: Sequence[Act]
    ) -> None:
        """Both sides of the turn into the call's own transcript, as they were said."""
        at = max(int((self._clock.now() - row.started_at).total_seconds() * 1000), 0)
        said = "".join(act.text for act in acts if isinstance(act, Say))
        for mark, speaker, words in (("r", "resident", heard), ("s", "bot", said)):
            if words:
                session.add(
                    store.SegmentRow(
                        call_id=row.id,
                        external_id=f"{row.turn}{mark}",
                        speaker=speaker,
                        text=words,
                        start_ms=at,
                        end_ms=at + int(seconds_to_say(words) * 1000),
                    )
                )

    async def _do(self, row: CallRow, act: Act) -> Event | None:
        match act:
            case Ask(text):
                return await self._converse(row, text)
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

    # --- the dialogue ----------------------------------------------------------------------------

    async def _converse(self, row: CallRow, text: str) -> Event:
        conversation_id = str(row.conversation_id)
        topic = conversation_topic(conversation_id)
        async with self._bus.listen(topic) as signals:
            accepted = await self._conversations.accept(
                conversation_id,
                Incoming(f"{row.sid}:{row.turn}", text[: self._settings.max_message_chars]),
            )
            row.asked = accepted.entry.id
            if accepted.needs_turn:
                self._relay.submit(conversation_id)
            return await self._wait_for_answer(row, signals)

    async def _wait_for_answer(self, row: CallRow, signals: asyncio.Queue[Any] | None) -> Event:
        deadline = time.monotonic() + self._settings.telephony_turn_seconds
        while True:
            async with self._db.read() as session:
                done = row.asked is None or await is_answered(session, row.asked)
            if done:
                row.asked = None
                return await self._unsaid(row)
            left = deadline - time.monotonic()
            if left <= 0:
                return Slow()
            if signals is None:
                await asyncio.sleep(min(0.1, left))
                continue
            try:
                async with asyncio.timeout(min(left, 1.0)):
                    await signals.get()
            except TimeoutError:
                continue

    async def _unsaid(self, row: CallRow) -> Answers:
        """Everything written to the resident that has not been spoken."""
        conversation = await self._conversations.get(str(row.conversation_id))
        entries = await self._conversations.timeline(conversation.id, row.spoken_seq)
        if entries:
            row.spoken_seq = entries[-1].seq
        return to_answers(conversation, entries)

    async def _news(self, row: CallRow, call: Call) -> list[Event]:
        """What happened beside the line: pending events, another holder, words to be said."""
        if row.pending:
            return [load(each) for each in row.pending]
        conversation = await self._conversations.get(str(row.conversation_id))
        changed = self._holder_changed(conversation, call)
        if changed is not None:
            entries = await self._unsaid(row)
            return [changed, *([entries] if any(e.by_operator for e in entries.answers) else [])]
        if row.asked is not None:
            async with self._bus.listen(conversation_topic(conversation.id)) as signals:
                return [await self._wait_for_answer(row, signals)]
        return [await self._unsaid(row)]

    @staticmethod
    def _holder_changed(conversation: Conversation, call: Call) -> Event | None:
        with_person = call.phase in (Phase.TYPED, Phase.OPERATOR)
        if conversation.holder is Holder.CLOSED:
            raise ConversationClosed
        if conversation.holder is Holder.OPERATOR and not with_person:
            return Joined(conversation.operator_name or "", typing=True)
        if conversation.holder is Holder.BOT and with_person:
            return Returned()
        return None

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
        query = (
            select(EntryRow)
            .where(
                EntryRow.conversation_id == row.conversation_id,
                EntryRow.sender == Sender.BOT.value,
                EntryRow.type == EntryType.MESSAGE.value,
            )
            .order_by(EntryRow.seq.desc())
            .limit(1)
        )
        last = (
            select(store.SegmentRow)
            .where(store.SegmentRow.call_id == call_id, store.SegmentRow.speaker == "bot")
            .order_by(store.SegmentRow.id.desc())
            .limit(1)
        )
        async with self._db.write(durable=False) as session:
            spoken = await session.scalar(last)
            if spoken is not None:
                spoken.text = heard.strip() + "……"
            entry = await session.scalar(query)
            if entry is None or "whole_text" in entry.payload:
                return
            entry.payload = {**entry.payload, "whole_text": entry.text}
            entry.text = heard.strip() + "……"
        await self._count_interruption(row)

    async def _count_interruption(self, row: CallRow) -> None:
        call, _ = step(self._call_of(row), Interrupted(""))
        async with self._db.write(durable=False) as session:
            await session.execute(
                update(CallRow).where(CallRow.id == row.id).values(memory=_memory_of(call))
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
        async with self._db.read() as session:
            row = await session.get(CallRow, call_id)
        if row is None:
            raise CallNotFound
        return row

    async def _find_unfinished(self, blind: str | None) -> tuple[str | None, str | None]:
        """The conversation in which this number left a report half told, and its last question."""
        if blind is None:
            return None, None
        query = (
            select(ConversationRow, CallRow.memory)
            .join(CallRow, CallRow.conversation_id == ConversationRow.id)
            .where(
                ConversationRow.channel == CHANNEL,
                ConversationRow.external_user == blind,
                ConversationRow.holder == Holder.BOT.value,
                ConversationRow.updated_at > self._clock.now() - _RESUME_WITHIN,
                CallRow.ended_at.is_not(None),
            )
            .order_by(CallRow.started_at.desc())
            .limit(1)
        )
        async with self._db.read() as session:
            found = (await session.execute(query)).first()
        if found is None or found[0].draft is None:
            return None, None
        question = Call.from_json(found[1]).question
        return found[0].id, question or "请接着说。"

    async def _reopen(self, conversation_id: str) -> str | None:
        conversation = await self._conversations.get(conversation_id)
        return conversation.id if conversation.holder is Holder.BOT else None

    async def _often_empty(self, blind: str | None) -> bool:
        if blind is None:
            return False
        query = (
            select(CallRow.memory)
            .where(
                CallRow.caller_blind == blind,
                CallRow.started_at > self._clock.now() - _EMPTY_WITHIN,
                CallRow.ended_at.is_not(None),
            )
            .order_by(CallRow.started_at.desc())
            .limit(_MOST_EMPTY)
        )
        async with self._db.read() as session:
            memories = (await session.scalars(query)).all()
        return len(memories) == _MOST_EMPTY and not any(each.get("spoke") for each in memories)

    async def _stop_recording(self, row: CallRow) -> None:
        if not row.recording:
            return
        async with self._db.write() as session:
            await session.execute(
                update(CallRow).where(CallRow.id == row.id).values(recording=False)
            )
            record_deed(session, self._clock.now(), SYSTEM, "recording_refused", "call", row.id)
        try:
            await self._provider.stop_recording(row.sid)
        except ProviderFailed as error:
            log.error("call.recording_not_stopped", call_id=row.id, reason=error.reason)


def _memory_of(call: Call) -> dict[str, Any]:
    return replace(call, caller="").to_json()


def spoken_words(event: Event | None) -> str:
    """The caller's side of a turn, as the transcript shows it."""
    if isinstance(event, Heard):
        return event.text
    return f"［按键 {event.digits}］" if isinstance(event, Pressed) else ""


__all__ = ["CHANNEL", "PROVIDER", "Calls", "Entry", "call_topic"]
