"""Trains the reader of places from the written examples and what is made of them.

python -m bot.language.place_training FOLDER
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite
from spacy.language import Language

from bot.language.normalise import Normalised, normalise
from bot.language.place_augmentation import Maker, Names, enlarge
from bot.language.place_examples import Example, read_examples
from bot.language.place_tagger import BEGIN, INSIDE, MODEL_FILE, OUTSIDE, split_signs
from bot.language.place_units import Span
from bot.language.segmentation import Segmenter
from bot.language.spacy_pipeline import build_pipeline, describe_doc, tokenizer_of

_ALGORITHM = "ap"
"""The averaged perceptron: as right as L-BFGS here, in half the time (ADR 0010)."""
_PARAMETERS = {
    "max_iterations": 10,
    "feature.minfreq": 2,
    "feature.possible_transitions": False,
}
_JOINED, _PLAIN, _ALONE, _CORRECTED, _ENGLISH = 2300, 800, 600, 450, 250
"""How many sentences get a place, stay without one, and are made of a place alone."""
_SHORT = 3


def train_places(folder: Path) -> None:
    """Train on nlu_data and write the model into `folder`, which is made when missing.

    Gives the same model every time; takes some fifteen seconds on one core.
    """
    nlp = build_pipeline()
    trainer = pycrfsuite.Trainer(algorithm=_ALGORITHM, verbose=False)
    trainer.set_params(_PARAMETERS)
    for tags, features in prepare(nlp, make_examples(nlp)):
        trainer.append(features, tags)
    folder.mkdir(parents=True, exist_ok=True)
    trainer.train(str(folder / MODEL_FILE))


def make_examples(nlp: Language) -> list[Example]:
    """Everything the model learns from."""
    gazetteer = tokenizer_of(nlp).gazetteer
    by_kind: dict[str, list[str]] = {"district": [], "subdistrict": [], "place": []}
    for name in sorted(gazetteer.names):
        named = gazetteer.look_up(name)
        kind = named.kind if named is not None and named.kind in by_kind else "place"
        by_kind[kind].append(name)
    districts, subdistricts, places = by_kind.values()
    segmenter = tokenizer_of(nlp).segmenter
    common = [name for name in places if len(name) <= _SHORT and segmenter.is_common(name)]
    maker = Maker(Names(districts, subdistricts, places, common))
    plain = _sentences_without_place(nlp)
    chosen = random.Random(12345)
    chosen.shuffle(plain)
    examples = list(enlarge(read_examples(), plain[:_JOINED], maker))
    examples += [Example(text, ()) for text in plain[_JOINED : _JOINED + _PLAIN]]
    examples += [maker.make_alone() for _ in range(_ALONE)]
    examples += [maker.make_correction() for _ in range(_CORRECTED)]
    examples += [maker.make_in_english() for _ in range(_ENGLISH)]
    return examples


def _sentences_without_place(nlp: Language) -> list[str]:
    """Residents' sentences about categories in which no list sees a name."""
    from bot.language.training import read_categories  # training itself may call this module

    gazetteer = tokenizer_of(nlp).gazetteer
    kept = []
    for entry in read_categories():
        for text in entry.examples[::2]:
            if not any(True for _ in gazetteer.find(text, lambda start, end: True)):
                kept.append(text)
    return kept


def prepare(
    nlp: Language, examples: Iterable[Example]
) -> Iterable[tuple[list[str], list[list[str]]]]:
    """Tags and features of every example, read as the assistant will read it."""
    segmenter: Segmenter = tokenizer_of(nlp).segmenter
    for example in examples:
        normalised = normalise(example.text)
        doc = nlp.make_doc(normalised.text)
        for name in ("hotline_gazetteer", "hotline_rules"):
            doc = nlp.get_pipe(name)(doc)
        tokens = split_signs(normalised.text)
        spans = [_locate(normalised, start, end) for start, end in example.places]
        yield _tag(tokens, spans), describe_doc(doc, tokens, segmenter)


def _locate(normalised: Normalised, start: int, end: int) -> Span:
    """The span of the normalised text that came from start:end of the original."""
    inside = [
        at
        for at, (first, last) in enumerate(zip(normalised.starts, normalised.ends, strict=True))
        if first >= start and last <= end
    ]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _tag(tokens: Sequence[Span], spans: Sequence[Span]) -> list[str]:
    tags = []
    for start, end in tokens:
        span = next((s for s in spans if s[0] <= start and end <= s[1]), None)
        tags.append(OUTSIDE if span is None else BEGIN if start == span[0] else INSIDE)
    return tags


if __name__ == "__main__":
    train_places(Path(sys.argv[1]))
