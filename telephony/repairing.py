"""Place names that a recogniser lost on a narrow line, found again by their sound. Pure.

The language's own reading mends slips of everyday words. At 8 kHz 朝阳区 comes back as 朝阳期 and
通州区 as 同舟齐: what sounds like exactly one long place name, or one district, is put back.
"""

from __future__ import annotations

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
    text = normalise(text, "voice").text or text
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
