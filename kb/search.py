"""Search: one ranking from words and meaning, in two steps.

First every article is ranked cheaply: by the mean vector of its passages and by its words. The
best candidates are then compared closely: question forms, answer, paragraphs, tags. What the
ranking is worth is judged in kb/trust.py. All weights come from `hotline kb fit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.language.embedding import Role
from bot.language.models import Vector
from kb.models import Article
from kb.passages import read_passages, read_strangers
from kb.trust import FEATURES, NOTHING, Found, Hit, Numbers, Weights, decide
from kb.words import WordIndex, fold, tokenize

CANDIDATES = 200
_ROUGH = [FEATURES.index(name) for name in ("topic", "words", "told_words")]
_CLOSEST_FORMS = 3
# BM25 below this says little: dividing by it too keeps a faint best match from looking perfect.
_FAINT_SCORE = 10.0
_HITS_JUDGED = 5
_SAME_QUESTION = 0.96  # cosine of two sentences that ask the same
_GREATEST_LEAD = 5.0

Embed = Callable[[Sequence[tuple[Role, str]]], Vector]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question against its candidates."""

    articles: Integers
    """Candidates by their number, shape (n,)."""
    features: Numbers
    """Shape (n, len(FEATURES))."""
    support: Numbers
    """What only trust looks at: asked, nearest and coverage, shape (n, 3)."""
    elsewhere: float
    unknown: float
    length: float


@dataclass(frozen=True, slots=True)
class _Near:
    """Cosines with the passages of the candidates, each of shape (n,)."""

    forms: Numbers
    """The mean of the closest three."""
    form: Numbers
    name: Numbers
    answer: Numbers
    told: Numbers


