"""Compares three searches on others' questions: ours, BM25 alone, sentence vectors alone.

    .venv/bin/python -m benchmarks.knowledge

Prints a table for each set of questions in tests/knowledge (its README says which were blind
when); `answers_N.jsonl` names every article that answers each. BM25 (bm25s, jieba words and
character pairs) and the vectors (best passage) only rank: they know nothing to decline by.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import bm25s
import numpy as np

from bot.language.embedding import load_embedder
from bot.language.models import Vector
from bot.language.normalise import normalise
from bot.language.segmentation import Segmenter
from kb.models import Article
from kb.passages import Passages, read_passages
from kb.search import SearchIndex
from kb.service import read_articles
from kb.trust import load_weights
from kb.vectors import PassageVectors

FOLDER = Path(__file__).parent.parent / "tests" / "knowledge"

Ranking = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A question; no slugs: the base cannot answer it."""

    id: str
    text: str
    slugs: frozenset[str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="keep the encoder and vectors in this folder")
    parser.add_argument("sets", nargs="*", default=["1", "2"], help="question sets by number")
    parser.add_argument("--misses", action="store_true", help="list what went wrong")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(options.cache or Path(folder), options.sets, options.misses)


def compare(cache: Path, sets: Sequence[str], with_misses: bool) -> None:
    """Print the tables, and with `with_misses` every question that went wrong."""
    articles = [article for article, _ in read_articles().values()]
    embedder = load_embedder(cache)
    vectors = PassageVectors(embedder, cache)
    index = SearchIndex(articles, vectors, load_weights())
    passages = [read_passages(article) for article in articles]
    by_words = rank_by_words(articles, passages)
    for name in sets:
        cases = read_cases(name)
        questions = {case.text: embedder.embed([case.text])[0] for case in cases}
        by_vectors = rank_by_vectors(articles, passages, vectors, questions)
        print(f"Set {name}: {len(articles)} articles, {len(cases)} questions, ", end="")
        print(f"{_answerable(cases)} answerable\n")
        print("| search | first right | within five | ms p50 | ms p95 |\n|---|---|---|---|---|")
        print(_rank_row("ours", cases, _rank_by_ours(index, questions)))
        print(_rank_row("BM25", cases, by_words))
        print(_rank_row("vectors", cases, by_vectors))
        print()
        print_decisions(index, cases, questions, with_misses)
        print()
    print("The times leave out the embedding of the question, which a turn shares.")


def read_cases(name: str) -> list[Case]:
    """The questions of set `name` with the slugs that answer them."""
    slugs = {row["id"]: frozenset(row["slugs"]) for row in _rows(f"answers_{name}.jsonl")}
    return [
        Case(row["id"], normalise(row["question"]).text, slugs.get(row["id"], frozenset()))
        for row in _rows(f"questions_{name}.jsonl")
    ]


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def _answerable(cases: Sequence[Case]) -> int:
    return sum(bool(case.slugs) for case in cases)


def _rank_row(name: str, cases: Sequence[Case], rank: Ranking) -> str:
    first, within, times = [], [], []
    for case in cases:
        if case.slugs:
            start = time.perf_counter()
            ranked = rank(case.text)
            times.append(1000 * (time.perf_counter() - start))
            first.append(ranked[0] in case.slugs)
            within.append(bool(case.slugs & set(ranked[:5])))
    middle, high = np.percentile(times, [50, 95])
    return f"| {name} | {np.mean(first):.3f} | {np.mean(within):.3f} | {middle:.1f} | {high:.1f} |"


def _rank_by_ours(index: SearchIndex, questions: Mapping[str, Vector]) -> Ranking:
    return lambda text: [hit.slug for hit in index.search(text, questions[text]).hits]


def rank_by_words(articles: Sequence[Article], passages: Sequence[Passages]) -> Ranking:
    """bm25s over whole articles."""
    segmenter = Segmenter()

    def tokens(text: str) -> list[str]:
        words = [word for word in segmenter.cut(text.casefold()) if word.isalnum()]
        return words + [a + b for a, b in pairwise(text) if (a + b).isalnum()]

    engine = bm25s.BM25()
    documents = [tokens("\n".join((*each.asks, each.name, *each.tells))) for each in passages]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine.index(documents, show_progress=False)

    def rank(text: str) -> list[str]:
        scores = engine.get_scores(tokens(text))
        return [articles[number].slug for number in np.argsort(-scores, kind="stable")[:5]]

    return rank


def rank_by_vectors(
    articles: Sequence[Article],
    passages: Sequence[Passages],
    vectors: PassageVectors,
    questions: Mapping[str, Vector],
) -> Ranking:
    """Cosine with the best passage of each article."""
    owners = np.repeat(np.arange(len(articles)), [len(each.embedded()) for each in passages])
    matrix = vectors([text for each in passages for text in each.embedded()])

    def rank(text: str) -> list[str]:
        best = np.full(len(articles), -1.0)
        np.maximum.at(best, owners, matrix @ questions[text])
        return [articles[number].slug for number in np.argsort(-best, kind="stable")[:5]]

    return rank


def print_decisions(
    index: SearchIndex,
    cases: Sequence[Case],
    questions: Mapping[str, Vector],
    with_misses: bool,
) -> None:
    """What would be said: answers, choices, declines, and how many of them are wrong."""
    count = {"answered right": 0, "choices with a right one": 0, "choices without": 0}
    count |= {"declined wrongly": 0, "declined rightly": 0, "wrong answers": 0}
    misses = []
    for case in cases:
        found = index.search(case.text, questions[case.text])
        if found.answer:
            kind = "answered right" if found.answer in case.slugs else "wrong answers"
        elif found.choices:
            offered = bool(case.slugs & set(found.choices))
            kind = "choices with a right one" if offered else "choices without"
        else:
            kind = "declined wrongly" if case.slugs else "declined rightly"
        count[kind] += 1
        first = found.hits[0].slug
        if kind in ("wrong answers", "choices without", "declined wrongly") or (
            case.slugs and first not in case.slugs
        ):
            misses.append(f"{kind}: {case.id} {case.text} → {first} ({found.confidence:.2f})")
    strangers = len(cases) - _answerable(cases)
    print("| decision | questions | share of |\n|---|---|---|")
    for kind, number in count.items():
        of = {"declined rightly": strangers, "wrong answers": len(cases)}.get(
            kind, len(cases) if kind == "choices without" else _answerable(cases)
        )
        print(f"| {kind} | {number} | {number / of:.3f} |")
    if with_misses:
        print("", *misses, sep="\n")


if __name__ == "__main__":
    main()
