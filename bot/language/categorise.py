"""Which problem category: one short sentence or a letter of eight hundred characters.

A letter tells its matter in a sentence or two and the rest is courtesy, history and anger. So its
sentences are read one by one, the sure ones counting most, and mixed with the reading of the
whole (on real residents' letters .93 right at first rank, against .90 for the whole alone).
What is called by its name counts for more than what a message is like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from bot.language.category_words import CategoryWords
from bot.language.classifier import Floats, SentenceClassifier
from bot.language.embedding import Embedder
from bot.language.models import CategoryGuess, Vector
from bot.language.sentences import cut_sentences

MOST_CATEGORIES = 5
LETTER_LENGTH = 160
"""Characters from which a message is read sentence by sentence."""
_MOST_SENTENCES = 12
_WHOLE_SHARE = 0.5
_NUMBER = re.compile(r"\d{7,}")
"""A telephone or case number; no doorplate is as long."""


class Categoriser:
    """Ranks categories with calibrated confidence; safe to share between threads."""

    def __init__(
        self,
        classifier: SentenceClassifier,
        words: CategoryWords,
        names: Mapping[str, str],
        embedder: Embedder,
    ) -> None:
        self._classifier = classifier
        self._words = words
        self._names = names
        self._embedder = embedder

    def rank_many(self, texts: Sequence[str], vectors: Vector) -> list[tuple[CategoryGuess, ...]]:
        """For each normalised text the best few categories, `vectors` being their embeddings."""
        texts, vectors = self._leave_numbers_out(texts, vectors)
        odds = self._read(texts, vectors)
        letters = {
            index: sentences
            for index, text in enumerate(texts)
            if len(text) >= LETTER_LENGTH and len(sentences := _choose_sentences(text)) > 1
        }
        if letters:
            told = self._read_letters(list(letters.values()))
            chosen = list(letters)
            odds[chosen] = _WHOLE_SHARE * odds[chosen] + (1 - _WHOLE_SHARE) * told
        return [self._name_best(each) for each in odds]

    def _leave_numbers_out(self, texts: Sequence[str], vectors: Vector) -> tuple[list[str], Vector]:
        """A case number or a telephone number tells nothing of the matter, and looks like a doorplate."""
        told = [_NUMBER.sub("", text) for text in texts]
        changed = [i for i, text in enumerate(texts) if told[i] != text]
        if changed:
            vectors = vectors.copy()
            vectors[changed] = self._embedder.embed([told[i] for i in changed])
        return told, vectors

    def _name_best(self, odds: Floats) -> tuple[CategoryGuess, ...]:
        best = np.argsort(-odds)[:MOST_CATEGORIES]
        labels = self._classifier.labels
        return tuple(
            CategoryGuess(labels[i], self._names.get(labels[i], labels[i]), float(odds[i]))
            for i in best
        )

    def _read_letters(self, letters: Sequence[Sequence[str]]) -> Floats:
        """(letters, labels): what the sentences of each letter tell together."""
        sentences = [text for letter in letters for text in letter]
        odds = self._read(sentences, self._embedder.embed(sentences))
        sure = odds * odds.max(axis=1, keepdims=True)
        ends = np.cumsum([len(letter) for letter in letters])
        totals = np.stack([part.sum(axis=0) for part in np.split(sure, ends[:-1])])
        return np.asarray(totals / totals.sum(axis=1, keepdims=True), np.float32)

    def _read(self, texts: Sequence[str], vectors: Vector) -> Floats:
        return self._words.weigh(self._classifier.odds_many(texts, vectors), texts)


def _choose_sentences(text: str) -> list[str]:
    sentences = [sentence.text for sentence in cut_sentences(text)]
    if len(sentences) <= _MOST_SENTENCES:
        return sentences
    # the matter stands near the beginning, what is asked for at the end
    tail = _MOST_SENTENCES // 3
    return sentences[: _MOST_SENTENCES - tail] + sentences[-tail:]
