"""The shipped articles: complete, short enough to speak, and only on law that is in force."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.language.training import read_categories
from kb.models import LONGEST_ANSWER, Article, article_to_markdown, parse_article
from kb.service import ARTICLES
from kb.words import fold

FEWEST_QUESTIONS = 8
KEYS = {
    "slug", "title", "questions", "answer", "authority", "jurisdiction", "sources", "valid_from",
    "valid_to", "reviewed_on", "review_by", "owner", "tags", "categories",
}  # fmt: skip
REPEALED = (  # 生态环境法典 第一千二百四十二条, 2026-08-15 起
    "环境保护法", "环境影响评价法", "海洋环境保护法", "大气污染防治法", "水污染防治法", "土壤污染防治法",
    "固体废物污染环境防治法", "噪声污染防治法", "放射性污染防治法", "清洁生产促进法",
)  # fmt: skip
TELEPHONES = {"12345", "110", "119", "120", "122", "96069", "96116", "96310"}
"""Those with a source (laws/facts.md 末节); every other number stays unsaid."""

_NUMBER = re.compile(r"(?<![\d.\-])\d[\d\-]*\d(?![\d\-])")
_HOTLINE = re.compile(r"1[12]\d|12[1-9]\d{2}|9[56]\d{3}|400-?\d{3}-?\d{4}|1[3-9]\d{9}|0?10-?\d{8}")
_UNIT = re.compile(
    r"[ ]?(?:到|至|元|年|月|日|天|米|厘米|分贝|万|平方|度|℃|只|号|%|小时|分钟|个|倍|户|千克|公斤)"
)

PATHS = sorted(ARTICLES.rglob("*.md"))


def head_of(path: Path) -> dict[str, object]:
    return dict(yaml.safe_load(path.read_text("utf-8").split("\n---\n")[0][4:]))


@pytest.fixture(scope="module")
def articles() -> dict[Path, Article]:
    return {path: parse_article(path.read_text("utf-8"), path.name) for path in PATHS}


def test_there_are_articles() -> None:
    assert len(PATHS) >= 80


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_article_is_complete(path: Path) -> None:
    article = parse_article(path.read_text("utf-8"), path.name)
    assert set(head_of(path)) == KEYS
    assert article.slug == path.stem
    assert 0 < len(article.answer) <= LONGEST_ANSWER
    assert len(article.questions) >= FEWEST_QUESTIONS
    assert article.body
    assert article.sources
    assert all(source.law for source in article.sources)
    assert article.tags
    assert article.owner
    assert article.reviewed_on is not None
    assert article.review_by > article.reviewed_on
    assert (
        article.valid_to is None
        or article.valid_from is None
        or article.valid_from <= article.valid_to
    )


def test_slugs_titles_and_questions_are_unique(articles: dict[Path, Article]) -> None:
    slugs = Counter(article.slug for article in articles.values())
    forms = Counter(
        form
        for article in articles.values()
        for form in {fold(text) for text in (article.title, *article.questions)}
    )
    questions = Counter(text for article in articles.values() for text in article.questions)
    assert [slug for slug, times in slugs.items() if times > 1] == []
    assert [form for form, times in forms.items() if times > 1] == []
    assert [text for text, times in questions.items() if times > 1] == []


def test_the_table_of_topics_names_every_article() -> None:
    guide = (ARTICLES.parent.parent / "docs" / "knowledge.md").read_text("utf-8")
    named = {
        slug
        for line in guide.splitlines()
        if line.count("|") == 3
        for slug in re.findall(r"[a-z]+(?:-[a-z]+)*", line.split("|")[2])
    }
    assert named >= {path.stem for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_repealed_law_is_cited(path: Path) -> None:
    article = parse_article(path.read_text("utf-8"), path.name)
    for source in article.sources:
        name = re.sub(r"《|》|（.*?）|中华人民共和国", "", source.law)
        assert name not in REPEALED
        if name == "治安管理处罚法":  # revised in 2025, in force since 2026-01-01
            assert "2025" in f"{source.law}{source.version}"
            assert "2012" not in f"{source.law}{source.version}"
    cited = re.findall(r"《(?:中华人民共和国)?([^》]+)》", f"{article.answer}{article.body}")
    assert not set(cited) & set(REPEALED)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_only_telephone_numbers_with_a_source_are_told(path: Path) -> None:
    article = parse_article(path.read_text("utf-8"), path.name)
    text = "\n".join((article.answer, article.body, article.authority))
    assert set(find_telephones(text)) <= TELEPHONES


def find_telephones(text: str) -> set[str]:
    """Numbers that could be dialled: no unit after them, and the shape of a telephone number."""
    return {
        match.group()
        for match in _NUMBER.finditer(text)
        if _HOTLINE.fullmatch(match.group()) and not _UNIT.match(text, match.end())
    }


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("拨12345、119", {"12345", "119"}),
        ("打12315或96777，手机13800138000", {"12315", "96777", "13800138000"}),
        ("010-65128080", {"010-65128080"}),
        ("罚120元，110平方米，2026年", set()),
    ],
)
def test_telephone_numbers_are_recognised(text: str, numbers: set[str]) -> None:
    assert find_telephones(text) == numbers


def test_categories_exist(articles: dict[Path, Article]) -> None:
    known = {entry.code for entry in read_categories()}
    used = {code for article in articles.values() for code in article.categories}
    assert used <= known


def test_article_survives_being_written_out(articles: dict[Path, Article]) -> None:
    for path, article in articles.items():
        assert parse_article(article_to_markdown(article), path.name) == article
