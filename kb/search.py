"""Search: one ranking from words and meaning, with a calibrated confidence.

Each article is a bundle of passages: its question forms and title (what people ask) and its
answer and paragraphs (what they are told). A query is compared with every passage twice, by the
sentence vector and by weighted words and character pairs; the best passage of each kind speaks
for the article. Weights come from `hotline kb fit` (kb/data/search_weights.json).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from bot.language.models import Vector
from kb.models import Article

WEIGHTS_FILE = Path(__file__).parent / "data" / "search_weights.json"
_WORD = re.compile(r"[0-9a-z]+|[\u4e00-\u9fff]")
_STOP = frozenset("的了吗呢吧啊呀是在我你您他这那有就都也和与请问一下怎么什么可以能要不")


@dataclass(frozen=True, slots=True)
class Weights:
    """The learned fusion: `rank` orders articles, `trust` turns the best one into a probability."""

    rank: tuple[float, ...]
    trust: tuple[float, ...]
    trust_bias: float
    answer_at: float
    offer_at: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One article in the ranking; `score` orders, `features` explains."""

    slug: str
    title: str
    score: float
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search.

    `answer` is set when the best article may be given as the answer; `choices` when the resident
    should say which one he means; neither when the assistant must decline.
    """

    hits: tuple[Hit, ...]
    confidence: float
    answer: str | None
    choices: tuple[str, ...]


FEATURES = ("question_meaning", "text_meaning", "question_words", "article_words")


def load_weights(path: Path = WEIGHTS_FILE) -> Weights:
    """The weights as shipped."""
    data = json.loads(path.read_text("utf-8"))
    return Weights(
        tuple(data["rank"]),
        tuple(data["trust"]),
        data["trust_bias"],
        data["answer_at"],
        data["offer_at"],
    )


def tokenize(text: str) -> list[str]:
    """Characters that carry meaning, and pairs of neighbours; Latin words and numbers whole."""
    units = [unit for unit in _WORD.findall(text.casefold())]
    pairs = [a + b for a, b in zip(units, units[1:], strict=False)]
    return [unit for unit in units if unit not in _STOP] + pairs


class WordIndex:
    """Weighted words of passages: BM25-like saturation, cosine-normalised rows."""

    def __init__(self, passages: Sequence[str]) -> None:
        counts = [Counter(tokenize(passage)) for passage in passages]
        frequency = Counter(token for count in counts for token in count)
        self._ids = {token: i for i, token in enumerate(frequency)}
        total = max(len(passages), 1)
        self._idf = np.array(
            [math.log(1 + total / (1 + frequency[token])) for token in self._ids], dtype=np.float32
        )
        rows = [self._row(count) for count in counts]
        pointers = np.cumsum([0] + [len(ids) for ids, _ in rows])
        self._matrix = sparse.csr_matrix(
            (
                np.concatenate([v for _, v in rows]) if rows else np.zeros(0, np.float32),
                np.concatenate([i for i, _ in rows]) if rows else np.zeros(0, np.int64),
                pointers,
            ),
            shape=(len(passages), len(self._ids)),
        ).tocsc()

    def _row(self, count: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
        known = [(self._ids[token], n) for token, n in count.items() if token in self._ids]
        ids = np.array([i for i, _ in known], dtype=np.int64)
        values = np.array([n / (n + 1.0) for _, n in known], dtype=np.float32) * self._idf[ids]
        norm = float(np.linalg.norm(values))
        return ids, values / norm if norm else values

    def similarities(self, text: str) -> np.ndarray:
        """Cosine of `text` with every passage, shape (passages,)."""
        count = Counter(tokenize(text))
        ids, values = self._row(count)
        if not len(ids):
            return np.zeros(self._matrix.shape[0], dtype=np.float32)
        # unknown words weigh too: a query half about something else must not look like a match
        unknown = sum(1 for token in count if token not in self._ids)
        values = values * math.sqrt(len(ids) / (len(ids) + unknown))
        scores = np.zeros(self._matrix.shape[0], dtype=np.float32)
        matrix = self._matrix
        for i, value in zip(ids, values, strict=True):
            start, end = matrix.indptr[i], matrix.indptr[i + 1]
            scores[matrix.indices[start:end]] += matrix.data[start:end] * value
        return scores


@dataclass(frozen=True, slots=True)
class Passage:
    """One text that speaks for an article; `asks`: it is how people ask."""

    article: int
    asks: bool
    text: str


def passages_of(articles: Iterable[Article]) -> list[Passage]:
    """Every passage of every article."""
    passages = []
    for number, article in enumerate(articles):
        for question in dict.fromkeys((article.title, *article.questions)):
            passages.append(Passage(number, True, question))
        passages.append(Passage(number, False, f"{article.title}：{article.answer}"))
        passages += [
            Passage(number, False, paragraph.strip())
            for paragraph in re.split(r"\n\s*\n|\n(?=[-*] )", article.body)
            if len(paragraph.strip()) >= 8
        ]
    return passages


class SearchIndex:
    """An immutable index over articles; a change of knowledge builds a new one."""

    def __init__(
        self,
        articles: Sequence[Article],
        embed: Callable[[Sequence[str]], Vector],
        weights: Weights,
    ) -> None:
        self.articles = tuple(articles)
        self.weights = weights
        self._passages = passages_of(articles)
        texts = [passage.text for passage in self._passages]
        self._vectors = embed(texts)
        self._words = WordIndex(texts)
        self._owner = np.array([p.article for p in self._passages], dtype=np.int64)
        self._asks = np.array([p.asks for p in self._passages], dtype=bool)

    def features(self, query: str, vector: Vector, skip: np.ndarray | None = None) -> np.ndarray:
        """Shape (articles, len(FEATURES)); `skip` hides passages (used when fitting)."""
        meaning = self._vectors @ vector
        words = self._words.similarities(query)
        if skip is not None:
            meaning, words = np.where(skip, -1.0, meaning), np.where(skip, 0.0, words)
        columns = [
            self._best(np.where(self._asks, meaning, -1.0)),
            self._best(np.where(self._asks, -1.0, meaning)),
            self._best(np.where(self._asks, words, 0.0)),
            self._best(np.where(self._asks, 0.0, words)),
        ]
        return np.stack(columns, axis=1)

    def _best(self, scores: np.ndarray) -> np.ndarray:
        best = np.full(len(self.articles), -1.0, dtype=np.float64)
        np.maximum.at(best, self._owner, scores)
        return best

    def passage_texts(self) -> Sequence[Passage]:
        """The passages, in the order of `skip` masks."""
        return self._passages

    def search(self, query: str, vector: Vector, k: int = 5) -> Found:
        """The best `k` articles and what to do with them; `vector` is the query's, unit length."""
        if not self.articles:
            return Found((), 0.0, None, ())
        features = self.features(query, vector)
        scores = features @ np.array(self.weights.rank)
        order = np.argsort(-scores)[: max(k, 5)]
        hits = tuple(
            Hit(
                self.articles[i].slug,
                self.articles[i].title,
                float(scores[i]),
                tuple(float(x) for x in features[i]),
            )
            for i in order
        )
        confidence = self.trust(features, scores)
        answer = hits[0].slug if confidence >= self.weights.answer_at else None
        choices: tuple[str, ...] = ()
        if answer is None and confidence >= self.weights.offer_at:
            choices = tuple(hit.slug for hit in hits[:3])
        return Found(hits[:k], confidence, answer, choices)

    def trust(self, features: np.ndarray, scores: np.ndarray) -> float:
        """The probability that the best article answers the query."""
        logit = float(trust_inputs(features, scores) @ np.array(self.weights.trust))
        return 1 / (1 + math.exp(-(logit + self.weights.trust_bias)))


def trust_inputs(features: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What the confidence is judged by: the best article's features and its lead."""
    order = np.argsort(-scores)
    best = order[0]
    second = scores[order[1]] if len(order) > 1 else 0.0
    return np.concatenate([features[best], [scores[best] - second]])
