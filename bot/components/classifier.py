"""The intent classifier as a Rasa component."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.embedder import VECTOR
from bot.components.normaliser import NORMALISED
from bot.language.classifier import LinearClassifier, train_classifier
from bot.language.models import Intent
from bot.language.training import INTENT_TRAINING
from bot.language.understanding import INTENTS

_RANKED = 5


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent):
    """Sets `intent` and `intent_ranking`."""

    def __init__(
        self, storage: ModelStorage, resource: Resource, model: Optional[LinearClassifier] = None
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model

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
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, LinearClassifier.load(folder, INTENTS))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the normalised, embedded sentences and persist."""
        examples = [m for m in training_data.intent_examples if m.get(VECTOR) is not None]
        self._model = train_classifier(
            [m.get(NORMALISED).text for m in examples],
            np.stack([m.get(VECTOR) for m in examples]),
            [m.get("intent") for m in examples],
            INTENT_TRAINING,
        )
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder, INTENTS)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Rank the intents of each message."""
        for message in messages:
            ranked = self._model.rank(message.get(NORMALISED).text, message.get(VECTOR))
            set_intents(message, [Intent(name, p) for name, p in ranked])
        return messages


def set_intents(message: Message, ranking: List[Intent]) -> None:
    """Write a ranking in Rasa's form."""
    described = [
        {"name": intent.name, "confidence": intent.confidence} for intent in ranking[:_RANKED]
    ]
    message.set("intent", described[0], add_to_output=True)
    message.set("intent_ranking", described, add_to_output=True)
