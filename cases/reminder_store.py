"""What units and supervisors are reminded of in the console (提醒)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ReminderKind(StrEnum):
    """Why somebody is reminded."""

    WARNING = "warning"
    OVERDUE = "overdue"
    DISPATCHED = "dispatched"
    REWORK = "rework"
    RULING = "ruling"
    URGED = "urged"
    SUPPLEMENTED = "supplemented"


REMINDER_NAMES = {
    ReminderKind.WARNING: "即将到期",
    ReminderKind.OVERDUE: "已超期",
    ReminderKind.DISPATCHED: "新派工单",
    ReminderKind.REWORK: "返工",
    ReminderKind.RULING: "等待审批",
    ReminderKind.URGED: "市民催办",
    ReminderKind.SUPPLEMENTED: "市民补充",
}


class ReminderRow(Base):
    """One reminder: for a unit, or with `unit_id` None for the supervisors."""

    __tablename__ = "case_reminders"
    __table_args__ = (Index(None, "unit_id", "read_at"), Index(None, "case_number"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.case_number"))
    text: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None]
    read_at: Mapped[datetime | None]
    read_by_name: Mapped[str | None] = mapped_column(String(64))


def remind(
    session: AsyncSession,
    at: datetime,
    kind: ReminderKind,
    case_number: str,
    text: str,
    unit_id: int | None = None,
) -> None:
    """Add a reminder to the running transaction; `unit_id` None reminds the supervisors."""
    session.add(
        ReminderRow(at=at, kind=kind.value, case_number=case_number, text=text, unit_id=unit_id)
    )
