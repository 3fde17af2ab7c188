"""From text for a screen to words for the ear: digits in groups, no buttons, no addresses of pages.

Pure. A synthesiser reads 13812345678 as a sum of money; said in groups with 幺 for 1 it is heard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))
_RUN = re.compile(r"(?<![\d.])\d(?:[ \-]?\d)*(?![\d.])")
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_DATE = re.compile(r"(?<!\d)0?(\d{1,2})月0?(\d{1,2})日")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_STANDARD = re.compile(r"（[^（）]{0,40}）|\([^()]{0,40}\)")
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
_CLAUSE = re.compile(r"[^，、：]+[，、：]?")
_LIST_MARK = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.、])\s*")
_SERVICE_NUMBERS = frozenset({"110", "119", "120", "122"})
_TYPED = (
    ("没有问题请回复“提交”，要改哪项直接说", "对请说提交，或按一；要改哪项，直接说"),
    ("请回复", "请说"),
    ("回复", "说"),
    ("再发一次", "再说一遍"),
    ("请发", "请说"),
    ("发送位置", "说说旁边的标志"),
    ("，也可以说说旁边的标志", ""),
    ("上面的电话", "刚才的电话"),
    ("下面哪一条", "哪一条"),
    ("点击", "说"),
)
"""Words of the chat and what is said instead of them."""


def spell(digits: str) -> str:
    """`110` → `幺幺零`."""
    return "".join(_DIGITS.get(each, each) for each in digits)


def group_digits(digits: str) -> str:
    """Digits as they are dictated: 一三八 style groups with pauses, 1 as 幺.

    Mobile numbers 3-4-4, case numbers year-day-serial, landlines after their area code; anything
    else in fours.
    """
    if len(digits) <= 11 and digits.startswith("1") and len(digits) > 5:
        sizes: Sequence[int] = (3, 4, 4)  # also while it is still being dictated
    elif len(digits) == 13 and digits.startswith("20"):
        sizes = (4, 4, 5)
    elif len(digits) in (11, 12) and digits.startswith("0"):
        area = 3 if digits[1] in "12" else 4
        sizes = (area, 4, len(digits) - area - 4)
    elif len(digits) <= 5:
        sizes = (len(digits),)
    else:
        sizes = (*(4,) * (len(digits) // 4), len(digits) % 4)
    groups, at = [], 0
    for size in sizes:
        groups.append(spell(digits[at : at + size]))
        at += size
    return "，".join(filter(None, groups))


def say_digits(text: str) -> str:
    """Every number that is a name (telephone, case, hotline) spelled; quantities stay."""

    def spoken(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        if digits in _SERVICE_NUMBERS or len(digits) >= 5:
            return group_digits(digits)
        return match[0]

    return _RUN.sub(spoken, text)


def to_speech(text: str) -> str:
    """A chat message as it is said on the phone."""
    text = _LINK.sub("", text)
    text = _LIST_MARK.sub("", text)
    text = _STANDARD.sub("", text)
    for typed, said in _TYPED:
        text = text.replace(typed, said)
    text = _DATE.sub(lambda match: f"{int(match[1])}月{int(match[2])}日", text)
    text = _CLOCK.sub(
        lambda match: f"{int(match[1])}点{'' if match[2] == '00' else f'{int(match[2])}分'}", text
    )
    text = say_digits(text)
    lines = [line.strip() for line in text.split("\n")]
    ended = [line if line[-1] in "。！？；，：" else f"{line}。" for line in lines if line]
    joined = "".join(ended).replace("“", "").replace("”", "").replace("：", "，")
    joined = re.sub(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])", "", joined)
    return re.sub(r"[，。]*([。！；])+", r"\1", re.sub(r"，{2,}", "，", joined)).strip()


def split_portions(text: str, most: int) -> list[str]:
    """The text in pieces of at most about `most` characters, cut where a speaker would pause."""
    portions: list[str] = []
    for sentence in _SENTENCE.findall(text):
        pieces = [sentence] if len(sentence) <= most else _CLAUSE.findall(sentence)
        for piece in pieces:
            if portions and len(portions[-1]) + len(piece) <= most:
                portions[-1] += piece
            else:
                portions.append(piece)
    return portions or [text]


def seconds_to_say(text: str) -> float:
    """About how long a synthesiser takes, in seconds: four and a half characters a second."""
    return 0.3 + len(text) / 4.5
