"""The console's pages of places, as a browser sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actions.corrections import describe_place_subject
from console.door import CSRF_HEADER
from console.models import Role
from console.testing import Page, World, build_world
from kb.place_telling import describe_place
from kb.places import Near

UPLOAD = "/console/api/places/imports"
FILE = "名称,地址,区,营业时间,电话\n甲菜市场,测试路1号,东城区,6:00-19:00,\n=cmd(),路,东城区,,\n".encode()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina")
    await world.add("boss", Role.SUPERVISOR, "班长")
    yield world
    await world.close()


async def upload(page: Page, data: bytes, **query: str) -> tuple[int, dict[str, object]]:
    params = {"name": "m.csv", "kind": "market", "source": "测试", **query}
    headers = {CSRF_HEADER: page.csrf}
    answer = await page.client.post(UPLOAD, params=params, data=data, headers=headers)
    return answer.status, json.loads(await answer.text())


async def text_of(page: Page, path: str) -> str:
    return await (await page.client.get(path)).text()


async def test_a_file_is_shown_row_by_row_taken_in_and_taken_back(world: World) -> None:
    boss = await world.log_in("boss")
    status, body = await upload(boss, FILE)
    assert status == 201
    location = str(body["location"])
    preview = await text_of(boss, location)
    assert "新增 1 处" in preview
    assert "名称像是公式" in preview
    assert (await boss.submit(f"{location}/confirm")).status == 303
    page = await text_of(boss, "/console/places")
    assert "甲菜市场" in page
    assert "撤销" in page
    assert (await boss.submit(f"{location}/undo")).status == 303
    assert "还没有点位" in await text_of(boss, "/console/places")


async def test_only_supervisors_take_files_in(world: World) -> None:
    lina = await world.log_in("lina")
    status, _ = await upload(lina, FILE)
    assert status == 403
    assert "导入文件" not in await text_of(lina, "/console/places")


async def test_a_foreign_page_cannot_upload(world: World) -> None:
    boss = await world.log_in("boss")
    answer = await boss.client.post(UPLOAD, params={"name": "m.csv"}, data=FILE)
    assert answer.status == 403


async def test_a_huge_upload_is_refused_in_words(world: World) -> None:
    boss = await world.log_in("boss")
    status, body = await upload(boss, bytes(21 * 1024 * 1024))
    assert status == 413
    assert "20 MB" in json.dumps(body, ensure_ascii=False)


async def test_markup_in_a_file_is_text_on_the_page(world: World) -> None:
    boss = await world.log_in("boss")
    _, body = await upload(
        boss, "名称,地址\n<img src=x onerror=alert(1)>,路\n".encode(), name="<i>.csv"
    )
    page = await text_of(boss, str(body["location"]))
    assert "<img src=x" not in page
    assert "<i>.csv" not in page
    assert "网页代码" in page


async def test_places_are_exported(world: World) -> None:
    boss = await world.log_in("boss")
    answer = await boss.client.get("/console/places/export/csv")
    assert answer.headers["Content-Disposition"].endswith('"places.csv"')
    assert (await answer.read()).startswith(b"\xef\xbb\xbf")
    assert (await boss.client.get("/console/places/export/exe")).status == 404


async def take_in(page: Page, data: bytes) -> None:
    _, body = await upload(page, data)
    assert (await page.submit(f"{body['location']}/confirm")).status == 303


async def test_a_correction_of_a_place_says_which_import_it_speaks_of(world: World) -> None:
    boss, places = await world.log_in("boss"), world.context.places
    file = "名称,地址,区,营业时间\n甲菜市场,测试路1号,东城区,{}\n".format
    await take_in(boss, file("6:00-19:00").encode())
    await places.refresh()
    (seen,) = places.all()
    card = describe_place(Near(seen, None, None))
    subject = describe_place_subject(seen, [card])
    assert subject.version == card["version"] == seen.version
    await world.context.editorial.corrections.receive("1", "关门早", subject, "webchat", "")

    await take_in(boss, file("6:00-19:00").encode())
    page = await text_of(boss, "/console/corrections")
    assert f"第 {seen.version} 次导入的资料" in page
    assert "改过" not in page

    await take_in(boss, file("7:00-18:00").encode())
    (now,) = places.all()
    page = await text_of(boss, "/console/corrections")
    assert f"第 {now.version} 次导入时改过" in page
    assert "6:00-19:00" in page
    assert describe_place_subject(now, [card]).shown["hours"] == "6:00-19:00"
    assert describe_place_subject(now).version == now.version
