"""Call-backs in chat (回访), in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


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
