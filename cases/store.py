"""Cases in the database: tables and the statements that touch them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Row, String, Text, bindparam, false, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases.errors import CaseNotFound
from cases.models import ClockName, Limit
from hotline.db import Base
from hotline.reading import read_together

_IS_OPEN = text("closed_at IS NULL")
_IS_EMERGENCY = text("emergency IS NOT NULL")


class CaseRow(Base):
    """One case. Personal data is sealed (`*_sealed`) or a blind index (`*_blind`)."""

    __tablename__ = "cases"
    __table_args__ = (
        Index(None, "status", "due_at"),
        Index(None, "phone_blind"),
        Index(None, "conversation_id"),
        Index(None, "created_at"),
        Index(None, "merged_into"),
        # lists and searches walk one of these backwards and stop at a full page
        Index(None, "status", "case_number"),
        Index(None, "category_code", "case_number"),
        Index(None, "unit_name", "case_number"),
        Index(None, "district_code", "case_number"),
        Index(None, "subdistrict_code", "case_number"),
        Index(None, "channel", "case_number"),
        Index(
            "ix_cases_open_due_at",
            "due_at",
            "case_number",
            postgresql_where=_IS_OPEN,
            sqlite_where=_IS_OPEN,
        ),
        Index(
            "ix_cases_open_unit_names",
            "unit_name",
            "case_number",
            postgresql_where=_IS_OPEN,
            sqlite_where=_IS_OPEN,
        ),
        Index(
            "ix_cases_emergencies",
            "case_number",
            postgresql_where=_IS_EMERGENCY,
            sqlite_where=_IS_EMERGENCY,
        ),
        Index(None, "updated_at"),
        Index(
            "ix_cases_open_units",
            "unit_id",
            "due_at",
            postgresql_where=_IS_OPEN,
            sqlite_where=_IS_OPEN,
        ),
    )

    case_number: Mapped[str] = mapped_column(String(16), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    category_code: Mapped[str | None] = mapped_column(String(8))
    category_name: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    emergency: Mapped[str | None] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(Text)
    location: Mapped[dict[str, Any] | None]
    district_code: Mapped[str | None] = mapped_column(String(12))
    subdistrict_code: Mapped[str | None] = mapped_column(String(12))
    occurred_text: Mapped[str | None] = mapped_column(String(200))
    anonymous: Mapped[bool]
    phone_sealed: Mapped[str | None] = mapped_column(Text)
    phone_blind: Mapped[str | None] = mapped_column(String(64))
    name_sealed: Mapped[str | None] = mapped_column(Text)
    submission_sealed: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    attachment_ids: Mapped[list[Any]]
    limit_name: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    unit_name: Mapped[str | None] = mapped_column(String(64))
    paused_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    status_before: Mapped[str | None] = mapped_column(String(16))
    merged_into: Mapped[str | None] = mapped_column(String(16))
    weight: Mapped[int] = mapped_column(default=1, server_default="1")
    call_back: Mapped[dict[str, Any] | None]
    erased_at: Mapped[datetime | None]
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    """要求保密: handling units see nothing of the person."""
    urgency: Mapped[str] = mapped_column(String(16), default="normal", server_default="normal")
    area_class: Mapped[str | None] = mapped_column(String(1))
    unit_id: Mapped[int | None]
    helper_ids: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    deferred_until: Mapped[datetime | None]


class CaseStepRow(Base):
    """One line of a case's history."""

    __tablename__ = "case_steps"
    __table_args__ = (Index(None, "case_number", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.case_number"))
    at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    deed: Mapped[str | None] = mapped_column(String(16))
    before: Mapped[str | None] = mapped_column(String(16))


class CaseRequestRow(Base):
    """A step that waits for a supervisor (审批): return, extension, deferral, voiding."""

    __tablename__ = "case_requests"
    __table_args__ = (Index(None, "case_number"), Index(None, "decided_at"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.case_number"))
    deed: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime | None]
    asked_by_id: Mapped[str] = mapped_column(String(64))
    asked_by_name: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    decided_by_name: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]


class WorkdayRow(Base):
    """A day the deployment set itself (节假日安排): wins over the published calendar."""

    __tablename__ = "case_workdays"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    works: Mapped[bool]
    source: Mapped[str] = mapped_column(Text)


class DayCountRow(Base):
    """How many cases a day has; hands out the gapless number of the day."""

    __tablename__ = "case_day_counts"

    day: Mapped[str] = mapped_column(String(8), primary_key=True)
    filed: Mapped[int]


class LimitRow(Base):
    """A time limit as the deployment set it; editable."""

    __tablename__ = "case_limits"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    clock: Mapped[str] = mapped_column(String(16), default="case", server_default="case")
    category_prefix: Mapped[str] = mapped_column(String(8))
    urgency: Mapped[str] = mapped_column(String(16), default="", server_default="")
    area_class: Mapped[str] = mapped_column(String(1), default="", server_default="")
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(16))
    condition: Mapped[str] = mapped_column(Text, default="", server_default="")
    closing: Mapped[str] = mapped_column(Text, default="", server_default="")
    source: Mapped[str] = mapped_column(Text)
    reviewed_on: Mapped[str] = mapped_column(String(10))


async def find_by_key(session: AsyncSession, idempotency_key: str) -> CaseRow | None:
    """The case filed earlier under this key."""
    query = select(CaseRow).where(CaseRow.idempotency_key == idempotency_key)
    return await session.scalar(query)


async def lock_case(session: AsyncSession, case_number: str) -> CaseRow:
    """The case, held until the transaction ends; raises CaseNotFound."""
    row = await session.get(CaseRow, case_number, with_for_update=True)
    if row is None:
        raise CaseNotFound
    return row


def write_beside(
    session: AsyncSession, case: CaseRow, now: datetime, actor_name: str, note: str
) -> None:
    """A line of history that is no step. The version stays: an operator's open form is not
    outdated by it.
    """
    case.updated_at = now
    session.add(
        CaseStepRow(
            case_number=case.case_number,
            at=now,
            status=case.status,
            actor_name=actor_name,
            note=note,
        )
    )


# statements made once, and plain rows: this is what is read all day
_CASE = select(CaseRow.__table__).where(CaseRow.__table__.c.case_number == bindparam("number"))
_STEPS = (
    select(CaseStepRow.__table__)
    .where(CaseStepRow.__table__.c.case_number == bindparam("number"))
    .order_by(CaseStepRow.__table__.c.id)
)
LIMITS = select(LimitRow.__table__).order_by(LimitRow.__table__.c.id)
WORKDAYS = select(WorkdayRow.__table__).where(WorkdayRow.__table__.c.day >= bindparam("since"))


async def read_case(session: AsyncSession, case_number: str) -> Row[Any] | None:
    """Every column of a case, to look at."""
    return (await session.execute(_CASE, {"number": case_number})).one_or_none()


async def latest_number_of(session: AsyncSession, conversation_id: str) -> str | None:
    """The number of the case filed last in a conversation: numbers grow with time."""
    newest = (
        select(CaseRow.case_number)
        .where(CaseRow.conversation_id == conversation_id)
        .order_by(CaseRow.case_number.desc())
        .limit(1)
    )
    number: str | None = await session.scalar(newest)
    return number


async def steps_of(session: AsyncSession, case_number: str) -> Sequence[Row[Any]]:
    """The history, oldest first; every column of CaseStepRow."""
    return (await session.execute(_STEPS, {"number": case_number})).all()


def to_limit(row: Mapping[str, Any]) -> Limit:
    """A row of LIMITS as the plain type."""
    return Limit(
        ClockName(row["clock"]),
        row["category_prefix"],
        row["urgency"],
        row["area_class"],
        row["amount"],
        row["unit"],
        row["source"],
        row["reviewed_on"],
        row["condition"],
        row["closing"],
        row["id"],
    )


def to_workdays(rows: Iterable[Mapping[str, Any]]) -> dict[date, bool]:
    """Rows of WORKDAYS: which of the days are worked."""
    return {date.fromisoformat(row["day"]): row["works"] for row in rows}


async def own_workdays(session: AsyncSession, since: date) -> dict[date, bool]:
    """The days from `since` on that the deployment set itself."""
    (rows,) = await read_together(session, (WORKDAYS,), {"since": since.isoformat()})
    return to_workdays(rows)
