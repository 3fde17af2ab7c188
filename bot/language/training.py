"""What the assistant learns from, read and trained without Rasa."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.language.alarm import HARMLESS
from bot.language.augmentation import add_speech, is_picked
from bot.language.classifier import SentenceClassifier
from bot.language.classifier_training import Training, fit_classifier, prepare
from bot.language.embedding import Listener
from bot.language.embedding_many import embed_many
from bot.language.emergency import detect_emergency
from bot.language.normalise import normalise
from bot.language.place_examples import read_examples
from bot.language.sentences import cut_sentences
from bot.language.yaml_files import read_yaml

ROOT = Path(__file__).resolve().parent.parent.parent
NLU_DATA = ROOT / "nlu_data"

_HOW = Training()
_SPOKEN_EVERY = 8
"""So many written sentences to one that is learned as speech too; more did not help."""
_ORDINARY_EVERY = 6
"""Of the other models' sentences so many to one that shows the dangers' model what is ordinary; from
nlu_data/entities it learns all in which no word tells of danger."""
_TALE = 100
"""Characters from which each sentence of a message shows what is ordinary in the middle of a tale:
letters are searched for danger sentence by sentence."""
_DANGEROUS_CATEGORIES = frozenset({"90007", "06020", "10002", "90016"})
"""Gas, open fire, fallen wires, things thrown from above: their examples may be dangers."""

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """One category as residents speak of it."""

    code: str
    name: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    confusable: tuple[tuple[str, str], ...]
    """(code, the question that tells the two apart)."""


@dataclass(frozen=True, slots=True)
class Models:
    """Everything learned from text; kept in one folder."""

    intents: SentenceClassifier
    categories: SentenceClassifier
    dangers: SentenceClassifier

    def save(self, folder: Path) -> None:
        """Write the models into `folder`."""
        for name in self.__slots__:
            getattr(self, name).save(folder, name)

    @classmethod
    def load(cls, folder: Path) -> Models:
        """Read what `save` wrote."""
        return cls(*(SentenceClassifier.load(folder, name) for name in cls.__slots__))


def read_sentences(folder: Path = NLU_DATA / "nlu") -> list[tuple[str, str]]:
    """Every training sentence with its intent."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in read_yaml(path)["nlu"]:
            for line in item["examples"].splitlines():
                if line.startswith("- "):
                    found.append((line[2:].strip(), item["intent"]))
    return found


def read_categories(folder: Path = NLU_DATA / "categories") -> list[CategoryEntry]:
    """Every category with its words and example sentences."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in read_yaml(path) or ():
            found.append(
                CategoryEntry(
                    str(item["code"]),
                    item["name"],
                    tuple(item.get("words") or ()),
                    tuple(item.get("examples") or ()),
                    tuple((str(c["code"]), c["question"]) for c in item.get("confusable") or ()),
                )
            )
    return found


def read_dangers(folder: Path = NLU_DATA / "dangers") -> list[tuple[str, str]]:
    """Every sentence written about danger, with its kind or HARMLESS."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in read_yaml(path) or ():
            found += [(text, item["kind"]) for text in item.get("present") or ()]
            found += [(text, HARMLESS) for text in item.get("harmless") or ()]
    return found


def train_models(listener: Listener, sentences: Pairs, memory: Path | None = None) -> Models:
    """Fit everything: the intents on `sentences` (text, intent), what they are about and how they
    are said; the rest on nlu_data and what it is about.

    `memory` is the file that keeps the vectors for the next training.
    """
    sets = _gather(sentences)
    prepared = [
        prepare([text for text, _ in pairs], [label for _, label in pairs], _HOW) for pairs in sets
    ]
    texts = _distinct(sets)
    row = {text: index for index, text in enumerate(texts)}
    vectors = embed_many(listener, texts, memory)
    sides = (vectors.whole, vectors.meaning, vectors.meaning)
    trained = [
        fit_classifier(said, side[[row[text] for text, _ in pairs]], _HOW)
        for said, pairs, side in zip(prepared, sets, sides, strict=True)
    ]
    return Models(*trained)


def _gather(sentences: Pairs) -> tuple[list[tuple[str, str]], ...]:
    """What each of the models learns from, as they see it: intents, categories, dangers."""
    categories = [
        (text, entry.code) for entry in read_categories() for text in (entry.name, *entry.examples)
    ]
    return (
        _normalise_pairs(sentences, spoken_every=_SPOKEN_EVERY),
        _normalise_pairs(categories),
        _normalise_pairs(_danger_pairs(sentences, categories)),
    )


def _distinct(sets: Iterable[Pairs]) -> list[str]:
    return sorted({text for pairs in sets for text, _ in pairs})


def _normalise_pairs(pairs: Pairs, spoken_every: int | None = None) -> list[tuple[str, str]]:
    """The texts as the models see them, some of them once more as speech."""
    written = [(_normalise_once(text), label) for text, label in pairs]
    heard = add_speech(written, spoken_every) if spoken_every else []
    return written + [(normalise(text, "voice").text, label) for text, label in heard]


@lru_cache(maxsize=1 << 15)
def _normalise_once(text: str) -> str:
    """Many a sentence is learned from by more than one model."""
    return normalise(text).text


def _danger_pairs(sentences: Pairs, categories: Pairs) -> list[tuple[str, str]]:
    """Dangers and near misses as written, and ordinary messages as what is harmless."""
    written = read_dangers()
    known = {text for text, _ in written}
    ordinary = [text for text, intent in sentences if intent != "report_case"]
    ordinary += [text for text, code in categories if code not in _DANGEROUS_CATEGORIES]
    ordinary = [text for text in ordinary if is_picked(text, _ORDINARY_EVERY)]
    placed = [_normalise_once(example.text) for example in read_examples()]
    tales = [text for text, _ in (*sentences, *categories) if len(text) >= _TALE]
    told = [each.text for text in tales for each in cut_sentences(_normalise_once(text))]
    ordinary += [text for text in (*placed, *told) if detect_emergency(text) is None]
    return written + [(text, HARMLESS) for text in dict.fromkeys(ordinary) if text not in known]