class SearchIndex:
    """An immutable index over articles; a change of knowledge builds a new one.

    `strangers` are questions that are not for this base; those an article has come to answer
    are left out.
    """

    def __init__(
        self,
        articles: Sequence[Article],
        embed: Embed,
        weights: Weights,
        strangers: Sequence[str] | None = None,
    ) -> None:
        self.articles = tuple(articles)
        self.weights = weights
        self._rank = np.array(weights.rank)
        passages = [read_passages(article) for article in articles]
        self._forms: dict[str, int] = {
            fold(ask): number for number, each in enumerate(passages) for ask in each.asks
        }
        strangers = read_strangers() if strangers is None else strangers
        own = [text for each in passages for text in each.embedded()]
        vectors = embed([*own, *(("query", text) for text in strangers)])
        self._vectors = vectors[: len(own)]
        self._asks = np.array([len(each.asks) for each in passages], dtype=np.int64)
        self._tells = np.array([len(each.tells) for each in passages], dtype=np.int64)
        # rows of one article: its asks, its name, its tells
        sizes = self._asks + self._tells + 1
        self._starts = np.cumsum(sizes) - sizes
        self._centre = self._usual_question()
        self._topics = self._mean_vectors()
        self._strangers = self._keep_strange(vectors[len(own) :])
        told = [tokenize("\n".join((each.name, *each.tells))) for each in passages]
        asked = [tokenize("\n".join((each.asks[0], *each.asks))) for each in passages]
        self._told_words = WordIndex(told)
        self._words = WordIndex([a + b for a, b in zip(asked, told, strict=True)])

    def _usual_question(self) -> Vector:
        """What all questions share: taken away, what tells them apart remains."""
        dimension = self._vectors.shape[1]
        if self.weights.centre is not None and len(self.weights.centre) == dimension:
            return np.array(self.weights.centre, dtype=np.float32)
        if not self.articles:
            return np.zeros(dimension, dtype=np.float32)
        rows = _ranges(self._starts, self._asks)
        mean: Vector = self._vectors[rows].mean(axis=0)
        return mean

    def _mean_vectors(self) -> Vector:
        """One unit vector an article, shape (articles, dimension)."""
        if not self.articles:
            return self._vectors
        sizes = self._asks + self._tells + 1
        sums = np.add.reduceat(self._vectors, self._starts, axis=0)
        return _unit(sums / sizes[:, None].astype(np.float32) - self._centre)

    def _keep_strange(self, strangers: Vector) -> Vector:
        """The strangers no question form comes close to, from the usual question."""
        if self.articles and len(strangers):
            forms = self._vectors[_ranges(self._starts, self._asks)]
            strangers = strangers[(strangers @ forms.T).max(axis=1) < _SAME_QUESTION]
        return _unit(strangers - self._centre)

    def _compare_strangers(self, direction: Vector) -> float:
        cosines = np.sort(self._strangers @ direction)[-_CLOSEST_FORMS:]
        return float(cosines.mean()) if len(cosines) else 0.0

    def compare(self, query: str, vector: Vector) -> Comparison:
        """The candidates for `query` and how each of them compares; `vector` is the query's."""
        tokens = tokenize(query)
        attainable, unknown = self._words.weigh(tokens)
        score, told_score = self._words.score(tokens), self._told_words.score(tokens)
        direction = _unit(vector - self._centre)
        topic = self._topics @ direction
        rough = np.stack([topic, _relative(score), _relative(told_score)], axis=1)
        best = _best(rough @ self._rank[_ROUGH], CANDIDATES)
        near = self._look_closely(best, vector)
        features = (
            rough[best, 0],
            near.answer,
            near.told,
            near.name,
            rough[best, 1],
            rough[best, 2],
        )
        coverage = score[best] / attainable if attainable else np.zeros(len(best))
        return Comparison(
            best,
            np.stack(features, axis=1).astype(np.float64),
            np.stack((near.forms, near.form, coverage), axis=1),
            self._compare_strangers(direction),
            unknown,
            math.log(1 + len(tokens)),
        )

    def _look_closely(self, articles: Integers, vector: Vector) -> _Near:
        """Cosines of `vector` with the passages of `articles`."""
        asks, tells = self._asks[articles], self._tells[articles]
        rows = _ranges(self._starts[articles], asks + tells + 1)
        cosines = (self._vectors[rows] @ vector).astype(np.float64)
        ends = np.cumsum(asks + tells + 1)
        starts = ends - (asks + tells + 1)
        forms = np.full((len(articles), max(_CLOSEST_FORMS, asks.max())), -np.inf)
        forms[np.arange(forms.shape[1]) < asks[:, None]] = cosines[_ranges(starts, asks)]
        closest = -np.sort(-forms, axis=1)[:, :_CLOSEST_FORMS]
        present = np.isfinite(closest)
        names = starts + asks
        told = cosines[_ranges(names + 1, tells)]
        return _Near(
            np.where(present, closest, 0.0).sum(axis=1) / present.sum(axis=1),
            closest[:, 0],
            cosines[names],
            cosines[names + 1],
            np.maximum.reduceat(told, np.cumsum(tells) - tells),
        )

    def search(self, query: str, vector: Vector, k: int = 5) -> Found:
        """The best `k` articles and what to do with them; `vector` is the query's, unit length."""
        if not self.articles:
            return NOTHING
        seen = self.compare(query, vector)
        scores = seen.features @ self._rank
        same = self._forms.get(fold(query))
        if same is not None:
            scores[seen.articles == same] = scores.max() + 1.0
        order = np.argsort(-scores, kind="stable")
        hits = [
            Hit(
                self.articles[seen.articles[i]].slug,
                self.articles[seen.articles[i]].title,
                float(scores[i]),
                tuple(seen.features[i].tolist()),
            )
            for i in order[: max(k, _HITS_JUDGED)]
        ]
        if same is not None and hits[0].slug == self.articles[same].slug:
            return Found(tuple(hits[:k]), 1.0, hits[0].slug, ())
        return decide(hits, weigh_evidence(seen, scores), self.weights, k)


def weigh_evidence(seen: Comparison, scores: Numbers) -> Numbers:
    """What the trust in the best article is judged by, in the order of EVIDENCE."""
    best = int(np.argmax(scores))
    others = np.delete(scores, best)
    certainty = -math.log(1.0 + float(np.exp(others - scores[best]).sum()))
    lead = float(scores[best] - others.max()) if len(others) else _GREATEST_LEAD
    return np.array(
        [
            *seen.features[best],
            *seen.support[best],
            certainty,
            min(lead, _GREATEST_LEAD),
            seen.elsewhere,
            seen.unknown,
            seen.length,
        ]
    )


def _relative(scores: Numbers) -> Numbers:
    relative: Numbers = scores / (_FAINT_SCORE + scores.max())
    return relative


def _best(scores: Numbers, count: int) -> Integers:
    """The numbers of the `count` highest scores, ascending."""
    if len(scores) <= count:
        return np.arange(len(scores), dtype=np.int64)
    best: Integers = np.sort(np.argpartition(-scores, count - 1)[:count])
    return best


def _ranges(starts: Integers, sizes: Integers) -> Integers:
    """All numbers of the ranges that begin at `starts`, one after the other."""
    before = np.cumsum(sizes) - sizes
    numbers: Integers = np.add(np.repeat(starts - before, sizes), np.arange(sizes.sum()))
    return numbers


def _unit(vectors: Vector) -> Vector:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vector = vectors / np.maximum(lengths, 1e-9)
    return unit
