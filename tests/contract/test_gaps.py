"""Questions without an answer on both databases: grouped by meaning, counted, written about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from bot.language.models import Vector
from hotline.audit import AuditRow
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.errors import InvalidInput
from kb.editing import Editing, Unwritten
from kb.gap_store import UnansweredRow
from kb.gaps import DISMISSED, DRAFTED, MERGED, OPEN, GapDecided, GapNotFound, Gaps
from kb.models import parse_article
from kb.trust import NOTHING, Found, Hit
from tests.contract.test_editing import ANNA, BORIS, publish
from tests.contract.test_knowledge import DOGS

_MEANINGS = ("鸡", "猫", "月")


def embed(sentences: Sequence[str]) -> Vector:
    """A direction for each thing that is spoken of, and a little of its own for each wording."""
    rows = np.zeros((len(sentences), 40), np.float32)
    for row, sentence in zip(rows, sentences, strict=True):
        for number, word in enumerate(_MEANINGS):
            row[number] = 5.0 * (word in sentence)
        row[3 + len(sentence)] = 1.0
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@pytest.fixture
def editing(db: Database, clock: FakeClock) -> Editing:
    return Editing(db, clock)


@pytest.fixture
def gaps(db: Database, clock: FakeClock, editing: Editing) -> Gaps:
    return Gaps(db, clock, embed, editing)


async def ask(gaps: Gaps, *questions: str, found: Found = NOTHING, who: str | None = None) -> None:
    for question in questions:
        await gaps.note(question, "webchat", found, who)


async def test_questions_that_mean_the_same_are_one_group_with_its_count(gaps: Gaps) -> None:
    await ask(gaps, "楼里能养鸡吗", "邻居养了一只公鸡", who="a" * 32)
    await ask(gaps, "流浪猫归谁管")
    await ask(gaps, "养鸡扰民找谁", who="b" * 32)
    listed = await gaps.listed()
    assert [(gap.row.title, gap.row.asked, gap.residents) for gap in listed] == [
        ("楼里能养鸡吗", 3, 2),
        ("流浪猫归谁管", 1, 1),
    ]
    assert listed[0].examples == ["养鸡扰民找谁", "邻居养了一只公鸡", "楼里能养鸡吗"]


async def test_numbers_of_persons_are_covered(gaps: Gaps, db: Database) -> None:
    await ask(gaps, "我的电话13812345678，养鸡归谁管" + "啊" * 600)
    async with db.read() as session:
        [row] = await session.scalars(select(UnansweredRow))
    assert row.question.startswith("我的电话138****5678，养鸡")
    assert len(row.question) == 500


async def test_declined_and_choices_are_told_apart_with_the_nearest_article(
    gaps: Gaps, db: Database
) -> None:
    hit = Hit("dog-walking", "遛狗", 1.0, ())
    await ask(gaps, "养鸡", found=Found((hit,), 0.4, None, ("dog-walking", "snow")))
    await ask(gaps, "养猫")
    async with db.read() as session:
        rows = (await session.scalars(select(UnansweredRow).order_by(UnansweredRow.id))).all()
    assert [(row.outcome, row.best_slug) for row in rows] == [
        ("choices", "dog-walking"),
        ("declined", None),
    ]


async def test_the_trend_is_this_week_against_the_week_before(gaps: Gaps, clock: FakeClock) -> None:
    await ask(gaps, "养鸡")
    clock.advance(timedelta(days=8))
    await ask(gaps, "养鸡吗", "养鸡呢")
    await ask(gaps, "养猫")
    chickens, cats = await gaps.listed()
    assert cats.trend == "new"
    assert (chickens.weeks[-2:], chickens.trend) == ([1, 2], "up")
    clock.advance(timedelta(days=7))
    assert [gap.trend for gap in await gaps.listed()] == ["down", "down"]
    assert cats.this_week == 1


async def test_one_click_makes_a_draft_with_the_question_forms(
    gaps: Gaps, editing: Editing, db: Database
) -> None:
    await ask(gaps, "楼里能养鸡吗", "邻居养了一只公鸡", "<b>鸡</b>")
    [gap] = await gaps.listed()
    draft = await editing.get_draft(await gaps.write_draft(gap.row.id, ANNA))
    article = parse_article(draft.text, "草稿")
    assert article.slug == "lou-li-neng-yang-ji-ma"
    assert article.questions == ("楼里能养鸡吗", "〈b〉鸡〈/b〉", "邻居养了一只公鸡")
    with pytest.raises(Unwritten):
        await editing.submit(draft.id, ANNA)
    assert await gaps.listed() == []
    assert [gap.row.draft_id for gap in await gaps.listed(DRAFTED)] == [draft.id]
    async with db.read() as session:
        deeds = await session.scalars(select(AuditRow.action).order_by(AuditRow.id))
        assert list(deeds) == ["article_drafted", "gap_drafted"]


async def test_a_group_is_decided_once(gaps: Gaps) -> None:
    await ask(gaps, "养鸡")
    [gap] = await gaps.listed()
    await gaps.write_draft(gap.row.id, ANNA)
    with pytest.raises(GapDecided):
        await gaps.write_draft(gap.row.id, BORIS)


async def test_chosen_questions_become_question_forms_of_an_article(
    gaps: Gaps, editing: Editing
) -> None:
    await publish(editing, DOGS)
    await ask(gaps, "鸡要拴绳吗", "遛鸡")
    [gap] = await gaps.listed()
    with pytest.raises(InvalidInput):
        await gaps.merge(gap.row.id, DOGS.slug, ["不在这一组里的话"], ANNA)
    draft = await editing.get_draft(
        await gaps.merge(gap.row.id, DOGS.slug, ["鸡要拴绳吗", "别的"], ANNA)
    )
    assert parse_article(draft.text, "草稿").questions == (*DOGS.questions, "鸡要拴绳吗")
    assert [each.row.slug for each in await gaps.listed(MERGED)] == [DOGS.slug]


async def test_what_was_set_aside_stays_aside(gaps: Gaps) -> None:
    await ask(gaps, "养鸡")
    [gap] = await gaps.listed()
    with pytest.raises(InvalidInput):
        await gaps.dismiss(gap.row.id, " ", ANNA)
    await gaps.dismiss(gap.row.id, "归农业部门", ANNA)
    await ask(gaps, "养鸡吗")
    assert await gaps.listed() == []
    [aside] = await gaps.listed(DISMISSED)
    assert (aside.row.asked, aside.row.reason) == (2, "归农业部门")
    await gaps.reopen(gap.row.id, ANNA)
    assert await gaps.count() == 1


async def test_a_group_comes_back_when_what_was_published_does_not_answer_it(
    gaps: Gaps, editing: Editing, clock: FakeClock
) -> None:
    await publish(editing, DOGS)
    await ask(gaps, "养鸡")
    [gap] = await gaps.listed()
    draft = await gaps.merge(gap.row.id, DOGS.slug, ["养鸡"], ANNA)
    await ask(gaps, "养鸡吗")
    assert await gaps.listed() == []  # it is still being written
    await editing.submit(draft, ANNA)
    await editing.publish(draft, BORIS)
    clock.advance(timedelta(minutes=1))
    await ask(gaps, "养鸡呢")
    assert [each.row.id for each in await gaps.listed(OPEN)] == [gap.row.id]


async def test_two_groups_are_made_one(gaps: Gaps) -> None:
    await ask(gaps, "养鸡", "养猫", "养猫吗")
    cats, chickens = await gaps.listed()
    await gaps.join(chickens.row.id, cats.row.id, ANNA)
    [one] = await gaps.listed()
    assert (one.row.asked, one.examples) == (3, ["养猫吗", "养猫", "养鸡"])
    with pytest.raises(GapNotFound):
        await gaps.get(chickens.row.id)


async def test_two_processes_group_every_question_once(
    db: Database, clock: FakeClock, editing: Editing, gaps: Gaps
) -> None:
    await ask(gaps, "养鸡", "养猫", "养鸡吗", "月亮")
    other = Gaps(db, clock, embed, editing)
    assert sum(await asyncio.gather(gaps.gather(), other.gather())) == 4
    assert sorted(gap.row.asked for gap in await gaps.listed()) == [1, 1, 2]


async def test_old_questions_are_deleted_and_decisions_stay(gaps: Gaps, clock: FakeClock) -> None:
    await ask(gaps, "养鸡", "养猫")
    cats = (await gaps.listed())[1]
    await gaps.dismiss(cats.row.id, "不归这里", ANNA)
    clock.advance(timedelta(days=181))
    await ask(gaps, "月亮")
    assert await gaps.retain(180) == 2
    assert [gap.row.title for gap in await gaps.listed()] == ["月亮"]
    [aside] = await gaps.listed(DISMISSED)
    assert "猫" not in aside.row.title
    assert aside.row.asked == 1
