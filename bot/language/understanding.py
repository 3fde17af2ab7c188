"""The whole reading of a message, from text to Understanding: the same for every door.

Rasa's component, `hotline parse` and the tests all read with this one class.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.language.alarm import Alarm
from bot.language.categorise import Categoriser
from bot.language.category_words import CategoryWords
from bot.language.embedding import Both, Listener
from bot.language.entities import EntityReader
from bot.language.models import CategoryGuess, Channel, Intent, Part, Understanding
from bot.language.normalise import Normalised, normalise
from bot.language.parts import find_parts
from bot.language.settle import SETTLED, put_first, settle_intents
from bot.language.training import Models, read_categories

CATEGORY_INTENTS = frozenset(
    {"report_case", "make_suggestion", "check_case", "ask_policy", "give_praise"}
)
"""Intents whose message is about a problem, so that naming a category makes sense."""
REPORT = "report_case"
FOREIGN = Intent("out_of_scope", SETTLED)
PLACES = "places"
"""Where the trained reader of places lies in the folder of the models."""
LONGEST_READ = 4000
"""Characters: what stands beyond is kept with the message and not read by the models."""


class Understander:
    """Reads messages; safe to use from several threads."""

    def __init__(
        self,
        listener: Listener,
        models: Models,
        entities: EntityReader,
        category_names: Mapping[str, str],
    ) -> None:
        self.listener = listener
        self._intents = models.intents
        said = ((entry.code, entry.name, entry.words) for entry in read_categories())
        words = CategoryWords(models.categories.labels, said)
        self._categoriser = Categoriser(models.categories, words, category_names, listener)
        self._alarm = Alarm(models.dangers)
        self._entities = entities
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, folder: Path, listener: Listener, category_names: Mapping[str, str]
    ) -> Understander:
        """From the folder that training wrote."""
        return cls(listener, Models.load(folder), EntityReader(folder / PLACES), category_names)

    def read(self, text: str, channel: Channel, now: datetime) -> Understanding:
        """The reading of one message; `now` is aware and anchors words like 昨晚."""
        normalised = normalise(text, channel)
        words = normalised.text[:LONGEST_READ]
        vectors = self.listener.embed_both([words])[0]
        with self._lock:
            entities = self._entities.read(text, normalised, channel, now)
        emergency = self._alarm.detect(words, vectors.meaning)
        guesses = self._categoriser.rank(words, vectors.meaning)
        ranked = self._rank_intents(words, vectors)
        ranking = settle_intents(words, ranked, entities, emergency, guesses[0])
        # a danger goes before everything, and what is surely not ours is not taken to pieces
        whole = emergency is not None or ranking[0] == FOREIGN
        parts = () if whole else self._find_parts(text, normalised, words, ranked)
        if any(part.intent == REPORT for part in parts):
            ranking = put_first(REPORT, ranking)
        about_a_problem = ranking[0].name in CATEGORY_INTENTS
        return Understanding(
            text=text,
            normalised=normalised.text,
            intent=ranking[0],
            intent_ranking=tuple(ranking),
            category=guesses[0] if about_a_problem else None,
            category_ranking=guesses,
            entities=tuple(entities),
            emergency=emergency,
            embedding=vectors.meaning,
            parts=parts,
        )

    def _find_parts(
        self, text: str, normalised: Normalised, words: str, ranking: Sequence[Intent]
    ) -> tuple[Part, ...]:
        """With offsets and words of the text as it was sent."""
        placed = []
        for part in find_parts(words, ranking, self._read_piece):
            start, end = normalised.original_span(part.start, part.end)
            placed.append(replace(part, text=text[start:end], start=start, end=end))
        return tuple(placed)

    def _rank_intents(self, text: str, vectors: Both) -> list[Intent]:
        return [Intent(name, odds) for name, odds in self._intents.rank(text, vectors.whole)]

    def _read_piece(self, text: str) -> tuple[Intent, Sequence[CategoryGuess]]:
        vectors = self.listener.embed_both([text])[0]
        return self._rank_intents(text, vectors)[0], self._categoriser.rank(text, vectors.meaning)
