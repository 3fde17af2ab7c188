"""Numbers as residents write and say them: 27, 二十七, 三百五, 幺三八零零.

Which words are numbers depends on what surrounds them, so the readers of phones, case
numbers, times and places call these functions on the pieces they recognise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SPOKEN_DIGITS = {
    "零": "0", "〇": "0", "○": "0",
    "一": "1", "幺": "1", "壹": "1",
    "二": "2", "两": "2", "贰": "2",
    "三": "3", "叁": "3", "四": "4", "肆": "4", "五": "5", "伍": "5", "六": "6", "陆": "6",
    "七": "7", "柒": "7", "八": "8", "捌": "8", "九": "9", "玖": "9",
}  # fmt: skip
_TO_ASCII = str.maketrans(SPOKEN_DIGITS)
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_DIGIT = "0-9" + "".join(SPOKEN_DIGITS)

NUMBER = rf"(?:[0-9]{{1,9}}|[{''.join(SPOKEN_DIGITS)}十百千万]{{1,9}})"
"""Pattern of a number in either script, to be read with `read_number`."""

_WELL_FORMED = re.compile(rf"[{_DIGIT}十拾百佰千仟万亿]{{1,24}}")
_REPEATED_DIGIT = re.compile(rf"([2-8两二三四五六七八])个([{_DIGIT}])(?![十百千万])")


_RADIO = {"拐": "7", "洞": "0", "勾": "9"}
# As soldiers and dispatchers say them; only in the midst of digits, for they are words besides.
_RADIO_DIGIT = re.compile(rf"(?<=[{_DIGIT}]{{3}})[拐洞勾](?![弯角棍子口穴])")


@dataclass(frozen=True, slots=True)
class DigitView:
    """The text with spoken digits as ASCII ones; character i is from starts[i]:ends[i].

    三个八 becomes 888, so the view may be longer than the text.
    """

    text: str
    starts: tuple[int, ...] | None
    ends: tuple[int, ...] | None

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Map a non-empty slice of the view to the slice of the text it was made from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def view_digits(text: str) -> DigitView:
    """Show every spoken digit of `text` as an ASCII digit, keeping offsets."""
    text = _RADIO_DIGIT.sub(lambda match: _RADIO[match.group()], text)
    repeats = list(_REPEATED_DIGIT.finditer(text)) if "个" in text else []
    if not repeats:
        return DigitView(text.translate(_TO_ASCII), None, None)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for repeat in [*repeats, None]:
        upto = repeat.start() if repeat else len(text)
        chars.extend(text[at:upto])
        starts.extend(range(at, upto))
        ends.extend(range(at + 1, upto + 1))
        if repeat:
            count = int(repeat.group(1).translate(_TO_ASCII))
            chars.extend(repeat.group(2) * count)
            starts.extend([repeat.start()] * count)
            ends.extend([repeat.end()] * count)
            at = repeat.end()
    return DigitView("".join(chars).translate(_TO_ASCII), tuple(starts), tuple(ends))


def read_digits(text: str) -> str:
    """The digits of `text` in order, spoken ones included: 幺三八 零零 gives 13800."""
    return "".join(char for char in view_digits(text).text if char in "0123456789")


def read_number(text: str) -> int | None:
    """The value of a whole number in digits, words or both (1万2); None when it is none.

    A last digit without a unit counts in the next lower unit: 三百五 is 350, 三百零五 305.
    Words without any unit are read digit by digit: 二零二六 is 2026.
    """
    if not _WELL_FORMED.fullmatch(text):
        return None
    plain = text.translate(_TO_ASCII)
    if plain.isdigit():
        return int(plain)
    total = section = 0
    number: int | None = None
    unit_before = 1
    for char in plain:
        if char in "0123456789":
            number = (number or 0) * 10 + int(char)
            if char == "0":
                unit_before = 1
            continue
        if char in _UNITS:
            unit_before = _UNITS[char]
            section += (1 if number is None else number) * unit_before
        elif (section or number) is None:
            return None
        else:
            unit_before = _MYRIADS[char]
            total = (total + section + (number or 0)) * unit_before
            section = 0
        number = None
    if number is None:
        return total + section
    scale = unit_before // 10 if number < 10 and unit_before > 10 else 1
    return total + section + number * scale
