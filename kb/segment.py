"""A part of the search index: up to 32,768 articles, compact and never changed once built.

A large base is several segments; a change makes one small new segment and marks what it
replaces, so that a correction among 100,000 articles is searchable at once (kb/search.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.language.models import Vector
from kb.models import Article
from kb.passages import list_asked, read_passages
from kb.vectors import PassageVectors
from kb.words import Document, Postings, fold, read_document

LARGEST = 32_768
COARSE = 96
"""Dimensions by which candidates are found; they are then compared in all."""

_AT_ONCE = 1_000  # articles whose passages are embedded together

Places = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Near:
    """Cosines with the passages of some articles, each of shape (n,)."""

    topic: Numbers
    """With the mean of all passages, both from the usual question."""
    forms: Numbers
    """The mean of the closest three question forms."""
    form: Numbers
    name: Numbers
    answer: Numbers
    told: Numbers


class Segment:
    """Articles by their place in `articles`."""

    def __init__(
        self, articles: Sequence[Article], vectors: PassageVectors, centre: Vector | None
    ) -> None:
        self.articles = tuple(articles)
        self._vectors = vectors
        rows: list[npt.NDArray[np.int64]] = []
        sums: list[Vector] = []
        asks: list[int] = []
        tells: list[int] = []
        forms: list[int] = []
        documents: list[Document] = []
        for batch in _batched(self.articles, _AT_ONCE):
            plain = _find_plain(batch, vectors)
            passages = [read_passages(article, plain) for article in batch]
            found = vectors.find([text for each in passages for text in each.embedded()])
            rows.append(found)
            taken = vectors.take(found)
            ends = np.cumsum([len(each.asks) + len(each.tells) + 1 for each in passages])
            sums.append(np.add.reduceat(taken, np.append(0, ends[:-1]), axis=0))
            for each in passages:
                forms += [hash(fold(ask)) for ask in each.asks]
                asks.append(len(each.asks))
                tells.append(len(each.tells))
                told = "\n".join((each.name, *each.tells))
                documents.append(read_document("\n".join((each.asks[0], *each.asks)), told))
        self.words = Postings(documents)
        self._asks, self._tells = np.array(asks, dtype=np.int64), np.array(tells, dtype=np.int64)
        self._rows = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
        # rows of one article: its asks, its name, its tells
        sizes = self._asks + self._tells + 1
        self._starts = np.cumsum(sizes) - sizes
        order = np.argsort(np.array(forms, dtype=np.int64), kind="stable")
        self._forms = np.array(forms, dtype=np.int64)[order]
        self._form_owners = np.repeat(np.arange(len(asks), dtype=np.int32), asks)[order]
        self.centre = self._usual_question() if centre is None else centre
        none = np.zeros((0, vectors.dimension), dtype=np.float32)
        means = np.concatenate([none, *sums]) / sizes[:, None].astype(np.float32) - self.centre
        self._lengths = np.maximum(np.linalg.norm(means, axis=1), 1e-9)
        self.topics: Vector = means / self._lengths[:, None]

    def __len__(self) -> int:
        return len(self.articles)

    def _usual_question(self) -> Vector:
        """What all questions share: taken away, what tells them apart remains."""
        if not self.articles:
            return np.zeros(self._vectors.dimension, dtype=np.float32)
        rows = self._rows[_ranges(self._starts, self._asks)]
        mean: Vector = self._vectors.take(rows).mean(axis=0)
        return mean

    def keep_coarse(self, basis: Vector) -> None:
        """Keep the topics only along `basis`, shape (dimension, COARSE or fewer)."""
        self.topics = self.topics @ basis

    def find_form(self, question: str) -> int | None:
        """The article that has `question` as a form, whatever the signs."""
        folded = fold(question)
        at = int(np.searchsorted(self._forms, hash(folded)))
        if at == len(self._forms) or self._forms[at] != hash(folded):
            return None
        place = int(self._form_owners[at])
        asks = read_passages(self.articles[place]).asks
        return place if folded in map(fold, asks) else None

    def look_closely(self, places: Places, vector: Vector, direction: Vector, closest: int) -> Near:
        """Cosines of `vector` with the passages of the articles at `places`.

        `direction` is the vector from the usual question, unit length, for the topic.
        """
        asks, tells = self._asks[places], self._tells[places]
        sizes = asks + tells + 1
        rows = self._rows[_ranges(self._starts[places], sizes)]
        starts = np.cumsum(sizes) - sizes
        sides = np.stack((vector, direction), axis=1)
        cosines, along = self._vectors.compare(rows, sides).astype(np.float64).T
        topic = np.add.reduceat(along, starts) / sizes - float(self.centre @ direction)
        forms = np.full((len(places), max(closest, asks.max())), -np.inf)
        forms[np.arange(forms.shape[1]) < asks[:, None]] = cosines[_ranges(starts, asks)]
        best = -np.sort(-forms, axis=1)[:, :closest]
        present = np.isfinite(best)
        names = starts + asks
        told = cosines[_ranges(names + 1, tells)]
        return Near(
            topic / self._lengths[places],
            np.where(present, best, 0.0).sum(axis=1) / present.sum(axis=1),
            best[:, 0],
            cosines[names],
            cosines[names + 1],
            np.maximum.reduceat(told, np.cumsum(tells) - tells),
        )


def divide(
    articles: Sequence[Article], vectors: PassageVectors, centre: Vector | None
) -> Iterator[Segment]:
    """Segments over `articles`; all have the centre of the first where none is given."""
    for batch in _batched(articles, LARGEST):
        segment = Segment(batch, vectors, centre)
        centre = segment.centre
        yield segment


def find_basis(topics: Vector) -> Vector:
    """The directions in which topics differ most, shape (dimension, COARSE or fewer)."""
    _, directions = np.linalg.eigh(topics.T @ topics)
    basis: Vector = np.ascontiguousarray(directions[:, ::-1][:, :COARSE], dtype=np.float32)
    return basis


def _find_plain(articles: Sequence[Article], vectors: PassageVectors) -> set[str]:
    """The texts in `articles` that need no normalising, which takes half of building an index.

    What has a vector as a question came out of normalising, and doing it again changes nothing.
    """
    texts = [text for article in articles for text in list_asked(article)]
    known = vectors.has([("query", text) for text in texts])
    return {texts[number] for number in np.flatnonzero(known).tolist()}


def _batched(articles: Sequence[Article], size: int) -> Iterator[Sequence[Article]]:
    for start in range(0, len(articles), size):
        yield articles[start : start + size]


def _ranges(starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Places:
    """All numbers of the ranges that begin at `starts`, one after the other."""
    before = np.cumsum(sizes) - sizes
    numbers: Places = np.add(np.repeat(starts - before, sizes), np.arange(sizes.sum()))
    return numbers
