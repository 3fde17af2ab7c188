"""What changed between two versions, line by line, so that a person can judge it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_AROUND = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A line that stays, goes or comes; a gap stands for unchanged lines left out.

    `pieces` are (changed, words): within a line that was reworded only some words differ.
    """

    kind: Literal["same", "gone", "new", "gap"]
    pieces: tuple[tuple[bool, str], ...]


def compare_texts(old: str, new: str) -> list[Change]:
    """The changed lines with a few unchanged ones around them; empty when nothing changed."""
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    changes: list[Change] = []
    for group in matcher.get_grouped_opcodes(_AROUND):
        if changes:
            changes.append(Change("gap", ()))
        for tag, a, b, c, d in group:
            if tag == "equal":
                changes += [Change("same", ((False, line),)) for line in before[a:b]]
            else:
                changes += _compare_lines(before[a:b], after[c:d])
    return changes


def _compare_lines(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    if len(old) != len(new):
        whole = [Change("gone", ((True, line),)) for line in old]
        return whole + [Change("new", ((True, line),)) for line in new]
    changes = []
    for before, after in zip(old, new, strict=True):
        matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
        codes = matcher.get_opcodes()
        gone = tuple((tag != "equal", before[a:b]) for tag, a, b, _, _ in codes if b > a)
        came = tuple((tag != "equal", after[c:d]) for tag, _, _, c, d in codes if d > c)
        changes += [Change("gone", gone), Change("new", came)]
    return changes
