"""The life of an article on both databases: two people, versions, the hour of publication."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.audit import Actor, AuditRow
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.tables import BadTable
from kb.article_files import read_articles_file, write_articles
from kb.difference import compare_texts
from kb.editing import ChangedMeanwhile, Editing, SamePerson, WrongState, check_text, name_standing
from kb.errors import ArticleNotFound, BadArticle
from kb.models import Article, article_to_markdown
from kb.service import Knowledge
from kb.vectors import PassageVectors
from tests.contract.test_knowledge import DOGS, SNOW
from tests.product import TinyEmbedder

ANNA, BORIS = Actor("operator", "anna", "安娜"), Actor("operator", "boris", "鲍里斯")
NEW_WORDS = replace(DOGS, answer="新的说法。")


@pytest.fixture
def editing(db: Database, clock: FakeClock) -> Editing:
    return Editing(db, clock)


@pytest.fixture
async def knowledge(db: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Knowledge]:
    opened = Knowledge(db, clock, PassageVectors(TinyEmbedder(), tmp_path / "cache"), 0.05)
    await opened.start()
    yield opened
    await opened.stop()


async def write(editing: Editing, article: Article) -> int:
    draft = await editing.begin(article_to_markdown(article), ANNA, "因为")
    await editing.submit(draft, ANNA)
    return draft


async def publish(editing: Editing, article: Article) -> int:
    draft = await write(editing, article)
    await editing.publish(draft, BORIS)
    return draft


async def test_two_people_publish_and_the_next_answer_has_it(
    editing: Editing, knowledge: Knowledge, db: Database
) -> None:
    draft = await write(editing, DOGS)
    with pytest.raises(SamePerson):
        await editing.publish(draft, ANNA)
    await editing.publish(draft, BORIS)
    async with asyncio.timeout(1):
        while not knowledge.all():
            await asyncio.sleep(0.01)
    assert knowledge.get("dog-walking") == DOGS
    async with db.read() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
        assert [(row.action, row.actor_name) for row in rows] == [
            ("article_drafted", "安娜"),
            ("article_submitted", "安娜"),
            ("article_published", "鲍里斯"),
        ]


async def test_whoever_changed_the_text_last_may_not_publish_it(editing: Editing) -> None:
    draft = await editing.begin(article_to_markdown(DOGS), ANNA)
    await editing.save(draft, article_to_markdown(NEW_WORDS), "改", BORIS)
    await editing.submit(draft, ANNA)
    with pytest.raises(SamePerson):
        await editing.publish(draft, BORIS)
    await editing.publish(draft, ANNA)


async def test_a_draft_changes_no_answer_and_is_published_once(
    editing: Editing, knowledge: Knowledge
) -> None:
    await publish(editing, DOGS)
    draft = await write(editing, NEW_WORDS)
    await knowledge.refresh()
    assert knowledge.get("dog-walking").answer == DOGS.answer
    await editing.publish(draft, BORIS)
    with pytest.raises(WrongState):
        await editing.publish(draft, BORIS)


async def test_versions_stay_and_their_difference_is_told(editing: Editing) -> None:
    await publish(editing, DOGS)
    await publish(editing, NEW_WORDS)
    versions = await editing.versions("dog-walking")
    assert [(row.version, row.author_name, row.reviewer_name) for row in versions] == [
        (2, "安娜", "鲍里斯"),
        (1, "安娜", "鲍里斯"),
    ]


async def test_a_draft_of_an_older_version_is_not_published(editing: Editing) -> None:
    await publish(editing, DOGS)
    late = await write(editing, replace(DOGS, answer="晚了的说法。"))
    await publish(editing, NEW_WORDS)
    with pytest.raises(ChangedMeanwhile):
        await editing.publish(late, BORIS)


async def test_publication_waits_for_its_hour(
    editing: Editing, knowledge: Knowledge, clock: FakeClock
) -> None:
    draft = await write(editing, DOGS)
    await editing.publish(draft, BORIS, clock.now() + timedelta(hours=1))
    assert await editing.publish_due() == 0
    assert knowledge.all() == []
    clock.advance(timedelta(hours=1))
    async with asyncio.timeout(1):
        while not knowledge.all():
            await asyncio.sleep(0.01)
    assert await editing.publish_due() == 0
    assert len(await editing.versions("dog-walking")) == 1


async def test_two_processes_publish_a_due_draft_once(editing: Editing, clock: FakeClock) -> None:
    draft = await write(editing, DOGS)
    await editing.publish(draft, BORIS, clock.now() + timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))
    published = await asyncio.gather(editing.publish_due(), editing.publish_due())
    assert sum(published) == 1


async def test_a_draft_is_sent_back_with_the_reason(editing: Editing) -> None:
    draft = await write(editing, DOGS)
    await editing.send_back(draft, "出处不够", BORIS)
    row = await editing.get_draft(draft)
    assert (row.state, row.returned) == ("draft", "出处不够")


async def test_a_withdrawn_article_is_gone_at_once(editing: Editing, knowledge: Knowledge) -> None:
    await publish(editing, DOGS)
    await publish(editing, SNOW)
    await editing.withdraw("dog-walking", "法规改了", BORIS)
    await knowledge.refresh()
    with pytest.raises(ArticleNotFound):
        knowledge.get("dog-walking")
    assert knowledge.get("snow") == SNOW


def test_standing_names_what_needs_somebody() -> None:
    today = date(2026, 11, 22)
    assert name_standing(DOGS, "published", today) == ""
    assert (
        name_standing(replace(DOGS, review_by=date(2026, 11, 21)), "published", today) == "review"
    )
    assert name_standing(replace(DOGS, review_by=date(2026, 12, 1)), "published", today) == "soon"
    assert (
        name_standing(replace(DOGS, valid_to=date(2026, 11, 21)), "published", today) == "expired"
    )
    assert name_standing(DOGS, "withdrawn", today) == "withdrawn"


def test_markup_in_an_article_is_refused_by_line() -> None:
    text = article_to_markdown(replace(DOGS, body="好\n<script>alert(1)</script>"))
    with pytest.raises(BadArticle, match=r"第 \d+ 行有网页代码"):
        check_text(text)


def test_the_difference_marks_the_words_that_changed() -> None:
    changes = compare_texts("一\n罚款五十元\n三", "一\n罚款二十元\n三")
    assert [change.kind for change in changes] == ["same", "gone", "new", "same"]
    assert [words for changed, words in changes[2].pieces if changed] == ["二"]
    assert compare_texts("一", "一") == []


@pytest.mark.parametrize("ending", ["zip", "csv", "xlsx"])
def test_articles_survive_being_written_out(ending: str) -> None:
    read = read_articles_file(f"a.{ending}", write_articles([DOGS, SNOW], ending))
    assert read.articles == (DOGS, SNOW)
    assert read.problems == ()


def test_what_cannot_be_taken_is_named_by_file_or_row() -> None:
    broken = write_articles([replace(DOGS, answer="长" * 121), SNOW], "csv")
    read = read_articles_file("a.csv", broken)
    assert [article.slug for article in read.articles] == ["snow"]
    assert read.problems[0].startswith("第 2 行")
    with pytest.raises(BadTable):
        read_articles_file("a.zip", b"PK broken")
