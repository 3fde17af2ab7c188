"""Passage vectors, kept on disk: a passage is embedded once, however often an index is built."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bot.language.embedding import Embedder, Role
from bot.language.models import Vector

_ROLES: tuple[Role, ...] = ("query", "passage")


class PassageVectors:
    """Embeds passages through `embedder`, remembering them in `folder`."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.embedder_name = embedder.name
        self._embedder = embedder
        name = hashlib.sha256(embedder.name.encode()).hexdigest()[:16]
        self._file = folder / f"passages-{name}.npz"
        self._lock = threading.Lock()
        self._known: dict[str, Vector] = self._load()

    def _load(self) -> dict[str, Vector]:
        try:
            with np.load(self._file) as data:
                return dict(zip(data["keys"].tolist(), data["vectors"], strict=True))
        except (OSError, EOFError, ValueError, KeyError, BadZipFile):
            return {}  # not there, or cut short: it is only a cache

    def __call__(self, passages: Sequence[tuple[Role, str]]) -> Vector:
        """Shape (len(passages), dimension), rows of unit length; a passage is (role, text).

        One call takes all passages of an index: what the last call with anything new did not
        name is no longer kept on disk.
        """
        keys = [
            hashlib.sha256(f"{role}:{text}".encode()).hexdigest()[:32] for role, text in passages
        ]
        with self._lock:
            new = {
                key: passage
                for key, passage in zip(keys, passages, strict=True)
                if key not in self._known
            }
            for role in _ROLES:
                texts = {key: text for key, (as_role, text) in new.items() if as_role == role}
                vectors = self._embedder.embed(list(texts.values()), role)
                self._known.update(zip(texts, vectors, strict=True))
            if new:
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
