"""What of an article is searched: how people ask, what it is called, what it tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.language.embedding import Role
from bot.language.normalise import normalise
from kb.models import Article

STRANGERS_FILE = Path(__file__).parent / "data" / "strangers.txt"

_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+[.、]))")
_MARKS = re.compile(r"[*#`>|]+")
_SHORTEST_PARAGRAPH = 8


@dataclass(frozen=True, slots=True)
class Passages:
    """The searched texts of one article; what is asked is normalised as questions are.

    What is told is not: it is edited text, in which normalising found nothing to do (one of
    1,177 passages) and took longer than all the rest of building an index.
    """

    asks: tuple[str, ...]
    """The title, then every question form: compared as questions."""
    name: str
    """The tags, or the title where there are none."""
    tells: tuple[str, ...]
    """The answer, then every paragraph."""

    def embedded(self) -> list[tuple[Role, str]]:
        """(role, text) of asks, name and tells, in this order.

        What is told comes after the title: a paragraph alone does not say what it is about.
        """
        asks: list[tuple[Role, str]] = [("query", text) for text in (*self.asks, self.name)]
        tells: list[tuple[Role, str]] = [
            ("passage", f"{self.asks[0]}：{text}") for text in self.tells
        ]
        return asks + tells


def list_asked(article: Article) -> tuple[str, ...]:
    """The texts of `article` that are normalised as questions are: title, forms, tags."""
    return (article.title, *article.questions, "、".join(article.tags))


def read_passages(article: Article, plain: Collection[str] = ()) -> Passages:
    """The passages of `article`; texts in `plain` are known to be normalised already."""
    title, *forms, tags = (
        text if text in plain else normalise(text).text for text in list_asked(article)
    )
    return Passages(
        tuple(dict.fromkeys((title, *forms))),
        tags or title,
        (article.answer.strip(), *_paragraphs(article.body)),
    )


def read_strangers(path: Path = STRANGERS_FILE) -> tuple[str, ...]:
    """Questions residents ask a city, but not this base: what is close to them is not known."""
    return tuple(normalise(line).text for line in path.read_text("utf-8").splitlines())


def _paragraphs(body: str) -> Sequence[str]:
    parts = (_MARKS.sub("", part).strip() for part in _PARAGRAPHS.split(body))
    return [part for part in parts if len(part) >= _SHORTEST_PARAGRAPH]
