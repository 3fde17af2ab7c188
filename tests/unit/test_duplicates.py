"""One trouble told twice, or two: our own pairs, real ones where they are at hand, bad input."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from bot.language.embedding import Embedder, load_embedder
from cases.duplicates import Report, compare, read_report
from hotline.errors import InvalidInput
from tests.conftest import SHARED

OWN = Path(__file__).parent.parent / "cases" / "duplicates.jsonl"
REAL = SHARED / "realdata" / "duplicates_dev.jsonl"
CACHE = Path(__file__).parent.parent.parent / ".cache" / "tests" / "cache"


@cache
def embedder() -> Embedder:
    return load_embedder(CACHE)


def share_right(path: Path) -> float:
    """The share of a file's pairs that are judged as labelled."""
    right = []
    for line in path.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        verdict = compare(read_report(pair, "a"), read_report(pair, "b"), embedder().embed)
        right.append(verdict.duplicate == pair["duplicate"])
    return sum(right) / len(right)


def test_our_own_pairs_are_judged_right() -> None:
    assert share_right(OWN) == 1.0


def test_real_pairs_do_not_get_worse() -> None:
    if not REAL.exists():
        pytest.skip("no real letters here")
    assert share_right(REAL) >= 0.9


def test_the_same_words_about_another_place_are_another_case() -> None:
    body = "路灯坏了两个星期，晚上走路看不清。"
    first, second = Report("翠微路路灯不亮", body), Report("莲花路路灯不亮", body)
    assert not compare(first, second, embedder().embed).duplicate
    assert compare(first, first, embedder().embed).duplicate


def test_nothing_told_is_no_duplicate() -> None:
    assert not compare(Report("", ""), Report("", ""), embedder().embed).duplicate


@pytest.mark.parametrize("item", [{}, {"a": "text"}, {"a": {"title": 3}}])
def test_bad_lines_are_named(item: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="第 7 行"):
        read_report({"_line": 7, **item}, "a")
