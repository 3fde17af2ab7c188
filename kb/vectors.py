"""Passage vectors, kept on disk: a passage is embedded once, however often an index is built."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.language.embedding import Embedder
from bot.language.models import Vector


class PassageVectors:
    """Embeds passages through `embedder`, remembering them in `folder`."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        name = hashlib.sha256(embedder.name.encode()).hexdigest()[:16]
        self._file = folder / f"passages-{name}.npz"
        self._lock = threading.Lock()
        self._known: dict[str, np.ndarray] = self._load()

    def _load(self) -> dict[str, np.ndarray]:
        try:
            with np.load(self._file) as data:
                return dict(zip(data["keys"].tolist(), data["vectors"], strict=True))
        except (OSError, ValueError, KeyError):
            return {}  # not there, or cut short: it is only a cache

    def __call__(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimension), rows of unit length."""
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        with self._lock:
            new = {
                key: text for key, text in zip(keys, texts, strict=True) if key not in self._known
            }
            if new:
                vectors = self._embedder.embed(list(new.values()), "passage")
                self._known.update(zip(new, vectors, strict=True))
                self._save(set(keys))
            if not keys:
                return np.zeros((0, self._embedder.dimension), dtype=np.float32)
            return np.stack([self._known[key] for key in keys]).astype(np.float32)

    def _save(self, in_use: set[str]) -> None:
        kept = {key: vector for key, vector in self._known.items() if key in in_use}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(f".{os.getpid()}.part.npz")
        np.savez(part, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())))
        part.replace(self._file)
