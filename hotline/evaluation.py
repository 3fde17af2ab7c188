"""`hotline evaluate`: scores on sentences that were never trained on.

How each field is scored stands in tests/understanding/README.md.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.language.models import Channel, Understanding
from hotline.errors import NotFound
from hotline.parsing import open_understander
from hotline.settings import ROOT, Settings

SENTENCES = ROOT / "tests" / "understanding" / "sentences.jsonl"
_NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
_WORST = 12
_OVERLAP = 0.5


@dataclass(slots=True)
class Tally:
    """Right out of all."""

    right: int = 0
    all: int = 0

    def add(self, right: bool) -> None:
        """Count one case."""
        self.right += right
        self.all += 1

    def __str__(self) -> str:
        share = f"{self.right / self.all:.3f}" if self.all else "  —  "
        return f"{share} ({self.right}/{self.all})"


@dataclass(slots=True)
class Scores:
    """Everything counted over a test set."""

    intents: Tally = field(default_factory=Tally)
    by_intent: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_register: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    category_first: Tally = field(default_factory=Tally)
    category_three: Tally = field(default_factory=Tally)
    danger_found: Tally = field(default_factory=Tally)
    false_alarms: Tally = field(default_factory=Tally)
    entities: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    worst: list[tuple[float, str]] = field(default_factory=list)


def score(rows: Sequence[Mapping[str, Any]], readings: Sequence[Understanding]) -> Scores:
    """Compare readings with labels."""
    scores = Scores()
    for row, reading in zip(rows, readings, strict=True):
        _score_intent(scores, row, reading)
        _score_category(scores, row, reading)
        _score_danger(scores, row, reading)
        _score_entities(scores, row, reading)
    scores.worst.sort(reverse=True)
    return scores


def _score_intent(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    right = reading.intent.name in {row["intent"], *row["intent_alt"]}
    scores.intents.add(right)
    scores.by_intent[row["intent"]].add(right)
    scores.by_register[row["register"]].add(right)
    if not right:
        scores.confusions[row["intent"], reading.intent.name] += 1
        told = f"{row['intent']} → {reading.intent.name} {reading.intent.confidence:.2f}  {row['text'][:60]}"
        scores.worst.append((reading.intent.confidence, told))


def _score_category(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    if not row["category"]:
        return
    accepted = {row["category"], *row["category_alt"]}
    ranked = [guess.code for guess in reading.category_ranking]
    scores.category_first.add(bool(ranked) and ranked[0] in accepted)
    scores.category_three.add(bool(accepted & set(ranked[:3])))


def _score_danger(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    if row["emergency"]:
        scores.danger_found.add(reading.emergency is not None)
    elif reading.emergency not in row["emergency_alt"]:
        scores.false_alarms.add(reading.emergency is not None)


def _score_entities(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    for label in row["entities"]:
        kind = label["entity"]
        if label.get("role") == "old" or not _is_scored(kind, row["intent"]):
            continue
        found = [entity for entity in reading.entities if entity.entity == kind]
        if kind in ("phone", "case_number"):
            scores.entities[kind].add(label["value"] in {entity.value for entity in found})
        else:
            best = max((_overlap(label, e.start, e.end) for e in found), default=0.0)
            scores.entities[kind].add(best >= _OVERLAP)


def _is_scored(kind: str, intent: str) -> bool:
    if intent in ("ask_policy", "chitchat", "out_of_scope"):
        return False
    if intent == "check_case":
        return kind in ("phone", "case_number")
    return kind != "time" or intent in ("report_case", "correct_slot", "inform")


def _overlap(label: Mapping[str, Any], start: int, end: int) -> float:
    first, last = int(label["start"]), int(label["end"])
    shared = min(last, end) - max(first, start)
    return max(shared, 0) / (max(last, end) - min(first, start))


def channel_of(row: Mapping[str, Any]) -> Channel:
    """Speech is read as speech."""
    return "voice" if row["register"] == "asr" else "webchat"


def evaluate_understanding(settings: Settings) -> Iterator[str]:
    """The report, line by line; raises NotFound when the test set is not shipped."""
    if not SENTENCES.exists():
        raise NotFound("没有找到测试集 tests/understanding/sentences.jsonl。")
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    with open_understander(settings) as understander:
        readings = [understander.read(row["text"], channel_of(row), _NOW) for row in rows]
    yield from describe(score(rows, readings), len(rows))


def describe(scores: Scores, count: int) -> Iterator[str]:
    """The scores as a readable report."""
    yield f"测试句 {count}（从未用于训练）"
    yield f"意图正确            {scores.intents}"
    yield f"类别首位正确        {scores.category_first}"
    yield f"类别前三含正确      {scores.category_three}"
    yield f"紧急发现            {scores.danger_found}"
    yield f"误报紧急            {scores.false_alarms}"
    for kind, tally in sorted(scores.entities.items()):
        yield f"实体 {kind:<14} {tally}"
    yield "按意图："
    for name, tally in sorted(
        scores.by_intent.items(), key=lambda item: item[1].right / item[1].all
    ):
        yield f"  {name:<16} {tally}"
    yield "按语体："
    for name, tally in sorted(
        scores.by_register.items(), key=lambda item: item[1].right / item[1].all
    ):
        yield f"  {name:<16} {tally}"
    yield "最常见的混淆："
    for (right, taken), times in scores.confusions.most_common(8):
        yield f"  {right} 当成 {taken}：{times}"
    yield "错得最有把握的："
    for _, line in scores.worst[:_WORST]:
        yield f"  {line}"
