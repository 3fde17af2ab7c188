"""How search grows: 1,000, 10,000 and 100,000 generated articles.

    OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.growth

Words are those of the shipped articles, mixed; vectors are random around a topic, for embedding
a million passages would measure the encoder and not the search. Memory is what the process grew by.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.language.embedding import Role
from bot.language.models import Vector
from kb.models import Article
from kb.search import SearchIndex
from kb.service import read_articles
from kb.trust import load_weights

QUERIES = 300
FORMS, TELLS = 4, 3


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    shipped = [article for article, _ in read_articles().values()]
    weights = load_weights()
    dimension = len(weights.centre or ())
    print("| articles | passages | build s | query ms p50 | p95 | memory MB |")
    print("|---|---|---|---|---|---|")
    for size in parser.parse_args().sizes:
        print(measure(shipped, size, dimension), flush=True)
        gc.collect()


def measure(shipped: Sequence[Article], size: int, dimension: int) -> str:
    """One line of the table."""
    articles = generate(shipped, size)
    generator = np.random.default_rng(96310)

    def embed(texts: Sequence[tuple[Role, str]]) -> Vector:
        rows = generator.standard_normal((len(texts), dimension), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    before, start = _resident_megabytes(), time.perf_counter()
    index = SearchIndex(articles, embed, load_weights(), strangers=())
    built = time.perf_counter() - start
    asked = [random.choice(random.choice(articles).questions) for _ in range(QUERIES)]
    times = []
    for question, vector in zip(asked, embed([("query", each) for each in asked]), strict=True):
        start = time.perf_counter()
        index.search(f"{question}怎么办", vector)
        times.append(1000 * (time.perf_counter() - start))
    middle, high = np.percentile(times, [50, 95])
    grown = _resident_megabytes() - before
    count = sum(len(index.articles[n].questions) for n in range(size)) + size * (TELLS + 2)
    return f"| {size:,} | {count:,} | {built:.1f} | {middle:.1f} | {high:.1f} | {grown:,.0f} |"


def generate(shipped: Sequence[Article], size: int) -> list[Article]:
    """Articles whose sentences are mixed from the shipped ones; the same each time."""
    random.seed(96310)
    questions = [question for article in shipped for question in article.questions]
    answers = [article.answer for article in shipped]
    halves = [question[: len(question) // 2] for question in questions]
    return [
        replace(
            random.choice(shipped),
            slug=f"generated-{number}",
            title=f"{random.choice(halves)}{random.choice(halves)}{number}",
            questions=tuple(
                f"{random.choice(halves)}{random.choice(halves)}" for _ in range(FORMS)
            ),
            answer=random.choice(answers),
            body="\n\n".join(random.choice(answers) for _ in range(TELLS - 1)),
        )
        for number in range(size)
    ]


def _resident_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
