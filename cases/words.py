"""The words of a case as its text search keeps them: neighbouring pairs of Chinese characters.

Chinese has no spaces and two characters are the shortest thing worth searching for, so a text
is kept as its pairs (露天烧烤 → 露天 天烧 烧烤) and other words whole. Long digits are left out:
nobody's number can be read from the index. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from cases.errors import WordsTooShort

LONGEST_WORD = 24
MOST_PAIRS = 24
"""Of a query; more would not find anything else."""
_LONGEST_DIGITS = 6
_PAIR = 2
_MOST_LISTS = 6
_EVERYWHERE = frozenset(("街道", "道办", "办事", "事处", "地区", "小区", "社区"))
"""What so many places are called that looking it up only costs."""
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


def split_words(text: str) -> list[str]:
    """Each pair and word once, in the order of the text."""
    found: dict[str, None] = {}
    for run in _runs(text):
        if run.isascii():
            found[run] = None
        elif len(run) == 1:
            continue
        else:
            found.update(dict.fromkeys(run[at : at + 2] for at in range(len(run) - 1)))
    return list(found)


def split_query(text: str) -> list[str]:
    """What a case must have to be found; raises WordsTooShort when nothing can be looked for."""
    words = split_words(text)[:MOST_PAIRS]
    if not words:
        raise WordsTooShort
    return words


def thin_out(words: Sequence[str]) -> list[str]:
    """Few of a query's words that hold all of its characters: what has these has most likely all,
    and each is a list to be looked up. 安定 定门 门街 街道 → 安定 门街 街道.
    """
    kept: list[str] = []
    for nth, word in enumerate(words):
        after = words[nth + 1] if nth + 1 < len(words) else ""
        held = kept and kept[-1][-1] == word[0] and len(word) == _PAIR and word[-1] == after[:1]
        if not (held and kept[-1] == words[nth - 1]):
            kept.append(word)
    kept = [word for word in kept if word not in _EVERYWHERE] or kept
    # of a sentence some from its whole length, since no case has all of them by chance
    step = max(-(-len(kept) // _MOST_LISTS), 1)
    return kept[::step]


def _runs(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).lower()
    return [run for run in _RUN.findall(plain) if not _is_long(run)]


def _is_long(run: str) -> bool:
    return run.isascii() and len(run) > (_LONGEST_DIGITS if run.isdigit() else LONGEST_WORD)
