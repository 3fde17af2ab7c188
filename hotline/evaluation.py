"""`hotline evaluate`: scores on messages that were never trained on.

How each field is scored stands in tests/understanding/README.md.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.language.models import Channel, Understanding

_OVERLAP = 0.5
CONFIDENCE_BINS = (0.0, 0.5, 0.7, 0.85, 0.95, 1.01)
"""Edges of the bins in which confidence is compared with how often it was right."""


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
    declined: Tally = field(default_factory=Tally)
    """Out-of-scope messages told from ours."""
    turned_away: Tally = field(default_factory=Tally)
    """Requests of ours taken for out of scope; `right` counts the mistakes."""
    calibration: dict[str, list[tuple[float, bool]]] = field(
        default_factory=lambda: {"intent": [], "category": []}
    )
    false_places: Tally = field(default_factory=Tally)
    """Places found that are none; `right` counts the mistakes, `all` the messages looked at."""
    entities: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    worst: list[tuple[float, str, str]] = field(default_factory=list)


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
    scores.calibration["intent"].append((reading.intent.confidence, right))
    if row["intent"] == "out_of_scope":
        scores.declined.add(right)
    elif "out_of_scope" not in row["intent_alt"]:
        scores.turned_away.add(reading.intent.name == "out_of_scope")
    scores.by_intent[row["intent"]].add(right)
    scores.by_register[row["register"]].add(right)
    if not right:
        scores.confusions[row["intent"], reading.intent.name] += 1
        told = f"{row['intent']} → {reading.intent.name}"
        scores.worst.append((reading.intent.confidence, told, row["text"]))


def _score_category(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    if not row["category"]:
        return
    accepted = {row["category"], *row["category_alt"]}
    ranked = [guess.code for guess in reading.category_ranking]
    first = bool(ranked) and ranked[0] in accepted
    scores.category_first.add(first)
    if ranked:
        scores.calibration["category"].append((reading.category_ranking[0].confidence, first))
    scores.category_three.add(bool(accepted & set(ranked[:3])))


def _score_danger(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    if row["emergency"]:
        scores.danger_found.add(reading.emergency is not None)
    elif reading.emergency not in row["emergency_alt"]:
        scores.false_alarms.add(reading.emergency is not None)


def _score_entities(scores: Scores, row: Mapping[str, Any], reading: Understanding) -> None:
    for label in row["entities"]:
        kind = label["entity"]
        if label.get("role") == "old" or label.get("nameless"):
            continue
        if not _is_scored(kind, row["intent"]):
            continue
        found = [entity for entity in reading.entities if entity.entity == kind]
        if kind in ("phone", "case_number"):
            scores.entities[kind].add(label["value"] in {entity.value for entity in found})
        else:
            best = max((_overlap(label, e.start, e.end) for e in found), default=0.0)
            scores.entities[kind].add(best >= _OVERLAP)
    if row["intent"] in _PLACED:
        labels = [label for label in row["entities"] if label["entity"] == "location"]
        found = [entity for entity in reading.entities if entity.entity == "location"]
        wrong = [e for e in found if not any(_touches(label, e.start, e.end) for label in labels)]
        scores.false_places.add(bool(wrong))


def _is_scored(kind: str, intent: str) -> bool:
    if intent in ("ask_policy", "chitchat", "out_of_scope"):
        return False
    if intent == "check_case":
        return kind in ("phone", "case_number")
    return kind != "time" or intent in ("report_case", "correct_slot", "inform")


_PLACED = frozenset({"report_case", "inform", "correct_slot", "find_market", "find_office"})


def _touches(label: Mapping[str, Any], start: int, end: int) -> bool:
    return min(int(label["end"]), end) > max(int(label["start"]), start)


def _overlap(label: Mapping[str, Any], start: int, end: int) -> float:
    first, last = int(label["start"]), int(label["end"])
    shared = min(last, end) - max(first, start)
    return max(shared, 0) / (max(last, end) - min(first, start))


def channel_of(row: Mapping[str, Any]) -> Channel:
    """Speech is read as speech."""
    return "voice" if row.get("register") == "asr" else "webchat"


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean gap between confidence and share right over the bins, weighted by their size."""
    gaps = 0.0
    for part in bin_confidence(pairs):
        if part:
            told = sum(confidence for confidence, _ in part) / len(part)
            gaps += len(part) * abs(told - sum(right for _, right in part) / len(part))
    return gaps / max(len(pairs), 1)


def bin_confidence(pairs: Sequence[tuple[float, bool]]) -> list[list[tuple[float, bool]]]:
    """The pairs of (confidence, right) by CONFIDENCE_BINS."""
    edges = list(itertools.pairwise(CONFIDENCE_BINS))
    return [[pair for pair in pairs if low <= pair[0] < high] for low, high in edges]
