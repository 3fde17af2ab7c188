"""Passage vectors in one file that all processes of a machine share.

A passage is embedded once, however often an index is built and whichever process builds it. A
vector is kept as one byte a number and read where it is needed: a large base costs disk and the
system's page cache, not memory of each process.
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from bot.language.embedding import Embedder, Role
from bot.language.models import Vector

Rows = npt.NDArray[np.int64]
Passage = tuple[Role, str]

_ROLES: tuple[Role, ...] = ("query", "passage")
_GREATEST = 127
_FRESH_AT_MOST = 200_000  # keys found through a dictionary before they are sorted in


class PassageVectors:
    """Embeds passages through `embedder`, remembering them in `folder` (None: in no named file).

    Safe to share between threads and processes: a row once written never changes. Rows of
    passages that no article has any more stay until the file is deleted, which is always safe
    while nothing runs.
    """

    def __init__(self, embedder: Embedder, folder: Path | None) -> None:
        self.embedder_name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._record = np.dtype(
            [("key", "<u8"), ("scale", "<f4"), ("numbers", "i1", (embedder.dimension,))]
        )
        self._file = self._open(folder)
        self._lock = threading.Lock()
        self._rows = np.zeros(0, dtype=self._record)
        self._sorted = np.zeros(0, dtype=np.uint64)
        self._order = np.zeros(0, dtype=np.int64)
        self._fresh: dict[int, int] = {}
        with self._lock:
            self._read()

    def _open(self, folder: Path | None) -> IO[bytes]:
        if folder is None:
            return tempfile.TemporaryFile()
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(self.embedder_name.encode()).hexdigest()[:16]
        return (folder / f"passages-{name}.rows").open("a+b")

    def __call__(self, passages: Sequence[Passage]) -> Vector:
        """Shape (len(passages), dimension), rows of unit length; a passage is (role, text)."""
        return self.take(self.find(passages))

    def take(self, rows: Rows) -> Vector:
        """The vectors in `rows`, shape (len(rows), dimension)."""
        records: Any = self._rows[rows]
        vectors: Vector = records["numbers"].astype(np.float32)
        vectors *= records["scale"][:, None]
        return vectors

    def compare(self, rows: Rows, directions: Vector) -> Vector:
        """Dot products with each of `directions`, (dimension, k): shape (len(rows), k)."""
        view = self._rows
        products: Vector = view["numbers"][rows].astype(np.float32) @ directions
        products *= view["scale"][rows][:, None]
        return products

    def has(self, passages: Sequence[Passage]) -> npt.NDArray[np.bool_]:
        """Which of `passages` have been embedded, as far as this process has seen."""
        with self._lock:
            found: npt.NDArray[np.bool_] = (
                self._look_up([_key(role, text) for role, text in passages]) >= 0
            )
        return found

    def find(self, passages: Sequence[Passage]) -> Rows:
        """The rows of `passages`; those never seen are embedded and written first."""
        keys = [_key(role, text) for role, text in passages]
        with self._lock:
            rows = self._look_up(keys)
            if (rows < 0).any():
                with self._alone():
                    self._read()  # another process may have embedded them meanwhile
                    rows = self._look_up(keys)
                    missing = {keys[n]: passages[n] for n in np.flatnonzero(rows < 0).tolist()}
                    if missing:
                        self._write(missing)
                        self._read()
                rows = self._look_up(keys)
        return rows

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _look_up(self, keys: Sequence[int]) -> Rows:
        """The row of each key, -1 where there is none."""
        wanted = np.array(keys, dtype=np.uint64)
        if len(self._sorted):
            at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
            rows = np.where(self._sorted[at] == wanted, self._order[at], -1)
        else:
            rows = np.full(len(wanted), -1, dtype=np.int64)
        for number in np.flatnonzero(rows < 0).tolist() if self._fresh else ():
            rows[number] = self._fresh.get(keys[number], -1)
        return rows

    def _write(self, missing: dict[int, Passage]) -> None:
        for role in _ROLES:
            texts = {key: text for key, (as_role, text) in missing.items() if as_role == role}
            if not texts:
                continue
            vectors = self._embedder.embed(list(texts.values()), role)
            records = np.zeros(len(texts), dtype=self._record)
            greatest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
            numbers = np.rint(vectors * (_GREATEST / greatest))
            records["key"], records["numbers"] = list(texts), numbers
            records["scale"] = 1 / np.maximum(np.linalg.norm(numbers, axis=1), 1e-9)
            # a row cut short by a crash is overwritten: appending begins where whole rows end
            self._file.truncate(self._whole_rows() * self._record.itemsize)
            self._file.write(records.tobytes())
            self._file.flush()

    def _whole_rows(self) -> int:
        self._file.seek(0, 2)
        return self._file.tell() // self._record.itemsize

    def _read(self) -> None:
        """See what was written since, by this process or another."""
        count, known = self._whole_rows(), len(self._rows)
        if count <= known:
            return
        # a new view of a longer file: views in use elsewhere stay good
        mapped = np.memmap(self._file, dtype=self._record, mode="r", shape=(count,))
        self._rows = np.asarray(mapped)  # plain: a memmap costs at every use
        if len(self._fresh) + count - known <= _FRESH_AT_MOST:
            keys: Any = self._rows["key"][known:]
            self._fresh.update(zip(keys.tolist(), range(known, count), strict=True))
            return
        every = np.array(self._rows["key"])
        self._order = np.argsort(every, kind="stable")
        self._sorted = every[self._order]
        self._fresh = {}


def _key(role: Role, text: str) -> int:
    digest = hashlib.blake2b(f"{role}:{text}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
