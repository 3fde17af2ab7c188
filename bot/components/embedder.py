"""Embeds each message once; classifier, categories, search and duplicates share the vector."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, Dict, List, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.normaliser import NORMALISED
from bot.language.embedding import Embedder, load_embedder
from bot.language.embedding_many import embed_many

VECTOR = "vector"
EMBEDDING = "embedding"


def cache_folder() -> Path:
    """Where built encoders and remembered vectors are kept."""
    return Path(os.environ.get("HOTLINE_DATA_DIR") or "data") / "cache"


def configured_embedder() -> Embedder:
    """The embedder that the gateway uses too: same folders, from the environment it hands down."""
    chosen = os.environ.get("HOTLINE_EMBEDDER_DIR")
    return load_embedder(cache_folder(), Path(chosen) if chosen else None)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedder(GraphComponent):
    """Sets `vector` on messages, and `embedding` (base64 of float16) in the parse result."""

    def __init__(self) -> None:
        self._embedder = configured_embedder()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> GraphComponent:
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:
        """Embed the normalised texts."""
        vectors = self._embedder.embed([message.get(NORMALISED).text for message in messages])
        for message, vector in zip(messages, vectors):
            message.set(VECTOR, vector)
            packed = base64.b64encode(vector.astype(np.float16).tobytes()).decode()
            message.set(EMBEDDING, packed, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Embed the training sentences."""
        messages = [m for m in training_data.training_examples if m.get(NORMALISED) is not None]
        texts = [message.get(NORMALISED).text for message in messages]
        vectors = embed_many(self._embedder, texts, cache_folder() / "vectors-intents.npz")
        for message, vector in zip(messages, vectors):
            message.set(VECTOR, vector)
        return training_data
