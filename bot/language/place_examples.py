"""Sentences with their places marked, as people wrote them (nlu_data/entities)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.language.place_units import Span
from bot.language.yaml_files import read_yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "nlu_data" / "entities"

_MARKED = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and the spans of its places, in order."""

    text: str
    places: tuple[Span, ...]


def read_examples(folder: Path = EXAMPLES) -> list[Example]:
    """Every sentence of the files in `folder`; [ ] marks a place in them.

    Raises ValueError for a bracket without its partner.
    """
    return [parse_marked(line) for line in _read_lines(folder)]


def parse_marked(line: str) -> Example:
    """The example that a line like 我住[望京]，灯坏了 stands for; ValueError when unbalanced."""
    text, places, at = "", [], 0
    for match in _MARKED.finditer(line):
        text += line[at : match.start()]
        places.append((len(text), len(text) + len(match.group(1))))
        text += match.group(1)
        at = match.end()
    text += line[at:]
    if "[" in text or "]" in text:
        raise ValueError(f"a bracket without its partner: {line[:40]}")
    return Example(text, tuple(places))


def _read_lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.yml")):
        for group in read_yaml(path):
            yield from group["sentences"].splitlines()
