"""Places in English: names in letters, what stands around them, and what is none."""

from __future__ import annotations

from functools import cache

import pytest

from bot.language.gazetteer import load_gazetteer
from bot.language.places_english import EnglishPlaces


@cache
def places() -> EnglishPlaces:
    return EnglishPlaces(load_gazetteer())


def read(text: str) -> list[str]:
    spans, _ = places().find(text)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("bench broken, tuanjiehu park", ["tuanjiehu park"]),
        ("two lamps are out on No. 5 Fangyuan Street, Haidian", ["No. 5 Fangyuan Street, Haidian"]),
        ("rats near Sanlitun in Chaoyang District", ["Sanlitun in Chaoyang District"]),
        (
            "trash at the north gate of Huixin park, building 3 as well",
            ["the north gate of Huixin park, building 3"],
        ),
        ("Exit B of Beixinqiao station is blocked", ["Exit B of Beixinqiao station"]),
        ("a stall in front of the Longfu hotel", ["in front of the Longfu hotel"]),
        (
            "Gulou East Street opposite Baochao hutong",
            ["Gulou East Street opposite Baochao hutong"],
        ),
        ("smoke at Central Tower 2 today", ["Central Tower 2"]),
        ("dongsi shitiao 22, bad smell", ["dongsi shitiao 22"]),
        ("noise for 3 nights in Wangjing 2 days ago", ["Wangjing"]),
        ("the corner of Anli Lu and Datun Lu", ["the corner of Anli Lu and Datun Lu"]),
    ],
)
def test_a_place_is_read_with_what_stands_around_its_name(said: str, found: list[str]) -> None:
    assert read(said) == found


@pytest.mark.parametrize(
    "said",
    [
        "Please send someone, the machine makes noise every night",
        "My name is Maria",
        "call me Adeyemi, please",
        "I am Chinese and I speak English",
        "the police came on Monday",
        "near the market behind the school",
        "THIS IS THE THIRD TIME, DO SOMETHING",
        "芳园街，海淀 Haidian",
    ],
)
def test_what_names_no_place_is_none(said: str) -> None:
    assert read(said) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("trash in Haidian", "110108"),
        ("lamps out, HAIDIAN DISTRICT", "110108"),
        ("sanlitun", "110105"),
    ],
)
def test_a_name_of_the_list_brings_its_district(said: str, code: str) -> None:
    _, units = places().find(said)
    (unit,) = units
    assert unit.hit is not None
    assert {division.district_code for division in unit.hit.divisions} == {code}
