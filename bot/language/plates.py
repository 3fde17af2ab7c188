"""Number plates of vehicles (车牌): 京A·12345, 京AD12345, 京a幺二三四五."""

from __future__ import annotations

import re

from bot.language.models import Entity
from bot.language.numbers import view_digits

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# Letters I and O are not issued, apart from O for the police of old; five signs, or six on
# electric vehicles; 挂, 学, 警, 港, 澳 may stand last (GA 36).
_PLATE = re.compile(
    rf"([{_PROVINCES}])[ ]?([A-HJ-NP-Za-hj-np-z])[ .·•\-]{{0,2}}"
    r"((?:[0-9A-HJ-NP-Za-hj-np-z][ \-]?){4,5}[0-9A-HJ-NP-Za-hj-np-z挂学警港澳])"
    r"(?![0-9A-Za-z])"
)
_DIGITS_LEAST = 3


def read_plates(text: str) -> list[Entity]:
    """Find number plates in normalised `text`; `value` is 京A12345 without a dot."""
    view = view_digits(text)
    found = []
    for match in _PLATE.finditer(view.text):
        body = re.sub(r"[ \-]", "", match.group(3)).upper()
        if sum(char.isdigit() for char in body) < _DIGITS_LEAST:
            continue
        start, end = view.source_span(*match.span())
        value = match.group(1) + match.group(2).upper() + body
        found.append(Entity("plate", value, text[start:end], start, end))
    return found
