"""Search: one ranking from words and meaning, in two steps.

First every article is ranked cheaply: by where the mean of its passages points and by its words.
The best candidates are then compared closely: question forms, answer, paragraphs, tags. What the
ranking is worth is judged in kb/trust.py. All weights come from `hotline kb fit`.

An index is a few segments (kb/segment.py). A change to a small base builds it anew; a change to
a large one adds a small segment and marks the articles it replaces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.language.models import Vector
from kb.jurisdiction import is_elsewhere
from kb.models import Article
from kb.passages import read_strangers
from kb.segment import Near, Places, Segment, divide, find_basis
from kb.trust import FEATURES, NOTHING, Found, Hit, Numbers, Weights, decide
from kb.vectors import PassageVectors
from kb.words import attain, bound_lengths, number_token, rate_rarity, tokenize

CANDIDATES = 120
_NEIGHBOURS = 20  # articles among which one that asks the same as a stranger would be
_ROUGH = [FEATURES.index(name) for name in ("topic", "words")]
_CLOSEST_FORMS = 3
# BM25 below this says little: dividing by it too keeps a faint best match from looking perfect.
_FAINT_SCORE = 10.0
_HITS_JUDGED = 5
_SAME_QUESTION = 0.96  # cosine of two sentences that ask the same
_GREATEST_LEAD = 5.0
_SMALL = 500  # articles that are indexed in well under a second
_LARGE = 5_000
_COMMON = 0.2
"""In a large base, words that more than this share of the articles have cost most of the time of
a search and tell the least: they weigh up to 1.6, a rare pair of characters eight and more."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question against its candidates."""

    articles: Integers
    """Candidates by their number, shape (n,)."""
    features: Numbers
    """Shape (n, len(FEATURES))."""
    support: Numbers
    """What only trust looks at: nearest and coverage, shape (n, 2)."""
    elsewhere: float
    unknown: float
    length: float


@dataclass(frozen=True, slots=True)
class _Worded:
    """What the words of a question say of every article."""

    spans: Sequence[Sequence[slice]]
    """Where the words are, by segment and word."""
    scores: Numbers
    attainable: float
    unknown: float


