"""The report of `hotline evaluate`: every test set read, scored and told."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.language.models import Understanding
from bot.language.understanding import Told, Understander
from hotline.errors import NotFound
from hotline.evaluation import (
    CONFIDENCE_BINS,
    Scores,
    Tally,
    bin_confidence,
    calibration_error,
    channel_of,
    score,
)
from hotline.parsing import open_understander
from hotline.settings import ROOT, Settings

TEST_SETS = ROOT / "tests" / "understanding"
EMERGENCIES = "emergencies"
LETTERS = ROOT.parent / "shared" / "realdata" / "messages_dev.jsonl"
"""Real residents' letters, where they are at hand; never part of the project."""
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
_WORST = 12
_TOGETHER = 64
_UNLABELLED: Mapping[str, Any] = {
    "register": "plain",
    "intent": "report_case",
    "intent_alt": [],
    "category": None,
    "category_alt": [],
    "emergency": None,
    "emergency_alt": [],
    "entities": [],
}
_LETTER_INTENTS = {
    "report": "report_case",
    "consult": "ask_policy",
    "suggest": "make_suggestion",
    "praise": "give_praise",
    "progress": "check_case",
}

Row = Mapping[str, Any]
Read = Callable[[Sequence[Row]], list[Understanding]]


def evaluate_understanding(settings: Settings) -> Iterator[str]:
    """The report, line by line; raises NotFound when no test set is shipped."""
    sets = read_test_sets()
    if not sets:
        raise NotFound("没有找到测试集 tests/understanding/*.jsonl。")
    with open_understander(settings) as understander:
        read = reader(understander)
        for name, rows in sets.items():
            yield f"== {name}：{len(rows)} 句，从未用于训练"
            yield from describe(score(rows, read(rows)))
        yield from describe_emergencies(read)
        if LETTERS.exists():
            yield from describe_letters(read)


def reader(understander: Understander) -> Read:
    """Reads rows as the product would, at a fixed moment."""

    def read(rows: Sequence[Row]) -> list[Understanding]:
        told = [Told(row["text"], channel_of(row)) for row in rows]
        return [
            reading
            for start in range(0, len(told), _TOGETHER)
            for reading in understander.read_many(told[start : start + _TOGETHER], NOW)
        ]

    return read


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def read_test_sets() -> dict[str, list[Row]]:
    """The project's own sets of labelled messages by name."""
    paths = sorted(TEST_SETS.glob("*.jsonl"))
    return {path.stem: read_rows(path) for path in paths if not path.stem.startswith(EMERGENCIES)}


def describe(scores: Scores) -> Iterator[str]:
    """The scores as a readable report."""
    yield f"意图正确            {scores.intents}"
    yield f"类别首位正确        {scores.category_first}"
    yield f"类别前三含正确      {scores.category_three}"
    yield f"紧急发现            {scores.danger_found}"
    yield f"误报紧急            {scores.false_alarms}"
    yield f"超出范围认出        {scores.declined}"
    yield f"误拒正当诉求        {scores.turned_away}"
    for kind, tally in sorted(scores.entities.items()):
        yield f"实体 {kind:<14} {tally}"
    yield f"误认地点的消息      {scores.false_places}"
    yield from _describe_shares("按意图", scores.by_intent)
    yield from _describe_shares("按语体", scores.by_register)
    for name, pairs in scores.calibration.items():
        yield from _describe_calibration(name, pairs)
    yield "最常见的混淆："
    for (right, taken), times in scores.confusions.most_common(8):
        yield f"  {right} 当成 {taken}：{times}"
    yield "错得最有把握的："
    for confidence, told, text in scores.worst[:_WORST]:
        yield f"  {confidence:.2f} {told}  {text[:60]}"


def _describe_shares(title: str, tallies: Mapping[str, Tally]) -> Iterator[str]:
    yield f"{title}："
    for name, tally in sorted(tallies.items(), key=lambda item: item[1].right / item[1].all):
        yield f"  {name:<16} {tally}"


def _describe_calibration(name: str, pairs: list[tuple[float, bool]]) -> Iterator[str]:
    yield f"把握与正确（{name}），平均差 {calibration_error(pairs):.3f}："
    for low, high, part in zip(
        CONFIDENCE_BINS, CONFIDENCE_BINS[1:], bin_confidence(pairs), strict=False
    ):
        if part:
            right = sum(right for _, right in part) / len(part)
            yield f"  {low:.2f}–{min(high, 1):.2f}  {len(part):>4} 句  正确 {right:.2f}"


def summarise(scores: Scores) -> dict[str, float]:
    """The shares that must not drop, by name."""
    tallies = {
        "intents": scores.intents,
        "category_first": scores.category_first,
        "category_three": scores.category_three,
        "danger_found": scores.danger_found,
        "declined": scores.declined,
        **scores.entities,
    }
    return {name: tally.right / tally.all for name, tally in tallies.items() if tally.all}


def read_emergencies() -> list[Row]:
    """The sets of dangers and near misses, with the keys of the other sets."""
    rows = [
        row for path in sorted(TEST_SETS.glob(f"{EMERGENCIES}*.jsonl")) for row in read_rows(path)
    ]
    return [{**_UNLABELLED, "emergency_alt": [], **row} for row in rows]


def read_letters() -> list[Row]:
    """The real letters, labelled as our sets are; categories by every code of the plain word."""
    codes = _read_crosswalk()
    rows: list[Row] = []
    for letter in read_rows(LETTERS):
        if not letter["in_scope"]:
            continue
        words = (letter["category"], *letter["category_alt"])
        accepted = sorted({code for word in words for code in codes[word]})
        rows.append(
            {
                **_UNLABELLED,
                "text": letter["text"],
                "register": "letter",
                "intent": _LETTER_INTENTS[letter["intent"]],
                "intent_alt": [_LETTER_INTENTS[name] for name in letter["intent_alt"]],
                "category": accepted[0] if accepted else None,
                "category_alt": accepted,
                "entities": [{**place, "entity": "location"} for place in letter["location"]],
            }
        )
    return rows


def describe_emergencies(read: Read) -> Iterator[str]:
    """Dangers found and false alarms on the set that holds nothing else."""
    found, right, false = Tally(), Tally(), Tally()
    missed = []
    rows = read_emergencies()
    for row, reading in zip(rows, read(rows), strict=True):
        kind = reading.emergency
        if not row["emergency"]:
            false.add(kind is not None)
            missed += [f"  误报 {kind}：{row['text'][:60]}"] if kind else []
            continue
        found.add(kind is not None)
        right.add(kind in {row["emergency"], *row["emergency_alt"]})
        missed += [f"  漏报 {row['emergency']}：{row['text'][:60]}"] if kind is None else []
    yield f"== {EMERGENCIES}：{len(rows)} 句"
    yield f"紧急发现            {found}"
    yield f"类型也对            {right}"
    yield f"误报紧急            {false}"
    yield from missed


def describe_letters(read: Read) -> Iterator[str]:
    """Real letters: shares only, never their words."""
    rows = read_letters()
    scores = score(rows, read(rows))
    yield f"== 真实来信：{len(rows)} 封"
    yield f"意图正确            {scores.intents}"
    yield f"类别首位正确        {scores.category_first}"
    yield f"类别前三含正确      {scores.category_three}"
    yield f"地点找到            {scores.entities['location']}"


def _read_crosswalk() -> dict[str, set[str]]:
    codes: dict[str, set[str]] = defaultdict(set)
    path = ROOT / "cases" / "data" / "category_crosswalk.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            codes[row["plain_word"]].add(row["code"])
    return codes
