"""Drafts begun for an editor: from questions nobody could answer, from a good reply, for a review."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pypinyin import lazy_pinyin

from kb.models import LONGEST_ANSWER, Article, Source, article_to_markdown

MOST_FORMS = 8
_LONGEST_FORM = 60
_LONGEST_SLUG = 60

TO_WRITE_ANSWER = "（待写：能念出来的短答，不超过 120 个字）"
TO_WRITE_AUTHORITY = "（待写：归谁管，去哪儿办）"
TO_WRITE_LAW = "（待写：依据的文件或核实的单位）"
_TO_WRITE = "（待写"
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;\n])")


def find_unwritten(text: str) -> bool:
    """Whether something in a draft still waits to be written."""
    return _TO_WRITE in text


def make_slug(title: str, taken: Iterable[str]) -> str:
    """A slug from the title's sounds that is not taken: 遛狗要拴绳吗 → liu-gou-yao-shuan-sheng-ma."""
    known = set(taken)
    sounds = re.findall(r"[a-z0-9]+", " ".join(lazy_pinyin(title)).casefold())
    slug = ""
    for sound in sounds:
        if len(slug) + len(sound) >= _LONGEST_SLUG:
            break
        slug += f"-{sound}" if slug else sound
    slug = slug if len(slug) > 1 else "question"
    number, free = 2, slug
    while free in known:
        free, number = f"{slug}-{number}", number + 1
    return free


def begin_article(
    questions: Sequence[str], slugs: Iterable[str], today: date, owner: str, reply: str = ""
) -> str:
    """The Markdown of a new article that asks `questions`; `reply` is what was answered, if it was."""
    forms = choose_forms(questions)
    title = forms[0]
    answer, body = split_reply(reply)
    article = Article(
        slug=make_slug(title, slugs),
        title=title,
        questions=forms,
        answer=answer or TO_WRITE_ANSWER,
        body=body,
        authority=TO_WRITE_AUTHORITY,
        jurisdiction="北京市",
        sources=(Source(TO_WRITE_LAW),),
        review_by=_a_year_after(today),
        reviewed_on=today,
        owner=owner,
    )
    return article_to_markdown(article)


def add_forms(article: Article, questions: Sequence[str]) -> str:
    """The Markdown of the article with more question forms; those it has are not doubled."""
    known = {form.strip() for form in article.questions}
    new = tuple(form for form in choose_forms(questions, MOST_FORMS) if form not in known)
    return article_to_markdown(replace(article, questions=(*article.questions, *new)))


def renew_review(article: Article, today: date) -> str:
    """The Markdown of the article as looked at today and found right."""
    return article_to_markdown(replace(article, reviewed_on=today, review_by=_a_year_after(today)))


def choose_forms(questions: Sequence[str], most: int = MOST_FORMS) -> tuple[str, ...]:
    """Different questions in one line each, as they came."""
    lines = (" ".join(each.split())[:_LONGEST_FORM] for each in questions)
    # markup is refused in articles, and a resident may have typed some
    clean = (line.replace("<", "〈").replace(">", "〉") for line in lines if line)
    return tuple(dict.fromkeys(clean))[:most] or ("市民的问题",)


def split_reply(reply: str) -> tuple[str, str]:
    """A reply as (answer, body): whole sentences that fit the answer, and all of it where not."""
    text = reply.replace("<", "〈").replace(">", "〉").strip()
    if len(text) <= LONGEST_ANSWER:
        return text, ""
    answer = ""
    for sentence in _SENTENCE_END.split(text):
        if len(answer) + len(sentence) > LONGEST_ANSWER:
            break
        answer += sentence
    return answer.strip() or text[:LONGEST_ANSWER], text


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)
