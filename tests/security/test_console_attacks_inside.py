"""Attacks on the console by words, by other roles and by odd requests, each test named after one."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from yarl import URL

from cases.models import CaseKind, Location, NewCase
from console.door import COOKIE, CSRF_HEADER
from console.models import Role
from console.testing import Page, World, build_world, post_login
from hotline.audit import BOT

API = "/console/api/conversations"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}<hx-partial hx-get="/x">'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    yield world
    await world.close()


@pytest.fixture
async def lina(world: World) -> Page:
    return await world.log_in("lina")


async def operator_id(world: World, login: str) -> str:
    found = await world.context.accounts.list_operators()
    return next(each.id for each in found if each.login == login)


# --- words that want to be code ---------------------------------------------------------------


async def test_stored_xss_in_a_residents_words(world: World, lina: Page) -> None:
    conversation = await world.enqueue(HOSTILE, "转人工", reason=HOSTILE, summary=HOSTILE)
    fields = {"fields": [[HOSTILE, HOSTILE]], "emergency": None}
    await world.context.conversations.keep_draft(conversation, fields)
    await lina.post(f"{API}/{conversation}/notes", {"text": HOSTILE})
    await _assert_harmless(
        lina,
        f"/console/conversations/{conversation}",
        f"/console/conversations/{conversation}/folder",
        "/console/lists",
    )


async def test_stored_xss_in_a_case(world: World, lina: Page) -> None:
    new = NewCase(
        "k",
        CaseKind.REPORT,
        None,
        HOSTILE,
        Location(HOSTILE),
        occurred_text=HOSTILE,
        phone="13812345678",
        contact_name=HOSTILE,
    )
    case = await world.context.cases.file(new, BOT)
    await _assert_harmless(lina, "/console/cases", f"/console/cases/{case.case_number}")


async def test_stored_xss_in_an_operators_name(world: World) -> None:
    await world.add("boss", Role.ADMIN, "<b onclick=x>王</b>")
    boss = await world.log_in("boss")
    page = await (await boss.client.get("/console/operators")).text()
    assert "<b onclick" not in page


async def test_reflected_xss_in_login_and_search(world: World, lina: Page) -> None:
    answer = await post_login(await world.browser(), HOSTILE, "x", next=HOSTILE)
    assert "<script>alert" not in await answer.text()
    found = await lina.client.get("/console/cases", params={"number": HOSTILE})
    assert "<script>alert" not in await found.text()


async def test_xss_by_an_uploaded_picture_that_is_a_page(world: World, lina: Page) -> None:
    conversation = await world.open("看图")
    data = io.BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    polyglot = data.getvalue() + b"<script>alert(1)</script>"
    kept = await world.context.media.keep_image(conversation, "<script>.html", polyglot)
    answer = await lina.client.get(f"{API}/{conversation}/attachments/{kept.id}")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b"<script>" not in await answer.read()


# --- more than one's role -----------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
async def test_role_escalation_to_managing_operators(world: World, role: Role) -> None:
    await world.add("mallory", role)
    mallory, victim = await world.log_in("mallory"), await operator_id(world, "lina")
    assert (await mallory.client.get("/console/operators")).status == 403
    crowned = await mallory.submit("/console/operators", login="evil", name="x", role="admin")
    assert crowned.status == 403
    for deed in ("disable", "enable", "password"):
        answer = await mallory.submit(f"/console/operators/{victim}/{deed}")
        assert answer.status == 403
    assert len(await world.context.accounts.list_operators()) == 2


async def test_role_escalation_to_taking_a_colleagues_conversation(
    world: World, lina: Page
) -> None:
    await world.add("mallory")
    mallory, victim = await world.log_in("mallory"), await operator_id(world, "lina")
    conversation = await world.enqueue()
    await lina.post(f"{API}/{conversation}/take")
    answer = await mallory.post(f"{API}/{conversation}/take", {"from": victim})
    assert (await answer.json())["error"]["code"] == "held_by_another"
    for deed in ("return", "close"):
        answer = await mallory.post(f"{API}/{conversation}/{deed}")
        assert (await answer.json())["error"]["code"] == "not_holder"
    assert (await world.state(conversation)).operator_id == victim


async def test_harvesting_phone_numbers(world: World, lina: Page) -> None:
    conversation = await world.enqueue(
        "我叫刘大明，13812345678", "转人工", summary="电话13812345678"
    )
    fields = {"fields": [["电话", "138 1234 5678"]], "emergency": None}
    await world.context.conversations.keep_draft(conversation, fields)
    for path in (
        "/console/lists",
        f"/console/conversations/{conversation}",
        f"/console/conversations/{conversation}/folder",
        f"{API}/{conversation}/entries?before=99",
    ):
        page = await (await lina.client.get(path)).text()
        assert "13812345678" not in page
        assert "138 1234 5678" not in page
    for body in ({"seq": 2}, {"what": "fields"}):
        assert (await lina.post(f"{API}/{conversation}/reveal", dict(body))).status == 403


async def test_picture_of_another_conversation_by_guessed_address(world: World, lina: Page) -> None:
    mine, other = await world.open("一"), await world.open("二")
    data = io.BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    kept = await world.context.media.keep_image(other, "a.png", data.getvalue())
    assert (await lina.client.get(f"{API}/{mine}/attachments/{kept.id}")).status == 404
    stranger = await world.browser()
    assert (await stranger.get(f"{API}/{other}/attachments/{kept.id}")).status == 401


async def test_a_residents_token_opens_nothing_at_the_console(world: World) -> None:
    conversation, token, _ = await world.context.conversations.open("webchat", [])
    browser = await world.browser()
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Cookie": f"{COOKIE}={token}"},
    ):
        answer = await browser.get(f"{API}/{conversation.id}/entries", headers=headers)
        assert answer.status == 401


# --- odd and oversized requests ---------------------------------------------------------------------


async def test_oversized_bodies(world: World, lina: Page) -> None:
    conversation = await world.enqueue()
    huge: dict[str, object] = {"text": "x" * 200_000}
    assert (await lina.post(f"{API}/{conversation}/notes", huge)).status == 413
    form = await lina.client.post("/console/login", data={"login": "x" * 200_000})
    assert form.status == 413


@pytest.mark.parametrize("body", ["", "[]", "{", '{"a":' * 5000, "null", '"x"', "surrogate"])
async def test_malformed_json(world: World, lina: Page, body: str) -> None:
    conversation = await world.enqueue()
    headers = {CSRF_HEADER: lina.csrf, "Content-Type": "application/json"}
    raw = b"\xed\xa0\x80" if body == "surrogate" else body.encode()
    answer = await lina.client.post(f"{API}/{conversation}/notes", data=raw, headers=headers)
    assert answer.status == 400
    assert (await answer.json())["error"]["code"] == "invalid_input"


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/../service.py",
        "/console/static/%2e%2e/service.py",
        "/console/static/..%2fservice.py",
        "/console/static/%2e%2e%2f%2e%2e%2fhotline/settings.py",
    ],
)
async def test_path_traversal_through_static_files(lina: Page, path: str) -> None:
    answer = await lina.client.get(URL(path, encoded=True))
    assert answer.status in (403, 404)
    assert "import" not in await answer.text()


async def test_unexpected_failures_tell_nothing_of_the_inside(
    world: World, lina: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(world.context.cases, "find", fail)
    answer = await lina.client.get("/console/cases")
    page = await answer.text()
    assert answer.status == 500
    assert "secret inside" not in page
    assert "Traceback" not in page
    assert "请稍后再试" in page


async def _assert_harmless(page: Page, *paths: str) -> None:
    for path in paths:
        answer = await page.client.get(path)
        text = await answer.text()
        assert answer.status == 200
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert '<hx-partial hx-get="/x"' not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "49" not in text.split("&lt;script&gt;")[1][:80]
