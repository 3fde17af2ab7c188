"""Everything a message names, in one call: places, times, phones, case numbers and more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from bot.language.models import Channel, Entity
from bot.language.normalise import Normalised
from bot.language.spacy_pipeline import ENTITIES, NOW, build_pipeline

_LETTER = 150
"""Characters from which a message is a letter."""
_SHORT_NAME = 3
_DENYING = re.compile(
    r"(?:(?:不是|并非|而非|不叫|不在|唔系|[，,。；; ]非)(?:在|叫|说|那个|这个|什么)?"
    r"|[写听认记打转填发说]成了?)$"
)


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
        found = _leave_out_denied(normalised.text, found)
        if len(normalised.text) >= _LETTER:
            found = _leave_out_asides(found)
        return tuple(_place_in(original, normalised, entity) for entity in found)


def _leave_out_denied(text: str, found: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """不是鲁谷，是潞城: the place that is taken back is none, where another is named."""
    denied = [
        entity
        for entity in found
        if entity.entity == "location" and _DENYING.search(text, 0, entity.start)
    ]
    places = sum(entity.entity == "location" for entity in found)
    if not denied or len(denied) == places:
        return found
    return tuple(entity for entity in found if entity not in denied)


def _leave_out_asides(found: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """A letter speaks of more places than its own: 天晴能看到西山. Where another place in it has a
    road, a number or a subdistrict, a bare short name and what nothing is known of are asides.
    """
    plain = [entity for entity in found if entity.entity == "location" and _is_plain(entity)]
    if not plain:
        return found
    return tuple(entity for entity in found if not _is_aside(entity))


def _is_plain(place: Entity) -> bool:
    return any(place.data.get(part) for part in ("road", "number", "subdistrict_code"))


def _is_aside(entity: Entity) -> bool:
    if entity.entity != "location" or _is_plain(entity):
        return False
    landmark = entity.data.get("landmark")
    known = landmark or entity.data.get("district_code")
    return not known or (landmark == entity.value and len(entity.value) <= _SHORT_NAME)


def _place_in(original: str, normalised: Normalised, entity: Entity) -> Entity:
    start, end = normalised.original_span(entity.start, entity.end)
    return replace(entity, start=start, end=end, text=original[start:end])
