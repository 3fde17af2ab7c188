"""Articles as plain types and the rules they keep; no I/O beyond parsing text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from kb.errors import BadArticle

LONGEST_ANSWER = 120
_SOURCES_SHOWN = 2
_REQUIRED = (
    "slug",
    "title",
    "questions",
    "answer",
    "authority",
    "jurisdiction",
    "sources",
    "review_by",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from."""

    law: str
    article: str | None = None
    version: str | None = None
    effective_on: str | None = None
    note: str | None = None

    def describe(self) -> str:
        """One line as residents read it: 《…》第…条（2020年修正）."""
        name = self.law if self.law.startswith("《") else f"《{self.law}》"
        text = f"{name}{self.article or ''}"
        return f"{text}（{self.version}）" if self.version else text


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `answer` can be spoken (≤ 120 characters); `body` is Markdown."""

    slug: str
    title: str
    questions: tuple[str, ...]
    answer: str
    body: str
    authority: str
    jurisdiction: str
    sources: tuple[Source, ...]
    review_by: date
    valid_from: date | None = None
    valid_to: date | None = None
    reviewed_on: date | None = None
    owner: str = ""
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        """Whether the article may be used for answers on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def source_line(self) -> str:
        """The main sources and the review date in one line; the article's page has them all."""
        names = "；".join(source.describe() for source in self.sources[:_SOURCES_SHOWN])
        if len(self.sources) > _SOURCES_SHOWN:
            names += f"等 {len(self.sources)} 项"
        reviewed = f"，{self.reviewed_on:%Y年%m月%d日}核对" if self.reviewed_on else ""
        return f"依据：{names}{reviewed}"


class _PlainLoader(yaml.SafeLoader):
    """YAML without references: a few lines of them can stand for a billion words."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "references", event.start_mark)
        return super().compose_node(parent, index)


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"（第 {mark.line + 2} 行附近）" if mark is not None else ""


def parse_article(text: str, name: str) -> Article:
    """Read Markdown with YAML front matter; raises BadArticle naming `name` and the field."""
    if not text.startswith("---\n") or "\n---\n" not in text[4:]:
        raise BadArticle(f"{name}：缺少开头的 --- 属性区")
    head, body = text[4:].split("\n---\n", 1)
    try:
        data = yaml.load(head, _PlainLoader)  # noqa: S506 - a SafeLoader that takes even less
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadArticle(f"{name}：属性区不是合法的 YAML{_line_of(error)}") from error
    if not isinstance(data, dict):
        raise BadArticle(f"{name}：属性区应是“名称: 值”的列表")
    return article_from_data({**data, "body": body.strip()}, name)


def article_from_data(data: Mapping[str, Any], name: str) -> Article:
    """Build an article from plain data; raises BadArticle naming `name` and the field."""
    missing = [key for key in _REQUIRED if not data.get(key)]
    if missing:
        raise BadArticle(f"{name}：缺少 {'、'.join(missing)}")
    answer = str(data["answer"]).strip()
    if len(answer) > LONGEST_ANSWER:
        raise BadArticle(f"{name}：answer 有 {len(answer)} 个字，最多 {LONGEST_ANSWER} 个")
    try:
        return Article(
            slug=str(data["slug"]),
            title=str(data["title"]),
            questions=tuple(str(item) for item in data["questions"]),
            answer=answer,
            body=str(data.get("body") or ""),
            authority=str(data["authority"]),
            jurisdiction=str(data["jurisdiction"]),
            sources=tuple(_source(item) for item in data["sources"]),
            review_by=_day(data["review_by"]),  # type: ignore[arg-type]
            valid_from=_day(data.get("valid_from")),
            valid_to=_day(data.get("valid_to")),
            reviewed_on=_day(data.get("reviewed_on")),
            owner=str(data.get("owner") or ""),
            tags=tuple(str(item) for item in data.get("tags") or ()),
            categories=tuple(str(item) for item in data.get("categories") or ()),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadArticle(f"{name}：属性值不合法（{error}）") from error


def article_to_data(article: Article) -> dict[str, Any]:
    """Plain JSON-able data; `article_from_data` reads it back."""
    return {
        "slug": article.slug,
        "title": article.title,
        "questions": list(article.questions),
        "answer": article.answer,
        "body": article.body,
        "authority": article.authority,
        "jurisdiction": article.jurisdiction,
        "sources": [
            {
                key: value
                for key in ("law", "article", "version", "effective_on", "note")
                if (value := getattr(source, key)) is not None
            }
            for source in article.sources
        ],
        "review_by": article.review_by.isoformat(),
        "valid_from": article.valid_from and article.valid_from.isoformat(),
        "valid_to": article.valid_to and article.valid_to.isoformat(),
        "reviewed_on": article.reviewed_on and article.reviewed_on.isoformat(),
        "owner": article.owner,
        "tags": list(article.tags),
        "categories": list(article.categories),
    }


def article_to_markdown(article: Article) -> str:
    """The file form that `parse_article` reads."""
    data = article_to_data(article)
    body = data.pop("body")
    head = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{head}---\n{body}\n"


def _day(value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))


def _source(item: Mapping[str, Any]) -> Source:
    def text(key: str) -> str | None:
        return str(item[key]) if item.get(key) is not None else None

    return Source(
        str(item["law"]), text("article"), text("version"), text("effective_on"), text("note")
    )
