"""Compares this product with a stock Rasa assistant: the same turns, one run, one table.

    .venv/bin/python benchmarks/chat.py [--residents 50] [--turns 8]

Both are trained on the same sentences, started on free ports with their data in temporary
folders, warmed up by one resident, and then talked to by many at once over HTTP. Ours answers
through its public chat API: every message is stored durably first, questions are searched and
cases are filed. Stock Rasa answers through its REST channel with fixed texts (benchmarks/stock)
and its trackers in SQLite, as ours are. Each side runs with its own defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Protocol

import aiohttp

from benchmarks import stock
from benchmarks.processes import end_children_on_sigterm, free_port, peak_megabytes, running
from hotline.bench import SCRIPT
from hotline.settings import ROOT

_READY_SECONDS = 300.0
_TURN_SECONDS = 120.0
_POLL_SECONDS = 0.1
OURS, STOCK = "this product", "stock Rasa"


@dataclass(slots=True)
class Figures:
    """What was measured of one side; seconds unless the name says otherwise."""

    training: float
    first_start: float = 0.0
    start: float = 0.0
    elapsed: float = 0.0
    turns: list[float] = field(default_factory=list)
    unanswered: int = 0
    rasa_megabytes: float | None = None
    other_megabytes: float | None = None


class Door(Protocol):
    """How residents reach one side."""

    async def enter(self, http: aiohttp.ClientSession) -> str:
        """Begin a conversation; returns what `say` needs."""
        ...

    async def say(self, http: aiohttp.ClientSession, visit: str, text: str) -> bool:
        """Say it, and wait; whether there was an answer."""
        ...


class ChatDoor:
    """Our chat API."""

    async def enter(self, http: aiohttp.ClientSession) -> str:
        async with http.post("/api/v1/conversations") as response:
            opened = await response.json()
        return f"{opened['conversation_id']} {opened['token']}"

    async def say(self, http: aiohttp.ClientSession, visit: str, text: str) -> bool:
        conversation_id, token = visit.split()
        async with http.post(
            f"/api/v1/conversations/{conversation_id}/messages?wait=30",
            json={"client_message_id": uuid.uuid4().hex, "text": text},
            headers={"Authorization": f"Bearer {token}"},
        ) as response:
            return response.status == 200 and bool((await response.json())["replies"])


class RestDoor:
    """Rasa's REST channel."""

    async def enter(self, http: aiohttp.ClientSession) -> str:
        return uuid.uuid4().hex

    async def say(self, http: aiohttp.ClientSession, visit: str, text: str) -> bool:
        body = {"sender": visit, "message": text}
        async with http.post("/webhooks/rest/webhook", json=body) as response:
            return response.status == 200 and bool(await response.json())


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=50, help="talking at the same time")
    parser.add_argument("--turns", type=int, default=8, help="messages of each")
    parser.add_argument("--diet-epochs", type=int, default=100)
    parser.add_argument("--ted-epochs", type=int, default=50)
    options = parser.parse_args()
    end_children_on_sigterm()
    sides: dict[str, Callable[[Path], Figures]] = {
        OURS: lambda folder: measure_ours(folder, options.residents, options.turns),
        STOCK: lambda folder: measure_stock(
            folder, options.residents, options.turns, options.diet_epochs, options.ted_epochs
        ),
    }
    figures: dict[str, Figures] = {}
    for name, measure in sides.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            figures[name] = measure(Path(scratch))
    print(f"{options.residents} residents at once, {options.turns} turns each")
    print("\n".join(make_table(figures)))


# --- the two sides ---------------------------------------------------------------------------


