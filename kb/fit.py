"""Fits the search's ranking and trust on questions whose answers are known.

- Question forms: each is taken out of the index and asked; its article should come first.
- Questions of other writers (kb/data/asked.csv) with the articles that answer them.
- Strangers: kb/data/strangers.txt, questions in asked.csv that no article answers, and the
  sentences of other worlds that the caller brings. They should be declined.
- Forms asked without their whole article: an honest "I do not know", though a doubtful one,
  for a neighbour often answers.

Articles overlap: where a person found that another article answers a form as well,
kb/data/also_right.csv says so. No question of any test set is used.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bot.language.embedding import Embedder
from bot.language.models import Vector
from bot.language.normalise import normalise
from kb.learning import fit_judge, fit_ranking, judge_unseen
from kb.models import Article
from kb.passages import read_strangers
from kb.search import Comparison, SearchIndex, weigh_evidence
from kb.trust import EVIDENCE, FEATURES, UNFITTED, Judge, Numbers
from kb.vectors import PassageVectors

DATA = Path(__file__).parent / "data"
FOLDS = 8

_EVERY = 2  # so many forms for one that is asked: enough to fit on, and half the time
_STRANGERS_SHARE = 0.25  # of all questions, as thresholds are chosen
_WRONG_AT_MOST = 0.025  # of all questions: the goal is 0.03, and thresholds fit what they saw
_STRANGERS_OFFERED_AT_MOST = 0.1  # of those that sound like questions to a city

Kind = Literal["form", "asked", "hidden", "stranger", "chat"]
# Forms are many and held out: an article's forms were written to differ, so a form is further
# from the others than a resident's question is from all of them. Taken alone they teach to
# distrust closeness (measured: first right .81 instead of .92 on other writers' questions).
_WEIGHTS: dict[Kind, float] = {
    "form": 0.1,
    "asked": 1.0,
    "hidden": 0.1,  # doubtful: a neighbour often answers
    "stranger": 4.0,  # few, and what a city is asked besides
    "chat": 1.0,
}


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

    kind: Kind
    question: Question
    seen: Comparison
    is_right: npt.NDArray[np.bool_]
    """Which of the candidates answer the question, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row for the judges."""

    kind: Kind
    row: Numbers
    right: bool
    fold: int

    @property
    def is_base(self) -> bool:
        """Whether the base should have known."""
        return self.kind in ("form", "asked")

    @property
    def is_strange(self) -> bool:
        return self.kind in ("stranger", "chat")


def fit(
    articles: Sequence[Article],
    strangers: Sequence[str],
    embedder: Embedder,
    vectors: PassageVectors,
) -> tuple[dict[str, Any], list[str]]:
    """The weights as a JSON-able mapping, and a report in lines.

    `strangers` are sentences of other worlds that no article answers.
    """
    articles = sorted(articles, key=lambda article: article.slug)  # the folds follow the order
    forms = _read_forms(articles, embedder)
    centre = np.mean([form.vector for form in forms], axis=0).round(4)
    start = replace(UNFITTED, centre=tuple(centre.tolist()), fitted_with=embedder.name)

    def build(kept: Iterable[Article], decoys: Sequence[str] | None = None) -> SearchIndex:
        return SearchIndex(tuple(kept), vectors, start, decoys)

    whole = build(articles)
    questions = _read_asked(articles, embedder)
    asked = [
        *_ask_without_form(forms, articles, build),
        *_ask_without_article(forms, articles, build),
        *_ask_strangers(embedder, lambda decoys: build(articles, decoys)),
        *(_ask("asked" if each.right else "stranger", whole, each) for each in questions),
        *(_ask("chat", whole, each) for each in _make_questions(strangers, embedder)),
    ]
    evidence = _collect_evidence(asked)
    known, right, confidences, knowns = _judge(evidence)
    answer_at = _answer_threshold(evidence, confidences)
    offer_at = _offer_threshold(evidence, knowns)
    weights = {
        "features": list(FEATURES),
        "rank": _plain(_fit_rank(asked)),
        "evidence": list(EVIDENCE),
        "known": {"weights": _plain(known.weights), "bias": round(known.bias, 4)},
        "right": {"weights": _plain(right.weights), "bias": round(right.bias, 4)},
        "answer_at": round(answer_at, 4),
        "offer_at": round(offer_at, 4),
        "centre": centre.tolist(),
        "fitted_with": embedder.name,
    }
    return weights, _report(evidence, confidences, knowns, answer_at, offer_at)


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


def read_asked(path: Path = DATA / "asked.csv") -> Mapping[str, frozenset[str]]:
    """Questions of other writers with the slugs that answer them; none: a stranger."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["question"]: frozenset(row["slugs"].split()) for row in csv.DictReader(file)}


def _read_asked(articles: Sequence[Article], embedder: Embedder) -> list[Question]:
    """Those of asked.csv whose articles are all here."""
    here = {article.slug for article in articles}
    rows = {text: slugs for text, slugs in read_asked().items() if slugs <= here}
    return _make_questions(list(rows), embedder, list(rows.values()))


