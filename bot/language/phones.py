"""Phone numbers in a message: mobiles, landlines with an extension, 400 numbers.

Short service numbers (96310, 12345, 110) are not the resident's and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.language.models import Entity
from bot.language.numbers import DigitView, view_digits

CONNECTORS = r"[，,、 ]?(?:然后|后面|接着|再|完了|最后|中间)(?:就?是)?[，,、 ]?"
"""What people say between two halves of a long number."""

SEPARATOR = rf"(?:[ \-—–_.·,，、/]{{1,2}}|{CONNECTORS})"
_GAP = rf"{SEPARATOR}?"
_NOT_INSIDE = r"(?<![0-9A-Za-z])(?<![0-9][.\-])"
_MOBILE = re.compile(
    rf"{_NOT_INSIDE}(?P<country>(?:\+|00)?86{_GAP})?(?P<body>1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})"
)
_EXTENSION = r"(?:[，, ]?(?:转|分机号?|#|-)[ ：:]?(?P<extension>[0-9]{1,6})(?![0-9]))?"
_AREA = rf"(?:\+?86{_GAP})?[（(]?(?P<area>0(?:10|2[0-9]|[3-9][0-9]{{2}}))[)）]?{_GAP}"
_LANDLINE = re.compile(
    rf"{_NOT_INSIDE}{_AREA}(?P<body>[2-9](?:[ \-]?[0-9]){{6,7}})(?![0-9]){_EXTENSION}"
)
_LOCAL = re.compile(
    rf"{_NOT_INSIDE}(?!20[0-4][0-9][ \-]?[01][0-9])(?P<body>[2-8][0-9]{{3}}[ \-]?[0-9]{{4}})(?![0-9]){_EXTENSION}"
)
_SERVICE = re.compile(rf"{_NOT_INSIDE}(?P<body>[48]00(?:[ \-]?[0-9]){{7}})(?![0-9])")

# Eight digits in a sentence may be anything; a word about telephones must stand close before them.
_LOCAL_CUE = re.compile(
    r"(?:电话|座机|固话|号码|致电|联系|拨打|打|拨|热线)[^0-9。！？\n]{0,6}$"
    # two such numbers, one mended by the other
    r"|不是 ?$|不是 ?[2-8][0-9 \-]{7,9}[，,、 ]?(?:而?是|改成|应该是) ?$"
)
_LOCAL_CUE_REACH = 20
_LOCAL_CUE_AFTER = re.compile(
    r"[，,。、；; ]{0,2}(?:这?是)?[我俺]?(?:们?家|单位|店|公司|办公室)?里?的?(?:座机|固话)"
)
_COUNTED = frozenset("号点楼层单栋幢座室米个天年月日块元分")
_GROUPS_MOST = 5


def read_phones(text: str) -> list[Entity]:
    """Find the phone numbers of normalised `text`; `value` holds the digits alone.

    `data["kind"]` is mobile, landline or service; a landline's extension is in
    `data["extension"]` and never in the value. An area code is not guessed.
    """
    view = view_digits(text)
    found: list[Entity] = []
    for entity in [*_read_mobiles(view, text), *_read_lines(view, text)]:
        if all(entity.end <= other.start or other.end <= entity.start for other in found):
            found.append(entity)
    return sorted(found, key=lambda entity: entity.start)


def _read_mobiles(view: DigitView, text: str) -> Iterator[Entity]:
    for match in _MOBILE.finditer(view.text):
        digits = _digits_of(match.group("body"))
        if not _ends_number(view, text, match.end()) or _is_scattered(match.group("body")):
            continue
        yield _entity(view, text, match, digits, {"kind": "mobile", "extension": None})


def _read_lines(view: DigitView, text: str) -> Iterator[Entity]:
    for match in _LANDLINE.finditer(view.text):
        digits = match.group("area") + _digits_of(match.group("body"))
        yield _entity(view, text, match, digits, _landline(match))
    for match in _SERVICE.finditer(view.text):
        data: dict[str, object] = {"kind": "service", "extension": None}
        yield _entity(view, text, match, _digits_of(match.group("body")), data)
    for match in _LOCAL.finditer(view.text):
        before = view.text[max(0, match.start() - _LOCAL_CUE_REACH) : match.start()]
        alone = view.text.strip(" ，。.") == match.group()
        cued = _LOCAL_CUE.search(before) or _LOCAL_CUE_AFTER.match(view.text, match.end())
        if alone or cued or match.group("extension"):
            yield _entity(view, text, match, _digits_of(match.group("body")), _landline(match))


def _landline(match: re.Match[str]) -> dict[str, object]:
    return {"kind": "landline", "extension": match.group("extension")}


def _entity(
    view: DigitView, text: str, match: re.Match[str], value: str, data: dict[str, object]
) -> Entity:
    start, end = view.source_span(match.start(), match.end())
    return Entity("phone", value, text[start:end], start, end, data)


def _digits_of(matched: str) -> str:
    return "".join(char for char in matched if char in "0123456789")


def _ends_number(view: DigitView, text: str, end: int) -> bool:
    """Whether a number of full length stops here and is not the head of a longer one.

    A further digit in the other script, or one that counts something (…零零三号楼), begins
    the next thing the resident says.
    """
    if end >= len(view.text) or view.text[end] not in "0123456789":
        return True
    last, following = view.source_span(end - 1, end)[0], view.source_span(end, end + 1)[0]
    if text[last].isascii() != text[following].isascii():
        return True
    rest = re.match(r"[0-9十百]{1,3}(.)", view.text[end:])
    return not text[following].isascii() and rest is not None and rest.group(1) in _COUNTED


def _is_scattered(body: str) -> bool:
    """Whether the digits come in too many groups for a number (1、35、2、… is a list)."""
    groups = [group for group in re.split(r"[^0-9]+", body) if group]
    return len(groups) > _GROUPS_MOST and not all(len(group) == 1 for group in groups)
