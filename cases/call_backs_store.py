"""Call-backs in chat (回访), in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases.store import CaseRow
from hotline.db import Base

WAITING, ASKED, DONE, EXPIRED, CANCELLED = "waiting", "asked", "done", "expired", "cancelled"


class CaseCallBackRow(Base):
    """One resident to be asked after a closed case; `question` is the one put to him last."""

    __tablename__ = "case_call_backs"
    __table_args__ = (
        Index(None, "status", "due_at"),
        Index(None, "conversation_id", "status"),
        Index(None, "case_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(String(16), ForeignKey("cases.case_number"))
    conversation_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    known_as: Mapped[str] = mapped_column(String(16))
    """The case number that this resident knows."""
    status: Mapped[str] = mapped_column(String(16))
    question: Mapped[str | None] = mapped_column(String(16))
    answers: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    """When to ask; once asked, when it is over."""
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


async def plan_call_backs(
    session: AsyncSession, case: CaseRow, now: datetime, listeners: Sequence[tuple[str, str, str]]
) -> None:
    """Owe a call-back to everybody whom the closed case concerns."""
    for conversation_id, known_as, channel in listeners:
        session.add(
            CaseCallBackRow(
                case_number=case.case_number,
                conversation_id=conversation_id,
                channel=channel,
                known_as=known_as,
                status=WAITING,
                question=None,
                answers={},
                due_at=now,
                created_at=now,
            )
        )


async def cancel_call_backs(session: AsyncSession, case_number: str, now: datetime) -> None:
    """The case goes on: nobody is asked about it any more."""
    await session.execute(
        update(CaseCallBackRow)
        .where(
            CaseCallBackRow.case_number == case_number,
            CaseCallBackRow.status.in_((WAITING, ASKED)),
        )
        .values(status=CANCELLED, done_at=now)
    )
