"""The lifecycle on both databases: the whole way, rulings, clocks, merging, random histories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.errors import CaseNotFound, IllegalMove, MissingDetail, RequestSettled, UnknownUnit
from cases.lifecycle import TABLE, Answers, Deed, Order, Part
from cases.models import Case, CaseKind, CaseStatus, ClockName, Location, NewCase, Urgency
from cases.service import Cases
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
TEAM, OTHER_TEAM = "东城区东华门街道综合行政执法队", "东城区天坛街道综合行政执法队"


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
        values = {"note": "说明", "unit_name": TEAM, "answers": YES, **given}
        values.setdefault("until", self.clock.now() + timedelta(days=9))
        values.setdefault("urgency", Urgency.URGENT)
        actor = LI if part is Part.SUPERVISOR else WANG
        unit_id = None
        if part is Part.UNIT:
            unit_id = (await self.cases.get(number)).unit_id
        await self.workflow.act(
            number, Order(deed, version, **values), actor, part, unit_id=unit_id
        )
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
    assert (case.status, case.unit_name) == (CaseStatus.EVALUATED, TEAM)
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
    assert case.history[-2].note == "回访：没有解决，不满意；说明"
    assert case.status is CaseStatus.FILED
    assert "重新办理" in office.letters.texts[-1]


async def test_illegal_moves_are_refused_in_clear_words(office: Office) -> None:
    number = (await office.file()).case_number
    with pytest.raises(IllegalMove, match="工单已受理，不能结案。"):
        await office.do(number, Deed.CLOSE)
    with pytest.raises(IllegalMove, match="只有紧急工单"):
        await office.do(number, Deed.DISPATCH)
    with pytest.raises(IllegalMove, match="您的角色不能立案工单"):
        await office.do(number, Deed.FILE, part=Part.RESIDENT)
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


async def test_an_extension_asked_until_yesterday_can_only_be_turned_down(
    office: Office, clock: FakeClock
) -> None:
    number = (await office.file()).case_number
    case = await office.bring(number, Deed.FILE, Deed.DISPATCH)
    assert case.due_at is not None
    until = case.due_at + timedelta(days=1)
    await office.do(number, Deed.EXTEND, part=Part.UNIT, note="材料未到", until=until)
    clock.advance(until - clock.now() + timedelta(hours=1))
    (request,) = await office.workflow.open_requests(number)
    with pytest.raises(IllegalMove, match="时间已经过了"):
        await office.workflow.decide(request.id, True, LI, "")
    await office.workflow.decide(request.id, False, LI, "")
    assert await office.workflow.open_requests(number) == []


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


def test_every_status_but_the_ends_can_be_left() -> None:
    left = {status for row in TABLE for status in row.sources}
    assert set(CaseStatus) - left == {
        CaseStatus.EVALUATED,
        CaseStatus.VOIDED,
        CaseStatus.WITHDRAWN,
    }


async def test_a_unit_that_is_not_in_the_table_is_refused(office: Office) -> None:
    number = (await office.file()).case_number
    await office.do(number, Deed.FILE)
    with pytest.raises(UnknownUnit):
        await office.do(number, Deed.DISPATCH, unit_name="不存在的队")
    with pytest.raises(UnknownUnit):
        await office.do(number, Deed.DISPATCH, helper_names=("不存在的队",))
    case = await office.do(number, Deed.DISPATCH, helper_names=(OTHER_TEAM,))
    assert len(case.helper_ids) == 1
    assert case.history[-1].note == f"派往{TEAM}；协办：{OTHER_TEAM}；说明"


async def test_a_unit_acts_on_its_own_cases_only(office: Office) -> None:
    number = (await office.file()).case_number
    case = await office.bring(number, Deed.FILE, Deed.DISPATCH)
    assert case.unit_id is not None
    start = Order(Deed.START, case.version)
    for stranger in (None, case.unit_id + 1):
        with pytest.raises(CaseNotFound):
            await office.workflow.act(number, start, WANG, Part.UNIT, unit_id=stranger)
    assert await office.cases.get(number) == case
    await office.workflow.act(number, start, WANG, Part.UNIT, unit_id=case.unit_id)


async def test_after_an_approved_return_nobody_has_it(office: Office) -> None:
    number = (await office.file()).case_number
    await office.bring(number, Deed.FILE, Deed.DISPATCH)
    case = await office.do(number, Deed.RETURN, part=Part.SUPERVISOR)
    assert (case.unit_id, case.unit_name) == (None, None)


# --- clocks ------------------------------------------------------------------------------------


async def running(office: Office, number: str) -> dict[ClockName, timedelta]:
    """The clocks that run and what is left of each."""
    now = office.clock.now()
    clocks = await office.cases.clocks(number)
    return {each.name: each.due_at - now for each in clocks if each.stopped_at is None}


async def test_every_step_has_its_clock(office: Office) -> None:
    number = (await office.file()).case_number
    assert set(await running(office, number)) == {"case", "file", "dispatch"}
    await office.do(number, Deed.FILE)
    assert set(await running(office, number)) == {"case", "dispatch"}
    await office.do(number, Deed.DISPATCH)
    assert set(await running(office, number)) == {"case", "handle"}
    await office.bring(number, Deed.START, Deed.REPORT)
    assert set(await running(office, number)) == {"case", "check"}
    await office.do(number, Deed.REWORK)
    assert set(await running(office, number)) == {"case", "handle"}
    await office.bring(number, Deed.REPORT, Deed.CHECK, Deed.CLOSE)
    assert await running(office, number) == {}
    assert len(await office.cases.clocks(number)) == 7


async def test_a_reopened_case_has_its_whole_time_again(office: Office, clock: FakeClock) -> None:
    number = (await office.file()).case_number
    await office.bring(number, *SEVEN)
    clock.advance(timedelta(days=30))
    case = await office.do(number, Deed.REOPEN)
    assert case.due_at == clock.now() + timedelta(days=7)
    assert (await running(office, number))[ClockName.DISPATCH] == timedelta(hours=24)


async def test_an_extension_moves_the_case_and_its_handling(office: Office) -> None:
    number = (await office.file()).case_number
    case = await office.bring(number, Deed.FILE, Deed.DISPATCH)
    with pytest.raises(MissingDetail, match="晚于现在的期限"):
        await office.do(number, Deed.EXTEND, part=Part.SUPERVISOR, until=case.due_at)
    case = await office.do(number, Deed.EXTEND, part=Part.SUPERVISOR)
    assert case.due_at == office.clock.now() + timedelta(days=9)
    left = await running(office, number)
    assert left == dict.fromkeys(("case", "handle"), timedelta(days=9))


async def test_grading_sets_the_running_clocks_anew(office: Office, clock: FakeClock) -> None:
    number = (await office.file()).case_number
    clock.advance(timedelta(hours=1))
    case = await office.do(number, Deed.GRADE, urgency=Urgency.URGENT, area_class="A", note="重大")
    assert (case.urgency, case.area_class) == (Urgency.URGENT, "A")
    assert case.history[-1].note == "定级由一般改为紧急、A 类区域：重大"
    left = await running(office, number)
    assert left[ClockName.DISPATCH] == timedelta(hours=1)
    assert left[ClockName.CASE] == timedelta(hours=23)
    assert case.due_at == clock.now() + timedelta(hours=23)


async def test_merged_and_split_again_no_time_is_won(office: Office, clock: FakeClock) -> None:
    first, second = [(await office.file(key)).case_number for key in ("a", "b")]
    before = await running(office, second)
    await office.do(second, Deed.MERGE, into=first)
    assert await running(office, second) == {}
    clock.advance(timedelta(hours=2))
    await office.do(second, Deed.SPLIT)
    after = await running(office, second)
    assert after == {name: left - timedelta(hours=2) for name, left in before.items()}


async def test_filed_with_a_direct_rule_it_may_be_dispatched_alone(office: Office) -> None:
    alone = Workflow(office.db, office.clock, auto_dispatch=True)
    place = Location("样例路", "东城区", "110101", "东华门街道", "110101001")
    direct = (await office.file("a", location=place)).case_number
    shared = (await office.file("b", location=place, category_code="09012")).case_number
    nowhere = (await office.file("c")).case_number
    for number in (direct, shared, nowhere):
        await alone.act(number, Order(Deed.FILE, 1), WANG, Part.DESK)
    case = await office.cases.get(direct)
    assert (case.status, case.unit_name, case.version) == (CaseStatus.DISPATCHED, TEAM, 3)
    assert "按规则“街道（乡镇）属地管理”" in case.history[-1].note
    assert case.history[-1].actor_name == "系统"
    # several units, or none: a person decides
    for number in (shared, nowhere):
        assert (await office.cases.get(number)).status is CaseStatus.FILED
