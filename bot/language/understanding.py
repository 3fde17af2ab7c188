"""The whole reading of a message, from text to Understanding: the same for every door.

`hotline parse`, the Rasa components and the tests all go through the parts put together here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bot.language.classifier import LinearClassifier
from bot.language.embedding import Embedder
from bot.language.emergency import detect_emergency
from bot.language.entities import EntityReader
from bot.language.models import CategoryGuess, Channel, Intent, Understanding
from bot.language.normalise import normalise
from bot.language.settle import settle_intents

INTENTS = "intents"
CATEGORIES = "categories"
MOST_CATEGORIES = 5
CATEGORY_INTENTS = frozenset(
    {"report_case", "make_suggestion", "check_case", "ask_policy", "give_praise"}
)
"""Intents whose message is about a problem, so that naming a category makes sense."""


class Understander:
    """Reads messages; safe to use from several threads."""

    def __init__(
        self,
        embedder: Embedder,
        intents: LinearClassifier,
        categories: LinearClassifier,
        category_names: Mapping[str, str],
    ) -> None:
        self.embedder = embedder
        self._intents = intents
        self._categories = categories
        self._category_names = category_names
        self._entities = EntityReader()
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, intents: Path, categories: Path, embedder: Embedder, category_names: Mapping[str, str]
    ) -> Understander:
        """From the folders of the trained components."""
        return cls(
            embedder,
            LinearClassifier.load(intents, INTENTS),
            LinearClassifier.load(categories, CATEGORIES),
            category_names,
        )

    def read(self, text: str, channel: Channel, now: datetime) -> Understanding:
        """The reading of one message; `now` is aware and anchors words like 昨晚."""
        normalised = normalise(text, channel)
        vector = self.embedder.embed([normalised.text])[0]
        with self._lock:
            entities = self._entities.read(text, normalised, channel, now)
        emergency = detect_emergency(normalised.text)
        ranking = [Intent(name, p) for name, p in self._intents.rank(normalised.text, vector)]
        ranking = list(settle_intents(normalised.text, ranking, entities, emergency))
        guesses = guess_categories(self._categories, self._category_names, normalised.text, vector)
        about_a_problem = ranking[0].name in CATEGORY_INTENTS
        return Understanding(
            text=text,
            normalised=normalised.text,
            intent=ranking[0],
            intent_ranking=tuple(ranking),
            category=guesses[0] if guesses and about_a_problem else None,
            category_ranking=tuple(guesses),
            entities=tuple(entities),
            emergency=emergency,
            embedding=vector,
        )


def guess_categories(
    classifier: LinearClassifier, names: Mapping[str, str], text: str, vector: object
) -> Sequence[CategoryGuess]:
    """The best few categories of a text."""
    ranked = classifier.rank(text, vector, MOST_CATEGORIES)  # type: ignore[arg-type]
    return [CategoryGuess(code, names.get(code, code), p) for code, p in ranked]
