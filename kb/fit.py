"""Fits the search's ranking and trust on the articles' own question forms.

Every question form is taken out of the index and asked; a right article should come first. The
trust learns from these questions, from questions of other worlds, and from questions whose
whole article is taken out (an honest "I do not know"). Articles overlap: where a person found
that another article answers a form as well, kb/data/also_right.csv says so.
No question of any test set is used.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.language.embedding import Embedder
from bot.language.models import Vector
from bot.language.normalise import normalise
from kb.learning import fit_judge, fit_ranking, judge_unseen
from kb.models import Article
from kb.search import Comparison, SearchIndex, weigh_evidence
from kb.trust import EVIDENCE, FEATURES, Judge, Numbers, Weights
from kb.vectors import PassageVectors

DATA = Path(__file__).parent / "data"
FOLDS = 8

# Without its article a question is often answered by a neighbour: a doubtful example.
_DOUBTFUL = 0.3
_STRANGERS_SHARE = 0.25  # of all questions, as thresholds are chosen
_WRONG_AT_MOST = 0.03  # of all questions
_STRANGERS_OFFERED_AT_MOST = 0.08  # of strangers


@dataclass(frozen=True, slots=True)
class Question:
    """A question as asked; `fold` is the part of the data it is held out with."""

    text: str
    vector: Vector
    right: frozenset[str]
    fold: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what an index that may not know it made of it."""

    question: Question
    seen: Comparison
    is_right: npt.NDArray[np.bool_]
    """Which of the candidates answer the question, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row for the judges."""

    row: Numbers
    known: bool
    right: bool
    weight: float
    fold: int
    is_form: bool


def fit(
    articles: Sequence[Article],
    strangers: Sequence[str],
    embedder: Embedder,
    vectors: PassageVectors,
) -> tuple[dict[str, Any], list[str]]:
    """The weights as a JSON-able mapping, and a report in lines.

    `strangers` are sentences no article answers; kb/data/strangers.txt is added to them.
    """
    forms = _read_forms(articles, embedder)
    centre = np.mean([form.vector for form in forms], axis=0).round(4)
    start = Weights(
        (1.0,) * len(FEATURES),
        _UNDECIDED,
        _UNDECIDED,
        1.0,
        1.0,
        tuple(centre.tolist()),
        embedder.name,
    )

    def build(kept: Iterable[Article]) -> SearchIndex:
        return SearchIndex(tuple(kept), vectors, start)

    whole = build(articles)
    held_out = _ask_without_form(forms, articles, build)
    hidden = _ask_without_article(forms, articles, build)
    far = [_ask(whole, each) for each in _read_strangers(strangers, embedder)]
    evidence = _collect_evidence(held_out, hidden, far)
    known, right, confidences, knowns = _judge(evidence)
    answer_at = _answer_threshold(evidence, confidences)
    offer_at = _offer_threshold(evidence, knowns)
    rank = fit_ranking([(each.seen.features, each.is_right) for each in held_out])
    weights = {
        "features": list(FEATURES),
        "rank": _plain(rank),
        "evidence": list(EVIDENCE),
        "known": {"weights": _plain(known.weights), "bias": round(known.bias, 4)},
        "right": {"weights": _plain(right.weights), "bias": round(right.bias, 4)},
        "answer_at": round(answer_at, 4),
        "offer_at": round(offer_at, 4),
        "centre": centre.tolist(),
        "fitted_with": embedder.name,
    }
    return weights, _report(evidence, confidences, knowns, answer_at, offer_at)


_UNDECIDED = Judge((0.0,) * len(EVIDENCE), 0.0)


def read_also_right(path: Path = DATA / "also_right.csv") -> Mapping[str, frozenset[str]]:
    """Question forms that other articles answer too: their slugs by form."""
    found: dict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["question"]].add(row["slug"])
    return {question: frozenset(slugs) for question, slugs in found.items()}


def _read_forms(articles: Sequence[Article], embedder: Embedder) -> list[Question]:
    also = read_also_right()
    rows = [
        (normalise(form).text, {article.slug, *also.get(form, ())}, (number + place) % FOLDS)
        for number, article in enumerate(articles)
        for place, form in enumerate(article.questions)
    ]
    vectors = embedder.embed([text for text, _, _ in rows])
    return [
        Question(text, vector, frozenset(right), fold)
        for (text, right, fold), vector in zip(rows, vectors, strict=True)
    ]


def read_strangers_file(path: Path = DATA / "strangers.txt") -> list[str]:
    """Questions residents might ask a city that no article answers."""
    return path.read_text("utf-8").splitlines()


def _read_strangers(sentences: Sequence[str], embedder: Embedder) -> list[Question]:
    texts = [normalise(text).text for text in (*read_strangers_file(), *sentences)]
    return [
        Question(text, vector, frozenset(), number % FOLDS)
        for number, (text, vector) in enumerate(zip(texts, embedder.embed(texts), strict=True))
    ]


def _ask(index: SearchIndex, question: Question) -> Asked:
    seen = index.compare(question.text, question.vector)
    slugs = (index.articles[number].slug for number in seen.articles)
    return Asked(question, seen, np.array([slug in question.right for slug in slugs]))


