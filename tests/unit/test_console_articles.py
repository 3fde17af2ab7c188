"""The console's pages of articles, as two editors see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.door import CSRF_HEADER
from console.models import Role
from console.testing import Page, World, build_world
from kb.article_files import write_articles
from kb.editing import TEMPLATE
from tests.contract.test_knowledge import DOGS, SNOW

WRITTEN = TEMPLATE.replace("（待写：", "（")
CHANGED = WRITTEN.replace("长答，用普通文字和列表写", "另一种长答")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    await world.add("boss", Role.SUPERVISOR, "班长")
    yield world
    await world.close()


async def text_of(page: Page, path: str) -> str:
    answer = await page.client.get(path)
    assert answer.status == 200
    return await answer.text()


async def publish(lina: Page, boss: Page, text: str) -> None:
    answer = await lina.submit("/console/kb/new", text=text, note="说明")
    draft = answer.headers["Location"]
    assert (await lina.submit(f"{draft}/submit", text=text, note="说明")).status == 303
    assert (await boss.submit(f"{draft}/publish", publish_at="")).status == 303


async def test_an_article_is_written_by_one_and_published_by_another(world: World) -> None:
    lina, boss = await world.log_in("lina"), await world.log_in("boss")
    await publish(lina, boss, WRITTEN)
    await publish(lina, boss, CHANGED)
    page = await text_of(boss, "/console/kb/new-article")
    assert "第 2 版" in page
    assert "李娜 写，班长 审核" in page
    assert "line-gone" in page


async def test_an_operator_does_not_publish(world: World) -> None:
    lina = await world.log_in("lina")
    answer = await lina.submit("/console/kb/new", text=WRITTEN)
    draft = answer.headers["Location"]
    await lina.submit(f"{draft}/submit", text=WRITTEN, note="")
    assert (await lina.submit(f"{draft}/publish", publish_at="")).status == 403


async def test_the_author_does_not_publish_her_own(world: World) -> None:
    boss = await world.log_in("boss")
    answer = await boss.submit("/console/kb/new", text=WRITTEN)
    draft = answer.headers["Location"]
    await boss.submit(f"{draft}/submit", text=WRITTEN, note="")
    answer = await boss.submit(f"{draft}/publish", publish_at="")
    assert answer.status == 403
    assert "另一位" in await answer.text()


async def test_what_was_typed_stays_when_it_is_not_right(world: World) -> None:
    lina = await world.log_in("lina")
    answer = await lina.submit("/console/kb/new", text="没有属性区", note="")
    assert answer.status == 400
    page = await answer.text()
    assert "没有属性区</textarea>" in page
    assert "缺少开头的 ---" in page


async def test_an_article_is_taken_down(world: World) -> None:
    lina, boss = await world.log_in("lina"), await world.log_in("boss")
    await publish(lina, boss, WRITTEN)
    assert (await lina.submit("/console/kb/new-article/withdraw", reason="错")).status == 403
    assert (await boss.submit("/console/kb/new-article/withdraw", reason="错")).status == 303
    assert "已下线" in await text_of(boss, "/console/kb/new-article")
    assert "已下线" in await text_of(boss, "/console/kb")


async def test_articles_are_exported(world: World) -> None:
    lina = await world.log_in("lina")
    answer = await lina.client.get("/console/kb/export/zip")
    assert (await answer.read()).startswith(b"PK")
    assert (await lina.client.get("/console/kb/export/exe")).status == 404


async def test_what_still_waits_to_be_written_is_saved_but_not_submitted(world: World) -> None:
    lina = await world.log_in("lina")
    answer = await lina.submit("/console/kb/new", text=TEMPLATE)
    draft = answer.headers["Location"]
    answer = await lina.submit(f"{draft}/submit", text=TEMPLATE, note="")
    assert answer.status == 400
    assert "待写" in await answer.text()
    assert (
        await world.context.editorial.editing.get_draft(int(draft.rpartition("/")[2]))
    ).state == ("draft")


async def test_a_file_becomes_drafts_for_review_and_says_what_it_left_out(world: World) -> None:
    lina, boss = await world.log_in("lina"), await world.log_in("boss")
    data = write_articles([DOGS, replace(SNOW, answer="长" * 121)], "csv")
    headers = {CSRF_HEADER: lina.csrf}
    path, query = "/console/api/kb/imports", {"name": "a.csv"}
    answer = await lina.client.post(path, params=query, data=data, headers=headers)
    assert answer.status == 201
    told = await answer.json()
    assert told["message"] == "1 篇已提交审核，0 篇没有变化，1 篇没有导入。"
    assert told["problems"][0].startswith("第 3 行")
    answer = await lina.client.post(path, params=query, data=data, headers=headers)
    assert (await answer.json())["message"].startswith("0 篇已提交审核，1 篇没有变化")
    assert (await boss.submit("/console/kb/drafts/1/publish", publish_at="")).status == 303
    assert DOGS.answer in await text_of(boss, "/console/kb/dog-walking")
