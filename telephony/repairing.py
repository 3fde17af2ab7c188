"""Place names that a recogniser lost on a narrow line, found again by their sound. Pure.

The language's own reading mends slips of everyday words. At 8 kHz 朝阳区 comes back as 朝阳期 and
通州区 as 同舟齐: what sounds like exactly one long place name, or one district, is put back. After
a district its own shorter names count too, also where one or two syllables were lost in the way
narrow lines lose them (方庄路 as 方中路).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from pypinyin import lazy_pinyin

from bot.language.gazetteer import load_gazetteer
from bot.language.normalise import normalise

_SHORTEST, _LONGEST = 3, 8
_LITTLE_WORDS = frozenset("是在有到从和跟把被给用上下了的就")
"""What a sentence goes on with before a name: 是景山后街 is not 石景山后街."""


@cache
def blur(syllable: str) -> str:
    """The syllable without what a narrow line and many mouths blur: zh/z, ng/n, qu/qi."""
    for head, plain in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(head):
            syllable = plain + syllable[2:]
    if syllable.endswith(("ang", "eng", "ing")):
        syllable = syllable[:-1]
    return {"qu": "qi", "xu": "xi", "ju": "ji"}.get(syllable, syllable)


@cache
def sound_of(character: str) -> str:
    """The blurred syllable of one sign."""
    return blur(lazy_pinyin(character)[0])


@cache
def _by_sound() -> tuple[Mapping[tuple[str, ...], str], frozenset[str]]:
    names = frozenset(
        name
        for name in load_gazetteer().names
        if _SHORTEST <= len(name) <= _LONGEST and (len(name) > _SHORTEST or name.endswith("区"))
    )
    sounds: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in names:
        sounds[tuple(sound_of(each) for each in name)].add(name)
    # two names that sound alike cannot be told apart by sound
    return {key: next(iter(found)) for key, found in sounds.items() if len(found) == 1}, names


def repair(text: str) -> str:
    """The words of a recording with their slips mended and lost place names put back."""
    return _repair_within_districts(_repair_anywhere(normalise(text, "voice").text or text))


def _repair_anywhere(text: str) -> str:
    by_sound, names = _by_sound()
    sounds = [sound_of(character) for character in text]
    at = 0
    while at < len(text):
        for size in range(min(_LONGEST, len(text) - at), _SHORTEST - 1, -1):
            window = text[at : at + size]
            known = window in names
            name = by_sound.get(tuple(sounds[at : at + size]))
            if not known and name is not None and text[at] not in _LITTLE_WORDS:
                text = text[:at] + name + text[at + size :]
                known = True
            if known:
                at += size
                break
        else:
            at += 1
    return text


_Sounds = tuple[str, ...]
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{2,3}区")
_REACH = 20
"""So many characters after a district its places are looked for."""
_LIKE_INITIALS = ("ptk", "bdg", "fhsx", "mnlr", "zj", "cq")
_LIKE_FINALS = (
    frozenset({"ong", "uan", "uang", "an", "en", "un"}), frozenset({"ie", "ve", "ue", "e"}),
    frozenset({"in", "un", "en"}), frozenset({"ao", "ou", "uo", "o"}),
)  # fmt: skip
_SYLLABLE = re.compile(r"([bpmfdtnlgkhjqxzcsryw]?)(.*)")
_SIDES = frozenset("东西南北中")
_HALF_HEARD, _MOST_LOST = 0.25, 0.13
"""A syllable lost in a usual way weighs a quarter; a name may lose so much of each syllable."""


@cache
def _names_of(
    district: str,
) -> tuple[frozenset[str], Mapping[int, tuple[tuple[str, _Sounds], ...]]]:
    gazetteer = load_gazetteer()
    names = frozenset(
        name
        for name in gazetteer.names
        if _SHORTEST <= len(name) <= _LONGEST
        and (named := gazetteer.look_up(name)) is not None
        and any(each.district == district for each in named.divisions)
    )
    by_length: defaultdict[int, list[tuple[str, _Sounds]]] = defaultdict(list)
    for name in sorted(names):
        by_length[len(name)].append((name, tuple(sound_of(each) for each in name)))
    return names, {size: tuple(found) for size, found in by_length.items()}


@cache
def _loss(said: str, meant: str) -> float:
    """How far one syllable is from another: 0 alike, a quarter half heard, 1 something else."""
    if said == meant:
        return 0.0
    (a, b), (c, d) = (_SYLLABLE.match(each).groups() for each in (said, meant))  # type: ignore[union-attr]
    heads = a == c or any(a and a in like and c and c in like for like in _LIKE_INITIALS)
    tails = b == d or any(b in like and d in like for like in _LIKE_FINALS)
    return _HALF_HEARD if heads and tails and (a == c or b == d) else 1.0


def _repair_within_districts(text: str) -> str:
    for match in _DISTRICT.finditer(text):
        names, by_length = _names_of(match[0])
        if names:
            text = _repair_places(text, match.end(), names, by_length)
    return text


def _repair_places(
    text: str,
    begin: int,
    names: frozenset[str],
    by_length: Mapping[int, tuple[tuple[str, _Sounds], ...]],
) -> str:
    at = begin
    while at < min(len(text), begin + _REACH):
        step = 1
        for size in range(_LONGEST, _SHORTEST - 1, -1):
            window = text[at : at + size]
            if len(window) < size or not window.isalpha():
                continue
            if window in names:
                step = size
                break
            name = _nearest(window, by_length.get(size, ()))
            if name is not None and text[at] not in _LITTLE_WORDS and not _moves(window, name):
                text = text[:at] + name + text[at + size :]
                step = size
                break
        at += step
    return text


def _moves(window: str, name: str) -> bool:
    """Whether the name would take the middle or a side of a road away: 团结湖中路 may well exist."""
    pairs = list(zip(window, name, strict=True))[2:]
    return any(said != meant and said in _SIDES for said, meant in pairs)


def _nearest(window: str, names: tuple[tuple[str, _Sounds], ...]) -> str | None:
    """The one name that the window may have been; None when none or several fit."""
    sounds = [sound_of(character) for character in window]
    fitting: list[tuple[float, str]] = []
    for name, meant in names:
        lost = 0.0
        for said, each in zip(sounds, meant, strict=True):
            lost += _loss(said, each)
            if lost > _MOST_LOST * len(name):
                break
        else:
            fitting.append((lost, name))
    fitting.sort()
    if not fitting or (len(fitting) > 1 and fitting[1][0] - fitting[0][0] < _HALF_HEARD):
        return None
    return fitting[0][1]
