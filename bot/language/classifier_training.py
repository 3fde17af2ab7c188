"""Fitting the weights of a LinearClassifier: three ways, each fitted twice in one go.

Once on the sentences kept, whose scores on those held out tell how sure the model may be; once on
all of them. What is costly (counting the grams, factoring the kernel, the first descent) is shared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Weights = tuple[Floats, Floats]
"""(labels, features) and (labels,): the matrix and the bias."""
Solver = Literal["logistic", "ridge", "centroid"]

_BIAS_SCALE = 0.01
_OFTEN = 0.01
"""Grams in more than this share of the sentences are multiplied as a dense matrix."""
_ROWS = 1024
_MOST_STEPS, _FLAT = 200, 1e-3


@dataclass(frozen=True, slots=True)
class Training:
    """How to train: `c` is the inverse regularisation, `grams_weight` the share of the words.

    `logistic` regression; `ridge`, least squares, for hundreds of labels; `centroid`, the mean
    vector of each label, which knows no words and is not led astray by a rare one.
    """

    solver: Solver = "logistic"
    c: float = 60.0
    grams_weight: float = 1.0
    fewest_grams: int = 2


@dataclass(frozen=True, slots=True)
class Lesson:
    """Sentences as numbers; the first `kept` of them are fitted, the rest are held out at first."""

    vectors: Floats
    grams: Any
    """(sentences, grams), scipy's compressed rows; scipy's matrices are untyped."""
    target: npt.NDArray[np.int64]
    labels: int
    kept: int

    @property
    def size(self) -> int:
        """Features of a sentence."""
        return int(self.vectors.shape[1] + self.grams.shape[1])

    def apply(self, weights: Weights, rows: slice) -> Floats:
        """(rows, labels) scores."""
        matrix, bias = weights
        size = self.vectors.shape[1]
        scores = self.vectors[rows] @ matrix[:, :size].T + self.grams[rows] @ matrix[:, size:].T
        return np.asarray(scores + bias, np.float32)


def fit(lesson: Lesson, how: Training) -> tuple[Weights, Weights]:
    """The weights learned from the sentences kept, and from all."""
    return _SOLVERS[how.solver](lesson, how)


def _solve_logistic(lesson: Lesson, how: Training) -> tuple[Weights, Weights]:
    """Least log loss with a penalty on the weights, by L-BFGS; the second descent goes on from
    where the first ended.

    scikit-learn does the same and treats the vectors as sparse: six times the time.
    """
    start = np.zeros(lesson.labels * (lesson.size + 1))
    part = _descend(lesson, lesson.kept, how.c, start)
    whole = _descend(lesson, len(lesson.target), how.c, part)
    return _unfold(lesson, part), _unfold(lesson, whole)


def _descend(
    lesson: Lesson, count: int, c: float, start: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    from scipy.optimize import minimize

    vectors, grams = lesson.vectors[:count], lesson.grams[:count]
    turned = grams.T.tocsr()
    rows, target = np.arange(count), lesson.target[:count]
    size = vectors.shape[1]
    penalty = 1 / (c * count)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        folded = flat.reshape(lesson.labels, -1)
        matrix = folded[:, :-1].astype(np.float32)
        scores = vectors @ matrix[:, :size].T + grams @ matrix[:, size:].T
        scores += folded[:, -1].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        total = odds.sum(axis=1, keepdims=True)
        surprise = np.log(total[:, 0]) - scores[rows, target]
        odds /= total
        odds[rows, target] -= 1
        odds /= count
        slope = penalty * folded
        slope[:, -1] = odds.sum(axis=0)
        slope[:, :size] += odds.T @ vectors
        slope[:, size:-1] += (turned @ odds).T
        weighed = float((folded[:, :-1] ** 2).sum())
        return float(surprise.mean()) + penalty / 2 * weighed, slope.ravel()

    options = {"maxiter": _MOST_STEPS, "gtol": _FLAT, "ftol": 1e-9}
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)


def _unfold(lesson: Lesson, flat: npt.NDArray[np.float64]) -> Weights:
    folded = flat.reshape(lesson.labels, -1).astype(np.float32)
    return np.ascontiguousarray(folded[:, :-1]), folded[:, -1]


def _solve_ridge(lesson: Lesson, how: Training) -> tuple[Weights, Weights]:
    """Least squares in the dual: seconds where hundreds of labels would take minutes.

    The kernel is factored once. Its first rows factor the kernel of the sentences kept, and with
    the others' aims put to zero after the first substitution the second gives their weights.
    """
    from scipy import linalg
    from threadpoolctl import threadpool_limits

    count = len(lesson.target)
    aims = np.full((count, lesson.labels), -1.0 / max(lesson.labels - 1, 1), dtype=np.float32)
    aims[np.arange(count), lesson.target] = 1.0
    with threadpool_limits(limits=len(os.sched_getaffinity(0)), user_api="blas"):
        kernel = _make_kernel(lesson)
        kernel[np.diag_indices(count)] += np.float32(1 / how.c)
        # The matrix is symmetric: turned over it lies as LAPACK wants it, without a copy.
        factor = linalg.cholesky(kernel.T, lower=True, overwrite_a=True, check_finite=False)
        half = linalg.solve_triangular(factor, aims, lower=True, check_finite=False)
        both = np.hstack([half, half])
        both[lesson.kept :, : lesson.labels] = 0
        dual = linalg.solve_triangular(factor, both, trans=1, lower=True, check_finite=False)
    part, whole = dual[:, : lesson.labels], dual[:, lesson.labels :]
    return _from_dual(lesson, part), _from_dual(lesson, whole)


def _make_kernel(lesson: Lesson) -> Floats:
    """Every sentence's likeness to every other."""
    count = len(lesson.target)
    often = np.asarray(lesson.grams.getnnz(axis=0) > _OFTEN * count)
    dense = np.hstack([lesson.vectors, lesson.grams[:, often].toarray()])
    kernel = np.asarray(dense @ dense.T, np.float32)
    rare = lesson.grams[:, ~often].tocsr()
    turned = rare.T.tocsr()
    for start in range(0, count, _ROWS):
        kernel[start : start + _ROWS] += (rare[start : start + _ROWS] @ turned).toarray()
    kernel += np.float32(_BIAS_SCALE)
    return kernel


def _from_dual(lesson: Lesson, dual: Floats) -> Weights:
    weights = np.hstack([(lesson.vectors.T @ dual).T, (lesson.grams.T @ dual).T])
    return weights.astype(np.float32), np.asarray(_BIAS_SCALE * dual.sum(axis=0), np.float32)


def _solve_centroid(lesson: Lesson, how: Training) -> tuple[Weights, Weights]:
    return _centroids(lesson, lesson.kept), _centroids(lesson, len(lesson.target))


def _centroids(lesson: Lesson, count: int) -> Weights:
    weights = np.zeros((lesson.labels, lesson.size), dtype=np.float32)
    target = lesson.target[:count]
    for label in np.unique(target):
        mean = lesson.vectors[:count][target == label].mean(axis=0)
        weights[label, : lesson.vectors.shape[1]] = mean / np.linalg.norm(mean)
    return weights, np.zeros(lesson.labels, dtype=np.float32)


_SOLVERS: Mapping[Solver, Callable[[Lesson, Training], tuple[Weights, Weights]]] = {
    "logistic": _solve_logistic,
    "ridge": _solve_ridge,
    "centroid": _solve_centroid,
}
