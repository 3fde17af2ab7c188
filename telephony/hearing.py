"""What a caller means by a word or a key, before any dialogue is asked. Pure."""

from __future__ import annotations

import re

from bot.language import answers
from bot.language.numbers import read_digits

_EDGE = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_REPEAT = frozenset(
    "重复 再说一遍 再说一次 再讲一遍 再念一遍 重说一遍 重新说一遍 没听清 没听清楚 没听见 听不清 什么 啊 您说什么 你说什么 再来一遍 再听一遍 慢点说 说慢点".split()
)
_GO_ON = frozenset("继续 继续说 继续听 接着说 接着 往下说 您继续 你继续 说吧 嗯 好 好的".split())
_ENOUGH = frozenset("结束 够了 不听了 不用说了 别说了 停 可以了 知道了 不用了 明白了".split())
_GOODBYE = frozenset(
    "再见 拜拜 挂了 我挂了 挂断 挂机 没事了 没别的事了 没有别的事了 没有了 没有 没了 就这样 就这些 就这事 不用了谢谢 没事了谢谢 谢谢再见".split()
)
_NO_RECORDING = re.compile(r"(?:不要|别|不同意|停止|关掉|不许|不想被?)录音")
_CALL_ME = re.compile(
    r"(?:回|打)(?:个)?电话(?:给)?我|给我回(?:个)?电话|回拨(?:给)?我|让.{0,4}回(?:个)?电话"
)
_SWAP = re.compile(r"不是(?P<old>.+?)[，,、\s]*(?:而?是|应该是)(?P<new>.+)$")
_NO_TAIL = re.compile(r"[了啊吧呀哈呢的]+$")


def bare(text: str) -> str:
    """The words without punctuation at the edges and without soft endings."""
    return _NO_TAIL.sub("", _EDGE.sub("", text)) or _EDGE.sub("", text)


def _is(text: str, words: frozenset[str]) -> bool:
    return any(each in words for each in (_EDGE.sub("", text), bare(text), answers.trim(text)))


def wants_repeat(text: str) -> bool:
    """Say the last thing again."""
    return _is(text, _REPEAT)


def wants_more(text: str) -> bool:
    """Go on with the long answer."""
    return _is(text, _GO_ON)


def has_enough(text: str) -> bool:
    """No more of the long answer."""
    return _is(text, _ENOUGH)


def says_goodbye(text: str) -> bool:
    """The caller is going, whatever was asked."""
    return bare(text) in {"挂", "我挂", "挂断", "挂机"} or text.strip("。！， ").endswith(
        ("再见", "拜拜", "挂了")
    )


def has_no_more(text: str) -> bool:
    """Nothing else: the end, unless it answers a question."""
    return _is(text, _GOODBYE)


def refuses_recording(text: str) -> bool:
    """The call shall not be recorded."""
    return bool(_NO_RECORDING.search(text))


def wants_call_back(text: str) -> bool:
    """Asks to be called back instead of waiting."""
    return len(text) <= 20 and bool(_CALL_ME.search(text))


def says_yes(text: str) -> bool:
    """A plain yes, spoken or as key 1."""
    return answers.is_affirm(text) or bare(text) in {"对的", "是的", "没错", "可以", "好的", "行"}


def says_no(text: str) -> bool:
    """A plain no, spoken or as key 2."""
    return answers.is_deny(text) or text.startswith(("不对", "错了", "不是"))


def digits_in(text: str) -> str:
    """The digits said, in any of the ways digits are said (一三八, 幺, 138)."""
    return str(read_digits(text))


def swap_digits(held: str, text: str) -> str | None:
    """`held` with the digits the caller corrects: 不是五六七八是五六七九; None when none fits."""
    match = _SWAP.search(_EDGE.sub("", text))
    if match is None:
        return None
    old, new = digits_in(match["old"]), digits_in(match["new"])
    if not old or not new or held.count(old) != 1:
        return None
    return held.replace(old, new)


def is_whole_number(digits: str) -> bool:
    """Whether it is as long as a telephone number: a mobile, or a line with its area code."""
    if digits.startswith("1"):
        return len(digits) == 11 and digits[1] in "3456789"
    return digits.startswith("0") and len(digits) in (11, 12)


def longest_number(digits: str) -> int:
    """How many digits a telephone number that begins like this can have."""
    if digits.startswith("0"):
        return 12
    return 11 if digits.startswith("1") else 8
