"""Fitting a SentenceClassifier: least squares over the likeness of every sentence to every other.

It is fitted twice in one go: on the sentences kept, whose scores on those held out tell how sure
the model may be; and on all of them. The matrix of likenesses is factored once for both.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.language.classifier import Floats, SentenceClassifier, Weights, count_grams, likeness
from bot.language.models import Vector

_HELD_OUT = 5
"""Every fifth sentence is kept back to fit the temperature."""
_BIAS_SCALE = 0.01
_OFTEN = 0.01
"""Grams in more than this share of the sentences are multiplied as a dense matrix."""
_ROWS = 1024
_SAMPLE = 200
"""So many sentences are enough to tell how far apart they usually are."""


@dataclass(frozen=True, slots=True)
class Training:
    """How to train: `c` is the inverse regularisation, `grams_weight` the share of the words,
    `axes` the directions of the vectors that are kept, and `breadth` how far likeness reaches,
    against the median distance of two sentences.
    """

    c: float = 10.0
    grams_weight: float = 0.4
    fewest_grams: int = 2
    axes: int = 192
    breadth: float = 1.4


@dataclass(frozen=True, slots=True)
class Lesson:
    """Sentences as numbers; the first `kept` of them are fitted, the rest are held out at first."""

    points: Floats
    """(sentences, axes)."""
    grams: Any
    """(sentences, grams), scipy's compressed rows; scipy's matrices are untyped."""
    target: npt.NDArray[np.int64]
    labels: int
    kept: int
    breadth: float
    """Squared distance at which 1/e of the likeness is left."""


@dataclass(frozen=True, slots=True)
class Said:
    """Sentences and labels before their vectors are known; those held out stand last, so that the
    factoring can stop before them and then go on.
    """

    names: Sequence[str]
    """The labels."""
    order: Sequence[int]
    """Where each sentence stood in what was given."""
    target: npt.NDArray[np.int64]
    kept: int
    vocabulary: Mapping[str, int]
    grams: Any
    """(sentences, grams), scipy's compressed rows; scipy's matrices are untyped."""


def prepare(texts: Sequence[str], labels: Sequence[str], how: Training) -> Said:
    """What can be done while the sentences are still being embedded."""
    names = sorted(set(labels))
    row = {name: index for index, name in enumerate(names)}
    order = sorted(range(len(texts)), key=lambda index: index % _HELD_OUT == 0)
    kept = sum(index % _HELD_OUT != 0 for index in order) or len(order)
    counts = [count_grams(texts[index]) for index in order]
    frequency = Counter(gram for count in counts for gram in count)
    often = [gram for gram, n in frequency.items() if n >= how.fewest_grams]
    vocabulary = {gram: i for i, gram in enumerate(often)}
    return Said(
        names,
        order,
        np.array([row[labels[index]] for index in order]),
        kept,
        vocabulary,
        _gram_matrix(counts, vocabulary, how.grams_weight),
    )


def fit_classifier(said: Said, vectors: Vector, how: Training) -> SentenceClassifier:
    """Fit what was prepared on all sentences, the temperature on every fifth, held out.

    `vectors` are in the order in which the texts were given.
    """
    centre = vectors.mean(axis=0).astype(np.float32)
    around = np.asarray(vectors[said.order] - centre, np.float32)
    axes = find_axes(around, how.axes)
    points = around @ axes
    breadth = how.breadth * _usual_distance(points)
    lesson = Lesson(points, said.grams, said.target, len(said.names), said.kept, breadth)
    pulls, held_scores = fit(lesson, how.c)
    weights = Weights(
        centre,
        axes,
        points,
        pulls,
        np.asarray(lesson.grams.T @ pulls, np.float32),
        np.asarray(_BIAS_SCALE * pulls.sum(axis=0), np.float32),
    )
    held = said.target[said.kept :]
    temperature = fit_temperature(held_scores, held) if len(held_scores) else 1.0
    return SentenceClassifier(
        said.names, said.vocabulary, weights, breadth, temperature, how.grams_weight
    )


def find_axes(around: Floats, most: int) -> Floats:
    """(d, most or d): the directions in which the centred rows differ most, of unit length."""
    _, directions = np.linalg.eigh(around.T @ around)
    return np.ascontiguousarray(directions[:, ::-1][:, :most], np.float32)


def _usual_distance(points: Floats) -> float:
    """The median squared distance of two sentences."""
    some = points[:: max(1, len(points) // _SAMPLE)]
    apart = ((some[:, np.newaxis] - some[np.newaxis]) ** 2).sum(axis=2)
    different = apart[np.triu_indices(len(some), 1)]
    return float(np.median(different)) if len(different) else 1.0


def fit(lesson: Lesson, c: float) -> tuple[Floats, Floats]:
    """(sentences, labels): how each sentence speaks for each label; and the scores of the sentences
    held out, fitted on the others alone.

    The first rows of the factor are the factor for the sentences kept, and with the others' aims
    put to zero after the first substitution the second gives their share.
    """
    from scipy import linalg
    from threadpoolctl import threadpool_limits

    count = len(lesson.target)
    aims = np.full((count, lesson.labels), -1.0 / max(lesson.labels - 1, 1), dtype=np.float32)
    aims[np.arange(count), lesson.target] = 1.0
    with threadpool_limits(limits=len(os.sched_getaffinity(0)), user_api="blas"):
        kernel = make_kernel(lesson)
        across = kernel[: lesson.kept, lesson.kept :].T.copy()
        kernel[np.diag_indices(count)] += np.float32(1 / c)
        # Turned over, its upper half is the lower one as LAPACK wants it, without a copy.
        factor = linalg.cholesky(kernel.T, lower=True, overwrite_a=True, check_finite=False)
        half = linalg.solve_triangular(factor, aims, lower=True, check_finite=False)
        both = np.hstack([half, half])
        both[lesson.kept :, : lesson.labels] = 0
        dual = linalg.solve_triangular(factor, both, trans=1, lower=True, check_finite=False)
        part, whole = dual[: lesson.kept, : lesson.labels], dual[:, lesson.labels :]
        return np.asarray(whole, np.float32), np.asarray(across @ part, np.float32)


def make_kernel(lesson: Lesson) -> Floats:
    """(sentences, sentences): likeness of the vectors, plus the grams shared, plus the bias.

    It is symmetric, and only its upper half is filled in.
    """
    count = len(lesson.target)
    often = np.asarray(lesson.grams.getnnz(axis=0) > _OFTEN * count)
    dense = np.asarray(lesson.grams[:, often].toarray(), np.float32)
    rare = lesson.grams[:, ~often].tocsr()
    lengths = (lesson.points**2).sum(axis=1)
    kernel: Floats = np.zeros((count, count), np.float32)
    for start in range(0, count, _ROWS):
        rows, rest = slice(start, start + _ROWS), slice(start, None)
        block = dense[rows] @ dense[rest].T
        block += (rare[rows] @ rare[rest].T.tocsr()).toarray()
        block += likeness(lesson.points[rows], lesson.points[rest], lengths[rest], lesson.breadth)
        block += np.float32(_BIAS_SCALE)
        kernel[rows, rest] = block
    return kernel


def _gram_matrix(
    counts: Sequence[Counter[str]], vocabulary: Mapping[str, int], weight: float
) -> Any:
    """(sentences, grams), scipy's compressed rows."""
    from scipy import sparse

    indices: list[npt.NDArray[np.int64]] = []
    values: list[Floats] = []
    for count in counts:
        known = [(vocabulary[gram], n) for gram, n in count.items() if gram in vocabulary]
        row = np.log1p(np.array([n for _, n in known], dtype=np.float32))
        norm = float(np.linalg.norm(row)) or 1.0
        indices.append(np.array([i for i, _ in known], dtype=np.int64))
        values.append(row * (weight / norm))
    pointers = np.cumsum([0] + [len(row) for row in indices])
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(indices), pointers),
        shape=(len(counts), len(vocabulary)),
        dtype=np.float32,
    )


def fit_temperature(scores: Floats, truth: npt.NDArray[np.int64]) -> float:
    """The temperature that makes held-out probabilities honest (least log loss)."""

    def loss(temperature: float) -> float:
        scaled = scores / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(log_total - scaled[np.arange(len(truth)), truth]))

    grid = [math.exp(x) for x in np.linspace(math.log(0.01), math.log(10.0), 140)]
    return min(grid, key=loss)
