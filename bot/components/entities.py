"""Entities, danger, and what is settled by rule, as a Rasa component."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from bot.components.classifier import set_intents
from bot.components.normaliser import NORMALISED, channel_of
from bot.language.emergency import detect_emergency
from bot.language.entities import EntityReader
from bot.language.models import Intent
from bot.language.settle import settle_intents


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityExtractor(GraphComponent):
    """Sets `entities` (offsets in the sent text) and `emergency`; settles the intent."""

    def __init__(self) -> None:
        self._reader = EntityReader()

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
        """Read each message."""
        for message in messages:
            text, normalised = message.get("text") or "", message.get(NORMALISED)
            now = datetime.now(timezone.utc)
            found = self._reader.read(text, normalised, channel_of(message), now)
            emergency = detect_emergency(normalised.text)
            described = [
                {
                    "entity": entity.entity,
                    "value": entity.value,
                    "text": entity.text,
                    "start": entity.start,
                    "end": entity.end,
                    "data": dict(entity.data),
                }
                for entity in found
            ]
            message.set("entities", described, add_to_output=True)
            message.set("emergency", emergency, add_to_output=True)
            ranking = [Intent(i["name"], i["confidence"]) for i in message.get("intent_ranking")]
            set_intents(message, list(settle_intents(normalised.text, ranking, found, emergency)))
        return messages
