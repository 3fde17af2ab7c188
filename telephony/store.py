"""Calls in the database: tables and the few statements that touch them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from conversations.store import new_id
from hotline.db import Base
from hotline.privacy import Vault, mask_phone
from telephony.models import CallBackStatus, CallBackView, CallStatus, CallView, Line

_OPEN = text("ended_at IS NULL")

__all__ = ["new_id"]


class CallRow(Base):
    """One call. `memory` is the call model's state, `acts` its last answer, `turn` its number.

    The caller's number is sealed; `caller_blind` finds his earlier calls.
    """

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("provider", "sid"),
        Index(None, "caller_blind", "started_at"),
        Index(None, "started_at"),
        Index(None, "conversation_id"),
        Index("ix_calls_open", "status", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    sid: Mapped[str] = mapped_column(String(128))
    line: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    direction: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    call_back_id: Mapped[str | None] = mapped_column(String(32))
    caller_sealed: Mapped[str | None] = mapped_column(Text)
    caller_blind: Mapped[str | None] = mapped_column(String(64))
    memory: Mapped[dict[str, Any]]
    acts: Mapped[list[Any]]
    pending: Mapped[list[Any]]
    asked: Mapped[str | None] = mapped_column(String(32))
    turn: Mapped[int] = mapped_column(default=0)
    spoken_seq: Mapped[int] = mapped_column(default=0)
    recording: Mapped[bool] = mapped_column(default=False)
    operator_id: Mapped[str | None] = mapped_column(String(32))
    operator_name: Mapped[str | None] = mapped_column(String(64))
    end_reason: Mapped[str | None] = mapped_column(String(32))
    report: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    human_wanted_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LegRow(Base):
    """One try to reach an operator (or a third party) for a call."""

    __tablename__ = "call_legs"
    __table_args__ = (
        Index(None, "call_id"),
        # a call rings one operator at a time, an operator has one call at a time
        Index(
            "uq_call_legs_call", "call_id", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN
        ),
        Index(
            "uq_call_legs_operator",
            "operator_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    sid: Mapped[str | None] = mapped_column(String(64))
    operator_id: Mapped[str | None] = mapped_column(String(32))
    operator_name: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class OperatorLineRow(Base):
    """Where an operator takes calls, and whether she is ready for the next one."""

    __tablename__ = "operator_lines"

    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.id"), primary_key=True)
    operator_name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    number_sealed: Mapped[str] = mapped_column(Text)
    ready: Mapped[bool]
    changed_at: Mapped[datetime]


class SegmentRow(Base):
    """One stretch of speech in a call that people lead; times in milliseconds from its start."""

    __tablename__ = "call_segments"
    __table_args__ = (
        UniqueConstraint("call_id", "external_id"),
        Index(None, "call_id", "start_ms"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    external_id: Mapped[str] = mapped_column(String(64))
    speaker: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    start_ms: Mapped[int]
    end_ms: Mapped[int]


class RecordingRow(Base):
    """The sound of a call: at the provider, then in the media folder, then gone."""

    __tablename__ = "call_recordings"
    __table_args__ = (Index(None, "call_id"),)

    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    status: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class CallBackRow(Base):
    """A call we owe somebody."""

    __tablename__ = "call_backs"
    __table_args__ = (Index(None, "status", "due_at"), Index(None, "number_blind"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    errand: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    number_sealed: Mapped[str] = mapped_column(Text)
    number_blind: Mapped[str] = mapped_column(String(64))
    when_text: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    case_number: Mapped[str | None] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    outcome: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CallBackTryRow(Base):
    """One attempt of a call-back and how it ended."""

    __tablename__ = "call_back_tries"
    __table_args__ = (Index(None, "call_back_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_back_id: Mapped[str] = mapped_column(ForeignKey("call_backs.id"))
    sid: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


async def find_call(session: AsyncSession, provider: str, sid: str) -> CallRow | None:
    """The call with the provider's own id."""
    return await session.scalar(
        select(CallRow).where(CallRow.provider == provider, CallRow.sid == sid)
    )


async def claim_turn(session: AsyncSession, call_id: str, turn: int) -> CallRow | None:
    """The call, with the right to play this turn; None when it was played, or is being played."""
    row = await session.get(CallRow, call_id, with_for_update=True)
    if row is None or row.turn != turn:
        return None
    row.turn, row.acts = turn + 1, []
    return row


def caller_of(row: CallRow, vault: Vault) -> str:
    """The caller's number; empty when it was withheld."""
    return vault.unlock(row.caller_sealed) if row.caller_sealed else ""


def to_view(row: CallRow, vault: Vault) -> CallView:
    """The row as the plain type."""
    caller = caller_of(row, vault)
    return CallView(
        id=row.id,
        sid=row.sid,
        line=Line(row.line),
        status=CallStatus(row.status),
        direction=row.direction,
        conversation_id=row.conversation_id,
        caller_masked=mask_phone(caller) if caller else "未显示",
        phase=str(row.memory.get("phase", "")),
        turn=row.turn,
        recording=row.recording,
        operator_id=row.operator_id,
        operator_name=row.operator_name,
        end_reason=row.end_reason,
        started_at=row.started_at,
        answered_at=row.answered_at,
        queued_at=row.queued_at,
        joined_at=row.joined_at,
        ended_at=row.ended_at,
        counts=row.memory.get("counts") or {},
        report=row.report,
    )


def to_call_back(row: CallBackRow, vault: Vault) -> CallBackView:
    """The row as the plain type."""
    return CallBackView(
        id=row.id,
        errand=row.errand,
        status=CallBackStatus(row.status),
        number_masked=mask_phone(vault.unlock(row.number_sealed)),
        when=row.when_text,
        due_at=row.due_at,
        attempts=row.attempts,
        case_number=row.case_number,
        conversation_id=row.conversation_id,
        outcome=row.outcome,
        created_at=row.created_at,
    )
