"""Everything a message names, in one call: places, times, phones, case numbers and more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from bot.language.models import Channel, Entity
from bot.language.normalise import Normalised
from bot.language.spacy_pipeline import ENTITIES, NOW, build_pipeline


class EntityReader:
    """Reads entities with the spaCy pipeline, which is loaded once (about half a second).

    Kinds: location, time, phone, case_number, plate, person, organisation. No two entities
    overlap; a location may hold house numbers. Safe to share between threads.
    """

    def __init__(self, ner: Path | None = None) -> None:
        """Load everything; `ner` is the folder `train_places` wrote, None reads by rule alone."""
        self._nlp = build_pipeline(ner=ner)

    def read(
        self, original: str, normalised: Normalised, channel: Channel, now: datetime
    ) -> tuple[Entity, ...]:
        """The entities of a message in order; `text` and offsets are of `original`.

        `normalised` must be made of `original` for the same `channel`; what only speech has
        (fillers, stutters) is gone by then, and the readers take typed and heard words alike.
        `value` is the normalised reading. `now` is aware; times count from it.
        """
        doc = self._nlp.make_doc(normalised.text)
        doc.user_data[NOW] = now
        doc = self._nlp(doc)
        found = cast("tuple[Entity, ...]", doc.user_data[ENTITIES])
        return tuple(_place_in(original, normalised, entity) for entity in found)


def _place_in(original: str, normalised: Normalised, entity: Entity) -> Entity:
    start, end = normalised.original_span(entity.start, entity.end)
    return replace(entity, start=start, end=end, text=original[start:end])
