"""Classifiers of sentences: by their likeness to every sentence learned, and by their n-grams.

The sentence vector carries meaning, the character n-grams the words that matter (取消, 人工, 多久);
together they beat either alone. Likeness falls off with the distance of two vectors, so a label may
have many ways of being said. Fitted in `classifier_training`, kept as plain arrays, applied with
a few matrix products. Confidences are calibrated by one temperature, fitted on sentences held out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.language.models import Vector

Floats = npt.NDArray[np.float32]

_LONGEST_GRAM = 3
_KEPT_AS = {"pulls": np.float32}
"""All else at half precision. Thousands of pulls are added up for every sentence: what is rounded
off them adds up too, to a lean towards one label or another that no sentence has.
"""
_MOST_CHARACTERS = 400


def count_grams(text: str) -> Counter[str]:
    """Character 1- to 3-grams of the text with marked edges."""
    marked = f"^{text[:_MOST_CHARACTERS].casefold()}$"
    return Counter(
        marked[i : i + size]
        for size in range(1, _LONGEST_GRAM + 1)
        for i in range(len(marked) - size + 1)
    )


def likeness(points: Floats, anchors: Floats, lengths: Floats, breadth: float) -> Floats:
    """(points, anchors): 1 for the same point, less with the distance; `lengths` are the squared
    lengths of the anchors, `breadth` the squared distance at which 1/e is left.
    """
    near = points @ anchors.T
    near *= 2 / breadth
    near -= lengths / breadth
    near -= (points**2).sum(axis=1, keepdims=True) / breadth
    return np.asarray(np.exp(near, out=near), np.float32)


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned; d numbers a vector, k axes, n sentences, m labels, g n-grams."""

    centre: Floats
    """(d,): the mean vector."""
    axes: Floats
    """(d, k): the directions in which the sentences differ most."""
    anchors: Floats
    """(n, k): the sentences learned, along the axes."""
    pulls: Floats
    """(n, m): how each of them speaks for each label."""
    grams: Floats
    """(g, m)."""
    bias: Floats
    """(m,)."""


class SentenceClassifier:
    """Maps (text, vector) to a ranking of labels with calibrated probabilities."""

    def __init__(
        self,
        labels: Sequence[str],
        vocabulary: Mapping[str, int],
        weights: Weights,
        breadth: float,
        temperature: float,
        grams_weight: float,
    ) -> None:
        self.labels = tuple(labels)
        self._vocabulary = vocabulary
        self._weights = weights
        self._lengths = (weights.anchors**2).sum(axis=1)
        self._breadth = breadth
        self._temperature = temperature
        self._grams_weight = grams_weight

    def odds_many(self, texts: Sequence[str], vectors: Vector) -> Floats:
        """(texts, labels): calibrated probabilities in the order of `labels`."""
        weights = self._weights
        points = (vectors - weights.centre) @ weights.axes
        scores = likeness(points, weights.anchors, self._lengths, self._breadth) @ weights.pulls
        scores += weights.bias
        scores += np.stack([self._weigh_grams(text) for text in texts])
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores / self._temperature)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def rank_many(self, texts: Sequence[str], vectors: Vector) -> list[list[tuple[str, float]]]:
        """For each text the labels with probabilities, best first."""
        return [
            [(self.labels[i], float(odds[i])) for i in np.argsort(-odds)]
            for odds in self.odds_many(texts, vectors)
        ]

    def _weigh_grams(self, text: str) -> Floats:
        known = [
            (self._vocabulary[gram], n)
            for gram, n in count_grams(text).items()
            if gram in self._vocabulary
        ]
        if not known:
            return np.zeros(len(self.labels), np.float32)
        values = np.log1p(np.array([n for _, n in known], dtype=np.float32))
        values *= self._grams_weight / np.linalg.norm(values)
        chosen = self._weights.grams[[i for i, _ in known]].astype(np.float32)
        return np.asarray(values @ chosen, np.float32)

    def save(self, folder: Path, name: str) -> None:
        """Write `<name>.npz` and `<name>.json` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            field.name: getattr(self._weights, field.name).astype(
                _KEPT_AS.get(field.name, np.float16)
            )
            for field in fields(Weights)
        }
        np.savez(folder / f"{name}.npz", **arrays)
        described = {
            "labels": self.labels,
            "vocabulary": list(self._vocabulary),
            "breadth": self._breadth,
            "temperature": self._temperature,
            "grams_weight": self._grams_weight,
        }
        (folder / f"{name}.json").write_text(json.dumps(described, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> SentenceClassifier:
        """Read what `save` wrote."""
        described = json.loads((folder / f"{name}.json").read_text("utf-8"))
        with np.load(folder / f"{name}.npz") as data:
            arrays = {key: data[key] for key in data.files}
        # the n-grams stay at half precision: hundreds of labels times all n-grams, few used at once
        whole = {
            key: each if key == "grams" else each.astype(np.float32) for key, each in arrays.items()
        }
        return cls(
            described["labels"],
            # the classifiers share most n-grams: each is kept once
            {sys.intern(gram): i for i, gram in enumerate(described["vocabulary"])},
            Weights(**whole),
            described["breadth"],
            described["temperature"],
            described["grams_weight"],
        )
