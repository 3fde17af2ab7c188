"""The call-back after a case is closed (回访), as questions and answers. Pure.

One question at a time: 是否联系 → 是否解决 → 是否满意; whoever is not helped or not content is
asked for the reason, and the survey ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.language import answers
from cases.lifecycle import Answers


class Question(StrEnum):
    """What is asked, in this order."""

    CONTACTED = "contacted"
    SOLVED = "solved"
    SATISFIED = "satisfied"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Survey:
    """How far a survey has come; None is not answered."""

    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    reason: str | None = None
    misses: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Survey:
        """Back from the database."""
        return cls(**{key: data[key] for key in cls.__dataclass_fields__ if key in data})

    def next_question(self) -> Question | None:
        """What to ask now; None when all is said."""
        if self.contacted is None:
            return Question.CONTACTED
        if self.solved is None:
            return Question.SOLVED
        if self.solved and self.satisfied is None:
            return Question.SATISFIED
        content = self.solved and self.satisfied
        return Question.REASON if not content and self.reason is None else None

    def to_answers(self) -> Answers:
        """As the lifecycle table wants it: what is not solved satisfies nobody."""
        return Answers(bool(self.contacted), bool(self.solved), bool(self.satisfied))


def hear(survey: Survey, text: str) -> Survey | None:
    """The survey with this answer; None when the words answer nothing that was asked."""
    question, words = survey.next_question(), answers.trim(text)
    if question is Question.REASON:
        nothing = answers.is_deny(text) or words in _NOTHING
        return replace(survey, reason="" if nothing else text.strip()[:_LONGEST], misses=0)
    if question is None:
        return None
    value = _read(question, words, text)
    if value is None:
        return None
    if question is Question.CONTACTED:
        return replace(survey, contacted=value, misses=0)
    solving = question is Question.SOLVED
    told = replace(survey, solved=value) if solving else replace(survey, satisfied=value)
    told = replace(told, misses=0)
    if not value and len(text) > _TELLS:
        return replace(told, reason=text.strip()[:_LONGEST])  # he has said why in the same breath
    return told


def _read(question: Question, words: str, text: str) -> bool | None:
    no, yes = _WORDS[question]
    if len(text) > _LONGEST_ANSWER:
        return False if no.search(text[:_TELLS]) else None
    if no.search(text) or (answers.is_deny(text) and not yes.search(text)):
        return False
    if yes.search(text) or answers.is_affirm(text):
        return True
    return None


_LONGEST, _LONGEST_ANSWER, _TELLS = 500, 40, 12
_NOTHING = frozenset("没有 没 无 没有了 没什么 不说了 跳过 不想说 算了".split())
_WORDS: Mapping[Question, tuple[re.Pattern[str], re.Pattern[str]]] = {
    Question.CONTACTED: (
        re.compile(r"没有?(?:人|谁)?(?:联系|来|找|打|管)|未联系|没接到|谁也没|没见"),
        re.compile(r"联系(?:过|了|上)|来过|来了|打过|找过|见过"),
    ),
    Question.SOLVED: (
        re.compile(
            r"没(?:有|能|给)?(?:解决|处理|弄|修|清|拆|管|好)|未解决|还(?:是|在|没)|依然|照旧|又来|"
            r"老样子|没用|没变|解决不了|一部分|部分"
        ),
        re.compile(r"解决(?:了|好)|处理(?:了|好)|弄好|修好|清走|清理|拆了|好了|没了|没问题"),
    ),
    Question.SATISFIED: (
        re.compile(r"不(?:太|大|是很|怎么)?满意|不行|一般|凑合|差|失望|太慢"),
        re.compile(r"满意|挺好|很好|不错|可以"),
    ),
}
"""Words for no and for yes; a no in them wins."""
