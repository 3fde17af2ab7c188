"""Speech to text as conversations see it: sound in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard; `confidence` is between 0 and 1, `text` is empty when nothing was."""

    text: str
    confidence: float


class Recogniser(Protocol):
    """Turns a short recording into words."""

    async def transcribe(self, audio: bytes, content_type: str) -> Transcript:
        """The words in the recording; raises HotlineError when it cannot be read."""
        ...
