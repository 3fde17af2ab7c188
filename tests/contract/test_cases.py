"""Cases on both databases: numbers, repeats, moves, keys, and what the disk may know."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from cases.errors import CaseNotFound, UnknownCategory
from cases.models import CaseKind, CaseStatus, Location, NewCase
from cases.service import Cases
from cases.store import CaseRow, CaseStepRow
from hotline.audit import BOT, AuditRow
from hotline.clock import FakeClock
from hotline.db import Base, Database
from hotline.errors import RateLimited
from hotline.limits import LocalLimiter
from hotline.privacy import Vault

PHONE, NAME = "13812345678", "欧阳某某"
BARBECUE = NewCase(
    idempotency_key="conversation:message",
    kind=CaseKind.COMPLAINT,
    category_code="06029",
    description="门口每天晚上摆摊卖烧烤，烟特别大",
    location=Location("海淀区中关村大街27号门口", "海淀区", "110108", lat=39.98, lon=116.31),
    occurred_text="每天晚上",
    phone=PHONE,
    contact_name=NAME,
    conversation_id="c" * 32,
    attachment_ids=("a" * 32,),
)


@pytest.fixture
def filing(db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter) -> Cases:
    return Cases(db, clock, vault, limiter)


def another(number: int, **changes: object) -> NewCase:
    return replace(BARBECUE, idempotency_key=f"key {number}", **changes)  # type: ignore[arg-type]


async def count(db: Database, table: type[Base]) -> int:
    async with db.read() as session:
        return len((await session.scalars(select(table))).all())


# --- filing ----------------------------------------------------------------------------------


async def test_a_filed_case_is_found_as_it_was_filed(filing: Cases, clock: FakeClock) -> None:
    case = await filing.file(BARBECUE, BOT)
    assert case == await filing.get(case.case_number)
    assert (case.status, case.version, case.created_at) == (CaseStatus.ACCEPTED, 1, clock.now())
    assert (case.category_code, case.category_name) == ("06029", "露天烧烤")
    assert (case.description, case.location) == (BARBECUE.description, BARBECUE.location)
    assert (case.contact_name, case.phone_masked) == (NAME, "138****5678")
    assert not case.anonymous
    assert [(step.status, step.actor_name) for step in case.history] == [
        (CaseStatus.ACCEPTED, BOT.name)
    ]


async def test_the_last_case_of_a_conversation_is_its_own(filing: Cases) -> None:
    assert await filing.latest_of("c" * 32) is None
    await filing.file(another(1), BOT)
    last = await filing.file(another(2), BOT)
    await filing.file(another(3, conversation_id="d" * 32), BOT)
    await filing.file(another(4, conversation_id=None), BOT)
    assert await filing.latest_of("c" * 32) == last


async def test_a_case_is_due_by_the_limit_that_fits(filing: Cases, clock: FakeClock) -> None:
    ordinary = await filing.file(another(1), BOT)
    urgent = await filing.file(another(2, emergency="collapse"), BOT)
    assert ordinary.due_at == clock.now() + timedelta(days=7)
    assert urgent.due_at == clock.now() + timedelta(hours=2)
    assert ordinary.limit_name == "7 天"


async def test_an_anonymous_case_without_a_place_or_category_can_be_filed(filing: Cases) -> None:
    case = await filing.file(
        another(1, phone=None, contact_name=None, location=None, category_code=None), BOT
    )
    assert case.anonymous
    assert (case.phone_masked, case.contact_name, case.location) == (None, None, None)


async def test_an_unknown_category_files_nothing(db: Database, filing: Cases) -> None:
    with pytest.raises(UnknownCategory):
        await filing.file(another(1, category_code="00000"), BOT)
    assert await count(db, CaseRow) == await count(db, AuditRow) == 0


# --- numbers ---------------------------------------------------------------------------------


async def test_thirty_at_once_get_gapless_numbers(filing: Cases) -> None:
    filed = await asyncio.gather(*(filing.file(another(number), BOT) for number in range(30)))
    numbers = sorted(case.case_number for case in filed)
    assert numbers == [f"20261122{number:05d}" for number in range(1, 31)]


async def test_numbers_start_again_with_the_citys_day(filing: Cases, clock: FakeClock) -> None:
    await filing.file(another(1), BOT)
    clock.advance(timedelta(hours=13, minutes=59))  # 23:59 in the city
    late = await filing.file(another(2), BOT)
    clock.advance(timedelta(minutes=1))
    early = await filing.file(another(3), BOT)
    assert (late.case_number, early.case_number) == ("2026112200002", "2026112300001")


async def test_a_filing_that_fails_leaves_no_gap(db: Database, filing: Cases) -> None:
    await filing.file(another(1), BOT)
    with pytest.raises(IntegrityError):
        await filing.file(replace(another(2), channel=None), BOT)  # type: ignore[arg-type]
    case = await filing.file(another(3), BOT)
    assert case.case_number == "2026112200002"
    assert await count(db, CaseStepRow) == 2


async def test_a_case_is_stored_under_its_number_everywhere(db: Database, filing: Cases) -> None:
    told = "工单 2026112200001 没解决，$1 :day \\ '又' 来了"
    filed = await filing.file(replace(another(1), description=told), BOT)
    stored = await filing.get(filed.case_number)
    assert (stored.case_number, stored.description) == ("2026112200001", told)
    assert [step.note for step in stored.history] == ["已受理登记"]
    assert [clock.name for clock in await filing.clocks(filed.case_number)]
    async with db.read() as session:
        audited = (await session.scalars(select(AuditRow.object_id))).all()
        indexed = await session.execute(text("SELECT * FROM case_words"))
        assert len(indexed.all()) == 1
    assert list(audited) == ["2026112200001"]


# --- the same again --------------------------------------------------------------------------


async def test_the_same_key_files_once(db: Database, filing: Cases, clock: FakeClock) -> None:
    first = await filing.file(BARBECUE, BOT)
    clock.advance(timedelta(days=3))
    again = await filing.file(replace(BARBECUE, description="换了说法"), BOT)
    assert again == first
    counts = [await count(db, table) for table in (CaseRow, CaseStepRow, AuditRow)]
    assert counts == [1, 1, 1]


async def test_the_same_key_many_times_at_once_files_once(db: Database, filing: Cases) -> None:
    filed = await asyncio.gather(*(filing.file(BARBECUE, BOT) for _ in range(12)))
    assert {case.case_number for case in filed} == {"2026112200001"}
    counts = [await count(db, table) for table in (CaseRow, CaseStepRow, AuditRow)]
    assert counts == [1, 1, 1]
    other = await filing.file(another(1), BOT)
    assert other.case_number == "2026112200002"


# --- reading ---------------------------------------------------------------------------------


async def test_the_newest_cases_come_first(filing: Cases, clock: FakeClock) -> None:
    filed = []
    for number in range(4):
        filed.append((await filing.file(another(number), BOT)).case_number)
        clock.advance(timedelta(minutes=1))
    assert [case.case_number for case in await filing.recent(3)] == filed[::-1][:3]


# --- the key ---------------------------------------------------------------------------------


async def test_the_last_four_digits_open_the_case(filing: Cases) -> None:
    number = (await filing.file(BARBECUE, BOT)).case_number
    assert await filing.check_key(number, "5678")
    for wrong in ("5679", "", "15678", "五六七八"):
        assert not await filing.check_key(number, wrong)


@pytest.mark.parametrize("tried", ["", "0000", "None"])
async def test_nothing_opens_an_anonymous_case(filing: Cases, tried: str) -> None:
    number = (await filing.file(another(1, phone=None), BOT)).case_number
    assert not await filing.check_key(number, tried)


async def test_four_digits_cannot_be_guessed_by_trying(filing: Cases) -> None:
    number = (await filing.file(BARBECUE, BOT)).case_number
    other = (await filing.file(another(1), BOT)).case_number
    for guess in range(5):
        assert not await filing.check_key(number, f"{guess:04d}")
    with pytest.raises(RateLimited):
        await filing.check_key(number, "5678")
    assert await filing.check_key(other, "5678")


# --- what the disk knows ---------------------------------------------------------------------


async def test_phone_and_name_are_nowhere_in_the_database_in_clear(
    db: Database, filing: Cases
) -> None:
    case = await filing.file(BARBECUE, BOT)
    assert case.phone_masked is not None
    stored = await everything_stored(db)
    assert BARBECUE.description.encode() in stored
    for secret in (PHONE, PHONE[-8:], NAME):
        assert secret.encode() not in stored


async def everything_stored(db: Database) -> bytes:
    """The bytes of an SQLite database with its journal, or every row of a PostgreSQL one."""
    if db.is_sqlite:
        path = Path(db.url.database or "")
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    rows: list[str] = []
    async with db.read() as session:
        for table in Base.metadata.sorted_tables:
            found = await session.execute(text(f'SELECT t::text FROM "{table.name}" t'))
            rows += [row for (row,) in found]
    return "\n".join(rows).encode()


async def test_the_same_phone_is_found_by_its_index_alone(
    db: Database, filing: Cases, vault: Vault
) -> None:
    for number in range(3):
        await filing.file(another(number), BOT)
    await filing.file(another(9, phone="13900000000"), BOT)
    async with db.read() as session:
        query = select(CaseRow).where(CaseRow.phone_blind == vault.blind(PHONE))
        rows = (await session.scalars(query)).all()
    assert len(rows) == 3
    assert len({row.phone_sealed for row in rows}) == 3
