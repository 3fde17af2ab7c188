"""Operators in the database: accounts, sessions, and what each has read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from console.models import Account, Role
from hotline.db import Base


class OperatorRow(Base):
    """One operator's account."""

    __tablename__ = "operators"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    login: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text)
    password_generated: Mapped[bool]
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    unit_id: Mapped[int | None]
    """The unit whose cases the account handles; only for the role unit."""


class OperatorSessionRow(Base):
    """One login; the token itself is known to the browser only."""

    __tablename__ = "operator_sessions"
    __table_args__ = (Index(None, "operator_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OperatorReadRow(Base):
    """How far an operator has read a conversation."""

    __tablename__ = "operator_reads"

    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    last_seq: Mapped[int]
    read_at: Mapped[datetime]


def to_account(row: OperatorRow) -> Account:
    """The row as the plain type."""
    return Account(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        disabled_at=row.disabled_at,
        password_generated=row.password_generated,
        unit_id=row.unit_id,
    )


async def find_by_login(session: AsyncSession, login: str) -> OperatorRow | None:
    """The operator with this login."""
    return await session.scalar(select(OperatorRow).where(OperatorRow.login == login))


async def find_session(session: AsyncSession, token_hash: str, now: datetime) -> OperatorRow | None:
    """Whose living session this is; None when it has ended or its operator is disabled."""
    query = (
        select(OperatorRow)
        .join(OperatorSessionRow, OperatorSessionRow.operator_id == OperatorRow.id)
        .where(
            OperatorSessionRow.token_hash == token_hash,
            OperatorSessionRow.revoked_at.is_(None),
            OperatorSessionRow.expires_at > now,
            OperatorRow.disabled_at.is_(None),
        )
    )
    return await session.scalar(query)


async def revoke_sessions(session: AsyncSession, operator_id: str, now: datetime) -> None:
    """End every session of the operator."""
    await session.execute(
        update(OperatorSessionRow)
        .where(
            OperatorSessionRow.operator_id == operator_id, OperatorSessionRow.revoked_at.is_(None)
        )
        .values(revoked_at=now)
    )


async def forget_old_sessions(session: AsyncSession, operator_id: str, now: datetime) -> None:
    """Remove the operator's sessions that have expired."""
    await session.execute(
        delete(OperatorSessionRow).where(
            OperatorSessionRow.operator_id == operator_id, OperatorSessionRow.expires_at <= now
        )
    )


async def count_other_admins(session: AsyncSession, operator_id: str) -> int:
    """How many administrators besides this operator can log in."""
    query = (
        select(func.count())
        .select_from(OperatorRow)
        .where(
            OperatorRow.role == Role.ADMIN.value,
            OperatorRow.disabled_at.is_(None),
            OperatorRow.id != operator_id,
        )
    )
    return int(await session.scalar(query) or 0)


async def mark_read(
    session: AsyncSession, operator_id: str, conversation_id: str, seq: int, now: datetime
) -> None:
    """Note that the operator has read up to `seq`; never goes back."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(OperatorReadRow).values(
        operator_id=operator_id, conversation_id=conversation_id, last_seq=seq, read_at=now
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["operator_id", "conversation_id"],
            set_={"last_seq": statement.excluded.last_seq, "read_at": statement.excluded.read_at},
            where=OperatorReadRow.last_seq < statement.excluded.last_seq,
        )
    )