def _ask_without_form(
    forms: Sequence[Question],
    articles: Sequence[Article],
    build: Callable[[Iterable[Article]], SearchIndex],
) -> list[Asked]:
    """Each form asked of an index that knows its article, but not the form."""
    asked = []
    for fold in range(FOLDS):
        out = {form.text for form in forms if form.fold == fold}
        index = build(
            replace(
                article,
                questions=tuple(q for q in article.questions if normalise(q).text not in out),
            )
            for article in articles
        )
        asked += [_ask(index, form) for form in forms if form.fold == fold]
    return asked


def _ask_without_article(
    forms: Sequence[Question],
    articles: Sequence[Article],
    build: Callable[[Iterable[Article]], SearchIndex],
) -> list[Asked]:
    """Each form asked of an index without its article."""
    homes = [article.slug for article in articles for _ in article.questions]
    parts = {article.slug: number % FOLDS for number, article in enumerate(articles)}
    asked = []
    for fold in range(FOLDS):
        index = build(article for article in articles if parts[article.slug] != fold)
        asked += [
            _ask(index, form)
            for form, home in zip(forms, homes, strict=True)
            if parts[home] == fold
        ]
    return asked


def _collect_evidence(
    held_out: Sequence[Asked], hidden: Sequence[Asked], far: Sequence[Asked]
) -> list[Evidence]:
    """Rows for the judges; every question is ranked by weights that never saw its fold."""
    evidence = []
    for fold in range(FOLDS):
        rank = fit_ranking(
            [(each.seen.features, each.is_right) for each in held_out if each.question.fold != fold]
        )
        for group, weight in ((held_out, 1.0), (hidden, _DOUBTFUL), (far, 1.0)):
            for each in group:
                if each.question.fold != fold:
                    continue
                scores = each.seen.features @ rank
                right = bool(each.is_right[np.argmax(scores)])
                is_form = group is held_out
                row = weigh_evidence(each.seen, scores)
                evidence.append(Evidence(row, is_form or right, right, weight, fold, is_form))
    return evidence


def _judge(evidence: Sequence[Evidence]) -> tuple[Judge, Judge, Numbers, Numbers]:
    """The judges, and for every row the confidence and `known` of judges that never saw it."""
    rows = np.stack([each.row for each in evidence])
    folds = np.array([each.fold for each in evidence])
    weight = np.array([each.weight for each in evidence])
    known = np.array([each.known for each in evidence])
    right = np.array([each.right for each in evidence])
    forms = np.array([each.is_form for each in evidence])
    knowns = judge_unseen(rows, known, weight, folds)
    rights = judge_unseen(rows, right, weight * forms, folds)
    return (
        fit_judge(rows, known, weight),
        fit_judge(rows[forms], right[forms], weight[forms]),
        knowns * rights,
        knowns,
    )


def _shares(evidence: Sequence[Evidence]) -> Numbers:
    """What each row counts for when questions of the base and strangers mix; the sum is 1."""
    forms = np.array([each.is_form for each in evidence])
    far = np.array([_is_stranger(each) for each in evidence])
    shares: Numbers = (
        forms * (1 - _STRANGERS_SHARE) / forms.sum() + far * _STRANGERS_SHARE / far.sum()
    )
    return shares


def _answer_threshold(evidence: Sequence[Evidence], confidences: Numbers) -> float:
    """The lowest confidence with few enough wrong answers among all questions."""
    wrong = _shares(evidence) * np.array([not each.right for each in evidence])
    order = np.argsort(-confidences, kind="stable")
    fitting = np.flatnonzero(np.cumsum(wrong[order]) <= _WRONG_AT_MOST)
    return float(confidences[order][fitting[-1]]) if len(fitting) else 1.0


def _offer_threshold(evidence: Sequence[Evidence], knowns: Numbers) -> float:
    """The `known` that few enough strangers reach."""
    far = [p for p, each in zip(knowns, evidence, strict=True) if _is_stranger(each)]
    return float(np.quantile(far, 1 - _STRANGERS_OFFERED_AT_MOST))


def _is_stranger(each: Evidence) -> bool:
    return not each.is_form and each.weight == 1.0


def _plain(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), 4) for number in numbers]


def _report(
    evidence: Sequence[Evidence],
    confidences: Numbers,
    knowns: Numbers,
    answer_at: float,
    offer_at: float,
) -> list[str]:
    shares = _shares(evidence)
    forms = np.array([each.is_form for each in evidence])
    far = np.array([_is_stranger(each) for each in evidence])
    right = np.array([each.right for each in evidence])
    answered = confidences >= answer_at
    declined = ~answered & (knowns < offer_at)
    return [
        f"留出问法 {forms.sum()}，无关句 {far.sum()}",
        f"留出问法：首位正确 {right[forms].mean():.3f}，直接答对 {(answered & right)[forms].mean():.3f}，"
        f"给备选 {(~answered & ~declined)[forms].mean():.3f}，婉拒 {declined[forms].mean():.3f}",
        f"无关句：婉拒 {declined[far].mean():.3f}，误答 {answered[far].mean():.3f}",
        f"混合后误答占全部 {shares[answered & ~right].sum():.3f}",
        f"作答门槛 {answer_at:.3f}，备选门槛 {offer_at:.3f}",
    ]
