"""Splits text into the word pieces of a unigram model, from memory-mapped tables.

A general tokenizer builds its tree of 250,000 pieces anew in every process (half a second
and close to 300 MB). Here every substring is hashed and looked up in a sorted table that is
only mapped: nothing is built at start, and the pieces come out the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

WORD_START = "\u2581"
"""Stands for a space, as SentencePiece writes it."""
LONGEST_PIECE = 16
UNKNOWN_PENALTY = 10.0
"""An unknown character scores this much below the worst piece (SentencePiece's own value)."""

Hashes = npt.NDArray[np.uint64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class PieceTable:
    """Pieces by hash: `hashes` ascending; `ids` and `scores` in the same order."""

    hashes: Hashes
    ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    unknown: int

    @classmethod
    def build(
        cls,
        pieces: Sequence[str],
        scores: npt.NDArray[np.float32],
        unknown: int,
        special: Collection[int],
    ) -> PieceTable:
        """A table of all pieces but the special ones: a resident may write `</s>` as text."""
        ids = np.array([i for i in range(len(pieces)) if i not in special], np.int32)
        hashes = np.empty(len(ids), np.uint64)
        lengths = np.array([len(pieces[i]) for i in ids])
        if lengths.min() < 1 or lengths.max() > LONGEST_PIECE:
            raise ValueError(f"pieces must have 1 to {LONGEST_PIECE} characters")
        for length in range(1, LONGEST_PIECE + 1):
            same = np.flatnonzero(lengths == length)
            if len(same):
                codes = _code_points("".join(pieces[ids[i]] for i in same)).reshape(-1, length)
                hashes[same] = _hash_prefixes(list(codes.T))[-1]
        order = np.argsort(hashes)
        if len(np.unique(hashes)) < len(hashes):
            raise ValueError("two pieces share a hash")
        return cls(hashes[order], ids[order], scores[ids[order]], unknown)

    @classmethod
    def open(cls, folder: Path, unknown: int) -> PieceTable:
        """Map the tables that `save` wrote."""
        hashes, ids, scores = (
            # A plain view of the map: numpy's memmap class makes each look-up slower.
            np.asarray(np.load(folder / f"piece_{part}.npy", mmap_mode="r"))
            for part in ("hashes", "ids", "scores")
        )
        return cls(hashes, ids, scores, unknown)

    def save(self, folder: Path) -> None:
        """Write the three arrays into `folder`."""
        for part, array in (("hashes", self.hashes), ("ids", self.ids), ("scores", self.scores)):
            np.save(folder / f"piece_{part}.npy", array)


class PieceSplitter:
    """Finds the best-scoring split of a text (Viterbi); safe to share between threads."""

    def __init__(self, table: PieceTable) -> None:
        self._table = table
        self._unknown_score = float(table.scores.min()) - UNKNOWN_PENALTY

    def split(self, text: str) -> list[int]:
        """Piece ids of `text`, spaces already written as WORD_START; a run of unknown
        characters is one unknown piece.
        """
        length = len(text)
        best = [-np.inf] * (length + 1)
        best[0] = 0.0
        came_from = list(range(-1, length))
        piece = [self._table.unknown] * (length + 1)
        matches = iter(self._find_matches(text))
        match = next(matches, None)
        for start in range(length):
            so_far = best[start]
            # One unknown character always is a way on, so every place is reached.
            if so_far + self._unknown_score > best[start + 1]:
                best[start + 1] = so_far + self._unknown_score
                came_from[start + 1] = start
                piece[start + 1] = self._table.unknown
            while match is not None and match[0] == start:
                _, end, piece_id, score = match
                if so_far + score > best[end]:
                    best[end] = so_far + score
                    came_from[end] = start
                    piece[end] = piece_id
                match = next(matches, None)
        return self._trace_back(came_from, piece)

    def _find_matches(self, text: str) -> list[tuple[int, int, int, float]]:
        """(start, end, piece id, score) of every piece inside the text, by start."""
        if not text:
            return []
        codes = _code_points(text)
        found = _hash_prefixes([codes[i:] for i in range(min(LONGEST_PIECE, len(codes)))])
        starts = np.concatenate([np.arange(len(row)) for row in found])
        ends = starts + np.repeat(np.arange(1, len(found) + 1), [len(row) for row in found])
        wanted = np.concatenate(found)
        places = np.searchsorted(self._table.hashes, wanted)
        places[places == len(self._table.hashes)] = 0
        hits = np.flatnonzero(self._table.hashes[places] == wanted)
        hits = hits[np.argsort(starts[hits], kind="stable")]
        places = places[hits]
        return list(
            zip(
                starts[hits].tolist(),
                ends[hits].tolist(),
                self._table.ids[places].tolist(),
                self._table.scores[places].tolist(),
                strict=True,
            )
        )

    def _trace_back(self, came_from: list[int], piece: list[int]) -> list[int]:
        ids: list[int] = []
        place = len(piece) - 1
        while place > 0:
            if not (ids and ids[-1] == piece[place] == self._table.unknown):
                ids.append(piece[place])
            place = came_from[place]
        return ids[::-1]


def _code_points(text: str) -> Hashes:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)


def _hash_prefixes(columns: Sequence[Hashes]) -> list[Hashes]:
    """Hashes of prefixes: `columns[i]` holds the i-th code point of each string, and row i of
    the answer the hash of each one's first i + 1. Columns may get shorter from the end.
    """
    rows: list[Hashes] = []
    state = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        state = (state[: len(column)] + column + np.uint64(1)) * _MULTIPLIER
        state ^= state >> _SHIFT
        rows.append(state)
    return rows
