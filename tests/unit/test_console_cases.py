"""The console's case pages and the officers' pages, as a browser sees them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from cases.models import CaseKind, Location, NewCase
from console.door import CSRF_HEADER
from console.models import Role
from console.testing import Page, World, build_world
from hotline.audit import BOT
from hotline.tables import write_csv

TEAM, OTHER_TEAM = "东城区东华门街道综合行政执法队", "东城区天坛街道综合行政执法队"
DHM = Location(
    "王府井百货西门", "东城区", "110101", "东华门街道", "110101001", lat=39.91, lon=116.41
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("chief", Role.SUPERVISOR, "李班长")
    for login, name in (("dhm", TEAM), ("tt", OTHER_TEAM)):
        unit = (await world.context.dispatching.book()).unit(name)
        assert unit is not None
        await world.add(login, Role.UNIT, login, unit.id)
    yield world
    await world.close()


@pytest.fixture
async def chief(world: World) -> Page:
    return await world.log_in("chief")


async def text_of(page: Page, path: str, status: int = 200) -> str:
    answer = await page.client.get(path)
    assert answer.status == status
    return await answer.text()


async def file(world: World, key: str = "k", talk: str | None = None) -> str:
    new = NewCase(key, CaseKind.REPORT, "06029", "西门外有人摆烧烤摊", DHM, conversation_id=talk)
    return (await world.context.cases.file(new, BOT)).case_number


async def step(page: Page, path: str, world: World, deed: str, **fields: str) -> int:
    number = path.rpartition("/")[2]
    version = str((await world.context.cases.get(number)).version)
    answer = await page.submit(f"{path}/steps", deed=deed, version=version, **fields)
    return answer.status


def picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(data, "JPEG")
    return data.getvalue()


async def dispatch(world: World, chief: Page) -> str:
    """A case that the desk sent to the unit its rules propose, by one click."""
    number = await file(world, talk=await world.open("我要举报"))
    path = f"/console/cases/{number}"
    assert await step(chief, path, world, "file") == 303
    assert await step(chief, path, world, "dispatch", unit_name=TEAM) == 303
    return number


async def test_the_desk_sees_the_proposed_unit_with_its_reason(world: World, chief: Page) -> None:
    number = await file(world)
    page = await text_of(chief, f"/console/cases/{number}")
    assert f"立案后推荐派给：{TEAM}" in page
    await step(chief, f"/console/cases/{number}", world, "file")
    page = await text_of(chief, f"/console/cases/{number}")
    for words in ("推荐派给", TEAM, "默认单位，未核对", "王府井地区归东华门街道", "确认派遣"):
        assert words in page
    for words in ("全程", "立案", "派遣", "按时完成", "还有 "):  # its clocks
        assert words in page


async def test_the_history_tells_whether_the_proposal_was_followed(
    world: World, chief: Page
) -> None:
    first = await dispatch(world, chief)
    assert "按规则“王府井地区归东华门街道”" in await text_of(chief, f"/console/cases/{first}")
    second = f"/console/cases/{await file(world, 'b')}"
    await step(chief, second, world, "file")
    await step(chief, second, world, "dispatch", unit_name=OTHER_TEAM, note="管辖另有约定")
    page = await text_of(chief, second)
    assert f"派往{OTHER_TEAM}；未按推荐（{TEAM}）派遣；管辖另有约定" in page


async def test_lists_are_filtered_and_paged(world: World, chief: Page) -> None:
    numbers = [await file(world, str(index)) for index in range(52)]
    await step(chief, f"/console/cases/{numbers[3]}", world, "file")
    page = await text_of(chief, "/console/cases")
    assert numbers[-1] in page
    assert numbers[0] not in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    page = await text_of(chief, following)
    assert numbers[0] in page
    assert numbers[-1] not in page
    page = await text_of(chief, "/console/cases?status=filed")
    assert numbers[3] in page
    assert numbers[4] not in page
    assert "没有符合的工单" in await text_of(chief, "/console/cases?emergency=1")
    assert "没有这种状态或类型" in await text_of(chief, "/console/cases?status=lost", 400)
    world.clock.advance(timedelta(days=8))
    chief = await world.log_in("chief")  # the session has ended meanwhile
    page = await text_of(chief, "/console/cases?overdue=1&order=due")
    assert 'class="tag tag-danger">已超期' in page


async def test_a_unit_starts_reports_with_a_photo_and_the_desk_sees_it(
    world: World, chief: Page
) -> None:
    number = await dispatch(world, chief)
    officer = await world.log_in("dhm")
    home = await officer.client.get("/console", allow_redirects=False)
    assert home.headers["Location"] == "/console/unit"
    page = await text_of(officer, "/console/unit")
    assert "待接单" in page
    assert "新派来一张工单" in page
    path = f"/console/unit/cases/{number}"
    page = await text_of(officer, path)
    assert "在地图上看" in page
    assert "116.410000%2C39.910000" in page
    assert await step(officer, path, world, "start") == 303
    kept = await officer.client.post(
        f"/console/api/unit/cases/{number}/photos",
        data=picture(),
        headers={CSRF_HEADER: officer.csrf},
    )
    assert kept.status == 201
    assert await step(officer, path, world, "report", note="已劝离，炉具已收走") == 303
    assert "已反馈，等核查" in await text_of(officer, "/console/unit")
    page = await text_of(chief, f"/console/cases/{number}")
    photo = page.split(f"/console/cases/{number}/photos/")[1].split('"')[0]
    answer = await chief.client.get(f"/console/cases/{number}/photos/{photo}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert "已劝离，炉具已收走" in page


async def test_a_unit_asks_and_a_supervisor_rules(world: World, chief: Page) -> None:
    number = await dispatch(world, chief)
    officer = await world.log_in("dhm")
    path = f"/console/unit/cases/{number}"
    assert await step(officer, path, world, "return", note="不在本辖区") == 303
    assert "退单申请等待审批：不在本辖区" in await text_of(officer, path)
    assert "dhm申请退单" in await text_of(chief, "/console/reminders")
    answer = await chief.submit(f"/console/cases/{number}/requests/1", ruling="approve")
    assert answer.status == 303
    await text_of(officer, path, 404)
    assert "现在没有要办的工单" in await text_of(officer, "/console/unit")


async def test_a_helping_unit_reads_but_does_not_act(world: World, chief: Page) -> None:
    number = await file(world)
    path = f"/console/cases/{number}"
    await step(chief, path, world, "file")
    await step(chief, path, world, "dispatch", unit_name=TEAM, helper_names=OTHER_TEAM)
    helper = await world.log_in("tt")
    page = await text_of(helper, f"/console/unit/cases/{number}")
    assert "本单位协办" in page
    assert "开始处置" not in page
    assert await step(helper, f"/console/unit/cases/{number}", world, "start") == 404


async def test_rules_can_be_tried_out(chief: Page) -> None:
    query = "category=占用消防通道&division=东城区东华门街道"
    page = await text_of(chief, f"/console/dispatch?{query}")
    for words in ("派给 <strong>消防救援机构", "占用消防通道由消防牵头", "差一点就用到的规则"):
        assert words in page
    assert "条件都符合，但优先级" in page
    assert "没有这个问题类别" in await text_of(chief, "/console/dispatch?category=不存在")
    assert "没有找到街道" in await text_of(chief, "/console/dispatch?division=火星街道")


async def test_tables_are_edited_imported_and_exported(world: World, chief: Page) -> None:
    fields = {
        "clock": "case", "category_prefix": "06010", "urgency": "", "area_class": "",
        "amount": "4", "unit": "working_hours", "source": "本部署设定", "reviewed_on": "2026-11-22",
    }  # fmt: skip
    assert (await chief.submit("/console/limits", **fields)).status == 303
    refused = await chief.submit("/console/limits", **{**fields, "amount": "0"})
    assert refused.status == 400
    assert "时限应在 1 到 1000 之间" in await refused.text()
    exported = await chief.client.get("/console/limits/export/xlsx")
    assert exported.headers["Content-Disposition"].endswith('filename="limits.xlsx"')
    upload = "/console/api/limits/import?name=limits.xlsx"
    headers = {CSRF_HEADER: chief.csrf}
    taken = await chief.client.post(upload, data=await exported.read(), headers=headers)
    assert (await taken.json())["location"] == "/console/limits?added=0&changed=0&removed=0"
    wrong = write_csv(["环节", "时限"], [["全程", "零"]])
    answer = await chief.client.post(
        "/console/api/limits/import?name=x.csv", data=wrong, headers=headers
    )
    assert answer.status == 400
    assert "第 2 行：" in (await answer.json())["error"]["message"]


async def test_operators_read_the_tables_and_change_nothing(world: World) -> None:
    await world.add("wang", Role.OPERATOR, "王坐席")
    wang = await world.log_in("wang")
    for name in ("limits", "workdays", "units", "areas", "dispatch", "reminders"):
        assert "导入文件" not in await text_of(wang, f"/console/{name}")
    assert (await wang.submit("/console/units/1", name="改名")).status == 403
    assert (await wang.submit("/console/limits/1/delete")).status == 403
    assert (await wang.submit("/console/reminders", up_to="1")).status == 403


async def test_accounts_of_units_are_made_by_administrators(world: World) -> None:
    await world.add("boss", Role.ADMIN, "管理员")
    boss = await world.log_in("boss")
    form = {"login": "js", "name": "景山队", "role": "unit"}
    refused = await boss.submit("/console/operators", **form, unit="没有的队")
    assert refused.status == 400
    made = await boss.submit("/console/operators", **form, unit="东城区景山街道综合行政执法队")
    assert '<code id="secret">' in await made.text()
    assert "东城区景山街道综合行政执法队" in await text_of(boss, "/console/operators")
