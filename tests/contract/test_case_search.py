"""Finding cases: the same answers on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from cases import words_search
from cases.errors import WordsTooShort
from cases.finding import Search, read_search
from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, CaseStatus, Location, NewCase
from cases.service import Cases
from cases.workflow import Workflow
from hotline.audit import SYSTEM
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.retention import Retention

PHONE = "13900001234"


@pytest.fixture
def cases(db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter) -> Cases:
    return Cases(db, clock, vault, limiter)


async def file(cases: Cases, key: str, description: str, **more: object) -> str:
    """A filed case's number."""
    values: dict[str, object] = {
        "kind": CaseKind.COMPLAINT,
        "category_code": "06029",
        "location": Location("海淀区样例路1号", district="海淀区", district_code="110108"),
        **more,
    }
    filed = await cases.file(
        NewCase(idempotency_key=key, description=description, **values), SYSTEM
    )  # type: ignore[arg-type]
    return filed.case_number


async def numbers(cases: Cases, **query: str) -> list[str]:
    """What a query string finds, in order."""
    return [case.case_number for case in (await cases.find(read_search(query))).cases]


async def test_text_is_found_by_any_two_neighbouring_characters(cases: Cases) -> None:
    smoke = await file(cases, "a", "楼下每天晚上烤串，油烟很大")
    other = await file(cases, "b", "垃圾桶满了没人收", category_code="06042")
    assert await numbers(cases, q="油烟") == [smoke]
    assert await numbers(cases, q="样例路") == [other, smoke]
    assert await numbers(cases, text="垃圾 满了") == [other]
    assert await numbers(cases, q="露天烧烤") == [smoke]
    assert await numbers(cases, q="没有这种事") == []
    with pytest.raises(WordsTooShort):
        await numbers(cases, q="烟")


async def test_one_box_takes_numbers_and_phones(cases: Cases, clock: FakeClock) -> None:
    first = await file(cases, "a", "烧烤摊", phone=PHONE)
    clock.advance(timedelta(days=1))
    second = await file(cases, "b", "烧烤摊又来了", phone=PHONE)
    await file(cases, "c", "另一件", phone="13700000000")
    assert await numbers(cases, q=first) == [first]
    assert await numbers(cases, q="20261122") == [first]
    assert await numbers(cases, q="139 0000 1234") == [second, first]


async def test_conditions_join(cases: Cases, db: Database, clock: FakeClock) -> None:
    workflow = Workflow(db, clock)
    near = await file(cases, "a", "占道摆摊", category_code="09006")
    far = await file(
        cases,
        "b",
        "占道摆摊",
        category_code="09006",
        location=Location("朝阳区样例街", district_code="110105", subdistrict_code="110105001"),
        channel="voice",
        emergency="fire",
    )
    await workflow.act(near, Order(Deed.FILE, 1), SYSTEM, Part.DESK)
    await workflow.act(
        near, Order(Deed.DISPATCH, 2, unit_name="东城区东华门街道综合行政执法队"), SYSTEM, Part.DESK
    )
    assert await numbers(cases, status="dispatched,handling") == [near]
    assert await numbers(cases, unit="东城区东华门街道综合行政执法队", text="占道") == [near]
    assert await numbers(cases, district="110105") == [far]
    assert await numbers(cases, subdistrict="110105001", channel="voice") == [far]
    assert await numbers(cases, emergency="1") == [far]
    assert await numbers(cases, category="09") == [far, near]
    assert await numbers(cases, category="06") == []
    assert await numbers(cases, kind="投诉", text="摆摊", district="110105") == [far]
    assert await numbers(cases, since="2026-11-23") == []
    assert await numbers(cases, since="2026-11-22", until="2026-11-22") == [far, near]


async def test_overdue_are_open_and_late(cases: Cases, db: Database, clock: FakeClock) -> None:
    late = await file(cases, "a", "积水", emergency="fire")
    closed = await file(cases, "b", "积水", emergency="fire")
    order = Order(Deed.WITHDRAW, 1, note="不报了")
    await Workflow(db, clock).act(closed, order, SYSTEM, Part.RESIDENT)
    clock.advance(timedelta(days=60))
    fresh = await file(cases, "c", "积水")
    assert await numbers(cases, overdue="1") == [late]
    assert await numbers(cases, open="1") == [fresh, late]
    assert await numbers(cases, open="0") == [closed]
    assert await numbers(cases, order="due") == [late, fresh]


