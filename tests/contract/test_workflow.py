"""The lifecycle on both databases: the whole way, rulings, clocks, merging, random histories."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.errors import IllegalMove, MissingDetail, RequestSettled
from cases.lifecycle import TABLE, Answers, Deed, Order, Part, find_possible
from cases.models import Case, CaseKind, CaseStatus, Location, NewCase
from cases.service import Cases
from cases.store import CaseRow
from cases.workflow import Workflow
from hotline.audit import BOT, Actor, AuditRow
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault

WANG, LI = Actor("operator", "op1", "王坐席"), Actor("operator", "op2", "李班长")
LAMP = NewCase(
    "k", CaseKind.REPORT, "06029", "烧烤摊", Location("示例路"), conversation_id="c" * 32
)
YES = Answers(True, True, True)


class Letters:
    """What residents were told, in order."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def tell(
        self, session: AsyncSession, to: str, text: str, payload: Mapping[str, Any] | None
    ) -> None:
        self.texts.append(text)


class Office:
    """The services and shortcuts around one case after another."""

    def __init__(self, db: Database, clock: FakeClock, cases: Cases) -> None:
        self.db, self.clock, self.cases, self.letters = db, clock, cases, Letters()
        self.workflow = Workflow(db, clock, self.letters.tell)

    async def file(self, key: str = "k", **changes: Any) -> Case:
        return await self.cases.file(replace(LAMP, idempotency_key=key, **changes), BOT)

    async def do(self, number: str, deed: Deed, part: Part = Part.DESK, **given: Any) -> Case:
        version = (await self.cases.get(number)).version
        values = {"note": "说明", "unit_name": "示例街道", "answers": YES, **given}
        values.setdefault("until", self.clock.now() + timedelta(days=9))
        actor = LI if part is Part.SUPERVISOR else WANG
        await self.workflow.act(number, Order(deed, version, **values), actor, part)
        return await self.cases.get(number)

    async def bring(self, number: str, *deeds: Deed) -> Case:
        for deed in deeds:
            case = await self.do(number, deed)
        return case


@pytest.fixture
def office(db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter) -> Office:
    return Office(db, clock, Cases(db, clock, vault, limiter))


SEVEN = (Deed.VERIFY, Deed.FILE, Deed.DISPATCH, Deed.START, Deed.REPORT, Deed.CHECK, Deed.CLOSE)


async def test_the_seven_steps_end_in_an_evaluation_and_are_audited(office: Office) -> None:
    number = (await office.file()).case_number
    case = await office.bring(number, *SEVEN, Deed.CALL_BACK, Deed.EVALUATE)
    assert (case.status, case.unit_name) == (CaseStatus.EVALUATED, "示例街道")
    assert [step.deed for step in case.history[1:4]] == ["verify", "file", "dispatch"]
    assert case.history[1].before is CaseStatus.ACCEPTED
    assert len(office.letters.texts) == 4  # 立案、派遣、处置、结案
    assert all(number in text for text in office.letters.texts)
    async with office.db.read() as session:
        deeds = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
    assert deeds[3].detail == {"deed": "dispatch", "before": "filed", "after": "dispatched"}
    assert deeds[3].actor_id == WANG.id


async def test_not_satisfied_means_reopened(office: Office) -> None:
    number = (await office.file()).case_number
    await office.bring(number, *SEVEN)
    await office.do(number, Deed.CALL_BACK, answers=Answers(True, False, False))
    case = await office.do(number, Deed.REOPEN, note="市民说没有解决")
    assert case.status is CaseStatus.FILED
    assert "重新办理" in office.letters.texts[-1]


async def test_illegal_moves_are_refused_in_clear_words(office: Office) -> None:
    number = (await office.file()).case_number
    with pytest.raises(IllegalMove, match="工单已受理，不能结案。"):
        await office.do(number, Deed.CLOSE)
    with pytest.raises(IllegalMove, match="只有紧急工单"):
        await office.do(number, Deed.DISPATCH)
    with pytest.raises(IllegalMove, match="您的角色不能立案工单"):
        await office.do(number, Deed.FILE, part=Part.UNIT)
    with pytest.raises(IllegalMove, match="举报工单不能答复办结"):
        await office.do(number, Deed.ANSWER)
    await office.do(number, Deed.FILE)
    with pytest.raises(MissingDetail, match="派遣需要填写承办单位。"):
        await office.do(number, Deed.DISPATCH, unit_name=" ")