def measure_ours(folder: Path, residents: int, turns: int) -> Figures:
    """Train, start, talk."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("HOTLINE_")}
    env = {
        **kept,
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_MESSAGES_PER_MINUTE": "1000000",
        "HOTLINE_CONVERSATIONS_PER_MINUTE": "1000000",
    }
    hotline = [sys.executable, "-m", "hotline.cli"]
    started = time.perf_counter()
    with running([*hotline, "train"], env, ROOT, folder / "train.log") as process:
        if process.wait() != 0:
            raise SystemExit("training failed:\n" + tail(folder / "train.log"))
    figures = Figures(time.perf_counter() - started)

    @contextmanager
    def serve() -> Iterator[tuple[str, int]]:
        port = free_port()
        ports = {
            "HOTLINE_RASA_PORT": str(free_port()),
            "HOTLINE_ACTIONS_PORT": str(free_port()),
        }
        command = [*hotline, "serve", "--port", str(port)]
        with running(command, {**env, **ports}, ROOT, folder / "serve.log") as process:
            yield f"http://127.0.0.1:{port}", process.pid

    talk_through(serve, "/readyz", ChatDoor(), residents, turns, figures, folder / "serve.log")
    if len(list((folder / "models").glob("assistant-*.tar.gz"))) > 1:
        print("the project changed meanwhile: a start trained again", file=sys.stderr)
    return figures


def measure_stock(
    folder: Path, residents: int, turns: int, diet_epochs: int, ted_epochs: int
) -> Figures:
    """Train, start, talk."""
    stock.write_project(folder, diet_epochs, ted_epochs)
    model, seconds = stock.train(folder)
    figures = Figures(seconds)

    @contextmanager
    def serve() -> Iterator[tuple[str, int]]:
        port = free_port()
        command = [
            *(sys.executable, "-m", "rasa", "run", "--model", str(model), "--quiet"),
            *("--endpoints", "endpoints.yml", "--credentials", "credentials.yml"),
            *("--interface", "127.0.0.1", "--port", str(port)),
        ]
        with running(command, stock.environment(), folder, folder / "serve.log") as process:
            yield f"http://127.0.0.1:{port}", process.pid

    # Rasa listens only once its model is loaded
    talk_through(serve, "/", RestDoor(), residents, turns, figures, folder / "serve.log")
    return figures


def talk_through(
    serve: Callable[[], AbstractContextManager[tuple[str, int]]],
    ready_path: str,
    door: Door,
    residents: int,
    turns: int,
    figures: Figures,
    log: Path,
) -> None:
    """Start twice (the first start also builds what is kept), then talk and weigh."""
    started = time.perf_counter()
    with serve() as (url, _):
        asyncio.run(wait_until_ready(url + ready_path, log))
        figures.first_start = time.perf_counter() - started
    started = time.perf_counter()
    with serve() as (url, session):
        asyncio.run(wait_until_ready(url + ready_path, log))
        figures.start = time.perf_counter() - started
        asyncio.run(talk(url, door, residents, turns, figures))
        figures.rasa_megabytes, figures.other_megabytes = peak_megabytes(session)


# --- talking ---------------------------------------------------------------------------------


async def wait_until_ready(url: str, log: Path) -> None:
    """Poll until it answers 200; gives up with the log's last lines."""
    deadline = time.monotonic() + _READY_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        while time.monotonic() < deadline:
            try:
                async with http.get(url) as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(_POLL_SECONDS)
    raise SystemExit(f"{url} did not become ready:\n{tail(log)}")


async def talk(url: str, door: Door, residents: int, turns: int, figures: Figures) -> None:
    """One resident warms up, unmeasured; then all at once, each saying the script in turn."""
    timeout = aiohttp.ClientTimeout(total=_TURN_SECONDS)
    connector = aiohttp.TCPConnector(limit=residents + 4)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as http:
        await _reside(http, door, len(SCRIPT), Figures(0))
        started = time.perf_counter()
        await asyncio.gather(*(_reside(http, door, turns, figures) for _ in range(residents)))
        figures.elapsed = time.perf_counter() - started


async def _reside(http: aiohttp.ClientSession, door: Door, turns: int, figures: Figures) -> None:
    visit = await door.enter(http)
    for turn in range(turns):
        started = time.perf_counter()
        try:
            answered = await door.say(http, visit, SCRIPT[turn % len(SCRIPT)])
        except (aiohttp.ClientError, TimeoutError):
            answered = False
        figures.turns.append(time.perf_counter() - started)
        figures.unanswered += not answered


# --- telling ---------------------------------------------------------------------------------


def make_table(figures: dict[str, Figures]) -> Iterator[str]:
    """The figures side by side."""
    rows: dict[str, Callable[[Figures], str]] = {
        "training, s": lambda f: f"{f.training:.0f}",
        "first start, s": lambda f: f"{f.first_start:.1f}",
        "start, s": lambda f: f"{f.start:.1f}",
        "turns/s": lambda f: f"{len(f.turns) / f.elapsed:.1f}",
        "turn p50, ms": lambda f: f"{_percentile(f.turns, 50) * 1000:.0f}",
        "turn p95, ms": lambda f: f"{_percentile(f.turns, 95) * 1000:.0f}",
        "unanswered": lambda f: str(f.unanswered),
        "peak RSS of Rasa, MB": lambda f: _megabytes(f.rasa_megabytes),
        "peak RSS of the rest, MB": lambda f: _megabytes(f.other_megabytes),
    }
    width = max(map(len, rows)) + 2
    yield " " * width + "".join(f"{name:>16}" for name in figures)
    for name, tell in rows.items():
        yield f"{name:<{width}}" + "".join(f"{tell(one):>16}" for one in figures.values())


def _percentile(seconds: list[float], percent: int) -> float:
    if len(seconds) < 2:
        return seconds[0] if seconds else 0.0
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]


def _megabytes(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f}"


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:]) if log.exists() else ""


if __name__ == "__main__":
    main()
