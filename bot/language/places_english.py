"""Places in English: Gongti Beilu opposite the Workers' Stadium, exit B of Dongzhimen station.

A place is a name with what stands around it in English. Names are those of the gazetteer spelled
in letters, words that split into Chinese syllables and are no English ones (tuanjiehu, also in
small letters), and words with a capital inside a sentence. Each word gets a mark by its kind, and
one pattern reads the marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.language import places_english_words as english
from bot.language.gazetteer import Gazetteer, Hit, Named, add_name
from bot.language.pinyin import ALSO_ENGLISH, count_syllables, spell_name
from bot.language.place_units import Span, Unit

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(
    r"in\sfront\sof|next\sto|close\sto|across\sfrom|(?<![a-z])no\.?(?=\s?[0-9])"
    r"|[a-z0-9]+(?:['’.\-](?=[a-z0-9])[a-z0-9]+)*(?:['’](?=\s))?|\S",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"no\.?|#|[0-9]{1,5}(?:st|nd|rd|th)?|[A-Z]?[0-9]{1,4}[A-Z]?", re.IGNORECASE)
_LETTER = re.compile(r"[A-Z]|[b-k]")
_SENTENCE_END = ".!?:;"
_ENGLISH = english.SPLITTING | ALSO_ENGLISH
_LONGEST_NAME, _SHORTEST_NAME = 4, 5
"""Words at most, and letters at least."""

_KINDS = (
    ("T", english.ARTICLES), ("B", english.BEFORE_BESIDE), ("R", english.BESIDE),
    ("O", frozenset({"of"})), ("I", english.AT), ("A", english.LINKS), (",", frozenset({",", "，"})),
    ("G", english.THINGS), ("S", english.SIDES),
)  # fmt: skip
"""A thing, a side, and the small words between them. Besides: N a Chinese name, P the ending of
one, C a capital, D a number, x what belongs to no place."""
_NAME = "(?:S{0,3}D{0,2}[NC][NCPGSD]{0,12}+)"
_THING = "(?:[SD]{0,3}G[SGD]{0,5}+)"
_BESIDE = "B?RI?T?"
# every run has its bound: a text of any length is read in proportion to it
_PLACE = re.compile(
    rf"(?:{_BESIDE})?(?:T?[SGD]{{1,6}}+(?:,?OT?|,)|T?(?=G{{0,5}}[SD])[SGD]{{1,6}}+IT?){{0,4}}T?{_NAME}"
    rf"(?:,?{_BESIDE}(?:{_NAME}|{_THING})|,?[IOA]?T?{_NAME}|(?:,|,?O)T?{_THING}){{0,6}}"
)
_ANCHOR = re.compile(r"N|C[NCSD]*[PG]|[PG][SD]*C|[RI]T?S*C")
"""What makes marks a place: a Chinese name, or a capital beside a thing or behind a relation."""
_OF_A_PERSON = re.compile(r"\b(?:name(?:\sis|'s)?|call\sme|mr\.?|mrs\.?|ms\.?)\s$", re.IGNORECASE)
_LEAD = 16
"""So many characters before a name say whose it is."""
_NEAR = re.compile(r"(?:right\s|just\s)?(?:near(?:by)?|by|around|along)\s", re.IGNORECASE)


class _Word(NamedTuple):
    start: int
    end: int
    text: str


class EnglishPlaces:
    """Finds places in text without Chinese characters; safe to share between threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._names: dict[str, Named] = {}
        for name in gazetteer.names:
            letters, named = spell_name(name), gazetteer.look_up(name)
            if letters and named:
                add_name(self._names, letters, named.kind, named.divisions)

    def find(self, text: str) -> tuple[list[Span], list[Unit]]:
        """The places, and the known names among them; nothing in text with Chinese in it."""
        if _HAN.search(text):
            return [], []
        words = [_Word(*match.span(), match.group()) for match in _WORD.finditer(text)]
        units = list(self._find_names(words))
        named = {at for unit in units for at in range(unit.start, unit.end)}
        marks = "".join(
            "N" if word.start in named else _mark(words, at) for at, word in enumerate(words)
        )
        spans = []
        for match in _PLACE.finditer(marks):
            first, past = match.span()
            start = words[first].start
            anchored = _ANCHOR.search(marks, max(0, first - 1), past)
            if anchored and not _OF_A_PERSON.search(text, max(0, start - _LEAD), start):
                near = _NEAR.match(text, start)
                spans.append((near.end() if near else start, words[past - 1].end))
        return spans, units

    def _find_names(self, words: Sequence[_Word]) -> Iterator[Unit]:
        at = 0
        while at < len(words):
            for count in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
                parts = words[at : at + count]
                letters = "".join(part.text for part in parts).lower()
                named = self._names.get(letters)
                if named and (count > 1 or _is_chinese(letters)):
                    start, end = parts[0].start, parts[-1].end
                    hit = Hit(start, end, named.kind, named.divisions)
                    yield Unit(start, end, named.kind, False, hit)
                    at += count
                    break
            else:
                at += 1


def _mark(words: Sequence[_Word], at: int) -> str:
    text = words[at].text
    lower = text.lower()
    before = words[at - 1].text if at else _SENTENCE_END
    if before[0].isalpha() and (lower in english.ENDINGS or english.COUNTED.fullmatch(lower)):
        return "P"
    for mark, kind in _KINDS:
        if lower in kind:
            return mark
    if _NUMBER.fullmatch(text) or (_LETTER.fullmatch(text) and before.lower() in english.THINGS):
        behind = words[at + 1].text.lower() if at + 1 < len(words) else ""
        return "x" if behind in english.COUNTED_THINGS else "D"
    if not text[0].isalpha() or lower in english.CAPITALS:
        return "x"
    if _is_chinese(lower) and count_syllables(lower) > 1:
        return "N"
    begins = before[-1] in _SENTENCE_END
    goes_on = at + 1 < len(words) and words[at + 1].text[0].isupper()
    return "C" if text[0].isupper() and (not begins or goes_on) else "x"


def _is_chinese(word: str) -> bool:
    return len(word) >= _SHORTEST_NAME and word not in _ENGLISH
