"""Puts the normalised text beside the resident's own words."""

from __future__ import annotations

from typing import Any, Dict, List, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.language.normalise import normalise

NORMALISED = "normalised"


def channel_of(message: Message) -> str:
    """How the words reached us; the connector puts it into the metadata."""
    metadata = message.get("metadata") or {}
    return metadata.get("channel") or "webchat"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Sets `normalised` (a bot.language Normalised) on every message."""

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
        """Normalise each message's text."""
        for message in messages:
            message.set(NORMALISED, normalise(message.get("text") or "", channel_of(message)))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Normalise the training sentences as messages are."""
        self.process(training_data.training_examples)
        return training_data
