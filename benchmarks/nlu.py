"""Compares our understanding with Rasa's stock Chinese pipeline on sentences nobody trained on.

    .venv/bin/python -m benchmarks.nlu

Both are trained by `rasa train nlu` on nlu_data/nlu in temporary folders, from nothing, and then
read tests/understanding/*.jsonl in a process of their own, one sentence at a time. Stock Rasa
only names the intent; ours also finds the category, the entities and danger in the same time.

A hundred epochs of DIET take most of an hour on two cores: `--diet-epochs` says how many are run,
and a training of one epoch before it tells what the others cost. The table names the epochs that
were run beside everything measured, and what a hundred would take as what it is: reckoned.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import yaml

from benchmarks import stock
from bot.language.models import Intent, Understanding
from hotline.evaluation import channel_of, score
from hotline.evaluation_report import read_test_sets
from hotline.settings import ROOT, Settings

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WARM_UP = ("你好", "请问几点下班", "门口有人摆摊")
OURS, STOCK = "ours", "stock Rasa"
_WORKER_MEGABYTE = 1024.0  # ru_maxrss counts kilobytes

Read = Callable[[Mapping[str, Any]], Understanding]


def main() -> None:
    """Train both, read with both, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--diet-epochs", type=int, default=5)
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument("--read-with", choices=(OURS, STOCK), help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read_with:
        print(json.dumps(read_all(options.read_with, options.model, options.sentences)))
        return
    figures: dict[str, dict[str, float]] = {}
    for name in (OURS, STOCK):
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            figures[name] = measure(name, Path(scratch), options.diet_epochs, options.sentences)
    print("\n".join(make_table(figures, options.diet_epochs)))


def measure(name: str, folder: Path, diet_epochs: int, sentences: int | None) -> dict[str, float]:
    """Train in `folder`, read in a process of its own."""
    env = stock.environment()
    if name == OURS:
        env |= {"HOTLINE_DATA_DIR": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        config, domain = ROOT / "config.yml", ROOT / "bot" / "domain"
    else:
        config, domain = folder / "config.yml", folder / "domain.yml"
        stock.write_project(folder, diet_epochs, ted_epochs=1)
        _leave_policies_out(config)
    model, seconds = stock.train_nlu(config, domain, folder, env)
    figures = {"training": seconds}
    if name == STOCK and diet_epochs > 1:
        figures["hundred epochs"] = _reckon_hundred(folder / "one", diet_epochs, seconds)
    # as a module: beside this file stands cases.py, which would hide the package of that name
    command = [sys.executable, "-m", "benchmarks.nlu", "--read-with", name, "--model", str(model)]
    if sentences:
        command += ["--sentences", str(sentences)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit("reading failed:\n" + done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**figures, **found}


def _number_of(batch: str) -> int:
    return int(batch.rpartition("_")[2])


def _reckon_hundred(folder: Path, epochs: int, seconds: float) -> float:
    """What DIET's usual hundred epochs would take, from `epochs` that took `seconds` and from one."""
    folder.mkdir()
    stock.write_project(folder, 1, ted_epochs=1)
    _leave_policies_out(folder / "config.yml")
    config, domain = folder / "config.yml", folder / "domain.yml"
    _, one = stock.train_nlu(config, domain, folder, stock.environment())
    return seconds + (100 - epochs) * (seconds - one) / (epochs - 1)


def _leave_policies_out(config: Path) -> None:
    only_nlu = yaml.safe_load(config.read_text("utf-8")) | {"policies": []}
    config.write_text(yaml.safe_dump(only_nlu, sort_keys=False), "utf-8")


# --- in the reading process ------------------------------------------------------------------


def read_all(name: str, model: Path, count: int | None) -> dict[str, float]:
    """Read the test sentences and score; times in seconds, memory in megabytes."""
    sets = read_test_sets()
    last_batch = max((name for name in sets if name.startswith("batch_")), key=_number_of)
    newest_ids = {row["id"] for row in sets[last_batch]}
    rows = [row for rows in sets.values() for row in rows][:count]
    started = time.perf_counter()
    read = open_ours(model) if name == OURS else open_stock(model)
    for text in WARM_UP:
        read({"text": text, "register": "plain"})
    loading = time.perf_counter() - started
    readings, seconds = [], []
    for row in rows:
        started = time.perf_counter()
        readings.append(read(row))
        seconds.append(time.perf_counter() - started)
    scores = score(rows, readings)
    spoken = scores.by_register["asr"]
    new = [index for index, row in enumerate(rows) if row["id"] in newest_ids]
    newest = score([rows[i] for i in new], [readings[i] for i in new]).intents
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {
        "sentences": scores.intents.all,
        "right": scores.intents.right,
        "spoken": spoken.all,
        "spoken right": spoken.right,
        "newest": newest.all,
        "newest right": newest.right,
        "foreign": scores.declined.all,
        "declined": scores.declined.right,
        "loading": loading,
        "p50": cuts[49],
        "p95": cuts[94],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _WORKER_MEGABYTE,
    }


def open_ours(model: Path) -> Read:
    """The understander behind `hotline parse` and the chat."""
    from bot.language.embedding import load_embedder
    from bot.language.understanding import Understander
    from cases.categories import load_categories
    from hotline.settings import load_settings
    from hotline.training import unpacked_models

    settings: Settings = replace(load_settings(), embedder_dir="")
    names = {code: category.name for code, category in load_categories().items()}
    with unpacked_models(model) as folder:
        understander = Understander.load(folder, load_embedder(settings.cache_dir), names)
    return lambda row: understander.read(row["text"], channel_of(row), NOW)


def open_stock(model: Path) -> Read:
    """Rasa's agent, as its server uses it."""
    from rasa.core.agent import load_agent

    loop = asyncio.new_event_loop()
    agent = loop.run_until_complete(load_agent(model_path=str(model)))

    def read(row: Mapping[str, Any]) -> Understanding:
        parsed = loop.run_until_complete(agent.parse_message(row["text"]))
        return as_understanding(row["text"], parsed)

    return read


def as_understanding(text: str, parsed: Mapping[str, Any]) -> Understanding:
    """Rasa's parse in our type: only the intent is compared."""
    ranking = tuple(
        Intent(str(guess["name"]), float(guess["confidence"]))
        for guess in parsed.get("intent_ranking") or [parsed["intent"]]
    )
    return Understanding(
        text=text,
        normalised=text,
        intent=Intent(str(parsed["intent"]["name"]), float(parsed["intent"]["confidence"])),
        intent_ranking=ranking,
        category=None,
        category_ranking=(),
        entities=(),
        emergency=None,
        embedding=np.zeros(0, np.float32),
    )


# --- telling ---------------------------------------------------------------------------------


def make_table(figures: Mapping[str, Mapping[str, float]], diet_epochs: int) -> Iterator[str]:
    """The figures side by side."""
    yield f"stock Rasa: DIET trained for {diet_epochs} epochs"
    rows: Sequence[tuple[str, Callable[[Mapping[str, float]], str]]] = [
        ("intents right", lambda f: _share(f["right"], f["sentences"])),
        ("  of speech", lambda f: _share(f["spoken right"], f["spoken"])),
        ("  of the newest batch", lambda f: _share(f["newest right"], f["newest"])),
        ("out of scope found", lambda f: _share(f["declined"], f["foreign"])),
        ("training, s", lambda f: f"{f['training']:.0f}"),
        (
            "  of 100 epochs, reckoned",
            lambda f: f"{f['hundred epochs']:.0f}" if "hundred epochs" in f else "—",
        ),
        ("loading, s", lambda f: f"{f['loading']:.1f}"),
        ("a sentence p50, ms", lambda f: f"{f['p50'] * 1000:.1f}"),
        ("a sentence p95, ms", lambda f: f"{f['p95'] * 1000:.1f}"),
        ("peak RSS, MB", lambda f: f"{f['megabytes']:.0f}"),
    ]
    width = max(len(name) for name, _ in rows) + 2
    yield " " * width + "".join(f"{name:>18}" for name in figures)
    for name, tell in rows:
        yield f"{name:<{width}}" + "".join(f"{tell(one):>18}" for one in figures.values())


def _share(right: float, of: float) -> str:
    return f"{right / of:.3f} ({right:.0f}/{of:.0f})" if of else "—"


if __name__ == "__main__":
    main()
