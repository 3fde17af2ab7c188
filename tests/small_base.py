"""A knowledge base of four articles, and an embedder that counts characters."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from bot.language.embedding import Role
from bot.language.models import Vector
from kb.models import Article, Source
from kb.search import SearchIndex
from kb.trust import EVIDENCE, Found, Judge, Weights
from kb.vectors import PassageVectors

DIMENSION = 96


class CharacterEmbedder:
    """Characters counted into a few numbers, beside something all sentences share."""

    name = "characters"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.embedded: list[tuple[Role, str]] = []

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        self.embedded += [(role, sentence) for sentence in sentences]
        vectors = np.full((len(sentences), DIMENSION), 0.3, dtype=np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for char in sentence:
                row[zlib.crc32(char.encode()) % DIMENSION] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def weigh(**named: float) -> tuple[float, ...]:
    return tuple(named.get(name, 0.0) for name in EVIDENCE)


WEIGHTS = Weights(
    rank=(8.0, 2.0, 4.0, 2.0, 3.0, 3.0, 0.0),
    known=Judge(weigh(coverage=40.0), -10.0),
    right=Judge(weigh(certainty=8.0), 4.0),
    answer_at=0.6,
    offer_at=0.5,
)


def article(
    slug: str, title: str, questions: Sequence[str], answer: str, **more: object
) -> Article:
    plain = Article(
        slug=slug,
        title=title,
        questions=tuple(questions),
        answer=answer,
        body=f"{answer}\n\n- 情况紧急的，马上说明。",
        authority="街道",
        jurisdiction="北京市",
        sources=(Source("某条例"),),
        review_by=date(2027, 5, 1),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


DOGS = article(
    "dogs", "遛狗要拴绳吗？", ["遛狗不牵绳罚多少", "狗没拴绳谁管"], "遛狗要用束犬链，由成年人牵领。"
)
TREES = article(
    "trees", "能自己砍树吗？", ["院里的树能锯掉吗", "砍树要批准吗"], "砍伐树木要经绿化部门批准。"
)
TRIM = article(
    "trim", "树挡光谁来剪？", ["树枝伸进窗户谁剪", "树挡住阳光了"], "树木遮光由管护单位修剪。"
)
HEATING = article(
    "heating", "暖气不热怎么办？", ["屋里冷找谁", "暖气片冰凉"], "先报修供热单位，再打12345。"
)
ARTICLES = (DOGS, TREES, TRIM, HEATING)


def build(
    articles: Sequence[Article] = ARTICLES,
    weights: Weights = WEIGHTS,
    strangers: Sequence[str] | None = None,
) -> SearchIndex:
    return SearchIndex(articles, PassageVectors(CharacterEmbedder(), None), weights, strangers)


def find(index: SearchIndex, query: str, k: int = 5) -> Found:
    return index.search(query, CharacterEmbedder().embed([query])[0], k)
