"""Is someone in danger right now? Words and meaning decide together.

The words (`emergency`) know what must never be missed, the classifier what no list holds: 叫他没
反应、脸都紫了. A doubtful danger counts; only when the classifier is certain that nothing happens
now (a question for a quiz, a story from last year) does it outvote the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.language.classifier import SentenceClassifier
from bot.language.emergency import detect_emergency, is_all_clear
from bot.language.models import Intent, Vector
from bot.language.sentences import count_signs

HARMLESS = "harmless"
"""The classifier's label for everything that is no danger now."""
_TAKE = 0.15
"""A danger missed is far worse than a number told for nothing: three chances in twenty are enough."""
_TAKE_KIND = 0.08
"""Of which so much for one kind: a long message leaves a little doubt about everything."""
_OUTVOTE = 0.95
_OUTVOTE_LIFE = 0.99
"""The words for these are seldom wrong, and to overhear one may cost a life."""
_LIFE = frozenset({"fire", "gas", "rescue", "medical", "self_harm"})
_SURE = 0.5
_TOLD = "report_case"
_OTHERWISE = 0.9
"""What surely thanks, asks or says where does not cry for help as well, unless danger is likely (of
738 alarms 13 were such, and all 13 false)."""
_LONG = 160
"""A letter's one vector says too little about one sentence in it: there the words decide."""


class Alarm:
    """Finds the kind of a danger; safe to share between threads."""

    def __init__(self, classifier: SentenceClassifier) -> None:
        self._classifier = classifier

    def detect_many(
        self, texts: Sequence[str], vectors: Vector, intents: Sequence[Intent]
    ) -> list[str | None]:
        """For each text the kind of a danger going on now, None without one.

        The texts are normalised, `vectors` their embeddings, `intents` the likeliest of each; the
        kinds are those of `detect_emergency`.
        """
        ranked = self._classifier.rank_many(texts, vectors)
        return [self._decide(*each) for each in zip(texts, ranked, intents, strict=True)]

    def _decide(self, text: str, ranked: Sequence[tuple[str, float]], intent: Intent) -> str | None:
        if is_all_clear(text):
            return None
        told = detect_emergency(text)
        if count_signs(text) > _LONG:
            return told
        harmless = next(odds for label, odds in ranked if label == HARMLESS)
        if 1 - harmless < _SURE and intent.name != _TOLD and intent.confidence >= _OTHERWISE:
            return None
        kind, odds = next((label, p) for label, p in ranked if label != HARMLESS)
        if told is not None:
            outvoted = harmless > (_OUTVOTE_LIFE if told in _LIFE else _OUTVOTE)
            return None if outvoted else (kind if odds > _SURE else told)
        return kind if 1 - harmless >= _TAKE and odds >= _TAKE_KIND else None
