"""The console's pages and API as a browser sees them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from console.intake import read_next
from console.models import Role
from console.pages import HERE, name_duration
from console.testing import PASSWORD, Page, World, build_world, post_login
from conversations.models import Holder, Incoming, Sender
from hotline.audit import BOT, AuditRow

API = "/console/api/conversations"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    yield world
    await world.close()


@pytest.fixture
async def lina(world: World) -> Page:
    return await world.log_in("lina")


async def text_of(page: Page, path: str, status: int = 200) -> str:
    answer = await page.client.get(path)
    assert answer.status == status
    return await answer.text()


async def deeds(world: World, action: str) -> list[AuditRow]:
    async with world.context.db.read() as session:
        return list(await session.scalars(select(AuditRow).where(AuditRow.action == action)))


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "00:00"), (0, "00:00"), (65.9, "01:05"), (3600, "1:00:00")]
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert name_duration(seconds) == words


@pytest.mark.parametrize("path", ["/console", "/console?x=1", "/console/conversations/ab12"])
def test_after_login_one_comes_back_to_pages_of_the_console(path: str) -> None:
    assert read_next(path) == path


async def test_without_a_login_pages_lead_to_the_login_page(world: World) -> None:
    browser = await world.browser()
    answer = await browser.get("/console/cases?number=1", allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/console/login?next=/console/cases%3Fnumber%3D1"
    part = await browser.get("/console/lists", headers={"HX-Request": "true"})
    assert part.status == 401


async def test_without_a_login_the_api_answers_in_json(world: World) -> None:
    answer = await (await world.browser()).get("/console/api/me")
    assert answer.status == 401
    assert (await answer.json())["error"]["code"] == "not_logged_in"


async def test_login_leads_where_one_wanted_to_go(world: World) -> None:
    browser = await world.browser()
    answer = await post_login(browser, "lina", PASSWORD, next="/console/cases")
    assert answer.headers["Location"] == "/console/cases"
    assert (await (await browser.get("/console/api/me")).json())["name"] == "李娜"
    again = await browser.get("/console/login", allow_redirects=False)
    assert again.headers["Location"] == "/console"


async def test_a_wrong_password_keeps_the_login_in_the_form(world: World) -> None:
    answer = await post_login(await world.browser(), "lina", "wrong")
    page = await answer.text()
    assert answer.status == 401
    assert 'value="lina"' in page
    assert "账号或密码不对" in page
    assert "wrong" not in page


async def test_the_desk_shows_lists_and_the_open_conversation(world: World, lina: Page) -> None:
    conversation = await world.enqueue("油烟太大", "转人工", summary="投诉油烟")
    page = await text_of(lina, f"/console/conversations/{conversation}")
    assert f'id="card-{conversation}"' in page
    assert "投诉油烟" in page
    assert 'data-deed="take"' in page
    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page


async def test_parts_of_the_desk_come_without_the_page_around(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    headers = {"HX-Request": "true"}
    for path in (f"/console/conversations/{conversation}", "/console/lists"):
        part = await (await lina.client.get(path, headers=headers)).text()
        assert "<html" not in part
    folder = await text_of(lina, f"/console/conversations/{conversation}/folder")
    assert '<hx-partial hx-target="#head"' in folder


async def test_unknown_pages_of_the_console_say_so(lina: Page) -> None:
    page = await text_of(lina, "/console/conversations/nothing", 404)
    assert "没有找到这个会话" in page


async def test_take_answer_return_close(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    early = await lina.post(
        f"{API}/{conversation}/messages", {"text": "x", "client_message_id": "1"}
    )
    assert (early.status, (await early.json())["error"]["code"]) == (409, "not_holder")
    taken = await (await lina.post(f"{API}/{conversation}/take")).json()
    assert (taken["holder"], taken["operator_name"]) == ("operator", "李娜")
    body: dict[str, object] = {"text": " 您好\x00 ", "client_message_id": "m1"}
    said = (await (await lina.post(f"{API}/{conversation}/messages", body)).json())["entry"]
    assert (said["text"], said["sender"], said["operator_name"]) == ("您好", "operator", "李娜")
    assert (await lina.post(f"{API}/{conversation}/return")).status == 200
    assert (await world.state(conversation)).holder is Holder.BOT
    await lina.post(f"{API}/{conversation}/take")
    assert (await lina.post(f"{API}/{conversation}/close")).status == 200
    assert (await world.state(conversation)).holder is Holder.CLOSED
    late = await lina.post(f"{API}/{conversation}/take")
    assert (await late.json())["error"]["code"] == "conversation_closed"


async def test_an_answer_sent_twice_arrives_once(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    await lina.post(f"{API}/{conversation}/take")
    body: dict[str, object] = {"text": "您好", "client_message_id": "same"}
    first = await (await lina.post(f"{API}/{conversation}/messages", body)).json()
    second = await (await lina.post(f"{API}/{conversation}/messages", body)).json()
    assert first == second
    timeline = await world.context.conversations.timeline(conversation)
    assert sum(entry.sender is Sender.OPERATOR for entry in timeline) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"text": "  ", "client_message_id": "1"}, 400),
        ({"text": 5, "client_message_id": "1"}, 400),
        ({"text": "x"}, 400),
        ({"text": "字" * 2001, "client_message_id": "1"}, 413),
        ({"text": "x", "client_message_id": "i" * 129}, 400),
    ],
)
async def test_answers_are_checked(
    world: World, lina: Page, body: dict[str, object], status: int
) -> None:
    conversation = await world.enqueue()
    await lina.post(f"{API}/{conversation}/take")
    answer = await lina.post(f"{API}/{conversation}/messages", body)
    assert answer.status == status
    assert set((await answer.json())["error"]) == {"code", "message"}


async def test_two_operators_cannot_hold_one_conversation(world: World, lina: Page) -> None:
    await world.add("wang", name="王强")
    wang = await world.log_in("wang")
    conversation = await world.enqueue()
    await lina.post(f"{API}/{conversation}/take")
    answer = await wang.post(f"{API}/{conversation}/take")
    assert answer.status == 409
    assert (await answer.json())["error"]["message"] == "这个会话正由其他坐席接待。"


async def test_a_supervisor_takes_over_only_knowingly(world: World, lina: Page) -> None:
    await world.add("zhao", Role.SUPERVISOR, "赵敏")
    zhao = await world.log_in("zhao")
    conversation = await world.enqueue()
    await lina.post(f"{API}/{conversation}/take")
    # her page still showed the conversation as waiting
    assert (await zhao.post(f"{API}/{conversation}/take")).status == 409
    holder = (await world.state(conversation)).operator_id
    taken = await zhao.post(f"{API}/{conversation}/take", {"from": holder})
    assert (await taken.json())["operator_name"] == "赵敏"
    refused = await lina.post(
        f"{API}/{conversation}/messages", {"text": "x", "client_message_id": "1"}
    )
    assert (await refused.json())["error"]["code"] == "not_holder"


async def test_notes_are_for_operators_and_written_down(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    answer = await lina.post(f"{API}/{conversation}/notes", {"text": "老住户，13812345678"})
    assert answer.status == 201
    folder = await text_of(lina, f"/console/conversations/{conversation}/folder")
    assert "老住户，138****5678" in folder
    timeline = await world.context.conversations.timeline(conversation)
    assert not any("老住户" in entry.text for entry in timeline)
    (deed,) = await deeds(world, "note_added")
    assert (deed.object_id, deed.actor_name) == (conversation, "李娜")
    assert "老住户" not in str(deed.detail)


async def test_numbers_are_revealed_to_the_holder_and_it_is_written_down(
    world: World, lina: Page
) -> None:
    conversation = await world.enqueue("我的电话13812345678", "转人工")
    fields = {"fields": [["电话", "138 1234 5678"]], "emergency": None}
    await world.context.conversations.keep_draft(conversation, fields)
    entries = await (await lina.client.get(f"{API}/{conversation}/entries?before=99")).json()
    said = next(each for each in entries["entries"] if each["sender"] == "resident")
    assert (said["text"], said["covered"]) == ("我的电话138****5678", True)
    refused = await lina.post(f"{API}/{conversation}/reveal", {"seq": said["seq"]})
    assert refused.status == 403
    await lina.post(f"{API}/{conversation}/take")
    told = await (await lina.post(f"{API}/{conversation}/reveal", {"seq": said["seq"]})).json()
    assert told == {"text": "我的电话13812345678"}
    told = await (await lina.post(f"{API}/{conversation}/reveal", {"what": "fields"})).json()
    assert told["fields"] == [["电话", "138 1234 5678"]]
    assert (await lina.post(f"{API}/{conversation}/reveal", {"seq": 99})).status == 404
    assert (await lina.post(f"{API}/{conversation}/reveal", {})).status == 400
    written = await deeds(world, "personal_data_revealed")
    assert [deed.detail["what"] for deed in written] == [f"message {said['seq']}", "fields"]


async def test_earlier_entries_come_a_page_at_a_time(world: World, lina: Page) -> None:
    conversation = await world.open(*(f"第{number}句" for number in range(1, 250)))
    answer = await (await lina.client.get(f"{API}/{conversation}/entries?before=240")).json()
    assert [answer["entries"][0]["seq"], answer["entries"][-1]["seq"]] == [40, 239]
    assert (await lina.client.get(f"{API}/{conversation}/entries?before=x")).status == 400


async def test_pictures_are_shown_to_operators(world: World, lina: Page) -> None:
    conversation = await world.open("看图")
    data = io.BytesIO()
    Image.new("RGB", (8, 6), "green").save(data, "PNG")
    kept = await world.context.media.keep_image(conversation, "a.png", data.getvalue())
    incoming = Incoming("p", "", attachment_ids=(kept.id,))
    await world.context.conversations.accept(conversation, incoming)
    entries = await (await lina.client.get(f"{API}/{conversation}/entries?before=99")).json()
    picture = entries["entries"][-1]["attachments"][0]
    answer = await lina.client.get(picture["url"])
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_cases_can_be_read(world: World, lina: Page) -> None:
    assert "还没有工单" in await text_of(lina, "/console/cases")
    new = NewCase(
        "k",
        CaseKind.REPORT,
        "06029",
        "烧烤油烟，电话13812345678",
        Location("示例路 1 号"),
        phone="13812345678",
        contact_name="刘大明",
    )
    case = await world.context.cases.file(new, BOT)
    for version, deed in enumerate((Deed.FILE, Deed.DISPATCH), 1):
        order = Order(deed, version, unit_name="东城区东华门街道综合行政执法队")
        await world.context.workflow.act(case.case_number, order, BOT, Part.DESK)
    assert case.case_number in await text_of(lina, "/console/cases")
    page = await text_of(lina, f"/console/cases/{case.case_number}")
    for words in (
        "示例路 1 号",
        "派往东城区东华门街道综合行政执法队",
        "刘**",
        "138****5678",
        "露天烧烤",
    ):
        assert words in page
    assert "13812345678" not in page
    assert "刘大明" not in page
    found = await lina.client.get(
        f"/console/cases?number={case.case_number}", allow_redirects=False
    )
    assert found.headers["Location"] == f"/console/cases/{case.case_number}"
    assert "没有查到这个工单号" in await text_of(lina, "/console/cases?number=1", 404)


async def test_administrators_manage_operators(world: World) -> None:
    await world.add("boss", Role.ADMIN, "管理员")
    boss = await world.log_in("boss")
    page = await (
        await boss.submit("/console/operators", login="new", name="新人", role="operator")
    ).text()
    password = page.split('<code id="secret">')[1].split("<")[0]
    newcomer = await world.log_in("new", password)
    assert "您还在使用系统生成的密码" in await text_of(newcomer, "/console")
    found = await world.context.accounts.list_operators()
    identifier = next(each.id for each in found if each.login == "new")
    done = await boss.submit(f"/console/operators/{identifier}/disable")
    assert done.status == 303
    assert (await newcomer.client.get("/console/api/me")).status == 401
    assert (await boss.submit(f"/console/operators/{identifier}/enable")).status == 303
    reset = await (await boss.submit(f"/console/operators/{identifier}/password")).text()
    assert '<code id="secret">' in reset
    assert (await boss.submit(f"/console/operators/{identifier}/crown")).status == 404
    taken = await boss.submit("/console/operators", login="new", name="又一个", role="operator")
    assert taken.status == 409
    assert "又一个" in await taken.text()


async def test_ones_own_password_is_changed_on_its_page(world: World, lina: Page) -> None:
    other_desk = await world.log_in("lina")
    fields = {"current": PASSWORD, "new": "brand-new-pass-1"}
    differ = await lina.submit("/console/password", **fields, again="brand-new-pass-2")
    assert differ.status == 400
    done = await lina.submit("/console/password", **fields, again="brand-new-pass-1")
    assert "密码已修改" in await done.text()
    assert (await lina.client.get("/console/api/me")).status == 200
    assert (await other_desk.client.get("/console/api/me")).status == 401


async def test_logout_ends_the_session(world: World, lina: Page) -> None:
    token = lina.token
    assert (await lina.submit("/console/logout")).status == 303
    assert await world.context.accounts.find(token) is None
    assert (await lina.client.get("/console/api/me")).status == 401


async def test_scripts_and_styles_are_served_and_revalidated(lina: Page) -> None:
    answer = await lina.client.get("/console/static/desk.js")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_pages_load_nothing_from_elsewhere() -> None:
    for file in (*(HERE / "templates").rglob("*.html"), *(HERE / "static").glob("*.*")):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file


def test_vendored_files_are_listed() -> None:
    vendor = HERE / "static" / "vendor"
    listed = (vendor / "README.md").read_text("utf-8")
    for file in vendor.iterdir():
        assert file.name == "README.md" or f"`{file.name}`" in listed


async def test_a_case_is_taken_through_its_steps_and_the_resident_is_told(
    world: World, lina: Page
) -> None:
    talk = await world.open("反映问题")
    new = NewCase("k", CaseKind.REPORT, "06029", "烧烤油烟", None, conversation_id=talk)
    address = f"/console/cases/{(await world.context.cases.file(new, BOT)).case_number}"
    refused = await lina.submit(f"{address}/steps", deed="close", version="1", note="好了")
    assert refused.status == 409
    assert "工单已受理，不能结案。" in await refused.text()
    await lina.submit(f"{address}/steps", deed="file", version="1")
    await lina.submit(f"{address}/steps", deed="void", version="2", note="重复")
    page = await text_of(lina, address)
    assert "待审批：作废" in page
    assert "等待班长或管理员审批" in page
    forbidden = await lina.submit(f"{address}/requests/1", ruling="approve")
    assert forbidden.status == 403
    await world.add("chief", Role.SUPERVISOR, "李班长")
    chief = await world.log_in("chief")
    await chief.submit(f"{address}/requests/1", ruling="approve")
    assert "已作废" in await text_of(chief, address)
    told = [entry.text for entry in await world.context.conversations.timeline(talk)]
    assert sum("已经立案" in text for text in told) == 1
    assert "没有立案" in told[-1]
