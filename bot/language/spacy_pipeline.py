"""The spaCy pipeline that reads a normalised message: our words, known names, all readers.

`doc.text` is the normalised text, character for character, so spans carry its offsets.
spaCy's spans hold whole words; a reading that ends inside a word gets the span of the words
it touches, and its exact offsets stand in `doc.user_data["entities"]`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from bot.language.place_tagger import MODEL_FILE, PlaceTagger, describe_signs, split_signs
from bot.language.place_units import Unit, UnitFinder
from bot.language.places import (
    Chain,
    add_apart,
    add_facilities,
    adopt_spans,
    clear_spans,
    describe_places,
    find_chains,
    trim_spans,
)
from bot.language.places_english import EnglishPlaces
from bot.language.plates import read_plates
from bot.language.segmentation import Segmenter
from bot.language.times import read_times
from bot.language.times_english import read_english_times

ENTITIES = "entities"
"""Key of doc.spans and doc.user_data."""

NAMES = "gazetteer"
"""Key of doc.spans with the names of the lexicon, labelled by kind."""

NOW = "now"
"""Key of doc.user_data with the aware datetime that 昨天 counts from."""


PLACES = "places"
"""Key of doc.user_data with the spans the trained part found."""

_READING = "reading"


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


@dataclass(slots=True)
class _Reading:
    """What the rules made of a text, on its way to the later components."""

    words: list[str]
    kept: _Kept
    blocked: list[tuple[int, int]]
    units: list[Unit]
    chains: list[Chain]


class RuleReader:
    """Runs the readers that know by rule: numbers, times, and the parts of places."""

    def __init__(self, gazetteer: Gazetteer, segmenter: Segmenter) -> None:
        self._units = UnitFinder(gazetteer, segmenter)

    def __call__(self, doc: Doc) -> Doc:
        text = doc.text
        # spaCy makes a token anew for each one that is looked at, so they are looked at once
        words = [token.text for token in doc]
        kept = _Kept()
        kept.add(read_case_numbers(text))
        kept.add(read_phones(text))
        kept.add(read_plates(text))
        kept.add(read_times(text, doc.user_data.get(NOW)))
        kept.add(read_english_times(text, doc.user_data.get(NOW)))
        blocked = [(entity.start, entity.end) for entity in kept.entities]
        units = self._units.find(text, words, blocked)
        chains = find_chains(text, units, blocked)
        doc.user_data[_READING] = _Reading(words, kept, blocked, units, chains)
        return doc


class PlaceRecogniser:
    """The trained part: marks places, those included that no list and no rule knows."""

    def __init__(self, segmenter: Segmenter, model: Path) -> None:
        self._segmenter = segmenter
        self._tagger = PlaceTagger(model)

    def __call__(self, doc: Doc) -> Doc:
        tokens = split_signs(doc.text)
        found = self._tagger.find(tokens, describe_doc(doc, tokens, self._segmenter))
        doc.user_data[PLACES] = found
        return doc


def describe_doc(
    doc: Doc, tokens: Sequence[tuple[int, int]], segmenter: Segmenter
) -> list[list[str]]:
    """What the trained part sees of a doc that the components before it have read."""
    reading: _Reading = doc.user_data[_READING]
    return describe_signs(
        doc.text,
        tokens,
        reading.words,
        [(span.start_char, span.end_char, span.label_) for span in doc.spans[NAMES]],
        [(chain.start, chain.end) for chain in reading.chains],
        segmenter,
    )


class EntityComponent:
    """Brings together what was found, in order, one reading a stretch."""

    def __init__(self, gazetteer: Gazetteer, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._english = EnglishPlaces(gazetteer)

    def __call__(self, doc: Doc) -> Doc:
        text = doc.text
        reading: _Reading = doc.user_data.pop(_READING)
        chains, units = reading.chains, reading.units
        english, names = self._english.find(text)
        trained = doc.user_data.pop(PLACES, None)
        if english or trained is not None:
            spans = add_apart(english, trained or ())
            units = sorted([*units, *names], key=lambda unit: (unit.start, -unit.end))
            spans = clear_spans(spans, reading.blocked)
            spans = trim_spans(text, spans, units)
            spans = add_facilities(text, spans, reading.blocked)
            chains = adopt_spans(chains, units, spans)
        kept = reading.kept
        kept.add(describe_places(text, chains))
        kept.add(read_organisations(text, reading.units))
        kept.add(read_persons(text, reading.words, self._segmenter))
        doc.user_data[ENTITIES] = tuple(kept.entities)
        doc.spans[ENTITIES] = [
            _span(doc, entity.start, entity.end, entity.entity) for entity in kept.entities
        ]
        return doc


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
    return GazetteerRuler(tokenizer_of(nlp).gazetteer)


def make_rule_reader(nlp: Language, name: str) -> RuleReader:
    """Make the readers from the lexicon and words that the tokenizer carries."""
    tokenizer = tokenizer_of(nlp)
    return RuleReader(tokenizer.gazetteer, tokenizer.segmenter)


def make_place_recogniser(nlp: Language, name: str, model: str) -> PlaceRecogniser:
    """Make the trained part from the folder that training wrote; OSError when it is missing."""
    return PlaceRecogniser(tokenizer_of(nlp).segmenter, Path(model) / MODEL_FILE)


def make_entity_component(nlp: Language, name: str) -> EntityComponent:
    """Make the last component from the lexicon and words that the tokenizer carries."""
    tokenizer = tokenizer_of(nlp)
    return EntityComponent(tokenizer.gazetteer, tokenizer.segmenter)


Language.factory("hotline_gazetteer", func=make_gazetteer_ruler)
Language.factory("hotline_rules", func=make_rule_reader)
Language.factory("hotline_places", func=make_place_recogniser)
Language.factory("hotline_entities", func=make_entity_component)


def build_pipeline(gazetteer: Gazetteer | None = None, ner: Path | None = None) -> Language:
    """A blank Chinese pipeline with our words, the gazetteer and the readers.

    `ner` is the folder `train_places` wrote; without it the rules read places alone. Call the
    pipeline on a Doc of `nlp.make_doc(text)` with `doc.user_data["now"]` set, so that 昨天
    gets its date. Loading takes about half a second and 150 MB: share one.
    """
    nlp: Language = spacy.blank("zh")
    nlp.tokenizer = JiebaTokenizer(nlp.vocab, gazetteer or load_gazetteer())
    nlp.add_pipe("hotline_gazetteer")
    nlp.add_pipe("hotline_rules")
    if ner is not None:
        nlp.add_pipe("hotline_places", config={"model": str(ner)})
    nlp.add_pipe("hotline_entities")
    return nlp


def tokenizer_of(nlp: Language) -> JiebaTokenizer:
    """The tokenizer of a pipeline of ours; TypeError for any other."""
    tokenizer = nlp.tokenizer
    if not isinstance(tokenizer, JiebaTokenizer):
        raise TypeError("this component needs the JiebaTokenizer, which carries the lexicon")
    return tokenizer


def _span(doc: Doc, start: int, end: int, label: str) -> Span:
    span: Span = doc.char_span(start, end, label=label, alignment_mode="expand")
    return span
