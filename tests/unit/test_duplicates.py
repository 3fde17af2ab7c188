"""One trouble told twice, or two: our own pairs, real ones where they are at hand, bad input."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from bot.language.embedding import Embedder, load_embedder
from cases.duplicates import Report, compare, read_moment, read_report
from cases.spots import contradict, read_spot
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


def test_our_own_pairs_do_not_get_worse() -> None:
    assert share_right(OWN) >= 0.87


def test_real_pairs_do_not_get_worse() -> None:
    if not REAL.exists():
        pytest.skip("no real letters here")
    assert share_right(REAL) >= 0.94


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A3区锦泰小区3栋楼下垃圾没人清", "B5区锦泰小区3栋楼下垃圾没人清"),
        ("永丰路18号搭了彩钢房", "永丰路92号搭了彩钢房"),
        ("桂花苑二期底商油烟直排", "桂花苑五期底商油烟直排"),
        ("望京西园四区消防通道被占", "望京西园三区消防通道被占"),
    ],
)
def test_places_that_contradict_refuse_whatever_the_words(one: str, other: str) -> None:
    verdict = compare(Report("", one), Report("", other), embedder().embed)
    assert not verdict.duplicate
    assert verdict.reasons


def test_a_zone_across_districts_contradicts_none() -> None:
    spots = [read_spot(text) for text in ("A7县泉塘路", "A市经开区泉塘路", "A2区泉塘路")]
    assert not contradict(spots[0].areas, spots[1].areas)
    assert contradict(spots[0].areas, spots[2].areas)


@pytest.mark.parametrize("raw", ["2026-11-01T20:00:00+08:00", "2019/5/12 0:41:25", "2019-5-12"])
def test_moments_are_read_however_they_are_written(raw: str) -> None:
    assert read_moment(raw) is not None
    assert read_moment("昨天") is None
