"""Which category a report belongs to: taken, offered as choices, or called by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from bot.language.training import read_categories
from cases.categories import UNSORTED, find_by_name, load_categories
from cases.draft import Draft
from cases.models import Category

TAKE_CATEGORY = 0.5
"""Above this confidence the first category is taken without asking."""
OFFER_CATEGORY = 0.05
"""Below this confidence a category is not even offered."""
FEWEST_OFFERED, MOST_OFFERED = 2, 3
_SHORTEST_NAME = 2


def infer_category(draft: Draft, ranking: Sequence[tuple[str, str, float]]) -> Draft:
    """Take the first category when it is sure; keep the likely ones as choices either way."""
    ranked = [item for item in ranking if item[0] != UNSORTED]
    if not ranked:
        return draft
    likely = sum(item[2] >= OFFER_CATEGORY for item in ranked)
    # one choice is no choice; and when nothing is likely, better to ask in the open
    offered = ranked[: min(max(likely, FEWEST_OFFERED), MOST_OFFERED)] if likely else ()
    draft = replace(draft, offered=tuple((code, name) for code, name, _ in offered))
    code, _, confidence = ranked[0]
    return replace(draft, category=code) if confidence >= TAKE_CATEGORY else draft


def find_question(first: str, second: str) -> str | None:
    """The one question that tells two categories apart, from whichever of them knows it."""
    questions = _read_questions()
    return questions.get((first, second)) or questions.get((second, first))


@cache
def _read_questions() -> Mapping[tuple[str, str], str]:
    return {
        (entry.code, other): question
        for entry in read_categories()
        for other, question in entry.confusable
    }


def find_meant(words: str) -> str | None:
    """The code of the category whose own word stands in `words`: 噪音 in 他家噪音; the longest counts."""
    found = [
        (len(word), entry.code)
        for entry in read_categories()
        for word in (entry.name, *entry.words)
        if word in words
    ]
    return max(found)[1] if found else None


def find_called(words: str) -> Category | None:
    """The category called so: by its whole name, or by words that only one name holds."""
    exact = find_by_name(words)
    if exact is not None or len(words) < _SHORTEST_NAME:
        return exact
    holding = [item for item in load_categories().values() if words in item.name]
    return holding[0] if len(holding) == 1 else None
