"""Speech to text as every channel sees it; the engines are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard; `confidence` from 0 to 1, None where the engine gives none."""

    text: str
    confidence: float | None


class Recogniser(Protocol):
    """Turns one recording into words."""

    async def transcribe(self, audio: bytes, content_type: str, asked: str = "") -> Transcript:
        """The words of a whole recording; an empty text when nothing was said.

        `asked`: what was said to the speaker before, which tells what kind of words to expect.
        """
        ...
