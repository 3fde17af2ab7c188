"""Thousands of sentences at once, as training and indexing need them.

The encoder runs one thread a sentence; here the sentences are shared out over the cores. Vectors
are kept on disk by the text they belong to, so training again after a small change embeds only
what is new.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from filelock import FileLock

from bot.language.embedding import Embedder
from bot.language.models import Vector

_KEY_BYTES = 16
_MOST_THREADS = 8
_CHUNK = 256


def embed_many(embedder: Embedder, texts: Sequence[str], memory: Path | None = None) -> Vector:
    """(n, dimension) rows in the order given; `memory` is the .npz file that keeps them.

    The file is replaced by what this call used. A damaged file counts as an empty one. A process
    that comes while another embeds waits for it, and then finds the vectors.
    """
    with FileLock(f"{memory}.lock") if memory else nullcontext():
        return _embed_remembered(embedder, texts, memory)


def _embed_remembered(embedder: Embedder, texts: Sequence[str], memory: Path | None) -> Vector:
    keys = [_key(embedder.name, text) for text in texts]
    known = _read(memory, embedder.dimension) if memory else {}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known.update(zip(missing, _embed_shared(embedder, list(missing.values())), strict=True))
    rows = np.array([known[key] for key in keys], np.float32).reshape(-1, embedder.dimension)
    if memory and missing:
        _write(memory, {key: known[key] for key in keys})
    return rows


def _embed_shared(embedder: Embedder, texts: Sequence[str]) -> Vector:
    # Neighbours of like length share a chunk, for an encoder that pads, or takes like lengths together.
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    chunks = [order[start : start + _CHUNK] for start in range(0, len(order), _CHUNK)]
    found = np.empty((len(texts), embedder.dimension), np.float32)
    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda chunk: embedder.embed([texts[i] for i in chunk]), chunks)
        for chunk, part in zip(chunks, parts, strict=True):
            found[chunk] = part
    return found


def _key(name: str, text: str) -> bytes:
    return hashlib.blake2b(
        f"{name}\0{text}".encode(errors="replace"), digest_size=_KEY_BYTES
    ).digest()


def _read(memory: Path, dimension: int) -> dict[bytes, Vector]:
    try:
        with np.load(memory, allow_pickle=False) as data:
            keys, vectors = data["keys"], data["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if keys.shape != (len(vectors), _KEY_BYTES) or vectors.shape[1:] != (dimension,):
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _write(memory: Path, known: dict[bytes, Vector]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    keys = np.frombuffer(b"".join(known), np.uint8).reshape(-1, _KEY_BYTES)
    scratch = memory.with_suffix(f".{os.getpid()}.npz")
    np.savez(scratch, keys=keys, vectors=np.array(list(known.values()), np.float32))
    scratch.replace(memory)