class SearchIndex:
    """An immutable index over articles; a change of knowledge makes a new one (`renew`).

    `strangers` are questions that are not for this base; those an article has come to answer
    are left out.
    """

    def __init__(
        self,
        articles: Sequence[Article],
        vectors: PassageVectors,
        weights: Weights,
        strangers: Sequence[str] | None = None,
    ) -> None:
        self.weights = weights
        self._vectors = vectors
        self._rank = np.array(weights.rank)
        self._texts = read_strangers() if strangers is None else tuple(strangers)
        centre = None
        if weights.centre is not None and len(weights.centre) == vectors.dimension:
            centre = np.array(weights.centre, dtype=np.float32)
        segments: list[Segment] = []
        for segment in divide(articles, vectors, centre):
            if not segments:
                self._basis = find_basis(segment.topics)
            segment.keep_coarse(self._basis)
            segments.append(segment)
        self._arrange(segments, [np.ones(len(each), dtype=np.bool_) for each in segments])
        strange = self._texts if segments else ()  # nothing to tell them from: not embedded
        self._strangers = vectors([("query", text) for text in strange])
        self._leave_out_answered(segments)

    def _arrange(self, segments: Sequence[Segment], alive: Sequence[npt.NDArray[np.bool_]]) -> None:
        """Take `segments`, of whose articles those marked in `alive` count."""
        self._segments, self._alive = tuple(segments), tuple(alive)
        self.articles = tuple(article for each in segments for article in each.articles)
        self._offsets = np.cumsum([0, *map(len, segments)])
        self._total = len(self.articles)
        if not self._total:
            return
        words = [each.words for each in segments]
        usual = float(np.concatenate([each.lengths for each in words]).mean())
        told = float(np.concatenate([each.told_lengths for each in words]).mean())
        self._bounds = [bound_lengths(each.lengths, usual) for each in words]
        self._told_bounds = [bound_lengths(each.told_lengths, told) for each in words]

    def renew(self, articles: Sequence[Article]) -> SearchIndex:
        """An index over `articles`; what is unchanged (the same object) is taken over."""
        new = {id(article) for article in articles}
        alive = [
            marks & np.fromiter((id(a) in new for a in each.articles), np.bool_, len(each))
            for each, marks in zip(self._segments, self._alive, strict=True)
        ]
        living = sum(int(marks.sum()) for marks in alive)
        if len(articles) <= _SMALL or living < max(len(articles), self._total) / 2:
            return SearchIndex(articles, self._vectors, self.weights, self._texts)
        segments = list(self._segments)
        if len(segments[-1]) <= _SMALL:  # grows by each change until it is large enough
            segments.pop()
            alive.pop()
        kept = {
            id(article)
            for each, marks in zip(segments, alive, strict=True)
            for article, is_alive in zip(each.articles, marks.tolist(), strict=True)
            if is_alive
        }
        changed = [article for article in articles if id(article) not in kept]
        added = list(divide(changed, self._vectors, segments[0].centre))
        for segment in added:
            segment.keep_coarse(self._basis)
        index = object.__new__(SearchIndex)
        index.weights, index._vectors, index._rank = self.weights, self._vectors, self._rank
        index._texts, index._basis, index._strangers = self._texts, self._basis, self._strangers
        index._arrange(
            segments + added, alive + [np.ones(len(each), dtype=np.bool_) for each in added]
        )
        index._leave_out_answered(added)
        return index

    def _leave_out_answered(self, segments: Sequence[Segment]) -> None:
        """Keep the strangers that no question form in `segments` comes close to."""
        kept = [
            vector
            for vector in self._strangers
            if not any(self._nearest_form(each, vector) >= _SAME_QUESTION for each in segments)
        ]
        self._strangers = np.array(kept, dtype=np.float32).reshape(-1, self._vectors.dimension)
        if self._segments:
            self._strange = _unit(self._strangers - self._segments[0].centre)

    def _nearest_form(self, segment: Segment, vector: Vector) -> float:
        direction = _unit(vector - segment.centre)
        best = _best(segment.topics @ (direction @ self._basis), _NEIGHBOURS)
        return float(segment.look_closely(best, vector, direction, 1).form.max())

    def _compare_strangers(self, direction: Vector) -> float:
        cosines = np.sort(self._strange @ direction)[-_CLOSEST_FORMS:]
        return float(cosines.mean()) if len(cosines) else 0.0

    def compare(self, query: str, vector: Vector) -> Comparison:
        """The candidates for `query` and how each of them compares; `vector` is the query's."""
        tokens = tokenize(query)
        worded = self._read_words(tokens)
        direction = _unit(vector - self._segments[0].centre)
        aim = direction @ self._basis
        topic = np.concatenate([each.topics @ aim for each in self._segments])
        relative = _relative(worded.scores)
        rough = np.stack((topic, relative), axis=1) @ self._rank[_ROUGH]
        rough[~np.concatenate(self._alive)] = -np.inf
        best = _best(rough, CANDIDATES)
        best = best[np.isfinite(rough[best])]
        parts = list(self._split(best))
        near = _join(
            [
                self._segments[part].look_closely(places, vector, direction, _CLOSEST_FORMS)
                for part, places in parts
            ]
        )
        told = _relative(self._score_told(worded, parts))
        coverage = worded.scores[best] / worded.attainable if worded.attainable else 0.0 * told
        return Comparison(
            best,
            np.stack(
                (
                    near.topic,
                    near.answer,
                    near.told,
                    near.name,
                    relative[best],
                    told,
                    near.forms,
                ),
                axis=1,
            ),
            np.stack((near.form, coverage), axis=1),
            self._compare_strangers(direction),
            worded.unknown,
            math.log(1 + len(tokens)),
        )

    def _read_words(self, tokens: Sequence[str]) -> _Worded:
        """What the words say of every article; of articles gone they say nothing."""
        numbers = np.array(sorted({number_token(each) for each in tokens}), dtype=np.uint64)
        spans = [each.words.find(numbers) for each in self._segments]
        found = np.array([[span.stop - span.start for span in each] for each in spans], np.int64)
        frequencies: Integers = found.sum(axis=0)
        rarities = rate_rarity(frequencies, self._total)
        if self._total > _LARGE:
            telling = frequencies <= self._total * _COMMON
            spans = [[each[n] for n in np.flatnonzero(telling)] for each in spans]
            rarities, frequencies = rarities[telling], frequencies[telling]
        attainable, unknown = attain(rarities, frequencies, self._total)
        scores = np.concatenate(
            [
                each.words.score(each_spans, rarities, bounds)
                for each, each_spans, bounds in zip(
                    self._segments, spans, self._bounds, strict=True
                )
            ]
        )
        scores[~np.concatenate(self._alive)] = 0.0
        return _Worded(spans, scores, attainable, unknown)

    def _score_told(self, worded: _Worded, parts: Sequence[tuple[int, Places]]) -> Numbers:
        """BM25 over what is told, for the candidates in `parts`."""
        counted = [
            each.words.count_told(spans)
            for each, spans in zip(self._segments, worded.spans, strict=True)
        ]
        rarities = rate_rarity(np.array(counted, dtype=np.int64).sum(axis=0), self._total)
        return np.concatenate(
            [
                self._segments[part].words.score_told(
                    worded.spans[part], rarities, self._told_bounds[part], places
                )
                for part, places in parts
            ]
        )

    def _split(self, numbers: Integers) -> Iterator[tuple[int, Places]]:
        """Ascending article numbers as places in the segments that have any."""
        bounds = np.searchsorted(numbers, self._offsets)
        for part, (start, end) in enumerate(pairwise(bounds.tolist())):
            if start < end:
                yield part, numbers[start:end] - self._offsets[part]

    def _find_form(self, query: str) -> int | None:
        """The article that has `query` as a form."""
        for part, (segment, alive) in enumerate(zip(self._segments, self._alive, strict=True)):
            place = segment.find_form(query)
            if place is not None and alive[place]:
                return int(self._offsets[part]) + place
        return None

    def search(self, query: str, vector: Vector, k: int = 5) -> Found:
        """The best `k` articles and what to do with them; `vector` is the query's, unit length."""
        if not self.articles:
            return NOTHING
        seen = self.compare(query, vector)
        scores = seen.features @ self._rank
        same = self._find_form(query)
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
        first = self.articles[seen.articles[order[0]]]
        if is_elsewhere(query, first.jurisdiction):
            return Found(tuple(hits[:k]), 0.0, None, ())
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


def _join(parts: Sequence[Near]) -> Near:
    names = [each.name for each in fields(Near)]
    return Near(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def _unit(vectors: Vector) -> Vector:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vector = vectors / np.maximum(lengths, 1e-9)
    return unit
