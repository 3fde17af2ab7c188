"""What the bot showed a resident: which answer of which article, which places, to which question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conversations.models import Entry, EntryType, Sender


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry of the bot's with sources or places, and the question it answers."""

    entry: Entry
    question: str

    @property
    def citation(self) -> Mapping[str, Any] | None:
        """The article it cites first, with slug, title and version."""
        return next(iter(self.entry.payload.get("citations") or ()), None)

    @property
    def places(self) -> Sequence[Mapping[str, Any]]:
        """The place cards it shows."""
        return self.entry.payload.get("places") or ()


def find_shown(entries: Sequence[Entry], seq: int | None = None) -> Shown | None:
    """What was shown at `seq`, or last; None when that shows neither sources nor places."""
    for number in range(len(entries) - 1, -1, -1):
        entry = entries[number]
        if entry.sender is not Sender.BOT or (seq is not None and entry.seq != seq):
            continue
        if entry.payload.get("citations") or entry.payload.get("places"):
            return Shown(entry, _question_of(entry, entries[:number]))
    return None


def _question_of(answer: Entry, before: Sequence[Entry]) -> str:
    said = [
        each
        for each in before
        if each.type is EntryType.MESSAGE and each.sender is Sender.RESIDENT and each.text
    ]
    asked = next((each for each in said if each.id == answer.in_reply_to), None)
    return (asked or said[-1]).text if said else ""
