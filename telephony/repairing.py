"""Homophones a recogniser wrote, put right where the field's own words sound the same. Pure.

中官村大街 is no place, 中关村大街 is, and they sound alike. Only whole names and terms of three
or more characters are matched by sound: of two-character ones the likely slips are listed, because
any two syllables sound like something.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from pypinyin import lazy_pinyin

from bot.language.gazetteer import load_gazetteer

_SHORTEST, _LONGEST = 3, 8
_SLIPS: Mapping[str, str] = {
    "头诉": "投诉", "透诉": "投诉", "投宿": "投诉", "举抱": "举报", "举暴": "举报",
    "井概": "井盖", "经盖": "井盖", "景盖": "井盖", "烧考": "烧烤", "稍烤": "烧烤",
    "油焉": "油烟", "游烟": "油烟", "炸土": "渣土", "扎土": "渣土", "路登": "路灯", "路等": "路灯",
    "城馆": "城管", "工但": "工单", "公单": "工单", "匿明": "匿名", "腻名": "匿名", "提教": "提交",
    "占到经营": "占道经营", "战道": "占道", "站道": "占道", "帖小广告": "贴小广告",
    "地所": "地锁", "早音": "噪音", "燥音": "噪音", "饶民": "扰民", "违见": "违建", "维建": "违建",
}  # fmt: skip
_NOT_SLIPS = ("办公单位", "外地所", "当地所", "本地所", "早音乐", "投宿在")
_REAL_WORDS = frozenset({"早餐店", "志愿者"})
_LITTLE_WORDS = frozenset("是在有到从和跟把被给用上下了的就")
"""What a sentence goes on with before a name: 是景山后街 is not 石景山后街."""
_OWN_TERMS = (
    "违法建设 占道经营 店外经营 无照经营 露天烧烤 油烟扰民 噪音扰民 夜间施工 建筑垃圾 共享单车 小广告 垃圾桶 "
    "执法队 工单号 转人工 居委会 流动摊贩 马路市场 黑三轮 消防通道"
).split()


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
    """The syllable of one sign."""
    return lazy_pinyin(character)[0]


@cache
def _by_sound() -> tuple[Mapping[tuple[str, ...], str], frozenset[str]]:
    gazetteer = load_gazetteer()
    words = {
        word
        for word in (*gazetteer.names, *gazetteer.terms, *_OWN_TERMS)
        if _SHORTEST <= len(word) <= _LONGEST
    } | _REAL_WORDS
    sounds: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for word in words:
        exact = tuple(sound_of(each) for each in word)
        sounds[exact].add(word)
        # short names sound like too much else when their sounds are blurred
        if len(word) > _SHORTEST or word.endswith("区"):
            sounds[tuple(blur(each) for each in exact)].add(word)
    # two names that sound alike cannot be told apart by sound
    return {key: next(iter(names)) for key, names in sounds.items() if len(names) == 1}, frozenset(
        words
    )


def repair(text: str) -> str:
    """The words with likely slips of the recogniser put right; other text is left alone."""
    if not any(keep in text for keep in _NOT_SLIPS):
        for wrong, right in _SLIPS.items():
            text = text.replace(wrong, right)
    by_sound, known = _by_sound()
    # sign by sign on both sides: a reading in context would differ between right and wrong
    syllables = [sound_of(character) for character in text]
    at = 0
    while at < len(text):
        for size in range(min(_LONGEST, len(text) - at), _SHORTEST - 1, -1):
            window = text[at : at + size]
            if window in known:
                at += size
                break
            heard = tuple(syllables[at : at + size])
            name = by_sound.get(heard) or by_sound.get(tuple(blur(each) for each in heard))
            if text[at] in _LITTLE_WORDS:
                name = None
            if name is not None and not _holds_known(window, known):
                text = text[:at] + name + text[at + size :]
                at += size
                break
        else:
            at += 1
    return text


def _holds_known(window: str, known: frozenset[str]) -> bool:
    """Whether a shorter known name stands in the window already."""
    return any(
        window[start:end] in known
        for start in range(len(window))
        for end in range(start + _SHORTEST, len(window) + 1)
    )
