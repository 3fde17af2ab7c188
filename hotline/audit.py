"""Who did what, when, to what: one row a deed, written in the deed's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a resident (by conversation), the bot, an operator, or the system itself."""

    kind: str
    id: str
    name: str = ""


SYSTEM = Actor("system", "system", "系统")
BOT = Actor("bot", "bot", "智能助手")


class AuditRow(Base):
    """One deed; `detail` never holds personal data in the clear."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "object_type", "object_id"), Index(None, "at"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[dict[str, Any]]


def record_deed(
    session: AsyncSession,
    at: datetime,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    **detail: object,
) -> None:
    """Add the audit row to the running transaction."""
    session.add(deed_row(at, actor, action, object_type, object_id, **detail))


def deed_row(
    at: datetime, actor: Actor, action: str, object_type: str, object_id: str, **detail: object
) -> AuditRow:
    """The audit row, for whoever inserts many rows at once."""
    return AuditRow(
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        action=action,
        object_type=object_type,
        object_id=object_id,
        detail=detail,
    )
