"""What the desk shows: who waits, who is served, what is new; read straight from the tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from cases.store import CaseRow
from console.store import OperatorReadRow, mark_read
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Entry, EntryType, Holder, Sender
from conversations.reach import Reach, ReadReach
from conversations.store import ConversationRow, EntryRow, NoteRow, to_conversation, to_entry
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import mask_text

WAIT_GOAL = timedelta(minutes=3)
"""Media other than the phone are answered within three minutes: GB/T 33358-2016."""
_RECENT = timedelta(hours=24)
_MOST = 100
_MOST_RECENT = 30
_MOST_CASES = 10
_PREVIEW_CHARS = 60
_KINDS = {"location": "［位置］", "attachments": "［图片］"}


@dataclass(frozen=True, slots=True)
class Card:
    """One conversation in a list. `waited` is in seconds, None when nobody waits."""

    conversation: Conversation
    sender: str
    preview: str
    unread: int
    waited: float | None
    late: bool


@dataclass(frozen=True, slots=True)
class Lists:
    """The left side of the desk."""

    alarms: Sequence[Card]
    """Danger told to the bot that nobody has taken up yet."""
    queue: Sequence[Card]
    """Danger first, then who has waited longest."""
    mine: Sequence[Card]
    others: Sequence[Card]
    bot: Sequence[Card]
    closed: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the page's title tells. `longest_wait` is in seconds."""

    queue: int
    danger: int
    mine: int
    longest_wait: float


@dataclass(frozen=True, slots=True)
class Note:
    """An operator's internal note."""

    operator_name: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies beside an open conversation."""

    conversation: Conversation
    reason: str
    summary: str
    fields: Sequence[tuple[str, str]]
    notes: Sequence[Note]
    case_numbers: Sequence[str]
    mark: str
    """Changes whenever anything in the folder does."""
    reach: Reach | None = None
    """How much may still be sent; None where the channel sets no bounds."""


class Desk:
    """The queries of the desk."""

    def __init__(
        self, db: Database, clock: Clock, reach: Mapping[str, ReadReach] | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._reach = reach or {}

    async def lists(self, operator_id: str) -> Lists:
        """Every list, as this operator sees it."""
        row, now = ConversationRow, self._clock.now()
        held = row.holder == Holder.OPERATOR.value
        alarm = _is_alarm()
        by_bot = and_(row.holder == Holder.BOT.value, row.updated_at > now - _RECENT)
        closed = and_(row.holder == Holder.CLOSED.value, row.closed_at > now - _RECENT)
        newest = row.updated_at.desc()
        selections = (
            select(row).where(alarm).order_by(row.updated_at).limit(_MOST),
            _in_queue(select(row)).limit(_MOST),
            select(row).where(held, row.operator_id == operator_id).order_by(newest).limit(_MOST),
            select(row).where(held, row.operator_id != operator_id).order_by(newest).limit(_MOST),
            select(row).where(by_bot, ~alarm).order_by(newest).limit(_MOST_RECENT),
            select(row).where(closed).order_by(row.closed_at.desc()).limit(_MOST_RECENT),
        )
        async with self._db.read() as session:
            groups = [(await session.scalars(selection)).all() for selection in selections]
            ids = [each.id for group in groups for each in group]
            last = await _last_messages(session, ids)
            unread = await _count_unread(session, operator_id, ids)
        return Lists(
            *(
                [_card(each, last.get(each.id), unread.get(each.id, 0), now) for each in group]
                for group in groups
            )
        )

    async def counts(self, operator_id: str) -> Counts:
        """How many wait, are in danger, and are this operator's."""
        row = ConversationRow
        waiting = row.holder == Holder.QUEUE.value
        mine = and_(row.holder == Holder.OPERATOR.value, row.operator_id == operator_id)
        query = select(
            func.count().filter(waiting),
            func.count().filter(_is_danger()),
            func.count().filter(mine),
            func.min(row.waiting_since).filter(waiting),
        ).where(row.holder != Holder.CLOSED.value)
        async with self._db.read() as session:
            queue, danger, held, since = (await session.execute(query)).one()
        waited = (self._clock.now() - since).total_seconds() if since else 0.0
        return Counts(queue, danger, held, waited)

    async def folder(self, conversation_id: str) -> Folder:
        """What is known about a conversation; raises ConversationNotFound."""
        async with self._db.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                raise ConversationNotFound
            notes = await session.scalars(
                select(NoteRow)
                .where(NoteRow.conversation_id == conversation_id)
                .order_by(NoteRow.id)
            )
            found = await session.execute(
                select(CaseRow.case_number, CaseRow.version)
                .where(CaseRow.conversation_id == conversation_id)
                .order_by(CaseRow.created_at.desc())
                .limit(_MOST_CASES)
            )
            told = [Note(note.operator_name, note.text, note.created_at) for note in notes]
            cases = [(number, version) for number, version in found]
        handoff, draft = row.handoff or {}, row.draft or {}
        fields = [(str(name), str(value)) for name, value in draft.get("fields", ())]
        read_reach = self._reach.get(row.channel)
        reach = await read_reach(conversation_id) if read_reach else None
        parts = [row.holder, row.operator_id, row.emergency, handoff, fields, len(told), cases]
        parts.append(str(reach))
        return Folder(
            conversation=to_conversation(row),
            reason=str(handoff.get("reason") or ""),
            summary=str(handoff.get("summary") or ""),
            fields=fields,
            notes=told,
            case_numbers=[number for number, _ in cases],
            mark=hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16],
            reach=reach,
        )

    async def find_answer(self, conversation_id: str, client_message_id: str) -> Entry | None:
        """The operator's answer that the page already sent under this id."""
        return await self._find(
            conversation_id,
            and_(
                EntryRow.client_message_id == client_message_id,
                EntryRow.sender == Sender.OPERATOR.value,
            ),
        )

    async def mark_read(self, operator_id: str, conversation_id: str, seq: int) -> None:
        """Note how far the operator has read; no further than the conversation goes."""
        async with self._db.write() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                raise ConversationNotFound
            known = min(seq, row.last_seq)
            await mark_read(session, operator_id, conversation_id, known, self._clock.now())

    async def _find(self, conversation_id: str, which: ColumnElement[bool]) -> Entry | None:
        query = select(EntryRow).where(EntryRow.conversation_id == conversation_id, which)
        async with self._db.read() as session:
            row = await session.scalar(query.limit(1))
        return to_entry(row) if row is not None else None


