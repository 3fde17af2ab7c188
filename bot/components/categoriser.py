"""The problem-category classifier as a Rasa component."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.embedder import VECTOR, cache_folder, configured_embedder
from bot.components.normaliser import NORMALISED
from bot.language.classifier import LinearClassifier
from bot.language.training import read_categories, train_categories
from bot.language.understanding import CATEGORIES, guess_categories


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CategoryClassifier(GraphComponent):
    """Sets `categories`: the best few, each with code, name and confidence."""

    def __init__(
        self, storage: ModelStorage, resource: Resource, model: Optional[LinearClassifier] = None
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model
        self._names = {entry.code: entry.name for entry in read_categories()}

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
            return cls(model_storage, resource, LinearClassifier.load(folder, CATEGORIES))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on nlu_data/categories (Rasa's own training data has no categories)."""
        self._model = train_categories(
            configured_embedder(), cache_folder() / "vectors-categories.npz"
        )
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder, CATEGORIES)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Rank the categories of each message."""
        for message in messages:
            guesses = guess_categories(
                self._model, self._names, message.get(NORMALISED).text, message.get(VECTOR)
            )
            described = [
                {"code": g.code, "name": g.name, "confidence": g.confidence} for g in guesses
            ]
            message.set("categories", described, add_to_output=True)
        return messages
