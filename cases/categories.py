"""The list of problem categories (问题类别), read from cases/data/categories.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cases.errors import UnknownCategory
from cases.models import Category

DATA = Path(__file__).parent / "data"
UNSORTED = "99999"
"""The code of 其他: a person sorts it."""


@cache
def load_categories() -> Mapping[str, Category]:
    """Every category by code, in the order of the file."""
    with (DATA / "categories.csv").open(encoding="utf-8-sig", newline="") as file:
        return {
            row["code"]: Category(
                row["code"], row["name"], row["kind"], row["major"], row["source"]
            )
            for row in csv.DictReader(file)
        }


def get_category(code: str) -> Category:
    """The category with this code; raises UnknownCategory."""
    try:
        return load_categories()[code]
    except KeyError:
        raise UnknownCategory from None


def find_by_name(name: str) -> Category | None:
    """The category with exactly this name."""
    return next((item for item in load_categories().values() if item.name == name.strip()), None)


@cache
def load_plain_words() -> Mapping[str, tuple[str, ...]]:
    """The words residents use, by category code, from category_crosswalk.csv."""
    words: dict[str, list[str]] = {}
    with (DATA / "category_crosswalk.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            words.setdefault(row["code"], []).append(row["plain_word"])
    return {code: tuple(dict.fromkeys(each)) for code, each in words.items()}
