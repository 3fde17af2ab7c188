"""Linear classifiers over sentence vectors and character n-grams.

Trained with scikit-learn, kept as plain arrays, applied with one matrix product. The sentence
vector carries meaning, the n-grams carry the words that matter (取消, 人工, 多久); together they
beat either alone. Confidences are calibrated by one temperature, fitted on sentences held out.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.language.classifier_training import Floats, Lesson, Training, fit
from bot.language.models import Vector

_LONGEST_GRAM = 3
_MOST_CHARACTERS = 400
_HELD_OUT = 5
"""Every fifth sentence is kept back to fit the temperature."""


def count_grams(text: str) -> Counter[str]:
    """Character 1- to 3-grams of the text with marked edges."""
    marked = f"^{text[:_MOST_CHARACTERS].casefold()}$"
    return Counter(
        marked[i : i + size]
        for size in range(1, _LONGEST_GRAM + 1)
        for i in range(len(marked) - size + 1)
    )


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
            total = total + values @ self.gram_weights[ids].astype(np.float32)
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
                # the classifiers share most n-grams: each is kept once
                {sys.intern(gram): i for i, gram in enumerate(described["vocabulary"])},
                data["gram_weights"],  # half precision: hundreds of labels times all n-grams
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
    row = {name: index for index, name in enumerate(names)}
    # Those held out stand last, so that a solver can stop before them and then go on.
    order = sorted(range(len(texts)), key=lambda index: index % _HELD_OUT == 0)
    target = np.array([row[labels[index]] for index in order])
    kept = sum(index % _HELD_OUT != 0 for index in order) or len(order)
    first = hows[0]
    counts = [count_grams(texts[index]) for index in order]
    frequency = Counter(gram for count in counts for gram in count)
    often = [gram for gram, n in frequency.items() if n >= first.fewest_grams]
    vocabulary = {gram: i for i, gram in enumerate(often)}
    centre = vectors.mean(axis=0).astype(np.float32)
    lesson = Lesson(
        np.asarray(vectors[order] - centre, dtype=np.float32),
        _gram_matrix(counts, vocabulary, first.grams_weight),
        target,
        len(names),
        kept,
    )
    weights: Floats = np.zeros((len(names), lesson.size), np.float32)
    bias: Floats = np.zeros(len(names), np.float32)
    held_scores: Floats = np.zeros((len(order) - kept, len(names)), np.float32)
    for how in hows:
        part, whole = fit(lesson, how)
        scores = lesson.apply(part, slice(kept, None))
        temperature = fit_temperature(scores, target[kept:]) if len(scores) else 1.0
        weights += whole[0] / np.float32(temperature)
        bias += whole[1] / np.float32(temperature)
        held_scores += scores / np.float32(temperature)
    size = vectors.shape[1]
    return LinearClassifier(
        names,
        vocabulary,
        np.ascontiguousarray(weights[:, size:].T),
        np.ascontiguousarray(weights[:, :size]),
        centre,
        bias,
        fit_temperature(held_scores, target[kept:]) if len(held_scores) else 1.0,
        first.grams_weight,
    )


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
