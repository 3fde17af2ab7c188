"""The words of a case as its text search keeps them: neighbouring pairs of Chinese characters.

Chinese has no spaces and two characters are the shortest thing worth searching for, so a text
is kept as its pairs (露天烧烤 → 露天 天烧 烧烤) and other words whole. Long digits are left out:
nobody's number can be read from the index. Pure.
"""

from __future__ import annotations

import re
import unicodedata

from cases.errors import WordsTooShort

LONGEST_WORD = 24
MOST_PAIRS = 24
"""Of a query; more would not find anything else."""
_LONGEST_DIGITS = 6
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


def _runs(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).lower()
    return [run for run in _RUN.findall(plain) if not _is_long(run)]


def _is_long(run: str) -> bool:
    return run.isascii() and len(run) > (_LONGEST_DIGITS if run.isdigit() else LONGEST_WORD)
