"""Whether two names mean one place: written in full or short, heard rather than read. Pure."""

from __future__ import annotations

import re

from bot.language.word_costs import load_word_costs

_SHARED = 0.6
_SHORT, _FULL = 3, 5
"""A short name has at least so many signs, the name it stands for so many."""
_ORDINAL = re.compile(
    r"(?<![二三四五六七八九十百])(?<!第)([一二三四五六七八九十])([中院小])(?![学心间年国个区时孩])"
)
_FULL_KINDS = {"中": "中学", "院": "医院", "小": "小学"}


def same_name(one: str, other: str) -> bool:
    """One holds the other, stands for it (华师大), or they share most neighbouring characters."""
    if one in other or other in one or sounds_alike(one, other):
        return True
    if is_short_for(one, other) or is_short_for(other, one):
        return True
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other)]
    return 2 * len(pairs[0] & pairs[1]) >= _SHARED * (len(pairs[0]) + len(pairs[1]))


def is_short_for(short: str, full: str) -> bool:
    """Whether `short` takes its signs from `full` in their order, from a word's first on.

    The district that may stand before the name in full is left out (海淀北京大学).
    """
    if not _SHORT <= len(short) < len(full) >= _FULL or short[-1] not in full[-2:]:
        return False
    begin = full.find(short[0])
    if begin not in (0, 2, 3):
        return False
    rest = iter(full[begin:])
    return all(sign in rest for sign in short)


def says_short(text: str, full: str) -> str | None:
    """A short form of the name `full` that `text` says; None when there is none."""
    if len(full) < _FULL:
        return None
    at = text.find(full[0])
    while at >= 0:
        short = text[at : at + _SHORT]
        if is_short_for(short, full) and short not in full:
            return short
        at = text.find(full[0], at + 1)
    return None


def write_in_full(text: str) -> str:
    """一中 as 第一中学, 三院 as 第三医院, 第三人民医院 too, so that they can be compared."""
    text = _ORDINAL.sub(lambda match: f"第{match[1]}{_FULL_KINDS[match[2]]}", text)
    return re.sub(r"(第[一二三四五六七八九十])(?:人民|高级|实验)(医院|中学|小学)", r"\1\2", text)


def sounds_alike(one: str, other: str) -> bool:
    """Whether both are read alike, tones left out: 丽景 for 丽晶."""
    usual = load_word_costs().usual
    return len(one) == len(other) and all(
        x == y or (x in usual and usual[x] == usual.get(y)) for x, y in zip(one, other, strict=True)
    )
