"""The whole reading of a message, from text to Understanding: the same for every door.

Rasa's component, `hotline parse` and the tests all read with this one class.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bot.language.alarm import Alarm
from bot.language.categorise import Categoriser
from bot.language.category_words import CategoryWords
from bot.language.embedding import Both, Listener
from bot.language.entities import EntityReader
from bot.language.letters import open_letters
from bot.language.models import (
    CategoryGuess,
    Channel,
    Entity,
    Intent,
    Part,
    Understanding,
    Vector,
    leave_out,
)
from bot.language.normalise import Normalised, normalise
from bot.language.parts import PieceReading, find_parts
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
_SURELY = 0.7
_FACTS = ("location", "phone", "time")
_FEWEST, _LONGEST_HIDDEN = 2, 60
"""Characters beside the facts: fewer tell nothing, longer messages tell enough by themselves."""
LONGEST_READ = 4000
"""Characters: what stands beyond is kept with the message and not read by the models."""


class Told(NamedTuple):
    """A message and how it reached us."""

    text: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class _FirstLook:
    """What each reader by itself made of a message."""

    text: str
    normalised: Normalised
    words: str
    meaning: Vector
    emergency: str | None
    guesses: tuple[CategoryGuess, ...]
    intents: list[Intent]
    entities: tuple[Entity, ...]


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
        return self.read_many([Told(text, channel)], now)[0]

    def read_many(self, told: Sequence[Told], now: datetime) -> list[Understanding]:
        """What `read` gives for each, in a fraction of the time: what was learned lies in large
        matrices, which have to come from memory once for all of them.
        """
        if not told:
            return []
        normalised = [normalise(each.text, each.channel) for each in told]
        words = [each.text[:LONGEST_READ] for each in normalised]
        with self._lock:
            entities = [
                self._entities.read(each.text, plain, each.channel, now)
                for each, plain in zip(told, normalised, strict=True)
            ]
        placeless = [
            leave_out(text, named, "location") for text, named in zip(words, entities, strict=True)
        ]
        vectors = self.listener.embed_both(words)
        intents = self._rank_intents(words, vectors)
        self._look_behind_facts(intents, words, entities)
        letters = open_letters(words, self.listener)
        dangers = self._alarm.detect_many(words, vectors.meaning, intents, letters)
        guesses = self._categoriser.rank_many(words, vectors.meaning, letters, placeless)
        found = []
        for index, each in enumerate(told):
            first = _FirstLook(
                each.text,
                normalised[index],
                words[index],
                vectors.meaning[index],
                dangers[index],
                guesses[index],
                intents[index],
                entities[index],
            )
            found.append(self._settle(first))
        return found

    def _settle(self, look: _FirstLook) -> Understanding:
        ranking = settle_intents(
            look.words, look.intents, look.entities, look.emergency, look.guesses[0]
        )
        # a danger goes before everything, and what is surely not ours is not taken to pieces
        whole = look.emergency is not None or ranking[0] == FOREIGN
        parts = () if whole else self._find_parts(look)
        if any(part.intent == REPORT for part in parts):
            ranking = put_first(REPORT, ranking)
        about_a_problem = ranking[0].name in CATEGORY_INTENTS
        return Understanding(
            text=look.text,
            normalised=look.normalised.text,
            intent=ranking[0],
            intent_ranking=tuple(ranking),
            category=look.guesses[0] if about_a_problem else None,
            category_ranking=look.guesses,
            entities=look.entities,
            emergency=look.emergency,
            embedding=look.meaning,
            parts=parts,
        )

    def _find_parts(self, look: _FirstLook) -> tuple[Part, ...]:
        """With offsets and words of the text as it was sent."""
        placed = []
        for part in find_parts(look.words, look.intents, look.guesses, self._read_pieces):
            start, end = look.normalised.original_span(part.start, part.end)
            placed.append(replace(part, text=look.text[start:end], start=start, end=end))
        return tuple(placed)

    def _look_behind_facts(
        self,
        intents: list[list[Intent]],
        texts: Sequence[str],
        entities: Sequence[tuple[Entity, ...]],
    ) -> None:
        """梨园地铁站边上一个大坑: a place that sounds like a matter of others, or a place and a number
        that make a message sound like a bare answer, are left out; what surely reports without
        them is a report.
        """
        rest = {
            index: leave_out(texts[index], entities[index], *_FACTS)
            for index, ranking in enumerate(intents)
            if _may_hide_a_report(ranking[0].name, entities[index])
        }
        rest = {i: text for i, text in rest.items() if _FEWEST <= len(text) <= _LONGEST_HIDDEN}
        if not rest:
            return
        behind = list(rest.values())
        rankings = self._rank_intents(behind, self.listener.embed_both(behind))
        for index, ranking in zip(rest, rankings, strict=True):
            if ranking[0].name == REPORT and ranking[0].confidence >= _SURELY:
                intents[index] = ranking

    def _rank_intents(self, texts: Sequence[str], vectors: Both) -> list[list[Intent]]:
        ranked = self._intents.rank_many(texts, vectors.whole)
        return [[Intent(name, odds) for name, odds in each] for each in ranked]

    def _read_pieces(self, texts: Sequence[str]) -> list[PieceReading]:
        vectors = self.listener.embed_both(texts)
        intents = self._rank_intents(texts, vectors)
        letters = open_letters(texts, self.listener)
        categories = self._categoriser.rank_many(texts, vectors.meaning, letters)
        return [(each[0], guesses) for each, guesses in zip(intents, categories, strict=True)]


def _may_hide_a_report(intent: str, entities: Sequence[Entity]) -> bool:
    places = [entity for entity in entities if entity.entity == "location"]
    if intent == "check_case":  # 占道 西单
        return bool(places) and not any(each.entity == "case_number" for each in entities)
    if intent == "inform":
        return bool(places)
    return intent == FOREIGN.name and any(place.data.get("district_code") for place in places)