def _is_alarm() -> ColumnElement[bool]:
    row = ConversationRow
    untouched = and_(row.holder == Holder.BOT.value, row.first_reply_at.is_(None))
    return and_(row.emergency.is_not(None), untouched)


def _is_danger() -> ColumnElement[bool]:
    row = ConversationRow
    waiting = and_(row.emergency.is_not(None), row.holder == Holder.QUEUE.value)
    return waiting | _is_alarm()


def _in_queue(query: Select[tuple[ConversationRow]]) -> Select[tuple[ConversationRow]]:
    row = ConversationRow
    return query.where(row.holder == Holder.QUEUE.value).order_by(
        row.emergency.is_(None), row.waiting_since, row.id
    )


async def _last_messages(session: AsyncSession, ids: Sequence[str]) -> dict[str, EntryRow]:
    latest = (
        select(EntryRow.conversation_id, func.max(EntryRow.seq))
        .where(
            EntryRow.conversation_id.in_(ids),
            EntryRow.type == EntryType.MESSAGE.value,
            # what the system announces is the same everywhere and tells nothing
            EntryRow.sender != Sender.SYSTEM.value,
        )
        .group_by(EntryRow.conversation_id)
    )
    place = tuple_(EntryRow.conversation_id, EntryRow.seq)
    rows = await session.scalars(select(EntryRow).where(place.in_(latest)))
    return {row.conversation_id: row for row in rows}


async def _count_unread(
    session: AsyncSession, operator_id: str, ids: Sequence[str]
) -> dict[str, int]:
    """The resident's messages since the operator's last look at each conversation."""
    read = and_(
        OperatorReadRow.conversation_id == EntryRow.conversation_id,
        OperatorReadRow.operator_id == operator_id,
    )
    query = (
        select(EntryRow.conversation_id, func.count())
        .outerjoin(OperatorReadRow, read)
        .where(
            EntryRow.conversation_id.in_(ids),
            EntryRow.sender == Sender.RESIDENT.value,
            EntryRow.seq > func.coalesce(OperatorReadRow.last_seq, 0),
        )
        .group_by(EntryRow.conversation_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


def _card(row: ConversationRow, last: EntryRow | None, unread: int, now: datetime) -> Card:
    waited = now - row.waiting_since if row.waiting_since else None
    # who waits is chosen by his matter, not by his last word, which is mostly "人工"
    summary = str((row.handoff or {}).get("summary") or "") if waited is not None else ""
    if last is None or summary:
        sender, preview = "", _preview(summary, {})
    else:
        sender, preview = last.sender, _preview(last.text, last.payload)
    return Card(
        conversation=to_conversation(row),
        sender=sender,
        preview=preview,
        unread=unread,
        waited=waited.total_seconds() if waited is not None else None,
        late=waited is not None and waited > WAIT_GOAL,
    )


def _preview(text: str, payload: dict[str, Any]) -> str:
    kinds = "".join(word for kind, word in _KINDS.items() if payload.get(kind))
    if any(item.get("kind") == "audio" for item in payload.get("attachments") or ()):
        kinds = "［语音］"
    # covered before it is cut: half a number must not slip through
    return (kinds + " ".join(mask_text(text).split()))[:_PREVIEW_CHARS]
