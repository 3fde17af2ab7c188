"""What the assistant makes of one message: plain types, no I/O.

Offsets count Python code points in the text as the resident sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

_COMMAS = re.compile("，{2,}")

Channel = Literal["webchat", "wechat", "voice"]
"""How the words reached us: typed words and heard words go wrong in different ways."""

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing named in the text; `text` is `sent_text[start:end]`."""

    entity: str
    value: str
    text: str
    start: int
    end: int
    data: Mapping[str, object] = field(default_factory=dict)
    """Structured reading: codes of a location, bounds of a time, kind of a phone."""


def leave_out(text: str, entities: Iterable[Entity], *kinds: str) -> str:
    """A normalised text without what is named in it: 停车场 and 臭椿胡同 are not what is wrong."""
    for entity in entities:
        if entity.entity in kinds:
            text = text.replace(entity.value, "，")
    return _COMMAS.sub("，", text).strip("，")


@dataclass(frozen=True, slots=True)
class Intent:
    """What the resident wants, with a calibrated probability."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CategoryGuess:
    """A problem category (问题类别) with a calibrated probability."""

    code: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Part:
    """One matter of a message that holds several; offsets in the sent text."""

    text: str
    start: int
    end: int
    intent: str
    categories: tuple[CategoryGuess, ...]
    sure: bool = True
    """False where it may as well belong to the matter before it."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """The whole reading of one message.

    `embedding` is the unit-length sentence vector of the normalised text; search and
    duplicate checks reuse it, so that a sentence is embedded once.
    """

    text: str
    normalised: str
    intent: Intent
    intent_ranking: tuple[Intent, ...]
    category: CategoryGuess | None
    category_ranking: tuple[CategoryGuess, ...]
    entities: tuple[Entity, ...]
    emergency: str | None
    embedding: Vector
    parts: tuple[Part, ...] = ()
    """The matters in order when there are several, else empty."""
