"""`hotline parse`: the assistant's reading of messages, without Rasa and without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.language.embedding import load_embedder
from bot.language.models import Channel, Understanding
from bot.language.understanding import Told, Understander
from cases.categories import load_categories
from hotline.errors import InvalidInput
from hotline.settings import Settings
from hotline.training import train, unpacked_models

_CHANNELS: Mapping[str, Channel] = {"webchat": "webchat", "wechat": "wechat", "voice": "voice"}


@contextmanager
def open_understander(settings: Settings) -> Iterator[Understander]:
    """The understander of the model that fits the data; trains it first when there is none."""
    names = {code: category.name for code, category in load_categories().items()}
    chosen = Path(settings.embedder_dir) if settings.embedder_dir else None
    with unpacked_models(train(settings)) as folder:
        understander = Understander.load(folder, load_embedder(settings.cache_dir, chosen), names)
    yield understander


def parse_lines(
    understander: Understander, items: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any] | InvalidInput]:
    """Input objects to output objects (contract.md), or to what is wrong with them."""
    told = [_read_item(item) for item in items]
    good = [each for each in told if isinstance(each, Told)]
    readings = iter(understander.read_many(good, datetime.now(UTC)))
    return [describe(next(readings)) if isinstance(each, Told) else each for each in told]


def _read_item(item: Mapping[str, Any]) -> Told | InvalidInput:
    line, text, channel = item.get("_line"), item.get("text"), item.get("channel") or "webchat"
    if not isinstance(text, str):
        return InvalidInput(f"第 {line} 行缺少文字 text。")
    if channel not in _CHANNELS:
        return InvalidInput(f"第 {line} 行的 channel 应是 {'、'.join(_CHANNELS)} 之一。")
    return Told(text, _CHANNELS[channel])


def describe(reading: Understanding) -> dict[str, Any]:
    """A reading as contract.md has it."""
    category = reading.category
    return {
        "text": reading.text,
        "intent": {
            "name": reading.intent.name,
            "confidence": round(reading.intent.confidence, 4),
        },
        "category": category
        and {
            "code": category.code,
            "name": category.name,
            "confidence": round(category.confidence, 4),
        },
        "category_ranking": [
            {"code": guess.code, "name": guess.name, "confidence": round(guess.confidence, 4)}
            for guess in reading.category_ranking
        ],
        "entities": [
            {
                "entity": entity.entity,
                "value": entity.value,
                "text": entity.text,
                "start": entity.start,
                "end": entity.end,
                **({"data": dict(entity.data)} if entity.data else {}),
            }
            for entity in reading.entities
        ],
        "emergency": reading.emergency,
    }
