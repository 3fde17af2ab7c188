"""Any ONNX sentence model in a folder, as Hugging Face lays one out (bge-small-zh and the like).

Needed: `model.onnx`, `onnx/model.onnx` or a `model_quantized.onnx` in either place, and
`tokenizer.json`. Read when there: `1_Pooling/config.json` (mean or cls; mean by default),
`config.json` (how many positions) and our own `hotline_embedder.json`:
`query_prefix`, `passage_prefix` (both empty by default), `normalize` (true by default) and
`max_tokens` (512 by default).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from bot.language.embedding_encoder import Role
from bot.language.embedding_session import open_session
from bot.language.embedding_weights import fingerprint_files
from bot.language.models import Vector

MODEL_FILES = (
    "model.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
)
TOKENIZER_FILE = "tokenizer.json"
POOLING_FILE = "1_Pooling/config.json"
CONFIG_FILE = "config.json"
SETTINGS_FILE = "hotline_embedder.json"
LEAST_TOKENS, MOST_TOKENS = 8, 512
CHARACTERS_PER_TOKEN = 16
"""Longer text than this many characters for each token is cut before it is tokenised."""
BATCH = 16
INTEGERS: dict[str, Any] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """What a site may set in `hotline_embedder.json`.

    `normalize` off uses the vectors as the model gives them: only for a model that gives
    unit length itself.
    """

    query_prefix: str = ""
    passage_prefix: str = ""
    normalize: bool = True
    max_tokens: int = MOST_TOKENS

    @classmethod
    def open(cls, folder: Path) -> FolderSettings:
        """Read and check the file; without one, the defaults. Raises ValueError."""
        path = folder / SETTINGS_FILE
        given = _read_json(path)
        for field in fields(cls):
            value = given.pop(field.name, field.default)
            if type(value) is not type(field.default):
                raise ValueError(f"{path}: {field.name} must be like {field.default!r}")
        if given:
            raise ValueError(f"{path}: unknown setting {', '.join(sorted(given))}")
        settings = cls(**_read_json(path))
        if not LEAST_TOKENS <= settings.max_tokens <= MOST_TOKENS:
            raise ValueError(f"{path}: max_tokens must be from {LEAST_TOKENS} to {MOST_TOKENS}")
        return settings


class FolderEncoder:
    """Embeds with the model in a folder; raises ValueError or FileNotFoundError at once when
    the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        model_file = _find_model(folder)
        self._settings = FolderSettings.open(folder)
        self._pooling = read_pooling(folder)
        self.name = f"{folder.resolve().name}-{_fingerprint(folder, model_file)}"
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        positions = _read_json(folder / CONFIG_FILE).get("max_position_embeddings", MOST_TOKENS)
        self._most_tokens = min(self._settings.max_tokens, int(positions))
        self._tokenizer.enable_truncation(max_length=self._most_tokens)
        # An eight-bit model rounds a whole batch by one scale: a sentence's vector would
        # depend on its neighbours. One at a time, it does not.
        self._batch = 1 if "quantized" in model_file.name else BATCH
        self._session = open_session(model_file)
        self._inputs = _read_inputs(self._session)
        self._output = _choose_output(self._session)
        self.dimension = self.encode([""], "query").shape[1]
        self.manner_dimension = 0

    def encode(self, sentences: Sequence[str], role: Role) -> Vector:
        """Rows in the order given; sentences of similar length are best given side by side."""
        query = role == "query"
        prefix = self._settings.query_prefix if query else self._settings.passage_prefix
        parts = [
            self._encode_batch([prefix + each for each in sentences[start : start + self._batch]])
            for start in range(0, len(sentences), self._batch)
        ]
        vectors = np.concatenate(parts).astype(np.float32, copy=False)
        if self._settings.normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors

    def _encode_batch(self, texts: Sequence[str]) -> Vector:
        longest = self._most_tokens * CHARACTERS_PER_TOKEN
        # One by one: the tokenizer's own batches start a thread for each core.
        ids = [self._tokenizer.encode(text[:longest]).ids for text in texts]
        width = max(1, *map(len, ids))
        tokens = np.zeros((len(ids), width), np.int64)
        mask = np.zeros((len(ids), width), np.int64)
        for row, each in enumerate(ids):
            tokens[row, : len(each)] = each
            # A text without any token still needs one place to look at.
            mask[row, : max(1, len(each))] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": mask * 0}
        feed = {name: feed[name].astype(kind) for name, kind in self._inputs.items()}
        found: Vector = self._session.run([self._output], feed)[0]
        return found if found.ndim == 2 else pool(found, mask, self._pooling)


def pool(states: Vector, mask: npt.NDArray[np.int64], pooling: Pooling) -> Vector:
    """One vector a sentence: (n, t, d) token states and their (n, t) mask to (n, d)."""
    if pooling == "cls":
        return states[:, 0]
    weights = mask[:, :, np.newaxis].astype(np.float32)
    mean: Vector = (states * weights).sum(axis=1) / weights.sum(axis=1)
    return mean


def read_pooling(folder: Path) -> Pooling:
    """The pooling that sentence-transformers wrote down; raises ValueError for other kinds."""
    path = folder / POOLING_FILE
    given = _read_json(path)
    chosen = sorted(key for key, on in given.items() if key.startswith("pooling_mode_") and on)
    if chosen in ([], ["pooling_mode_mean_tokens"]):
        return "mean"
    if chosen == ["pooling_mode_cls_token"]:
        return "cls"
    raise ValueError(f"{path}: only mean or cls pooling is handled, not {', '.join(chosen)}")


def _find_model(folder: Path) -> Path:
    for name in MODEL_FILES:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder} has none of {', '.join(MODEL_FILES)}")


def _fingerprint(folder: Path, model_file: Path) -> str:
    """Changes with anything that changes the vectors (weights beside the graph included)."""
    parts = [
        *sorted(model_file.parent.glob(f"{model_file.name}*")),
        *(folder / name for name in (TOKENIZER_FILE, POOLING_FILE, CONFIG_FILE, SETTINGS_FILE)),
    ]
    return fingerprint_files([path for path in parts if path.is_file()])


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    given = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(given, dict):
        raise ValueError(f"{path} must hold one JSON object")
    return given


def _read_inputs(session: Any) -> dict[str, Any]:
    """Integer kind by input name."""
    inputs = {each.name: INTEGERS.get(each.type) for each in session.get_inputs()}
    known = {"input_ids", "attention_mask", "token_type_ids"}
    if "input_ids" not in inputs or not inputs.keys() <= known or None in inputs.values():
        raise ValueError(f"the model's inputs are not a sentence model's: {sorted(inputs)}")
    return inputs


def _choose_output(session: Any) -> str:
    """The token states (pooled here) if there are any, else the sentence's own vector."""
    outputs = session.get_outputs()
    for rank in (3, 2):
        for each in outputs:
            if len(each.shape) == rank:
                return str(each.name)
    raise ValueError(f"the model gives no token states: {[each.name for each in outputs]}")
