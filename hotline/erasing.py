"""Wipes persons out of every table that may hold something of theirs, in the caller's transaction.

Cases stay as statistics (category, district, times); who reported, what was written and said, and
the files go. It crosses every domain, so it lives with the application.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.call_backs_store import ASKED, CANCELLED, WAITING, CaseCallBackRow
from cases.followers_store import CaseFollowerRow
from cases.nearby_store import CaseMarkRow
from cases.photo_store import CasePhotoRow
from cases.store import CaseRequestRow, CaseRow, CaseStepRow
from cases.words_store import forget_words
from channels.tencent.store import ChannelUserRow, InboundRow
from conversations.store import (
    AttachmentRow,
    ConversationRow,
    EntryRow,
    NoteRow,
    SaidNumberRow,
)
from hotline.privacy import Vault
from kb.forgetting import forget_conversations
from kb.gap_store import UnansweredRow
from telephony.models import CallBackStatus
from telephony.store import CallBackRow, CallRow, RecordingRow, SegmentRow

GONE = "（已删除）"
_NO_ONE = ""


@dataclass(slots=True)
class Traces:
    """What belongs to one person, or to those whose time is over."""

    cases: set[str] = field(default_factory=set)
    conversations: set[str] = field(default_factory=set)
    blind: str | None = None
    """The person's number as the blind index has it."""
    words: str | None = None
    """The number or the account in plain: only to look for what an earlier version kept so."""


@dataclass(slots=True)
class Files:
    """Hashes of files that nobody refers to any more."""

    media: set[str] = field(default_factory=set)
    recordings: set[str] = field(default_factory=set)


async def find_traces(session: AsyncSession, key: str, blind: str) -> Traces:
    """Everything that leads to a person: by a telephone number, or by an account of a channel."""
    traces = Traces(blind=blind, words=key)
    talks = traces.conversations
    queries = (
        select(CaseRow.conversation_id).where(
            or_(CaseRow.phone_blind == blind, CaseRow.description.contains(key, autoescape=True))
        ),
        select(CaseFollowerRow.conversation_id).where(CaseFollowerRow.phone_blind == blind),
        select(SaidNumberRow.conversation_id).where(SaidNumberRow.number_blind == blind),
        select(EntryRow.conversation_id).where(EntryRow.text.contains(key, autoescape=True)),
        select(CallRow.conversation_id).where(CallRow.caller_blind == blind),
        select(ConversationRow.id).where(ConversationRow.external_user == key),
    )
    for query in queries:
        talks |= {each for each in await session.scalars(query) if each}
    # one account, one person: what he said at other times is his too
    accounts = select(ConversationRow.external_user).where(
        ConversationRow.id.in_(talks), ConversationRow.external_user.is_not(None)
    )
    same = select(ConversationRow.id).where(ConversationRow.external_user.in_(accounts))
    talks |= set(await session.scalars(same))
    his = or_(
        CaseRow.phone_blind == blind,
        CaseRow.conversation_id.in_(talks),
        CaseRow.description.contains(key, autoescape=True),
    )
    traces.cases |= set(await session.scalars(select(CaseRow.case_number).where(his)))
    return traces


async def wipe(session: AsyncSession, traces: Traces, vault: Vault, now: datetime) -> Files:
    """Wipe every table; returns the files to delete once the transaction is safe."""
    files = Files()
    await _wipe_questions(session, traces)
    await _wipe_cases(session, traces.cases, now)
    await _wipe_following(session, traces, now)
    await _wipe_calls(session, traces, vault, now, files)
    await _wipe_channels(session, traces.conversations)
    await _wipe_conversations(session, traces, files)
    return files


async def _wipe_cases(session: AsyncSession, numbers: Collection[str], now: datetime) -> None:
    await session.execute(
        update(CaseRow)
        .where(CaseRow.case_number.in_(numbers))
        .values(
            phone_sealed=None,
            phone_blind=None,
            name_sealed=None,
            submission_sealed=None,
            description=GONE,
            occurred_text=None,
            location=None,
            attachment_ids=[],
            conversation_id=None,
            erased_at=now,
        )
    )
    await forget_words(session, numbers)
    await session.execute(delete(CaseMarkRow).where(CaseMarkRow.case_number.in_(numbers)))
    for table, column in ((CaseStepRow, "note"), (CaseRequestRow, "reason")):
        await session.execute(
            update(table).where(table.case_number.in_(numbers)).values({column: GONE})
        )


