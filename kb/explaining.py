"""Why each article ranked where it did, and why the assistant answered or did not, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bot.language.models import Vector
from kb.search import SearchIndex, weigh_evidence
from kb.trust import FEATURES, Found, Hit

FEATURE_NAMES: Mapping[str, str] = {
    "topic": "整篇的意思",
    "answer": "短答的意思",
    "told": "最像的一段",
    "name": "标签的意思",
    "words": "用词（整篇）",
    "told_words": "用词（短答和正文）",
    "asked": "最像的三句问法",
}
"""What each of FEATURES says to somebody who writes articles."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of one hit; `value` as measured, `share` of the whole spread in the list (0-100)."""

    name: str
    value: float
    share: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A search with its grounds. `known`: the base answers such questions; `right`: with this one."""

    found: Found
    reasons: tuple[tuple[Hit, tuple[Reason, ...]], ...]
    known: float
    right: float
    answer_at: float
    offer_at: float
    exact: bool
    """The question is, word for word, a question form of the first article."""

    @property
    def outcome(self) -> str:
        """answer, choices or declined."""
        return name_outcome(self.found)


def name_outcome(found: Found) -> str:
    """answer, choices or declined."""
    return "answer" if found.answer else "choices" if found.choices else "declined"


def explain(index: SearchIndex, query: str, vector: Vector, k: int = 8) -> Explained:
    """Search as the chat does, and say why."""
    found = index.search(query, vector, k)
    weights = index.weights
    if not found.hits:
        return Explained(found, (), 0.0, 0.0, weights.answer_at, weights.offer_at, False)
    seen = index.compare(query, vector)
    scores = seen.features @ np.array(weights.rank)
    evidence = weigh_evidence(seen, scores)
    exact = found.confidence == 1.0 and found.answer is not None
    return Explained(
        found,
        _give_reasons(found, np.array(weights.rank)),
        1.0 if exact else weights.known.probability(evidence),
        1.0 if exact else weights.right.probability(evidence),
        weights.answer_at,
        weights.offer_at,
        exact,
    )


def _give_reasons(
    found: Found, rank: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> tuple[tuple[Hit, tuple[Reason, ...]], ...]:
    """What each feature adds above the lowest in the list: only differences order a ranking."""
    features = np.array([hit.features for hit in found.hits])
    added = (features - features.min(axis=0)) * rank
    widest = max(float(added.max()), 1e-9)
    return tuple(
        (
            hit,
            tuple(
                Reason(FEATURE_NAMES[name], round(value, 2), max(round(100 * gain / widest), 0))
                for name, value, gain in zip(FEATURES, hit.features, row, strict=True)
            ),
        )
        for hit, row in zip(found.hits, added.tolist(), strict=True)
    )
