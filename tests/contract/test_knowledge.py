"""Knowledge on both databases: seeding, edits, validity, and processes that agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.audit import Actor
from hotline.clock import FakeClock
from hotline.db import Database
from kb import store
from kb.editing import ChangedMeanwhile, Editing
from kb.errors import ArticleNotFound, BadArticle
from kb.models import Article, Source, article_to_markdown
from kb.service import Knowledge
from kb.trust import load_weights
from kb.vectors import PassageVectors
from tests.product import TinyEmbedder

REFRESH_SECONDS = 0.05
DOGS = Article(
    slug="dog-walking",
    title="遛狗要拴绳吗",
    questions=("遛狗一定要牵绳吗", "不拴狗绳归谁管"),
    answer="带犬只出户，要用犬链束着，由成年人牵领。",
    body="## 说明\n\n要避让老人、儿童和孕妇。",
    authority="北京市公安局",
    jurisdiction="北京市",
    sources=(Source("北京市养犬管理规定", "第十七条"),),
    review_by=date(2027, 11, 22),
)
SNOW = replace(
    DOGS,
    slug="snow",
    title="门前积雪谁来扫",
    questions=("下雪了门口谁扫雪",),
    answer="由责任人清扫。",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "articles"
    path.mkdir()
    write(path, DOGS)
    write(path, SNOW)
    return path


def write(folder: Path, article: Article) -> None:
    (folder / f"{article.slug}.md").write_text(article_to_markdown(article), "utf-8")


def open_knowledge(db: Database, clock: FakeClock, cache: Path) -> Knowledge:
    vectors = PassageVectors(TinyEmbedder(), cache)
    weights = replace(load_weights(), fitted_with=vectors.embedder_name)  # for any model, here
    return Knowledge(db, clock, vectors, REFRESH_SECONDS, weights)


@pytest.fixture
async def knowledge(
    db: Database, clock: FakeClock, tmp_path: Path, folder: Path
) -> AsyncIterator[Knowledge]:
    """Seeded and watching."""
    opened = open_knowledge(db, clock, tmp_path / "cache")
    await opened.seed(folder)
    await opened.start()
    yield opened
    await opened.stop()


async def edit(db: Database, clock: FakeClock, article: Article) -> None:
    """What the console does when somebody publishes an edited article."""
    async with db.write() as session:
        await store.put_article(session, article, "edited here", edited=True, now=clock.now())
        await store.raise_revision(session)


def slugs_found(knowledge: Knowledge, question: str) -> list[str]:
    found = knowledge.search(question, TinyEmbedder().embed([question])[0])
    return [hit.slug for hit in found.hits]


async def until_answer(knowledge: Knowledge, slug: str, answer: str) -> None:
    for _ in range(300):
        if knowledge.get(slug).answer == answer:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{knowledge.get(slug).answer} instead of {answer}")


# --- seeding ---------------------------------------------------------------------------------


async def test_shipped_articles_are_brought_in_once(
    knowledge: Knowledge, folder: Path, db: Database
) -> None:
    assert await knowledge.seed(folder) == 0
    assert {article.slug for article in knowledge.all()} == {"dog-walking", "snow"}
    assert knowledge.get("dog-walking") == DOGS
    async with db.read() as session:
        assert await store.current_revision(session) == 1


async def test_processes_that_seed_at_once_bring_each_article_in_once(
    db: Database,
    clock: FakeClock,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = [open_knowledge(db, clock, tmp_path / "cache") for _ in range(4)]
    look, looked = store.fingerprints, count()

    async def look_and_linger(session: AsyncSession) -> dict[str, tuple[str, bool]]:
        """Let the others look first, then act one after the other on what may be old by then."""
        seen = await look(session)
        await asyncio.sleep(0.02 * (next(looked) % len(several)))
        return seen

    monkeypatch.setattr(store, "fingerprints", look_and_linger)
    for version in range(1, 6):
        write(folder, replace(DOGS, answer=f"第 {version} 版。"))
        brought_in = await asyncio.gather(*(each.seed(folder) for each in several))
        assert sorted(brought_in) == [0, 0, 0, 2 if version == 1 else 1]
        async with db.read() as session:
            rows = (await session.scalars(select(store.ArticleRow))).all()
            assert {row.slug: row.version for row in rows} == {"dog-walking": version, "snow": 1}
            assert await store.current_revision(session) == version


async def test_an_article_published_while_another_process_seeds_is_not_overwritten(
    db: Database,
    clock: FakeClock,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knowledge, editing = open_knowledge(db, clock, tmp_path / "cache"), Editing(db, clock)
    await knowledge.seed(folder)
    author, reviewer = Actor("operator", "1", "甲"), Actor("operator", "2", "乙")
    draft = await editing.begin(article_to_markdown(replace(DOGS, answer="本市的说法。")), author)
    await editing.submit(draft, author)
    write(folder, replace(DOGS, answer="新版本的说法。"))
    look, looked = store.fingerprints, asyncio.Event()

    async def look_and_linger(session: AsyncSession) -> dict[str, tuple[str, bool]]:
        seen = await look(session)
        looked.set()
        await asyncio.sleep(0.1)
        return seen

    monkeypatch.setattr(store, "fingerprints", look_and_linger)
    seeding = asyncio.create_task(knowledge.seed(folder))
    await looked.wait()
    with pytest.raises(ChangedMeanwhile):
        await editing.publish(draft, reviewer)
    assert await seeding == 1
    await knowledge.refresh()
    assert (knowledge.get("dog-walking").answer, knowledge.version("dog-walking")) == (
        "新版本的说法。",
        2,
    )


async def test_a_changed_shipped_article_replaces_the_old_one(
    knowledge: Knowledge, folder: Path
) -> None:
    write(folder, replace(DOGS, answer="新版本的说法。"))
    assert await knowledge.seed(folder) == 1
    await until_answer(knowledge, "dog-walking", "新版本的说法。")
    assert knowledge.get("snow") == SNOW


async def test_an_article_edited_here_is_left_alone(
    knowledge: Knowledge, folder: Path, db: Database, clock: FakeClock
) -> None:
    mine = replace(DOGS, answer="本市自己改过的说法。")
    await edit(db, clock, mine)
    write(folder, replace(DOGS, answer="新版本的说法。"))
    assert await knowledge.seed(folder) == 0
    await knowledge.refresh()
    assert knowledge.get("dog-walking") == mine


async def test_a_bad_article_is_named_and_nothing_is_brought_in(
    db: Database, clock: FakeClock, tmp_path: Path, folder: Path
) -> None:
    (folder / "broken.md").write_text("---\nslug: broken\n---\n正文\n", "utf-8")
    with pytest.raises(BadArticle, match=r"broken\.md"):
        await open_knowledge(db, clock, tmp_path / "cache").seed(folder)
    async with db.read() as session:
        assert not (await session.scalars(select(store.ArticleRow))).all()


# --- validity --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "valid"),
    [
        (None, None, True),
        (date(2026, 11, 22), date(2026, 11, 22), True),
        (None, date(2026, 11, 21), False),
        (date(2026, 11, 23), None, False),
    ],
)
async def test_only_an_article_in_force_today_is_found(
    knowledge: Knowledge,
    db: Database,
    clock: FakeClock,
    valid_from: date | None,
    valid_to: date | None,
    valid: bool,
) -> None:
    await edit(db, clock, replace(DOGS, valid_from=valid_from, valid_to=valid_to))
    await knowledge.refresh()
    assert ("dog-walking" in slugs_found(knowledge, "遛狗要拴绳吗")) is valid
    assert (knowledge.find_by_title("遛狗要拴绳吗") is not None) is valid
    if not valid:
        with pytest.raises(ArticleNotFound):
            knowledge.get("dog-walking")


async def test_an_article_ends_with_the_citys_day(
    knowledge: Knowledge, db: Database, clock: FakeClock
) -> None:
    await edit(db, clock, replace(DOGS, valid_to=date(2026, 11, 22)))
    await knowledge.refresh()
    clock.advance(timedelta(hours=13, minutes=59))  # 23:59 in the city
    assert not await knowledge.refresh()
    assert "dog-walking" in slugs_found(knowledge, "遛狗要拴绳吗")
    clock.advance(timedelta(minutes=1))
    assert await knowledge.refresh()
    assert "dog-walking" not in slugs_found(knowledge, "遛狗要拴绳吗")


# --- several processes -----------------------------------------------------------------------


async def test_a_change_is_seen_by_every_process_within_the_refresh_time(
    knowledge: Knowledge, db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    other = open_knowledge(db, clock, tmp_path / "other cache")
    await other.start()
    try:
        await edit(db, clock, replace(SNOW, answer="改了一次。", questions=("独一无二的问法",)))
        await asyncio.gather(
            until_answer(knowledge, "snow", "改了一次。"), until_answer(other, "snow", "改了一次。")
        )
        for each in (knowledge, other):
            assert slugs_found(each, "独一无二的问法")[0] == "snow"
        question = "遛狗一定要牵绳吗"
        vector = TinyEmbedder().embed([question])[0]
        assert knowledge.search(question, vector) == other.search(question, vector)
    finally:
        await other.stop()


async def test_while_the_database_is_away_the_index_in_hand_serves(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, db: Database, clock: FakeClock
) -> None:
    async def fail(*_: object) -> int:
        raise OSError("database away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "current_revision", fail)
        await asyncio.sleep(REFRESH_SECONDS * 3)
        assert knowledge.get("dog-walking") == DOGS
    await edit(db, clock, replace(DOGS, answer="回来以后。"))
    await until_answer(knowledge, "dog-walking", "回来以后。")


# --- nothing to answer with ------------------------------------------------------------------


async def test_without_any_article_every_question_is_declined(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    empty = open_knowledge(db, clock, tmp_path / "cache")
    await empty.refresh()
    found = empty.search("遛狗要拴绳吗", TinyEmbedder().embed(["遛狗要拴绳吗"])[0])
    assert (found.hits, found.answer, found.choices) == ((), None, ())