async def _wipe_following(session: AsyncSession, traces: Traces, now: datetime) -> None:
    talks = traces.conversations
    mine: ColumnElement[bool] = CaseFollowerRow.conversation_id.in_(talks)
    if traces.blind:
        mine = mine | (CaseFollowerRow.phone_blind == traces.blind)
    await session.execute(delete(CaseFollowerRow).where(mine))
    asked = CaseCallBackRow.conversation_id.in_(talks)
    await session.execute(
        update(CaseCallBackRow)
        .where(asked, CaseCallBackRow.status.in_((WAITING, ASKED)))
        .values(status=CANCELLED, done_at=now)
    )
    # yes and no stay as statistics; the reason is his own words
    for row in await session.scalars(select(CaseCallBackRow).where(asked)):
        row.answers = {key: value for key, value in row.answers.items() if key != "reason"}
        row.conversation_id = _NO_ONE


async def _wipe_calls(
    session: AsyncSession, traces: Traces, vault: Vault, now: datetime, files: Files
) -> None:
    which: ColumnElement[bool] = CallRow.conversation_id.in_(traces.conversations)
    owed: ColumnElement[bool] = CallBackRow.conversation_id.in_(traces.conversations)
    owed = owed | CallBackRow.case_number.in_(traces.cases)
    if traces.blind:
        which = which | (CallRow.caller_blind == traces.blind)
        owed = owed | (CallBackRow.number_blind == traces.blind)
    calls = set(await session.scalars(select(CallRow.id).where(which)))
    await session.execute(update(SegmentRow).where(SegmentRow.call_id.in_(calls)).values(text=GONE))
    recordings = select(RecordingRow).where(
        RecordingRow.call_id.in_(calls), RecordingRow.sha256.is_not(None)
    )
    for recording in await session.scalars(recordings):
        files.recordings.add(str(recording.sha256))
        recording.sha256, recording.deleted_at = None, now
    await session.execute(
        update(CallRow)
        .where(CallRow.id.in_(calls))
        .values(caller_sealed=None, caller_blind=None, report=None)
    )
    open_ones = (CallBackStatus.WAITING.value, CallBackStatus.DIALLING.value)
    await session.execute(
        update(CallBackRow)
        .where(owed, CallBackRow.status.in_(open_ones))
        .values(status=CallBackStatus.CANCELLED.value)
    )
    await session.execute(
        update(CallBackRow)
        .where(owed)
        .values(number_sealed=vault.lock(_NO_ONE), number_blind="", when_text="", outcome={})
    )


async def _wipe_channels(session: AsyncSession, talks: Collection[str]) -> None:
    query = select(ConversationRow.channel, ConversationRow.external_user).where(
        ConversationRow.id.in_(talks), ConversationRow.external_user.is_not(None)
    )
    for channel, user in {(row[0], row[1]) for row in await session.execute(query)}:
        for table in (ChannelUserRow, InboundRow):
            mine = (table.channel == channel) & (table.external_user == user)
            await session.execute(delete(table).where(mine))


async def _wipe_questions(session: AsyncSession, traces: Traces) -> None:
    """Unanswered questions are kept without their asker: his are those he said word for word."""
    said = select(EntryRow.text).where(EntryRow.conversation_id.in_(traces.conversations))
    his: ColumnElement[bool] = UnansweredRow.question.in_(said)
    if traces.words:
        his = his | UnansweredRow.question.contains(traces.words, autoescape=True)
    his = his & UnansweredRow.conversation_id.is_(None)
    await session.execute(delete(UnansweredRow).where(his))
    await forget_conversations(session, traces.conversations, GONE)


async def _wipe_conversations(session: AsyncSession, traces: Traces, files: Files) -> None:
    talks = traces.conversations
    await session.execute(
        update(EntryRow)
        .where(EntryRow.conversation_id.in_(talks))
        .values(text=GONE, text_sealed=None, payload={}, client_message_id=None)
    )
    pictures = select(AttachmentRow.sha256).where(AttachmentRow.conversation_id.in_(talks))
    digests = set(await session.scalars(pictures))
    await session.execute(delete(AttachmentRow).where(AttachmentRow.conversation_id.in_(talks)))
    files.media |= digests - await find_used(session, digests)
    await session.execute(delete(NoteRow).where(NoteRow.conversation_id.in_(talks)))
    said = SaidNumberRow.conversation_id.in_(talks)
    await session.execute(delete(SaidNumberRow).where(said))
    await session.execute(
        update(ConversationRow)
        .where(ConversationRow.id.in_(talks))
        .values(draft=None, handoff=None, open_question=None, external_user=None, token_hash=None)
    )


async def find_used(session: AsyncSession, digests: Collection[str]) -> set[str]:
    """Those of the files that somebody's picture, or a unit's, still refers to."""
    used: set[str] = set()
    for table in (AttachmentRow, CasePhotoRow):
        query = select(table.sha256).where(table.sha256.in_(digests))
        used |= set(await session.scalars(query))
    return used
