"""Numbers of cases (工单): our own thirteen digits and what other desks hand out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from bot.language.models import Entity
from bot.language.numbers import DigitView, read_number, view_digits
from bot.language.phones import CONNECTORS, SEPARATOR, read_phones

_GAP = rf"{SEPARATOR}?"
# YYYYMMDDNNNNN: the day of filing and a running number.
_OWN = re.compile(
    rf"(?<![0-9A-Za-z])(?:[A-Za-z]{{1,6}}{_GAP})?"
    rf"(?P<day>2{_GAP}0(?:{_GAP}[0-9]){{6}})"
    rf"{_GAP}(?:[A-Za-z]{{1,3}}{_GAP})?"
    rf"(?P<serial>[0-9](?:{_GAP}[0-9]){{4}})(?![0-9A-Za-z])"
)
# 2026年10月28日00056号, 二零二六年十一月二十号零零零四二: the number said as the date it holds.
_DATED = re.compile(
    r"(?<![0-9])(?P<year>20[0-9]{2})年(?P<month>[0-9十]{1,3})月(?P<day>[0-9十]{1,3})[日号]?[ ，,的第]{0,2}"
    r"(?P<serial>[0-9]{5})(?![0-9])"
)
_CUED = re.compile(
    r"(?<!电话)(?<!手机)(?<!身份证)(?<!联系)(?<!车牌)(?<!银行卡)(?<!门牌)(?<!房屋)"
    r"(?:单号|单子|编号|号码|工单|受理|案件|流水|查询|回执|登记)(?:号码|编号|号|码)?"
    r"[是为叫：:，, ]{0,3}"
    rf"(?P<number>[A-Za-z]{{0,8}}(?:[ \-_]|{CONNECTORS})?[0-9]"
    rf"(?:(?:[ \-_]|{CONNECTORS})?[A-Za-z0-9]){{4,19}})(?![0-9A-Za-z])"
)
# 工单我记的是三零五五七七二九, 0316628这单: words that speak of nothing but a case.
_SAID = (
    rf"(?P<number>[A-Za-z]{{0,8}}(?:[ \-_]|{CONNECTORS})?[0-9]"
    rf"(?:(?:[ \-_]|{CONNECTORS})?[0-9]){{4,15}})(?![0-9A-Za-z])"
)
_OF_A_CASE = (
    re.compile(
        rf"(?:工单|单号|单子|受理号|回执)(?:[号码]{{1,2}})?[\u4e00-\u9fff：:， ]{{0,5}}{_SAID}"
    ),
    re.compile(rf"(?:短信|通知)[\u4e00-\u9fff]{{0,6}}(?:那[一1]?串|号)[是为：: ]{{0,2}}{_SAID}"),
    re.compile(
        rf"(?<![0-9A-Za-z]){_SAID}[号的]?(?:那个|这个)?(?:这|那)?(?:单子?|工单)(?![位独元价车])"
    ),
)
_HOTLINES = frozenset({"12345", "96310"})
_OTHER_LENGTH = range(8, 21)
_DIGITS_LEAST = 5
_OWN_LENGTH = 13


def read_case_numbers(text: str) -> list[Entity]:
    """Find case numbers in normalised `text`, typed or spoken.

    Our own form is found anywhere; its value is the thirteen digits, without letters before
    or inside, and `data["form"]` is "own". Another number of 8 to 20 letters and digits is
    taken only behind a word like 单号 or 编号 ("other"), and never when it is a phone.
    """
    view = view_digits(text)
    own = [*_read_own(view, text), *_read_dated(view, text)]
    others = [*_read_others(view, text), *_read_of_a_case(view, text)]
    taken = own + read_phones(text) if others else own
    found = list(own)
    for other in others:
        if all(
            other.end <= entity.start or entity.end <= other.start for entity in (*taken, *found)
        ):
            found.append(other)
    return sorted(found, key=lambda entity: entity.start)


def _read_own(view: DigitView, text: str) -> Iterator[Entity]:
    for match in _OWN.finditer(view.text):
        day = _letters_and_digits(match.group("day"))
        if _is_day(day):
            value = day + _letters_and_digits(match.group("serial"))
            yield _entity(view, text, *match.span(), value, "own")


def _read_dated(view: DigitView, text: str) -> Iterator[Entity]:
    for match in _DATED.finditer(view.text):
        month, day = read_number(match["month"]), read_number(match["day"])
        value = f"{match['year']}{month or 0:02}{day or 0:02}{match['serial']}"
        if len(value) == _OWN_LENGTH and _is_day(value[:8]):
            yield _entity(view, text, *match.span(), value, "own")


def _read_others(view: DigitView, text: str) -> Iterator[Entity]:
    for match in _CUED.finditer(view.text):
        value = _letters_and_digits(match.group("number")).upper()
        digits = sum(char.isdigit() for char in value)
        if len(value) in _OTHER_LENGTH and digits >= _DIGITS_LEAST:
            yield _entity(view, text, *match.span("number"), value, "other")


def _read_of_a_case(view: DigitView, text: str) -> Iterator[Entity]:
    for pattern in _OF_A_CASE:
        for match in pattern.finditer(view.text):
            value = _letters_and_digits(match.group("number")).upper()
            if value not in _HOTLINES:
                yield _entity(view, text, *match.span("number"), value, "other")


def _entity(view: DigitView, text: str, start: int, end: int, value: str, form: str) -> Entity:
    start, end = view.source_span(start, end)
    return Entity("case_number", value, text[start:end], start, end, {"form": form})


def _letters_and_digits(matched: str) -> str:
    return "".join(char for char in matched if char.isascii() and char.isalnum())


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
