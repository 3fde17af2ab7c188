"""The lexicon: every row is loaded, every district of a place exists, names are honest."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bot.language.gazetteer import LEXICON_DIR, Gazetteer, load_gazetteer
from tests.conftest import SHARED, skip_unless_required
from tests.unit.readers import gazetteer

COPIED = SHARED / "laws" / "beijing_divisions.csv"


def names_in(text: str, known: Gazetteer | None = None) -> list[str]:
    hits = (known or gazetteer()).find(text, lambda start, end: True)
    return [text[hit.start : hit.end] for hit in hits]


def test_the_divisions_are_the_ones_with_sources() -> None:
    if not COPIED.exists():
        skip_unless_required("shared", f"{COPIED} is not here")
    assert (LEXICON_DIR / "divisions.csv").read_bytes() == COPIED.read_bytes()


def test_every_place_has_a_kind_and_says_where_it_is_from() -> None:
    with (LEXICON_DIR / "places.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 400
    kinds = {"road", "hutong", "neighbourhood", "metro", "park", "hospital", "mall", "school", "landmark"}  # fmt: skip
    assert {row["kind"] for row in rows} == kinds
    assert all(row["note"] for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("name", "district", "subdistrict"),
    [
        ("海淀", "海淀区", None),
        ("海淀区", "海淀区", None),
        ("中关村街道", "海淀区", "中关村街道"),
        ("望京", "朝阳区", "望京街道"),
        ("良乡镇", "房山区", "良乡地区"),
        ("回龙观街道办事处", "昌平区", "回龙观街道"),
        ("于家务乡", "通州区", "于家务回族乡"),
    ],
)
def test_names_of_divisions(name: str, district: str, subdistrict: str | None) -> None:
    named = gazetteer().look_up(name)
    assert named is not None
    (division,) = named.divisions
    assert (division.district, division.subdistrict) == (district, subdistrict)
    assert division.district_code.startswith("110")


def test_a_name_of_two_districts_keeps_both() -> None:
    named = gazetteer().look_up("八里庄街道")
    assert named is not None
    assert {division.district for division in named.divisions} == {"朝阳区", "海淀区"}


@pytest.mark.parametrize("word", ["河北", "胜利", "温泉", "学院路街", "光明"])
def test_everyday_words_are_no_short_names(word: str) -> None:
    named = gazetteer().look_up(word)
    assert named is None or named.kind not in ("district", "subdistrict")


def test_finds_the_longest_name() -> None:
    assert names_in("海淀区中关村大街的东边") == ["海淀区", "中关村大街"]


def test_a_name_cut_off_by_the_end_is_not_found() -> None:
    assert names_in("在海") == []
    assert names_in("海淀") == ["海淀"]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="divisions"):
        load_gazetteer(tmp_path)
