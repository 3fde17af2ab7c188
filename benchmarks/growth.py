"""How search grows: 1,000, 10,000 and 100,000 generated articles.

    .venv/bin/python -m benchmarks.growth

An article is a shipped one with an invented place and number in its sentences and some of its
neighbours' forms and paragraphs: texts are as long and as varied as real ones, and many are close.
Vectors are random around a direction of each article's own, made in microseconds: embedding two
million passages would measure the encoder and not the search (the table's last line measures the
encoder on a sample). Memory is what a process grew by: its own, and what it shares with others
because it lies in the file of vectors. Peak is its own memory at the highest while building.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from bot.language.embedding import Role, load_embedder
from bot.language.models import Vector
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.migrate import upgrade_database
from kb import store
from kb.models import Article, article_to_data
from kb.passages import read_passages
from kb.search import SearchIndex
from kb.service import Knowledge, read_articles
from kb.store import ArticleRow
from kb.trust import load_weights
from kb.vectors import PassageVectors

QUERIES = 300
RENEWALS = 5
_PLACES = "朝阳海淀东城西城丰台石景山通州顺义昌平大兴房山门头沟怀柔平谷密云延庆"
_AREAS = ("路", "街", "胡同", "小区", "村", "桥", "里", "园", "市场", "广场")
_TOPICS = 4_096


class QuickEmbedder:
    """Random unit vectors around a direction chosen by the text's first characters."""

    name = "quick"

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._random = np.random.default_rng(96310)
        self._topics = self._random.standard_normal((_TOPICS, dimension), dtype=np.float32)

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        """Shape (len(sentences), dimension)."""
        about = [zlib.crc32(text[:4].encode()) % _TOPICS for text in sentences]
        rows = self._random.standard_normal((len(sentences), self.dimension), dtype=np.float32)
        rows += self._topics[about]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--cache", type=Path, help="where the encoder is, to measure it too")
    parser.add_argument(
        "--published", type=int, default=10_000, help="articles in a database, to time"
    )
    options = parser.parse_args()
    shipped = [article for article, _ in read_articles().values()]
    dimension = len(load_weights().centre or ())
    print(
        "| articles | passages | build s | again s | one change s | query ms p50 | p95 "
        "| own MB | shared MB | peak MB |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(shipped, size, dimension, Path(folder)), flush=True)
        gc.collect()
    if options.published:
        with tempfile.TemporaryDirectory() as folder:
            waits = asyncio.run(measure_publishing(shipped, options.published, Path(folder)))
        print(f"\n{options.published:,} in SQLite: a change is found after {waits} s, the watch's")
        print("own wait of half a second not counted; by the first and the second process")
    if options.cache:
        print(f"\nEncoder: {measure_encoder(shipped, options.cache):.1f} passages a second")


def measure(shipped: Sequence[Article], size: int, dimension: int, folder: Path) -> str:
    """One line of the table."""
    articles = generate(shipped, size)
    embedder, weights = QuickEmbedder(dimension), load_weights()
    gc.collect()
    own, shared = _resident_megabytes()
    _, first = _build(articles, PassageVectors(embedder, folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - own - shared
    start = time.perf_counter()
    index = SearchIndex(articles, PassageVectors(embedder, folder), weights)
    again = time.perf_counter() - start
    changes = []
    for number in range(RENEWALS):
        articles[number] = replace(articles[number], answer=f"第{number}次改过的答复。")
        start = time.perf_counter()
        index = index.renew(articles)
        changes.append(time.perf_counter() - start)
    asked = [random.choice(random.choice(articles).questions) for _ in range(QUERIES)]
    times = []
    for question, vector in zip(asked, embedder.embed(asked), strict=True):
        start = time.perf_counter()
        index.search(f"{question}怎么办", vector)
        times.append(1000 * (time.perf_counter() - start))
    middle, high = np.percentile(times, [50, 95])
    gc.collect()
    now_own, now_shared = _resident_megabytes()
    count = sum(len(read_passages(each).embedded()) for each in articles[:500]) * size // 500
    return (
        f"| {size:,} | {count:,} | {first:.1f} | {again:.1f} | {np.median(changes):.2f} "
        f"| {middle:.1f} | {high:.1f} | {now_own - own:,.0f} | {now_shared - shared:,.0f} "
        f"| {peak:,.0f} |"
    )


def _build(articles: Sequence[Article], vectors: PassageVectors) -> tuple[int, float]:
    start = time.perf_counter()
    index = SearchIndex(articles, vectors, load_weights())
    return len(index.articles), time.perf_counter() - start


def generate(shipped: Sequence[Article], size: int) -> list[Article]:
    """Articles made of the shipped ones' sentences and invented places; the same each time."""
    random.seed(96310)
    return [_invent(shipped, number) for number in range(size)]


def _invent(shipped: Sequence[Article], number: int) -> Article:
    one, other = random.choice(shipped), random.choice(shipped)
    place = "".join(random.sample(_PLACES, 3)) + random.choice(_AREAS)
    forms = [*random.sample(one.questions, 9), *random.sample(other.questions, 3)]
    return replace(
        one,
        slug=f"generated-{number}",
        title=f"{place}{number}：{one.title}",
        questions=tuple(f"{place}{form}" if random.random() < 0.5 else form for form in forms),
        answer=f"{place}：{one.answer}",
        body=f"{one.body}\n\n{place}由第{number}组负责。\n\n{other.answer}",
    )


async def measure_publishing(shipped: Sequence[Article], size: int, folder: Path) -> list[float]:
    """Seconds from a publication until each of two `Knowledge` over one database answers by it."""
    db, clock = Database(f"sqlite+aiosqlite:///{folder}/kb.sqlite3"), SystemClock()
    await upgrade_database(db)
    articles = generate(shipped, size)
    async with db.write() as session:
        for batch in range(0, size, 1_000):
            rows = [_row(each, clock) for each in articles[batch : batch + 1_000]]
            await session.execute(insert(ArticleRow), rows)
        await store.raise_revision(session)
    embedder = QuickEmbedder(len(load_weights().centre or ()))
    both = [Knowledge(db, clock, PassageVectors(embedder, folder)) for _ in range(2)]
    for each in both:
        await each.refresh()
    changed = replace(articles[7], questions=(*articles[7].questions, "螃蟹过马路怎么办"))
    async with db.write() as session:
        await store.put_article(session, changed, "", edited=True, now=clock.now())
        await store.raise_revision(session)
    waits = []
    for each in both:
        start = time.perf_counter()
        await each.refresh()
        found = each.search("螃蟹过马路怎么办？", embedder.embed(["螃蟹"])[0])
        waits.append(round(time.perf_counter() - start, 2) if found.answer == changed.slug else -1)
    await db.close()
    return waits


def _row(article: Article, clock: SystemClock) -> dict[str, object]:
    return {
        "slug": article.slug,
        "status": store.PUBLISHED,
        "version": 1,
        "data": article_to_data(article),
        "fingerprint": "",
        "edited": False,
        "updated_at": clock.now(),
    }


def measure_encoder(shipped: Sequence[Article], cache: Path) -> float:
    """Passages the shipped encoder embeds in a second, on one thread."""
    texts = [text for each in shipped[:20] for role, text in read_passages(each).embedded()]
    embedder = load_embedder(cache)
    start = time.perf_counter()
    embedder.embed([f"{text}。" for text in texts], "passage")
    return len(texts) / (time.perf_counter() - start)


def _resident_megabytes() -> tuple[float, float]:
    """Memory of this process alone, and of files it has mapped."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    sizes = {
        key: value.split()[0]
        for key, _, value in (line.partition(":") for line in lines)
        if key in ("RssAnon", "RssFile")
    }
    return int(sizes["RssAnon"]) / 1024, int(sizes["RssFile"]) / 1024


if __name__ == "__main__":
    main()
