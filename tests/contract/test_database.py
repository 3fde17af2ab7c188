"""What both databases do alike for everybody: many rows at once, and connections that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row, event, select, text

import hotline.db
from cases.models import CaseKind
from cases.store import CaseRow, CaseStepRow, DayCountRow
from hotline.audit import SYSTEM, AuditRow, deed_row
from hotline.db import Base, Database
from hotline.inserting import insert_rows

AT = datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)


def new_rows(number: str) -> list[Base]:
    case = CaseRow(
        case_number=number,
        idempotency_key=number,
        kind=CaseKind.COMPLAINT.value,
        status="accepted",
        description='他说："别来"\\n\\u0041 \'; DROP TABLE cases; -- 😀',
        location={"raw_text": "样例路1号", "lat": 39.9},
        anonymous=True,
        channel="webchat",
        attachment_ids=["a", "b"],
        created_at=AT,
        updated_at=AT,
    )
    steps = [
        CaseStepRow(case_number=number, at=AT, status="accepted", actor_name="甲", note=note)
        for note in ("一", "二")
    ]
    return [case, *steps, deed_row(AT, SYSTEM, "case_filed", "case", number, kind="投诉")]


async def stored(db: Database, table: type[Base]) -> Sequence[Row[Any]]:
    async with db.read() as session:
        return (await session.execute(select(table.__table__))).all()


async def test_rows_of_many_tables_go_in_together_as_one_by_one(db: Database) -> None:
    said: list[str] = []
    async with db.write() as session:
        session.add_all(new_rows("2026112200001"))
    event.listen(
        db.engine.sync_engine, "before_cursor_execute", lambda *args: said.append(str(args[2]))
    )
    async with db.write() as session:
        await insert_rows(session, new_rows("2026112200002"))
    assert len([each for each in said if "INSERT" in each]) == (3 if db.is_sqlite else 1)
    for table, count in ((CaseRow, 1), (CaseStepRow, 2), (AuditRow, 1)):
        own = {"id", "case_number", "idempotency_key", "object_id"}
        rows = [
            {name: value for name, value in row._mapping.items() if name not in own}
            for row in await stored(db, table)
        ]
        assert len(rows) == 2 * count
        assert rows[:count] == rows[count:]


async def test_a_connection_that_was_closed_while_idle_is_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotline.db, "_FRESH_SECONDS", 0.0)
    db, other = Database(postgres_url), Database(postgres_url)
    closing = text("SELECT pg_terminate_backend(:pid)")
    async with db.read() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
    async with other.read() as session:
        assert await session.scalar(closing, {"pid": pid})
    async with db.read() as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) != pid
    await db.close()
    await other.close()


async def test_a_look_sees_what_was_committed_since_it_began(db: Database) -> None:
    async with db.read() as session:
        assert await session.scalar(select(DayCountRow.filed)) is None
        async with db.write() as writing:
            writing.add(DayCountRow(day="20261122", filed=7))
    async with db.read() as session:
        assert await session.scalar(select(DayCountRow.filed)) == 7
