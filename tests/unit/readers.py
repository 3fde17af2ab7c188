"""The readers the tests of language share: loading words and names takes half a second."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from bot.language.entities import EntityReader
from bot.language.gazetteer import Gazetteer, load_gazetteer
from bot.language.models import Channel, Entity
from bot.language.normalise import normalise
from bot.language.segmentation import Segmenter

NOW = datetime.fromisoformat("2026-11-22T14:30:00+08:00")


@cache
def gazetteer() -> Gazetteer:
    """The lexicon of the project."""
    return load_gazetteer()


@cache
def segmenter() -> Segmenter:
    """Words with the lexicon."""
    return Segmenter(gazetteer().names, gazetteer().terms)


@cache
def entity_reader() -> EntityReader:
    """All readers."""
    return EntityReader()


def read_entities(text: str, channel: Channel = "webchat") -> list[Entity]:
    """What a message names, as the assistant reads it."""
    return list(entity_reader().read(text, normalise(text, channel), channel, NOW))


def read_locations(text: str) -> list[Entity]:
    """The places of a message."""
    return [entity for entity in read_entities(text) if entity.entity == "location"]
