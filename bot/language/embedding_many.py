"""Thousands of sentences at once, as training and indexing need them.

The encoder runs one thread a sentence; here the sentences are shared out over the cores. Vectors
are kept on disk by the text they belong to, so training again after a small change embeds only
what is new.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from bot.language.embedding import Both, Listener
from bot.language.models import Vector

_KEY_BYTES = 16
_MOST_THREADS = 8
_CHUNK = 256

Halves = npt.NDArray[np.float16]
"""Half precision: what is rounded off is a tenth of what the eight-bit encoder rounds."""


class _Kept(NamedTuple):
    meaning: Halves
    manner: Halves


def embed_many(listener: Listener, texts: Sequence[str], memory: Path | None = None) -> Both:
    """Rows in the order given; `memory` is the .npz file that keeps them.

    The file is replaced by what this call used. A damaged file counts as an empty one. A process
    that comes while another embeds waits for it, and then finds the vectors.
    """
    with FileLock(f"{memory}.lock") if memory else nullcontext():
        return _embed_remembered(listener, texts, memory)


def _embed_remembered(listener: Listener, texts: Sequence[str], memory: Path | None) -> Both:
    keys = [_key(listener.name, text) for text in texts]
    known = _read(memory) if memory else {}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known.update(_embed_shared(listener, missing))
    if memory and missing:
        _write(memory, {key: known[key] for key in keys})
    empty = listener.embed_both([])
    return Both(
        _stack([known[key].meaning for key in keys], empty.meaning),
        _stack([known[key].manner for key in keys], empty.manner),
    )


def _stack(rows: Sequence[Halves], empty: Vector) -> Vector:
    return np.array(rows, np.float32) if rows else empty


def _embed_shared(listener: Listener, missing: Mapping[bytes, str]) -> dict[bytes, _Kept]:
    # Neighbours of like length share a chunk, for an encoder that pads, or takes like lengths together.
    keys = sorted(missing, key=lambda key: len(missing[key]))
    chunks = [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]
    found: dict[bytes, _Kept] = {}
    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda some: listener.embed_both([missing[key] for key in some]), chunks)
        for some, part in zip(chunks, parts, strict=True):
            halves = part.meaning.astype(np.float16), part.manner.astype(np.float16)
            found.update(zip(some, map(_Kept, *halves), strict=True))
    return found


def _key(name: str, text: str) -> bytes:
    return hashlib.blake2b(
        f"{name}\0{text}".encode(errors="replace"), digest_size=_KEY_BYTES
    ).digest()


def _read(memory: Path) -> dict[bytes, _Kept]:
    try:
        with np.load(memory, allow_pickle=False) as data:
            keys, meaning, manner = data["keys"], data["meaning"], data["manner"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if keys.shape != (len(meaning), _KEY_BYTES) or len(manner) != len(meaning):
        return {}
    names = (key.tobytes() for key in keys)
    return dict(zip(names, map(_Kept, meaning, manner), strict=True))


def _write(memory: Path, known: Mapping[bytes, _Kept]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    keys = np.frombuffer(b"".join(known), np.uint8).reshape(-1, _KEY_BYTES)
    scratch = memory.with_suffix(f".{os.getpid()}.npz")
    meaning = np.array([each.meaning for each in known.values()])
    manner = np.array([each.manner for each in known.values()])
    np.savez(scratch, keys=keys, meaning=meaning, manner=manner)
    scratch.replace(memory)