async def test_an_emergency_is_dispatched_at_once(office: Office) -> None:
    number = (await office.file(emergency="gas")).case_number
    assert (await office.do(number, Deed.DISPATCH)).status is CaseStatus.DISPATCHED


async def test_of_two_who_saw_the_same_version_one_moves(office: Office) -> None:
    number = (await office.file()).case_number
    order = Order(Deed.FILE, 1)
    tries = [office.workflow.act(number, order, WANG, Part.DESK) for _ in range(2)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["IllegalMove", "bool"]
    assert (await office.cases.get(number)).version == 2


async def test_a_return_waits_for_the_ruling(office: Office) -> None:
    number = (await office.file()).case_number
    await office.bring(number, Deed.FILE, Deed.DISPATCH)
    case = await office.do(number, Deed.RETURN, part=Part.UNIT, note="不属于本辖区")
    assert case.status is CaseStatus.DISPATCHED
    with pytest.raises(IllegalMove, match="已有一项申请"):
        await office.do(number, Deed.RETURN, part=Part.UNIT)
    (request,) = await office.workflow.open_requests(number)
    await office.workflow.decide(request.id, True, LI, "")
    assert (await office.cases.get(number)).status is CaseStatus.FILED
    with pytest.raises(RequestSettled):
        await office.workflow.decide(request.id, False, LI, "")


async def test_a_request_turned_down_changes_nothing_but_the_history(office: Office) -> None:
    number = (await office.file()).case_number
    await office.do(number, Deed.VOID)
    (request,) = await office.workflow.open_requests(number)
    await office.workflow.decide(request.id, False, LI, "理由不足")
    case = await office.cases.get(number)
    assert case.status is CaseStatus.ACCEPTED
    assert case.history[-1].note == "作废申请未批准：理由不足"
    assert office.letters.texts == []


async def test_the_clock_stands_still_while_deferred(office: Office, clock: FakeClock) -> None:
    case = await office.file()
    number, due = case.case_number, case.due_at
    assert due is not None
    await office.bring(number, Deed.FILE, Deed.DISPATCH)
    assert (await office.do(number, Deed.DEFER, part=Part.SUPERVISOR)).paused_at == clock.now()
    clock.advance(timedelta(days=3))
    case = await office.do(number, Deed.RESUME)
    assert (case.due_at, case.paused_at) == (due + timedelta(days=3), None)


async def test_merging_adds_weight_and_splitting_takes_it_back(office: Office) -> None:
    first, second = [(await office.file(key)).case_number for key in ("a", "b")]
    await office.do(second, Deed.FILE)
    merged = await office.do(second, Deed.MERGE, into=first)
    assert (merged.status, merged.merged_into) == (CaseStatus.MERGED, first)
    assert (await office.cases.get(first)).weight == 2
    split = await office.do(second, Deed.SPLIT)
    assert (split.status, split.merged_into) == (CaseStatus.FILED, None)
    assert (await office.cases.get(first)).weight == 1
    with pytest.raises(IllegalMove, match="自己"):
        await office.do(first, Deed.MERGE, into=first)


@pytest.mark.parametrize("seed", range(6))
async def test_random_histories_obey_the_table(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    numbers = [(await office.file(str(index))).case_number for index in range(3)]
    for _ in range(40):
        number = chance.choice(numbers)
        before = await office.cases.get(number)
        deed, part = chance.choice(list(Deed)), chance.choice([Part.SUPERVISOR, Part.DESK])
        allowed = {row.deed for row in find_possible(before.status, before.kind, False, part)}
        try:
            after = await office.do(number, deed, part=part, into=chance.choice(numbers))
        except IllegalMove:
            assert await office.cases.get(number) == before
            continue
        assert deed in allowed
        assert after.version == before.version + 1
        assert len(after.history) == len(before.history) + 1
        office.clock.advance(timedelta(minutes=chance.randrange(90)))
    async with office.db.read() as session:
        rows = (await session.scalars(select(CaseRow))).all()
    assert sum(row.weight for row in rows if row.merged_into is None) >= 1
    for row in rows:
        inside = sum(other.weight for other in rows if other.merged_into == row.case_number)
        assert row.weight == 1 + inside
        assert (row.paused_at is not None) == (row.status == "deferred")


def test_every_status_but_the_ends_can_be_left() -> None:
    left = {status for row in TABLE for status in row.sources}
    assert set(CaseStatus) - left == {
        CaseStatus.EVALUATED,
        CaseStatus.VOIDED,
        CaseStatus.WITHDRAWN,
    }
