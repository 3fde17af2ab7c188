"""What every embedding engine offers to the embedder above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from bot.language.models import Vector

Role = Literal["query", "passage"]
"""What a sentence is for: asking (a resident's words), or being found (an article's text)."""


class Encoder(Protocol):
    """One engine; `sentences` are clean, distinct and sorted by length."""

    name: str
    dimension: int
    """Numbers that tell the meaning; they come first in a row."""
    manner_dimension: int
    """Numbers after them that tell the manner; 0 with an engine that does not show its layers."""

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        """(n, dimension + manner_dimension) float32 in the order given, both parts of a row of
        unit length.
        """
