"""Articles in and out of files, for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hotline.audit import Actor
from hotline.clock import SystemClock, to_city
from hotline.db import Database
from hotline.errors import InvalidInput
from hotline.migrate import upgrade_database
from hotline.settings import Settings
from hotline.tables import check_size
from kb.article_files import read_articles_file, write_articles
from kb.editing import Editing
from kb.models import Article, article_to_markdown
from kb.service import seed_articles

_AUTHOR = Actor("system", "command_line", "命令行")


@asynccontextmanager
async def open_editing(settings: Settings) -> AsyncIterator[Editing]:
    """The editors' use cases on an up-to-date database that holds the shipped articles."""
    db = Database(settings.effective_database_url)
    await upgrade_database(db)
    try:
        clock = SystemClock()
        await seed_articles(db, clock)
        yield Editing(db, clock)
    finally:
        await db.close()


async def import_articles(settings: Settings, path: Path, reviewer: str) -> list[str]:
    """Bring articles in for review, or publish them as `reviewer`; returns the report in lines.

    `path` is a file, or a folder of Markdown files.
    """
    articles, lines = await asyncio.to_thread(_read, path)
    async with open_editing(settings) as editing:
        drafts = await editing.take_in(articles, _AUTHOR, "从文件导入")
        for draft in drafts if reviewer else ():
            await editing.publish(draft, Actor("system", f"cli:{reviewer}", reviewer))
    done, unchanged = len(drafts), len(articles) - len(drafts)
    deed = "已发布" if reviewer else "已提交审核，等另一位在工作台发布"
    return [*lines, f"{done} 篇{deed}，{unchanged} 篇没有变化，{len(lines)} 处有问题未导入。"]


def _read(path: Path) -> tuple[list[Article], list[str]]:
    files = sorted(path.rglob("*.md")) if path.is_dir() else [path]
    articles: list[Article] = []
    problems: list[str] = []
    for file in files:
        try:
            check_size(file.stat().st_size)
            read = read_articles_file(file.name, file.read_bytes())
        except OSError as error:
            raise InvalidInput(f"读不了文件 {file}（{error.strerror}）。") from error
        articles += read.articles
        problems += read.problems
    return articles, problems


async def export_articles(settings: Settings, path: Path) -> int:
    """Write every article: into a folder as Markdown, or as .zip, .csv or .xlsx."""
    ending = path.suffix.casefold().removeprefix(".")
    if ending not in ("", "zip", "csv", "xlsx"):
        raise InvalidInput("请给一个文件夹，或 zip、csv、xlsx 文件。")
    async with open_editing(settings) as editing:
        listed = await editing.list_articles(to_city(SystemClock().now()).date())
    articles = sorted((each.article for each in listed), key=lambda each: each.slug)
    await asyncio.to_thread(_write, path, ending, articles)
    return len(articles)


def _write(path: Path, ending: str, articles: list[Article]) -> None:
    try:
        if ending:
            path.write_bytes(write_articles(articles, ending))
            return
        path.mkdir(parents=True, exist_ok=True)
        for article in articles:
            (path / f"{article.slug}.md").write_text(article_to_markdown(article), "utf-8")
    except OSError as error:
        raise InvalidInput(f"写不了 {path}（{error.strerror}）。") from error
