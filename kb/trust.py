"""From a ranking to a decision: answer, offer choices, or say honestly that nothing is known.

Two probabilities are learned apart (kb/fit.py). `known`: the base answers such a question at
all. `right`: if so, the best article is the one. Their product is the confidence of an answer;
`known` alone decides whether choices are worth offering.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

WEIGHTS_FILE = Path(__file__).parent / "data" / "search_weights.json"

FEATURES = (
    "topic",  # cosine with the mean of all the article's passages, both from the usual question
    "answer",  # cosine of the answer
    "told",  # cosine of the closest of answer and paragraphs
    "name",  # cosine of the tags
    "words",  # BM25 over the whole article, against the best article's
    "told_words",  # the same over tags, answer and body only
    "asked",  # mean cosine of the three closest question forms
)
"""What an article is ranked by."""

EVIDENCE = (
    *FEATURES,
    "nearest",  # cosine of the closest question form
    "coverage",  # share of the question's weighted words the article has
    "certainty",  # log of the article's share among all
    "lead",  # its score above the second's
    "elsewhere",  # cosine with the three closest strangers, as for topic
    "unknown",  # weighted share of words no article has
    "length",  # log of the number of tokens
)
"""What the trust in the best article is judged by."""

Numbers = npt.NDArray[np.float64]

_MOST_CHOICES = 3
_LEAST_CHOICES = 2
_CHOICE_SHARE = 0.1  # of the best article's probability: below, a choice only distracts


@dataclass(frozen=True, slots=True)
class Judge:
    """A logistic judgement over EVIDENCE."""

    weights: tuple[float, ...]
    bias: float

    def probability(self, evidence: Numbers) -> float:
        """The probability, for one row of evidence."""
        logit = float(evidence @ np.array(self.weights)) + self.bias
        return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))


@dataclass(frozen=True, slots=True)
class Weights:
    """All that was learned; `centre` is the mean vector of questions (None: the index's own)."""

    rank: tuple[float, ...]
    known: Judge
    right: Judge
    answer_at: float
    offer_at: float
    centre: tuple[float, ...] | None = None
    fitted_with: str = ""


_UNDECIDED = Judge((0.0,) * len(EVIDENCE), 0.0)
UNFITTED = Weights((1.0,) * len(FEATURES), _UNDECIDED, _UNDECIDED, answer_at=1.0, offer_at=1.0)
"""What fitting starts from: it ranks somehow and answers nothing."""


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


NOTHING = Found((), 0.0, None, ())


def decide(hits: Sequence[Hit], evidence: Numbers, weights: Weights, k: int) -> Found:
    """What to do with a ranking: `hits` best first, `evidence` of the first."""
    known = weights.known.probability(evidence)
    confidence = known * weights.right.probability(evidence)
    if confidence >= weights.answer_at:
        return Found(tuple(hits[:k]), confidence, hits[0].slug, ())
    choices: tuple[str, ...] = ()
    if known >= weights.offer_at:
        least = hits[0].score + math.log(_CHOICE_SHARE)
        close = sum(hit.score >= least for hit in hits)
        choices = tuple(hit.slug for hit in hits[: min(max(close, _LEAST_CHOICES), _MOST_CHOICES)])
    return Found(tuple(hits[:k]), confidence, None, choices)


def load_weights(path: Path = WEIGHTS_FILE) -> Weights:
    """The weights as shipped; raises ValueError when they are for other features."""
    return read_weights(json.loads(path.read_text("utf-8")))


def read_weights(data: Mapping[str, Any]) -> Weights:
    """Weights from plain data, as kb/fit.py makes them; raises ValueError as above."""
    if data["features"] != list(FEATURES) or data["evidence"] != list(EVIDENCE):
        raise ValueError("the search weights are for other features: run `hotline kb fit`")
    return Weights(
        tuple(data["rank"]),
        _read_judge(data["known"]),
        _read_judge(data["right"]),
        data["answer_at"],
        data["offer_at"],
        tuple(data["centre"]),
        data["fitted_with"],
    )


def _read_judge(data: Mapping[str, Any]) -> Judge:
    return Judge(tuple(data["weights"]), data["bias"])
