"""Matters of other bodies (别的单位): whose they are and what to tell, from nlu_data/bodies.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from bot.language.yaml_files import read_yaml
from hotline.settings import ROOT


@dataclass(frozen=True, slots=True)
class Body:
    """A body other than the city management."""

    key: str
    name: str
    words: tuple[str, ...]
    told: str
    source: str
    reviewed_on: date
    categories: frozenset[str]
    """Codes of our own categories that lie near its matters."""


@cache
def load_bodies() -> Mapping[str, Body]:
    """Every body by its key."""
    data = read_yaml(ROOT / "nlu_data" / "bodies.yml")
    return {
        item["key"]: Body(
            key=item["key"],
            name=item["name"],
            words=tuple(item["words"]),
            told=item["told"],
            source=data["sources"][item["source"]],
            reviewed_on=item["reviewed_on"],
            categories=frozenset(item.get("categories") or ()),
        )
        for item in data["bodies"]
    }


def find_body(text: str) -> Body | None:
    """The body whose word in `text` is the longest, the earlier of equals; None without one."""
    text = text.casefold()
    found = [
        (len(word), -text.index(word), body.key)
        for body in load_bodies().values()
        for word in body.words
        if word in text
    ]
    return load_bodies()[max(found)[2]] if found else None
