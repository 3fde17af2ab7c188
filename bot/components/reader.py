"""The assistant's understanding as one Rasa component: trains the models, reads the messages."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.language.embedding import configured_embedder
from bot.language.learning import learn, take_over
from bot.language.models import Understanding
from bot.language.training import read_categories
from bot.language.understanding import Understander

_RANKED = 5


def _cache_folder() -> Path:
    return Path(os.environ.get("HOTLINE_DATA_DIR") or "data") / "cache"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class MessageReader(GraphComponent):
    """Sets `intent`, `categories`, `entities`, `emergency`, `parts` and `embedding`."""

    def __init__(
        self, storage: ModelStorage, resource: Resource, understander: Optional[Understander] = None
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._understander = understander

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> GraphComponent:
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> GraphComponent:
        names = {entry.code: entry.name for entry in read_categories()}
        with model_storage.read_from(resource) as folder:
            understander = Understander.load(folder, configured_embedder(_cache_folder()), names)
        return cls(model_storage, resource, understander)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the models (the intents on Rasa's training data) and persist them."""
        sentences = [(m.get("text"), m.get("intent")) for m in training_data.intent_examples]
        made = os.environ.get("HOTLINE_LEARNED_AHEAD")
        with self._storage.write_to(self._resource) as folder:
            if not (made and take_over(Path(made), folder)):
                learn(folder, _cache_folder(), sentences)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Read each message."""
        for message in messages:
            channel = (message.get("metadata") or {}).get("channel") or "webchat"
            now = datetime.now(timezone.utc)
            reading = self._understander.read(message.get("text") or "", channel, now)
            for key, value in _describe(reading).items():
                message.set(key, value, add_to_output=True)
        return messages


def _describe(reading: Understanding) -> Dict[Text, Any]:
    """A reading in Rasa's form, with what our actions need besides."""
    ranked = [
        {"name": intent.name, "confidence": intent.confidence}
        for intent in reading.intent_ranking[:_RANKED]
    ]
    return {
        "intent": ranked[0],
        "intent_ranking": ranked,
        "categories": [
            {"code": guess.code, "name": guess.name, "confidence": guess.confidence}
            for guess in reading.category_ranking
        ],
        "entities": [
            {
                "entity": entity.entity,
                "value": entity.value,
                "text": entity.text,
                "start": entity.start,
                "end": entity.end,
                "data": dict(entity.data),
            }
            for entity in reading.entities
        ],
        "emergency": reading.emergency,
        "parts": [
            {
                "text": part.text,
                "start": part.start,
                "end": part.end,
                "intent": part.intent,
                "sure": part.sure,
                "categories": [
                    {"code": guess.code, "name": guess.name, "confidence": guess.confidence}
                    for guess in part.categories
                ],
            }
            for part in reading.parts
        ],
        "embedding": base64.b64encode(reading.embedding.astype(np.float16).tobytes()).decode(),
    }