@pytest.mark.parametrize("walked", [0, 2, 2000])
async def test_text_is_found_by_walking_and_in_every_span_of_the_index(
    cases: Cases, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    monkeypatch.setattr(words_search, "WALKED", walked)
    filed = []
    for nth, days in enumerate((300, 100, 40, 10, 0)):
        filed.append(await file(cases, f"{nth}-a", "垃圾没人收"))
        await file(cases, f"{nth}-b", "路灯不亮")
        clock.advance(timedelta(days=days))
    assert await numbers(cases, text="垃圾") == filed[::-1]
    assert await numbers(cases, text="垃圾", limit="3") == filed[:1:-1]
    assert await numbers(cases, text="垃圾", after=filed[3], limit="2") == [filed[2], filed[1]]
    assert await numbers(cases, text="垃圾", status="accepted", open="1") == filed[::-1]
    assert await numbers(cases, text="垃圾", status="closed,handling") == []
    first_day = filed[0][:8]
    assert await numbers(cases, text="垃圾", number=first_day) == filed[:1]
    assert await numbers(cases, text="垃圾", number="20261130") == []
    assert await numbers(cases, text="垃圾", after="2027023100001") == [filed[0]]


async def test_few_words_are_looked_up_and_all_must_be_there(
    cases: Cases, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_search, "WALKED", 0)
    said = "安定门街道办事处门口的架空线掉下来了"
    filed = []
    for nth, days in enumerate((400, 200, 0)):
        filed.append(await file(cases, f"{nth}-a", said))
        # every second pair of the words looked for, but not those between them
        await file(cases, f"{nth}-b", "安定，门街，事处，门口，架空，线掉，来了")
        clock.advance(timedelta(days=days))
    assert await numbers(cases, text="安定门街道办事处门口的架空线") == filed[::-1]
    assert await numbers(cases, text="街道", category="06029") == filed[::-1]


async def test_older_quarters_are_looked_through_until_the_page_is_full(
    cases: Cases, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_search, "WALKED", 0)
    filed = []
    for nth in range(16):
        filed.append(await file(cases, f"{nth}", "护栏断了一截" if nth % 3 else "护栏断了"))
        clock.advance(timedelta(days=46))
    for limit in (1, 3, 5, 16):
        assert await numbers(cases, text="护栏", limit=f"{limit}") == filed[::-1][:limit]
    some = [number for nth, number in enumerate(filed) if nth % 3]
    assert await numbers(cases, text="护栏断了一截", limit="6") == some[::-1][:6]


@pytest.mark.parametrize("query", [{}, {"text": "垃圾"}, {"status": "accepted"}, {"order": "due"}])
async def test_pages_follow_each_other_without_gap(
    cases: Cases, clock: FakeClock, query: dict[str, str]
) -> None:
    filed = []
    for day in range(5):
        for nth in range(3):
            filed.append(await file(cases, f"{day}-{nth}", "垃圾没人收"))
        clock.advance(timedelta(days=40 if day == 2 else 1))
    seen: list[str] = []
    after = ""
    while True:
        found = await cases.find(read_search({**query, "limit": "4", "after": after}))
        seen += [case.case_number for case in found.cases]
        after = found.next
        if not after:
            break
        # filed meanwhile: it belongs before the pages seen, and shifts nothing
        if len(seen) == 4 and "order" not in query:
            await file(cases, "new", "垃圾没人收")
    assert seen == filed if "order" in query else seen == filed[::-1]


async def test_erased_words_find_nothing(
    cases: Cases, db: Database, clock: FakeClock, vault: Vault
) -> None:
    await file(cases, "a", "邻居老王家漏水", phone=PHONE)
    kept = await file(cases, "b", "另一家漏水")
    await Retention(db, clock, vault).erase_person(PHONE, SYSTEM)
    assert await numbers(cases, q="漏水") == [kept]
    async with db.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM case_words")) == 1


async def test_cases_filed_before_the_index_are_in_it(cases: Cases, db: Database) -> None:
    number = await file(cases, "a", "路灯不亮")
    async with db.write() as session:
        await session.execute(text("DELETE FROM case_words"))
    assert await numbers(cases, q="路灯") == []
    import importlib

    migrations = [
        importlib.import_module(f"hotline.migrations.versions.{name}")
        for name in (
            "0008e_words_know_their_category",
            "0008g_words_are_looked_for_in_spans",
            "0008i_each_quarter_has_lists_of_its_own",
        )
    ]
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    async with db.engine.connect() as connection:
        await connection.execution_options(writing=True)

        def refill(sync: object) -> None:
            with Operations.context(MigrationContext.configure(sync)):  # type: ignore[arg-type]
                for migration in migrations:
                    migration.upgrade()

        await connection.run_sync(refill)
        await connection.commit()
    assert await numbers(cases, q="路灯") == [number]
    assert await numbers(cases, text="路灯", category="06029", district="110108") == [number]
    assert await numbers(cases, text="路灯", category="06") == [number]
    assert await numbers(cases, text="路灯", category="09") == []
