"""The spaCy pipeline that reads a normalised message: our words, known names, all readers.

`doc.text` is the normalised text, character for character, so spans carry its offsets.
spaCy's spans hold whole words; a reading that ends inside a word gets the span of the words
it touches, and its exact offsets stand in `doc.user_data["entities"]`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from bot.language.case_numbers import read_case_numbers
from bot.language.gazetteer import Gazetteer, load_gazetteer
from bot.language.models import Entity
from bot.language.organisations import read_organisations
from bot.language.persons import read_persons
from bot.language.phones import read_phones
from bot.language.place_units import UnitFinder
from bot.language.places import read_places
from bot.language.plates import read_plates
from bot.language.segmentation import Segmenter
from bot.language.times import read_times

ENTITIES = "entities"
"""Key of doc.spans and doc.user_data."""

NAMES = "gazetteer"
"""Key of doc.spans with the names of the lexicon, labelled by kind."""

NOW = "now"
"""Key of doc.user_data with the aware datetime that 昨天 counts from."""


class JiebaTokenizer:
    """Turns text into a Doc of jieba's words; spaces are words of their own.

    It carries the lexicon, which the components after it share.
    """

    def __init__(self, vocab: Vocab, gazetteer: Gazetteer) -> None:
        self._vocab = vocab
        self.gazetteer = gazetteer
        self.segmenter = Segmenter(gazetteer.names, gazetteer.terms)

    def __call__(self, text: str) -> Doc:
        words = list(self.segmenter.cut(text))
        return Doc(self._vocab, words=words, spaces=[False] * len(words))


class GazetteerRuler:
    """Marks known names by their characters.

    spaCy's own ruler matches whole words, and would miss a name wherever it is cut apart.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def __call__(self, doc: Doc) -> Doc:
        text = doc.text
        hits = self._gazetteer.find(text, lambda start, end: True)
        doc.spans[NAMES] = [_span(doc, hit.start, hit.end, hit.kind) for hit in hits]
        return doc


class EntityComponent:
    """Runs all readers and keeps what they found, in order, one reading a stretch."""

    def __init__(self, gazetteer: Gazetteer, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._units = UnitFinder(gazetteer, segmenter)

    def __call__(self, doc: Doc) -> Doc:
        entities = self._read(doc.text, [token.text for token in doc], doc.user_data.get(NOW))
        doc.user_data[ENTITIES] = entities
        doc.spans[ENTITIES] = [
            _span(doc, entity.start, entity.end, entity.entity) for entity in entities
        ]
        return doc

    def _read(self, text: str, words: Sequence[str], now: datetime | None) -> tuple[Entity, ...]:
        kept = _Kept()
        kept.add(read_case_numbers(text))
        kept.add(read_phones(text))
        kept.add(read_plates(text))
        kept.add(read_times(text, now))
        blocked = [(entity.start, entity.end) for entity in kept.entities]
        units = self._units.find(text, words, blocked)
        kept.add(read_places(text, units, blocked))
        kept.add(read_organisations(text, units))
        kept.add(read_persons(text, words, self._segmenter))
        return tuple(kept.entities)


class _Kept:
    """Entities in order of their starts; a later one never touches an earlier one."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []
        self._starts: list[int] = []

    def add(self, entities: Iterable[Entity]) -> None:
        for entity in entities:
            at = bisect_right(self._starts, entity.start)
            after = self._starts[at] if at < len(self._starts) else entity.end
            before = self.entities[at - 1].end if at else 0
            if before <= entity.start and entity.end <= after:
                self.entities.insert(at, entity)
                self._starts.insert(at, entity.start)


def make_gazetteer_ruler(nlp: Language, name: str) -> GazetteerRuler:
    """Make the ruler from the lexicon that the tokenizer carries."""
    return GazetteerRuler(_tokenizer_of(nlp).gazetteer)


def make_entity_component(nlp: Language, name: str) -> EntityComponent:
    """Make the component from the lexicon and words that the tokenizer carries."""
    tokenizer = _tokenizer_of(nlp)
    return EntityComponent(tokenizer.gazetteer, tokenizer.segmenter)


Language.factory("hotline_gazetteer", func=make_gazetteer_ruler)
Language.factory("hotline_entities", func=make_entity_component)


def build_pipeline(gazetteer: Gazetteer | None = None) -> Language:
    """A blank Chinese pipeline with our words, the gazetteer and the readers.

    Call it on a Doc of `nlp.make_doc(text)` with `doc.user_data["now"]` set, so that 昨天
    gets its date. Loading takes about half a second and 150 MB: share one.
    """
    nlp: Language = spacy.blank("zh")
    nlp.tokenizer = JiebaTokenizer(nlp.vocab, gazetteer or load_gazetteer())
    nlp.add_pipe("hotline_gazetteer")
    nlp.add_pipe("hotline_entities")
    return nlp


def _tokenizer_of(nlp: Language) -> JiebaTokenizer:
    tokenizer = nlp.tokenizer
    if not isinstance(tokenizer, JiebaTokenizer):
        raise TypeError("this component needs the JiebaTokenizer, which carries the lexicon")
    return tokenizer


def _span(doc: Doc, start: int, end: int, label: str) -> Span:
    span: Span = doc.char_span(start, end, label=label, alignment_mode="expand")
    return span
