"""Is someone in danger right now? Words and meaning decide together.

The words (`emergency`) know what must never be missed, the classifier what no list holds: 叫他没
反应、脸都紫了. A doubtful danger counts; only when the classifier is certain that nothing happens
now (a question for a quiz, a story from last year) does it outvote the words. A letter is searched
sentence by sentence, and there more is asked of a sentence: most of them tell of what is over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.language.all_clear import denies_danger, is_all_clear
from bot.language.classifier import SentenceClassifier
from bot.language.emergency import Tense, detect_emergency, tense_of
from bot.language.emergency_signs import FAREWELL
from bot.language.letters import Letter
from bot.language.models import Intent, Vector

HARMLESS = "harmless"
"""The classifier's label for everything that is no danger now."""
_TAKE = 0.15
"""A danger missed is far worse than a number told for nothing: three chances in twenty are enough."""
_TAKE_KIND = 0.05
"""Of which so much for one kind: a long message leaves a little doubt about everything."""
_TAKE_IN_LETTER: Mapping[Tense, float] = {"now": 0.5, "unsaid": 0.65, "past": 0.95}
"""What a sentence of a letter must reach by itself or with the one before it."""
_HINT = 0.1
"""A sentence below this lends nothing to the next."""
_OUTVOTE = 0.95
_OUTVOTE_LIFE = 0.99
"""The words for these are seldom wrong, and to overhear one may cost a life."""
_LIFE = frozenset({"fire", "gas", "rescue", "medical", "self_harm"})
_SURE = 0.5
_TOLD, _STRANGE = "report_case", "out_of_scope"
_OTHERWISE = 0.8
_POSSIBLE = 0.1
"""What surely thanks, asks or says where does not cry for help as well, unless danger is likely, nor
does what hardly sounds like a report or like nothing known."""

_OF_GAS = re.compile(
    r"[煤燃霉]气|天然气|液化气|瓦斯|气味|味|漏|嘶|熏|呛|罐|灶|阀|热水器|管道|头[晕疼]|恶心|中毒|一氧化碳|炉子|炭|\bgas|meiqi|ranqi|mei qi|ran qi",
    re.IGNORECASE,
)
"""暖气不热，气死我了 sounds like gas and names nothing of it."""

_NO_SPARK = re.compile(r"[打点]不着(?![了]?火灾)|打不(?:着|起)火")
"""燃气灶打不着火 is the very opposite."""

Ranked = Sequence[tuple[str, float]]
"""Labels with probabilities, best first."""


class Alarm:
    """Finds the kind of a danger; safe to share between threads."""

    def __init__(self, classifier: SentenceClassifier) -> None:
        self._classifier = classifier

    def detect_many(
        self,
        texts: Sequence[str],
        vectors: Vector,
        intents: Sequence[Sequence[Intent]],
        letters: Mapping[int, Letter],
    ) -> list[str | None]:
        """For each text the kind of a danger going on now, None without one.

        The texts are normalised, `vectors` their embeddings, `intents` the ranking of each,
        `letters` those of them that are letters; the kinds are those of `detect_emergency`.
        """
        ranked = self._classifier.rank_many(texts, vectors)
        return [
            self._search(text, intents[index][0], letters[index])
            if index in letters
            else _decide(text, ranked[index], intents[index])
            for index, text in enumerate(texts)
        ]

    def _search(self, text: str, intent: Intent, letter: Letter) -> str | None:
        """The danger that a letter's words tell, if any of its sentences sounds like one at all,
        else that of its most alarming sentences.
        """
        told = None if is_all_clear(text) else detect_emergency(text)
        ranked = self._classifier.rank_many(letter.sentences, letter.vectors)
        if told is not None and any(1 - _odds_of(HARMLESS, each) >= _TAKE for each in ranked):
            return told
        otherwise = _is_otherwise(intent)
        found: Counter[str] = Counter()
        before, lent = "", 0.0
        for sentence, each in zip(letter.sentences, ranked, strict=True):
            # that one fire is out says nothing of what the next sentence tells
            harmless = 1.0 if is_all_clear(sentence) else _odds_of(HARMLESS, each)
            hint = 1 - harmless if 1 - harmless >= _HINT else 0.0
            both = 1 - harmless * (1 - lent)
            tense = "past" if otherwise else tense_of(sentence, before)
            if hint and both >= _TAKE_IN_LETTER[tense]:
                found.update({label: odds for label, odds in each if label != HARMLESS})
            before, lent = sentence, hint
        return max(found, key=found.__getitem__, default=None)


def _decide(text: str, ranked: Ranked, intents: Sequence[Intent]) -> str | None:
    if is_all_clear(text) or denies_danger(text):
        return None
    if FAREWELL.search(text):
        return "self_harm"
    told = detect_emergency(text)
    harmless = _odds_of(HARMLESS, ranked)
    doubtful = 1 - harmless < _SURE
    if doubtful and _is_otherwise(intents[0]):
        return None
    kind, odds = _likeliest(ranked)
    if told is not None:
        outvoted = harmless > (_OUTVOTE_LIFE if told in _LIFE else _OUTVOTE)
        return None if outvoted else (kind if odds > _SURE else told)
    likely = sum(each.confidence for each in intents if each.name in (_TOLD, _STRANGE))
    if doubtful and likely < _POSSIBLE:
        return None
    if (kind == "gas" and not _OF_GAS.search(text)) or (kind == "fire" and _NO_SPARK.search(text)):
        return None
    return kind if 1 - harmless >= _TAKE and odds >= _TAKE_KIND else None


def _is_otherwise(intent: Intent) -> bool:
    """Whether a message surely thanks, asks or says where."""
    return intent.name not in (_TOLD, _STRANGE) and intent.confidence >= _OTHERWISE


def _odds_of(label: str, ranked: Ranked) -> float:
    return next(odds for each, odds in ranked if each == label)


def _likeliest(ranked: Ranked) -> tuple[str, float]:
    return next((label, odds) for label, odds in ranked if label != HARMLESS)
