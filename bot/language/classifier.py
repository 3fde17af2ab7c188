"""Linear classifiers over sentence vectors and character n-grams.

Trained with scikit-learn, kept as plain arrays, applied with one matrix product. The sentence
vector carries meaning, the n-grams carry the words that matter (取消, 人工, 多久); together they
beat either alone. Confidences are calibrated by one temperature, fitted on sentences held out.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bot.language.models import Vector

_LONGEST_GRAM = 3
_MOST_CHARACTERS = 400
_HELD_OUT = 5
"""Every fifth sentence is kept back to fit the temperature."""
_BIAS_SCALE = 0.01

Floats = npt.NDArray[np.float32]


def count_grams(text: str) -> Counter[str]:
    """Character 1- to 3-grams of the text with marked edges."""
    marked = f"^{text[:_MOST_CHARACTERS].casefold()}$"
    return Counter(
        marked[i : i + size]
        for size in range(1, _LONGEST_GRAM + 1)
        for i in range(len(marked) - size + 1)
    )


Solver = Literal["logistic", "ridge", "centroid"]


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


class LinearClassifier:
    """Maps (text, vector) to a ranking of labels with calibrated probabilities."""

    def __init__(
        self,
        labels: Sequence[str],
        vocabulary: Mapping[str, int],
        gram_weights: Floats,
        vector_weights: Floats,
        centre: Floats,
        bias: Floats,
        temperature: float,
        grams_weight: float,
    ) -> None:
        self.labels = tuple(labels)
        self.vocabulary = vocabulary
        self.gram_weights = gram_weights
        self.vector_weights = vector_weights
        self.centre = centre
        self.bias = bias
        self.temperature = temperature
        self.grams_weight = grams_weight

    def scores(self, text: str, vector: Vector) -> Floats:
        """Raw scores, one per label."""
        known = [
            (self.vocabulary[gram], n)
            for gram, n in count_grams(text).items()
            if gram in self.vocabulary
        ]
        total = self.bias + self.vector_weights @ (vector - self.centre)
        if known:
            ids = np.array([i for i, _ in known])
            values = np.log1p(np.array([n for _, n in known], dtype=np.float32))
            values *= self.grams_weight / np.linalg.norm(values)
            total = total + values @ self.gram_weights[ids]
        return np.asarray(total, dtype=np.float32)

    def odds(self, text: str, vector: Vector) -> Floats:
        """Calibrated probabilities in the order of `labels`."""
        scaled = self.scores(text, vector) / self.temperature
        odds = np.exp(scaled - scaled.max())
        return np.asarray(odds / odds.sum(), dtype=np.float32)

    def rank(self, text: str, vector: Vector, most: int | None = None) -> list[tuple[str, float]]:
        """Labels with probabilities, best first."""
        odds = self.odds(text, vector)
        order = np.argsort(-odds)[:most]
        return [(self.labels[i], float(odds[i])) for i in order]

    def save(self, folder: Path, name: str) -> None:
        """Write `<name>.npz` and `<name>.json` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / f"{name}.npz",
            gram_weights=self.gram_weights.astype(np.float16),
            vector_weights=self.vector_weights,
            centre=self.centre,
            bias=self.bias,
        )
        described = {
            "labels": self.labels,
            "vocabulary": list(self.vocabulary),
            "temperature": self.temperature,
            "grams_weight": self.grams_weight,
        }
        (folder / f"{name}.json").write_text(json.dumps(described, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> LinearClassifier:
        """Read what `save` wrote."""
        described = json.loads((folder / f"{name}.json").read_text("utf-8"))
        with np.load(folder / f"{name}.npz") as data:
            return cls(
                described["labels"],
                {gram: i for i, gram in enumerate(described["vocabulary"])},
                data["gram_weights"].astype(np.float32),
                data["vector_weights"],
                data["centre"],
                data["bias"],
                described["temperature"],
                described["grams_weight"],
            )


def train_classifier(
    texts: Sequence[str], vectors: Vector, labels: Sequence[str], *hows: Training
) -> LinearClassifier:
    """Fit on all sentences; the temperature on every fifth sentence, held out.

    Several ways of training err differently: their scores, each at its own temperature, are
    added up (they must share `grams_weight` and `fewest_grams`). Two together are right more
    often than either alone: logistic and ridge on intents, ridge and centroid on categories.
    """
    names = sorted(set(labels))
    target = np.array([names.index(label) for label in labels])
    held = np.arange(len(texts)) % _HELD_OUT == 0
    kept = [text for text, out in zip(texts, held, strict=True) if not out]
    parts, wholes = [], []
    for how in hows:
        part = _fit(kept, vectors[~held], target[~held], names, how)
        part.temperature = _fit_held(part, texts, vectors, target, held)
        whole = _fit(texts, vectors, target, names, how)
        whole.temperature = part.temperature
        parts.append(part)
        wholes.append(whole)
    blended = _blend(wholes)
    blended.temperature = _fit_held(_blend(parts), texts, vectors, target, held)
    return blended


def _fit_held(
    model: LinearClassifier,
    texts: Sequence[str],
    vectors: Vector,
    target: npt.NDArray[np.int64],
    held: npt.NDArray[np.bool_],
) -> float:
    scores = np.stack([model.scores(texts[i], vectors[i]) for i in np.flatnonzero(held)])
    return fit_temperature(scores, target[held])


def _blend(models: Sequence[LinearClassifier]) -> LinearClassifier:
    """One model whose scores are the sum of the models' tempered scores."""
    first = models[0]
    if len(models) == 1:
        return first
    return LinearClassifier(
        first.labels,
        first.vocabulary,
        sum(
            (m.gram_weights / m.temperature for m in models[1:]),
            first.gram_weights / first.temperature,
        ),
        sum(
            (m.vector_weights / m.temperature for m in models[1:]),
            first.vector_weights / first.temperature,
        ),
        first.centre,
        sum((m.bias / m.temperature for m in models[1:]), first.bias / first.temperature),
        1.0,
        first.grams_weight,
    )


def _fit(
    texts: Sequence[str],
    vectors: Vector,
    target: npt.NDArray[np.int64],
    names: Sequence[str],
    how: Training,
) -> LinearClassifier:
    counts = [count_grams(text) for text in texts]
    frequency = Counter(gram for count in counts for gram in count)
    kept = [gram for gram, n in frequency.items() if n >= how.fewest_grams]
    vocabulary = {gram: i for i, gram in enumerate(kept)}
    grams = _gram_matrix(counts, vocabulary, how.grams_weight)
    centre = vectors.mean(axis=0).astype(np.float32)
    centred = np.asarray(vectors - centre, dtype=np.float32)
    weights, bias = _SOLVERS[how.solver](centred, grams, target, len(names), how)
    size = vectors.shape[1]
    return LinearClassifier(
        names,
        vocabulary,
        np.ascontiguousarray(weights[:, size:].T),
        weights[:, :size],
        centre,
        bias,
        1.0,
        how.grams_weight,
    )


def _solve_logistic(
    vectors: Floats, grams: Any, target: npt.NDArray[np.int64], labels: int, how: Training
) -> tuple[Floats, Floats]:
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    features = sparse.hstack([sparse.csr_matrix(vectors), grams], format="csr")
    model = LogisticRegression(C=how.c, max_iter=200, tol=1e-3)
    model.fit(features, target)
    weights = np.zeros((labels, features.shape[1]), dtype=np.float32)
    bias = np.full(labels, -30.0, dtype=np.float32)  # a label missing here never wins
    if len(model.classes_) == 2:
        weights[model.classes_] = np.stack([-model.coef_[0], model.coef_[0]]) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weights, bias


def _solve_ridge(
    vectors: Floats, grams: Any, target: npt.NDArray[np.int64], labels: int, how: Training
) -> tuple[Floats, Floats]:
    """Least squares in the dual: seconds where hundreds of labels would take minutes.

    On the categories it ranks as the logistic model does, at a thirtieth of the time.
    """
    from scipy import linalg
    from threadpoolctl import threadpool_limits

    count = len(target)
    aims = np.full((count, labels), -1.0 / max(labels - 1, 1), dtype=np.float32)
    aims[np.arange(count), target] = 1.0
    with threadpool_limits(limits=len(os.sched_getaffinity(0)), user_api="blas"):
        kernel = vectors @ vectors.T
        kernel += (grams @ grams.T).toarray()
        kernel += np.float32(_BIAS_SCALE)
        kernel[np.diag_indices(count)] += np.float32(1 / how.c)
        dual = linalg.solve(kernel, aims, assume_a="pos", overwrite_a=True, overwrite_b=True)
    weights = np.hstack([(vectors.T @ dual).T, (grams.T @ dual).T])
    return weights.astype(np.float32), np.asarray(_BIAS_SCALE * dual.sum(axis=0), np.float32)


def _solve_centroid(
    vectors: Floats, grams: Any, target: npt.NDArray[np.int64], labels: int, how: Training
) -> tuple[Floats, Floats]:
    weights = np.zeros((labels, vectors.shape[1] + grams.shape[1]), dtype=np.float32)
    for label in np.unique(target):
        mean = vectors[target == label].mean(axis=0)
        weights[label, : vectors.shape[1]] = mean / np.linalg.norm(mean)
    return weights, np.zeros(labels, dtype=np.float32)


_SOLVERS = {"logistic": _solve_logistic, "ridge": _solve_ridge, "centroid": _solve_centroid}


def _gram_matrix(counts: Sequence[Counter[str]], vocabulary: Mapping[str, int], weight: float):  # type: ignore[no-untyped-def]  # scipy's matrices are untyped
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
