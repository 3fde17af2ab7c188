"""Which problem category: one short sentence or a letter of eight hundred characters.

A letter tells its matter in a sentence or two and the rest is courtesy, history and anger. So its
sentences are read one by one, the sure ones counting most, and mixed with the reading of the
whole (on real residents' letters .93 right at first rank, against .90 for the whole alone).
What is called by its name counts for more than what a message is like.
"""

from __future__ import annotations

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

    def rank(self, text: str, vector: Vector) -> tuple[CategoryGuess, ...]:
        """The best few categories of a normalised text, `vector` being its embedding."""
        odds = self._read([text], vector[np.newaxis])[0]
        sentences = cut_sentences(text) if len(text) >= LETTER_LENGTH else []
        if len(sentences) > 1:
            odds = _WHOLE_SHARE * odds + (1 - _WHOLE_SHARE) * self._read_sentences(
                [sentence.text for sentence in sentences]
            )
        best = np.argsort(-odds)[:MOST_CATEGORIES]
        labels = self._classifier.labels
        return tuple(
            CategoryGuess(labels[i], self._names.get(labels[i], labels[i]), float(odds[i]))
            for i in best
        )

    def _read_sentences(self, sentences: list[str]) -> Vector:
        if len(sentences) > _MOST_SENTENCES:
            # the matter stands near the beginning, what is asked for at the end
            tail = _MOST_SENTENCES // 3
            sentences = sentences[: _MOST_SENTENCES - tail] + sentences[-tail:]
        odds = self._read(sentences, self._embedder.embed(sentences))
        total = (odds * odds.max(axis=1, keepdims=True)).sum(axis=0)
        return np.asarray(total / total.sum(), np.float32)

    def _read(self, texts: Sequence[str], vectors: Vector) -> Floats:
        return self._words.weigh(self._classifier.odds_many(texts, vectors), texts)
