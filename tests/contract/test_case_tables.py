"""The deployment's own tables: changes, files in and out, and the watch over clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import select

from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, ClockName, NewCase
from cases.reminders import Reminders, Watch
from cases.service import Cases
from cases.sheet_list import AREAS, LIMITS, RULES, SHEETS, UNITS, WORKDAYS
from cases.sheet_service import BadRows, RowNotFound, RowTaken, Sheets
from cases.workflow import Workflow
from hotline.audit import BOT, Actor, AuditRow
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.tables import write_csv

LI = Actor("operator", "op2", "李班长")
TEAM = "东城区东华门街道综合行政执法队"
LIMIT = {
    "clock": "case", "category_prefix": "06010", "urgency": "", "area_class": "A",
    "amount": "4", "unit": "working_hours", "source": "本部署设定", "reviewed_on": "2026-11-22",
}  # fmt: skip


@pytest.fixture
def sheets(db: Database, clock: FakeClock) -> Sheets:
    return Sheets(db, clock)


async def audits(db: Database, action: str) -> list[AuditRow]:
    async with db.read() as session:
        return list(await session.scalars(select(AuditRow).where(AuditRow.action == action)))


async def test_a_limit_is_added_changed_and_taken_away(sheets: Sheets, db: Database) -> None:
    await sheets.save(LIMITS, None, LIMIT, LI)
    with pytest.raises(RowTaken):
        await sheets.save(LIMITS, None, {**LIMIT, "amount": "5"}, LI)
    line = next(each for each in await sheets.lines(LIMITS) if each.cells["area_class"] == "A 类")
    assert line.cells["unit"] == "工作时"
    await sheets.save(LIMITS, line.id, {**line.cells, "amount": "5"}, LI)
    assert (await sheets.get(LIMITS, line.id)).cells["amount"] == "5"
    await sheets.delete(LIMITS, line.id, LI)
    with pytest.raises(RowNotFound):
        await sheets.get(LIMITS, line.id)
    added, changed, removed = await audits(db, "case_table_changed")
    assert (added.detail["before"], changed.detail["before"]["amount"]) == (None, "4")
    assert removed.detail["after"] is None
    assert changed.actor_id == LI.id


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"amount": "0"}, "时限应在 1 到 1000 之间"),
        ({"amount": "很快"}, "时限应是整数"),
        ({"unit": "周"}, "计时“周”应是"),
        ({"category_prefix": "55"}, "“55”不是问题类别的名称"),
        ({"source": ""}, "依据没有填写"),
        ({"reviewed_on": "去年"}, "核对日期“去年”应写成"),
        ({"source": "=HYPERLINK(1)"}, "公式"),
        ({"source": "<script>"}, "网页代码"),
        ({"source": "长" * 501}, "超过 500 个字"),
    ],
)
async def test_what_does_not_fit_is_told_and_nothing_kept(
    sheets: Sheets, wrong: dict[str, str], told: str
) -> None:
    before = await sheets.lines(LIMITS)
    with pytest.raises(InvalidInput, match=told):
        await sheets.save(LIMITS, None, {**LIMIT, **wrong}, LI)
    assert await sheets.lines(LIMITS) == before


async def test_a_row_that_is_not_there_is_not_found(sheets: Sheets) -> None:
    for identifier in ("99999", "x", "1; DROP TABLE cases", "9" * 30):
        with pytest.raises(RowNotFound):
            await sheets.get(LIMITS, identifier)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("name", list(SHEETS))
async def test_every_table_goes_out_and_comes_in_unchanged(
    sheets: Sheets, name: str, ending: str
) -> None:
    sheet = SHEETS[name]
    if sheet is WORKDAYS:
        await sheets.save(
            sheet, None, {"day": "2027-02-06", "works": "是", "source": "国务院办公厅通知"}, LI
        )
    before = await sheets.lines(sheet)
    assert before
    data = await sheets.export(sheet, ending)
    taken = await sheets.take_in(sheet, f"x.{ending}", data, LI, replaces=True)
    assert (taken.added, taken.changed, taken.removed) == (0, 0, 0)
    assert await sheets.lines(sheet) == before


async def test_every_wrong_row_of_a_file_is_named_and_no_row_taken(sheets: Sheets) -> None:
    header = [column.title for column in LIMITS.fields]
    good = ["全程", "06010", "不限", "A 类", "4", "工作时", "", "", "本部署设定", "2026-11-22"]
    rows = [good, [*good[:4], "零", *good[5:]], good, [*good[:8], "", good[9]]]
    with pytest.raises(BadRows) as caught:
        await sheets.take_in(LIMITS, "x.csv", write_csv(header, rows), LI)
    assert "有 3 行不能导入" in caught.value.message
    for told in ("第 3 行：时限应是整数", "第 4 行：与前面的一行重复", "第 5 行：依据没有填写"):
        assert told in caught.value.message
    assert not [line for line in await sheets.lines(LIMITS) if line.cells["area_class"] == "A 类"]


async def test_an_exported_formula_stays_words(sheets: Sheets, db: Database) -> None:
    await sheets.save(LIMITS, None, {**LIMIT, "condition": "-2+3 小时内"}, LI)
    data = await sheets.export(LIMITS, "csv")
    assert "'-2+3 小时内" in data.decode("utf-8-sig")
    book = await sheets.export(LIMITS, "xlsx")
    from io import BytesIO

    sheet = openpyxl.load_workbook(BytesIO(book)).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


async def test_units_are_switched_off_not_deleted(sheets: Sheets) -> None:
    line = next(each for each in await sheets.lines(UNITS) if each.cells["name"] == TEAM)
    with pytest.raises(InvalidInput, match="停用"):
        await sheets.delete(UNITS, line.id, LI)
    header = [column.title for column in UNITS.fields]
    data = write_csv(header, [list(line.cells.values())])
    taken = await sheets.take_in(UNITS, "x.csv", data, LI, replaces=True)
    assert taken.removed == len(await sheets.lines(UNITS)) - 1
    assert {each.cells["enabled"] for each in await sheets.lines(UNITS)} == {"是", "否"}


async def test_rules_may_name_only_units_and_areas_that_are_there(sheets: Sheets) -> None:
    rule = {
        "name": "新规则", "priority": "500", "mode": "direct", "target": TEAM, "days": "",
        "source": "本部署设定", "reviewed_on": "2026-11-22", "enabled": "是",
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="不在单位表里"):
        await sheets.save(RULES, None, {**rule, "target": "没有的队"}, LI)
    with pytest.raises(InvalidInput, match="不在区域表里"):
        await sheets.save(RULES, None, {**rule, "area_name": "没有的区域"}, LI)
    with pytest.raises(InvalidInput, match="要填写协办单位"):
        await sheets.save(RULES, None, {**rule, "mode": "lead"}, LI)
    await sheets.save(RULES, None, {**rule, "area_name": "天坛公园"}, LI)
    with pytest.raises(InvalidInput, match="同时填写纬度"):
        await sheets.save(
            AREAS, None, {**rule, "name": "半个圆", "lat": "39.9", "area_class": ""}, LI
        )


# --- the watch -----------------------------------------------------------------------------------


class Guard:
    """A case on its way, and the watch over it."""

    def __init__(self, db: Database, clock: FakeClock, vault: Vault) -> None:
        self.db, self.clock = db, clock
        self.cases = Cases(db, clock, vault, LocalLimiter())
        self.workflow = Workflow(db, clock)
        self.watch = Watch(db, clock, self.workflow)
        self.reminders = Reminders(db, clock)

    async def dispatched(self) -> tuple[str, int]:
        new = NewCase("k", CaseKind.REPORT, "06029", "烧烤摊", None)
        number = (await self.cases.file(new, BOT)).case_number
        for version, deed in enumerate((Deed.FILE, Deed.DISPATCH), 1):
            order = Order(deed, version, unit_name=TEAM)
            await self.workflow.act(number, order, LI, Part.SUPERVISOR)
        unit_id = (await self.cases.get(number)).unit_id
        assert unit_id is not None
        return number, unit_id

    async def kinds(self, unit_id: int | None) -> list[str]:
        return [each.kind.value for each in await self.reminders.recent(unit_id)]


@pytest.fixture
def guard(db: Database, clock: FakeClock, vault: Vault) -> Guard:
    return Guard(db, clock, vault)


async def test_unit_and_supervisors_are_warned_once_and_told_once_when_it_is_late(
    guard: Guard, db: Database, clock: FakeClock
) -> None:
    number, unit_id = await guard.dispatched()
    assert await guard.watch.sweep() == 0
    assert await guard.kinds(unit_id) == ["dispatched"]
    clock.advance(timedelta(days=4))  # of 5 for handling, of 7 for the whole case
    assert await guard.watch.sweep() == 1
    assert await guard.watch.sweep() == 0
    assert await guard.kinds(unit_id) == ["warning", "dispatched"]
    assert await guard.kinds(None) == ["warning"]
    clock.advance(timedelta(days=1))
    assert await guard.watch.sweep() == 1
    assert await guard.watch.sweep() == 0
    assert (await guard.kinds(unit_id))[0] == "overdue"
    (warned,) = await audits(db, "case_clock_warned")
    (late,) = await audits(db, "case_clock_overdue")
    assert (warned.object_id, late.detail["clock"]) == (number, ClockName.HANDLE.value)


async def test_two_watches_tell_it_once(guard: Guard, db: Database, clock: FakeClock) -> None:
    await guard.dispatched()
    clock.advance(timedelta(days=30))
    other = Watch(db, clock, guard.workflow)
    assert await guard.watch.sweep() == 2  # the whole case and its handling
    assert await other.sweep() == 0
    assert await guard.kinds(None) == ["overdue", "overdue"]


async def test_a_deferred_case_is_not_warned_of_and_goes_on_when_the_time_is_over(
    guard: Guard, clock: FakeClock
) -> None:
    number, _ = await guard.dispatched()
    due = (await guard.cases.get(number)).due_at
    assert due is not None
    until = clock.now() + timedelta(days=60)
    order = Order(Deed.DEFER, 3, "等材料", until=until)
    await guard.workflow.act(number, order, LI, Part.SUPERVISOR)
    clock.advance(timedelta(days=59))
    assert await guard.watch.sweep() == 0
    clock.advance(timedelta(days=1, hours=1))
    assert await guard.watch.sweep() == 0
    case = await guard.cases.get(number)
    assert (case.status.value, case.history[-1].actor_name) == ("handling", "系统")
    assert case.due_at == due + timedelta(days=60, hours=1)


async def test_a_closed_case_is_never_late(guard: Guard, clock: FakeClock) -> None:
    number, unit_id = await guard.dispatched()
    for version, deed in enumerate((Deed.START, Deed.REPORT, Deed.CHECK, Deed.CLOSE), 3):
        await guard.workflow.act(number, Order(deed, version, "好了"), LI, Part.SUPERVISOR)
    clock.advance(timedelta(days=300))
    assert await guard.watch.sweep() == 0
    assert await guard.kinds(unit_id) == ["dispatched"]


async def test_reading_is_noted_and_units_read_their_own(guard: Guard, clock: FakeClock) -> None:
    _, unit_id = await guard.dispatched()
    (shown,) = await guard.reminders.recent(unit_id)
    await guard.reminders.mark_read(unit_id + 1, LI, shown.id)
    assert await guard.reminders.count_unread(unit_id) == 1
    await guard.reminders.mark_read(unit_id, LI, shown.id)
    assert await guard.reminders.count_unread(unit_id) == 0
    assert (await guard.reminders.recent(unit_id))[0].read_by_name == LI.name


async def test_an_own_holiday_moves_the_end_of_a_limit(
    sheets: Sheets, guard: Guard, clock: FakeClock
) -> None:
    limit = {
        **LIMIT,
        "category_prefix": "",
        "urgency": "normal",
        "area_class": "",
        "unit": "working_days",
    }
    await sheets.save(LIMITS, None, {**limit, "amount": "1"}, LI)
    clock.advance(timedelta(days=1))  # Monday, 23 November 2026
    new = NewCase("a", CaseKind.REPORT, "06029", "烧烤摊", None)
    plain = await guard.cases.file(new, BOT)
    assert plain.due_at == datetime(2026, 11, 24, 2, tzinfo=UTC)
    await sheets.save(WORKDAYS, None, {"day": "2026-11-24", "works": "否", "source": "本部署"}, LI)
    moved = await guard.cases.file(NewCase("b", CaseKind.REPORT, "06029", "又一个", None), BOT)
    assert moved.due_at == datetime(2026, 11, 25, 2, tzinfo=UTC)
