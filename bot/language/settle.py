"""What the classifier may not decide alone: danger, short answers, numbers, empty messages.

The classifier learns from sentences; these are matters of lists and of what was found in the
text, so they are settled by rule, in one place, the same for chat, phone and command line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import answers
from bot.language.models import Entity, Intent

_WORDS = re.compile(r"[\w\u4e00-\u9fff]")
_SURE = 0.99
_NUMBER_ONLY_REST = 6
"""So few characters beside a case number mean: this one, please."""


def settle_intents(
    text: str, ranking: Sequence[Intent], entities: Sequence[Entity], emergency: str | None
) -> tuple[Intent, ...]:
    """The ranking, with a settled intent put first where a rule applies.

    `text` is the normalised message.
    """
    settled = _settled(text, entities, emergency)
    if settled is None:
        return tuple(ranking)
    rest = tuple(intent for intent in ranking if intent.name != settled)
    return (Intent(settled, _SURE), *rest)


def _settled(text: str, entities: Sequence[Entity], emergency: str | None) -> str | None:
    if emergency is not None:
        return "report_case"
    if not _WORDS.search(text):
        if answers.is_affirm(text):
            return "affirm"
        return "deny" if answers.is_deny(text) else "chitchat"
    if answers.wants_human(text) and len(text) <= 12:
        return "request_human"
    if answers.is_affirm(text):
        return "affirm"
    if answers.is_deny(text) or answers.is_cancel(text):
        return "deny"
    number = next((e for e in entities if e.entity == "case_number"), None)
    if number is not None and len(text) - len(number.text) <= _NUMBER_ONLY_REST:
        return "check_case"
    return None
