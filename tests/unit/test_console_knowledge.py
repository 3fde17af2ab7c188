"""The editors' pages: unanswered questions, hit tests, corrections, ratings, reminders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cases.models import CaseKind, CaseStatus, NewCase
from console.models import Role
from console.testing import Page, World, build_world
from conversations.models import Reply
from hotline.audit import BOT, Actor
from kb.corrections import Subject
from kb.models import article_to_markdown
from kb.ratings import Rated
from kb.trust import NOTHING
from tests.contract.test_knowledge import DOGS, SNOW


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    await world.add("boss", Role.SUPERVISOR, "班长")
    for article in (DOGS, SNOW):
        await publish(world, article_to_markdown(article))
    yield world
    await world.close()


async def publish(world: World, text: str) -> None:
    editing = world.context.editorial.editing
    draft = await editing.begin(text, Actor("operator", "a", "甲"))
    await editing.submit(draft, Actor("operator", "a", "甲"))
    await editing.publish(draft, Actor("operator", "b", "乙"))


async def text_of(page: Page, path: str) -> str:
    answer = await page.client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


# --- questions without an answer -------------------------------------------------------------


async def test_a_question_becomes_a_draft_in_one_click(world: World) -> None:
    gaps = world.context.editorial.gaps
    await gaps.note("<script>养鸡归谁管</script>", "webchat", NOTHING, "c" * 32)
    lina = await world.log_in("lina")
    page = await text_of(lina, "/console/gaps")
    assert "&lt;script&gt;养鸡归谁管" in page
    assert "<script>养鸡" not in page
    answer = await lina.submit("/console/gaps/1/draft")
    assert answer.status == 303
    draft = await text_of(lina, answer.headers["Location"])
    assert "养鸡归谁管" in draft
    assert "（待写" in draft
    assert (await lina.submit("/console/gaps/1/draft")).status == 409
    assert "已起草" in await text_of(lina, "/console/gaps/1")


async def test_a_question_is_added_to_an_article_as_a_draft(world: World) -> None:
    await world.context.editorial.gaps.note("狗绳多长合适", "wechat", NOTHING, None)
    lina = await world.log_in("lina")
    page = await text_of(lina, "/console/gaps")
    assert "狗绳多长合适" in page
    assert "遛狗要拴绳吗" in await text_of(lina, "/console/gaps/1")
    answer = await lina.submit("/console/gaps/1/merge", slug=DOGS.slug, question_1="狗绳多长合适")
    assert answer.status == 303
    assert "狗绳多长合适" in await text_of(lina, answer.headers["Location"])


async def test_what_is_set_aside_needs_a_reason(world: World) -> None:
    await world.context.editorial.gaps.note("养鸡", "webchat", NOTHING, None)
    lina = await world.log_in("lina")
    await text_of(lina, "/console/gaps")
    assert (await lina.submit("/console/gaps/1/dismiss", reason="")).status == 400
    assert (await lina.submit("/console/gaps/1/dismiss", reason="不归这里")).status == 303
    assert "不归这里" in await text_of(lina, "/console/gaps?state=dismissed")


async def test_a_good_reply_becomes_a_draft(world: World) -> None:
    lina = await world.log_in("lina")
    conversation = await world.enqueue("我13812345678想问养鸡归谁管")
    await lina.post(f"/console/api/conversations/{conversation}/take")
    reply = "居民楼里养鸡鸭可以向街道反映。" * 9
    said = await lina.post(
        f"/console/api/conversations/{conversation}/messages",
        {"client_message_id": "1", "text": reply},
    )
    seq = (await said.json())["entry"]["seq"]
    address = f"/console/api/conversations/{conversation}/articles"
    answer = await lina.post(address, {"seq": seq})
    assert answer.status == 201
    draft = await text_of(lina, (await answer.json())["location"])
    assert "我138****5678想问养鸡归谁管" in draft
    assert "来自李娜对市民的答复" in draft
    assert reply in draft
    assert (await lina.post(address, {"seq": 1})).status == 400


# --- hit tests --------------------------------------------------------------------------------


async def test_a_question_is_tried_and_explained(world: World) -> None:
    lina = await world.log_in("lina")
    answer = await lina.submit("/console/trials", question="遛狗一定要牵绳吗")
    page = await answer.text()
    assert answer.status == 200
    assert "回答用这篇" in page
    assert "一字不差" in page
    answer = await lina.submit("/console/trials", question="外星人能摆摊吗")
    page = await answer.text()
    assert "为什么这样排" in page
    assert "才直接回答" in page
    assert "整篇的意思" in page
    history = await text_of(lina, "/console/trials")
    assert "外星人能摆摊吗" in history
    assert (await lina.submit("/console/trials", question=" ")).status == 400


async def test_a_draft_that_makes_a_saved_question_worse_is_published_only_knowingly(
    world: World,
) -> None:
    lina, boss = await world.log_in("lina"), await world.log_in("boss")
    saved = {"question": DOGS.questions[0], "slug": DOGS.slug}
    assert (await lina.submit("/console/trials/questions", **saved)).status == 303
    text = article_to_markdown(replace(DOGS, questions=("别的问法",)))
    draft = (await lina.submit("/console/kb/new", text=text)).headers["Location"]
    await lina.submit(f"{draft}/submit", text=text, note="")
    assert "1 题变差" in await text_of(boss, f"{draft}/score")
    answer = await boss.submit(f"{draft}/publish", publish_at="")
    assert answer.status == 409
    assert "我看过了，仍要发布" in await answer.text()
    assert (await boss.submit(f"{draft}/publish", publish_at="", worse="1")).status == 303
    assert "变差：遛狗一定要牵绳吗" in await text_of(boss, "/console/trials")


async def test_many_questions_are_saved_at_once_and_removed(world: World) -> None:
    lina = await world.log_in("lina")
    lines = f"遛狗要绳吗｜{DOGS.slug}\n外星人归谁管\n"
    assert (await lina.submit("/console/trials/questions", lines=lines)).status == 303
    page = await text_of(lina, "/console/trials")
    assert "外星人归谁管" in page
    assert "2 题" in page
    assert (await lina.submit("/console/trials/questions", lines="甲 | no-such")).status == 400
    assert (await lina.submit("/console/trials/questions/1/remove")).status == 303
    assert "遛狗要绳吗" not in await text_of(lina, "/console/trials")


# --- corrections and ratings ------------------------------------------------------------------


async def file_correction(world: World) -> tuple[str, str]:
    conversation, _, _ = await world.context.conversations.open("webchat", [Reply("您好")])
    case = await world.context.cases.file(
        NewCase(
            idempotency_key="k",
            kind=CaseKind.SUGGESTION,
            category_code=None,
            description="绳子长度说错了",
            location=None,
            occurred_text=None,
            phone=None,
            contact_name=None,
            channel="webchat",
            conversation_id=conversation.id,
        ),
        BOT,
    )
    subject = Subject("article", DOGS.slug, DOGS.title, 1, {"answer": DOGS.answer})
    await world.context.editorial.corrections.receive(
        case.case_number, "绳子长度说错了，我是13812345678", subject, "webchat", conversation.id
    )
    return case.case_number, conversation.id


async def test_a_correction_is_answered_and_the_resident_is_told(world: World) -> None:
    number, conversation = await file_correction(world)
    lina = await world.log_in("lina")
    page = await text_of(lina, "/console/corrections")
    assert "138****5678" in page
    assert f"{DOGS.title}</a> 第 1 版" in page
    path = "/console/corrections/1/answer"
    assert (await lina.submit(path, verdict="declined", words="")).status == 400
    assert (await lina.submit(path, verdict="maybe", words="好")).status == 400
    assert (await lina.submit(path, verdict="accepted", words="下周更正")).status == 303
    assert (await lina.submit(path, verdict="thanked", words="")).status == 409
    said = await world.context.conversations.timeline(conversation)
    assert [each.text for each in said[1:]] == [
        f"您指出的“{DOGS.title}”的信息（编号 {number}）已采纳，我们会按核实的情况更正。"
        "下周更正。谢谢您！"
    ]
    case = await world.context.cases.get(number)
    assert case.status is CaseStatus.CLOSED
    assert "纠错已采纳：下周更正" in [step.note for step in case.history]


async def test_a_correction_whose_case_is_over_is_answered_all_the_same(world: World) -> None:
    number, conversation = await file_correction(world)
    case = await world.context.cases.get(number)
    lina = await world.log_in("lina")
    steps = {"deed": "answer", "version": str(case.version), "note": "已答复"}
    await lina.submit(f"/console/cases/{number}/steps", **steps)
    answer = await lina.submit("/console/corrections/1/answer", verdict="thanked", words="")
    assert answer.status == 303
    assert "谢谢您帮我们" in (await world.context.conversations.timeline(conversation))[-1].text


async def test_a_later_version_is_told_beside_the_one_that_was_meant(world: World) -> None:
    await file_correction(world)
    await publish(world, article_to_markdown(replace(DOGS, answer="新说法。")))
    lina = await world.log_in("lina")
    assert "现在已是第 2 版" in await text_of(lina, "/console/corrections")


async def test_ratings_are_shown_with_the_article_and_looked_at(world: World) -> None:
    rated = Rated(DOGS.slug, 1, "c" * 32, 5, "webchat", "遛狗<b>")
    ratings = world.context.editorial.ratings
    await ratings.rate(rated, True)
    await ratings.rate(rated, False, "答非所问")
    await ratings.rate(replace(rated, seq=7), True)
    lina = await world.log_in("lina")
    article = await text_of(lina, f"/console/kb/{DOGS.slug}")
    assert "第 1 版：有用 1，没用 1" in article
    assert "答非所问" in article
    assert "遛狗&lt;b&gt;" in article
    assert "答非所问" in await text_of(lina, "/console/corrections")
    assert (await lina.submit("/console/ratings/1/seen")).status == 303
    assert "答非所问" not in await text_of(lina, "/console/corrections")


# --- reminders --------------------------------------------------------------------------------


async def test_owners_are_reminded_once_and_the_rest_goes_to_who_publishes(world: World) -> None:
    today = date(2026, 11, 22)
    due, soon = today - timedelta(days=1), today + timedelta(days=10)
    await publish(world, article_to_markdown(replace(DOGS, owner="李娜", review_by=due)))
    await publish(world, article_to_markdown(replace(SNOW, owner="已离职", review_by=soon)))
    reminders = world.context.editorial.reminders
    assert await reminders.remind() == 2
    assert await reminders.remind() == 0
    lina, boss = await world.log_in("lina"), await world.log_in("boss")
    hers, his = await text_of(lina, "/console/kb"), await text_of(boss, "/console/kb")
    assert f"复核期限 {due} 已过" in hers
    assert f"请在 {soon} 前复核" not in hers
    assert f"请在 {soon} 前复核" in his
    waiting = await (await lina.client.get("/console/api/kb/waiting")).json()
    assert waiting["reminders"] == 1
    answer = await lina.submit(f"/console/kb/{DOGS.slug}/renew")
    assert "2027-11-22" in await text_of(lina, answer.headers["Location"])
    assert (await lina.submit(f"/console/kb/{DOGS.slug}/noted")).status == 303
    assert "请您复核" not in await text_of(lina, "/console/kb")
