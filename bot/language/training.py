"""What the assistant learns from, read and trained without Rasa."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.language.classifier import LinearClassifier, Training, train_classifier
from bot.language.embedding import Embedder
from bot.language.embedding_many import embed_many
from bot.language.normalise import normalise

ROOT = Path(__file__).resolve().parent.parent.parent
NLU_DATA = ROOT / "nlu_data"

INTENT_TRAINING = Training(c=40.0, grams_weight=0.4)
CATEGORY_TRAINING = Training(c=10.0, grams_weight=0.4, ridge=True)


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """One category as residents speak of it."""

    code: str
    name: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    confusable: tuple[tuple[str, str], ...]
    """(code, the question that tells the two apart)."""


def read_sentences(folder: Path = NLU_DATA / "nlu") -> list[tuple[str, str]]:
    """Every training sentence with its intent."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            for line in item["examples"].splitlines():
                if line.startswith("- "):
                    found.append((line[2:].strip(), item["intent"]))
    return found


def read_categories(folder: Path = NLU_DATA / "categories") -> list[CategoryEntry]:
    """Every category with its words and example sentences."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for item in yaml.safe_load(path.read_text("utf-8")) or ():
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


def train_categories(embedder: Embedder, memory: Path | None = None) -> LinearClassifier:
    """Fit the category classifier on names, words and example sentences.

    `memory` is the file that keeps their vectors for the next training.
    """
    pairs = [
        (normalise(text).text, entry.code)
        for entry in read_categories()
        for text in (entry.name, *entry.words, *entry.examples)
    ]
    texts = [text for text, _ in pairs]
    return train_classifier(
        texts, embed_many(embedder, texts, memory), [code for _, code in pairs], CATEGORY_TRAINING
    )