def _make_questions(
    sentences: Sequence[str], embedder: Embedder, right: Sequence[frozenset[str]] = ()
) -> list[Question]:
    texts = [normalise(text).text for text in sentences]
    return [
        Question(text, vector, right[number] if right else frozenset(), number % FOLDS)
        for number, (text, vector) in enumerate(zip(texts, embedder.embed(texts), strict=True))
    ]


def _ask(kind: Kind, index: SearchIndex, question: Question) -> Asked:
    seen = index.compare(question.text, question.vector)
    slugs = (index.articles[number].slug for number in seen.articles)
    return Asked(kind, question, seen, np.array([slug in question.right for slug in slugs]))


def _ask_strangers(
    embedder: Embedder, build: Callable[[Sequence[str]], SearchIndex]
) -> list[Asked]:
    """Each stranger asked of an index that does not know it as one."""
    questions = _make_questions(read_strangers(), embedder)
    asked = []
    for fold in range(FOLDS):
        index = build([each.text for each in questions if each.fold != fold])
        asked += [_ask("stranger", index, each) for each in questions if each.fold == fold]
    return asked


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
        asked += [_ask("form", index, form) for form in forms[::_EVERY] if form.fold == fold]
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
            _ask("hidden", index, form)
            for form, home in list(zip(forms, homes, strict=True))[::_EVERY]
            if parts[home] == fold
        ]
    return asked


def _fit_rank(asked: Sequence[Asked], without: int | None = None) -> Numbers:
    return fit_ranking(
        [
            (each.seen.features, each.is_right, _WEIGHTS[each.kind])
            for each in asked
            if each.kind in ("form", "asked") and each.question.fold != without
        ]
    )


def _collect_evidence(asked: Sequence[Asked]) -> list[Evidence]:
    """Rows for the judges; every question is ranked by weights that never saw its fold."""
    ranks = [_fit_rank(asked, fold) for fold in range(FOLDS)]
    evidence = []
    for each in asked:
        scores = each.seen.features @ ranks[each.question.fold]
        right = bool(each.is_right[np.argmax(scores)])
        row = weigh_evidence(each.seen, scores)
        evidence.append(Evidence(each.kind, row, right, each.question.fold))
    return evidence


def _judge(evidence: Sequence[Evidence]) -> tuple[Judge, Judge, Numbers, Numbers]:
    """The judges, and for every row the confidence and `known` of judges that never saw it."""
    rows = np.stack([each.row for each in evidence])
    folds = np.array([each.fold for each in evidence])
    weight = np.array([_WEIGHTS[each.kind] for each in evidence])
    known = np.array([each.is_base or each.right for each in evidence])
    right = np.array([each.right for each in evidence])
    base = np.array([each.is_base for each in evidence])
    knowns = judge_unseen(rows, known, weight, folds)
    rights = judge_unseen(rows, right, weight * base, folds)
    return (
        fit_judge(rows, known, weight),
        fit_judge(rows[base], right[base], weight[base]),
        knowns * rights,
        knowns,
    )


def _shares(evidence: Sequence[Evidence]) -> Numbers:
    """What each row counts for when questions of the base and strangers mix; the sum is 1."""
    base = np.array([_WEIGHTS[each.kind] if each.is_base else 0.0 for each in evidence])
    far = np.array([each.is_strange for each in evidence])
    shares: Numbers = (
        base * (1 - _STRANGERS_SHARE) / base.sum() + far * _STRANGERS_SHARE / far.sum()
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
    far = [p for p, each in zip(knowns, evidence, strict=True) if each.kind == "stranger"]
    return float(np.quantile(far, 1 - _STRANGERS_OFFERED_AT_MOST))


def _plain(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), 4) for number in numbers]


def _report(
    evidence: Sequence[Evidence],
    confidences: Numbers,
    knowns: Numbers,
    answer_at: float,
    offer_at: float,
) -> list[str]:
    right = np.array([each.right for each in evidence])
    answered = confidences >= answer_at
    declined = ~answered & (knowns < offer_at)
    offered = ~answered & ~declined
    lines = []
    for kind, name in (("form", "留出问法"), ("asked", "他人问句")):
        part = np.array([each.kind == kind for each in evidence])
        lines.append(
            f"{name} {part.sum()}：首位正确 {right[part].mean():.3f}，"
            f"直接答对 {(answered & right)[part].mean():.3f}，"
            f"答错 {(answered & ~right)[part].mean():.3f}，"
            f"给备选 {offered[part].mean():.3f}，婉拒 {declined[part].mean():.3f}"
        )
    for kind, name in (("stranger", "库外问题"), ("chat", "无关句")):
        part = np.array([each.kind == kind for each in evidence])
        lines.append(
            f"{name} {part.sum()}：婉拒 {declined[part].mean():.3f}，"
            f"误答 {answered[part].mean():.3f}"
        )
    wrong = _shares(evidence)[answered & ~right].sum()
    lines.append(f"混合后误答占全部 {wrong:.3f}")
    lines.append(f"作答门槛 {answer_at:.3f}，备选门槛 {offer_at:.3f}")
    return lines
