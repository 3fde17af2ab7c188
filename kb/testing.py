"""A sentence encoder without a model file: for tests, and for trying pages out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.language.embedding import Both, Role
from bot.language.models import Vector


class TinyEmbedder:
    """Counts characters into eight boxes: no meaning, but the right shapes, and no model file."""

    name = "tiny"
    dimension = 8

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        """Rows of unit length; equal sentences have equal rows."""
        rows = np.ones((len(sentences), self.dimension), np.float32)
        for row, sentence in zip(rows, sentences, strict=True):
            for character in sentence:
                row[ord(character) % self.dimension] += 1
        unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def embed_both(self, sentences: Sequence[str]) -> Both:
        """The same rows for what is meant and for how it is said."""
        rows = self.embed(sentences)
        return Both(rows, rows)
