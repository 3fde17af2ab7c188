"""The tables a deployment keeps for its cases, each described once.

A Sheet says which columns a table has, what may stand in them and what they are called. The
console's forms, the files in and out, and the seeds all read that description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cases.categories import find_by_name, load_categories
from cases.dispatch import read_span
from cases.divisions import name_division, read_division
from hotline.db import Base
from hotline.errors import InvalidInput

_SEPARATORS = re.compile(r"[、,，;；\s]+")
_LIST = re.compile(r"[、,，;；]")
_MARKUP = re.compile(r"<\s*[a-zA-Z/!]")
_YES = frozenset({"是", "1", "true", "启用", "上班", "y", "yes"})
_NO = frozenset({"否", "0", "false", "停用", "休息", "n", "no", ""})
_MOST_ITEMS = 60
LONGEST = 500
"""Characters of sources and lists."""
_PREFIX = re.compile(r"(\d{1,5})(?:\D.*)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `kind` is text, long, number, real, choice, list, category, categories, day,
    span, yes, district, subdistrict or target.
    """

    name: str
    title: str
    kind: str = "text"
    needed: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    """choice and target: stored value → what people read and write."""
    least: int = 0
    most: int = 10_000
    longest: int = 64
    help: str = ""
    usual: str = ""
    """What a new row's form starts with."""

    def read(self, raw: str) -> Any:
        """The cell's text as stored; raises InvalidInput in the words of who filled it in."""
        text = raw.strip()
        self._check_text(text)
        if not text and self.needed:
            raise InvalidInput(f"{self.title}没有填写。")
        return _READERS[self.kind](self, text)

    def _check_text(self, text: str) -> None:
        longest = LONGEST if self.kind in ("long", "list", "categories") else self.longest
        if len(text) > longest:
            raise InvalidInput(f"{self.title}超过 {longest} 个字。")
        if not text.isprintable():
            raise InvalidInput(f"{self.title}里有换行或看不见的字符。")
        if _MARKUP.search(text) or text.startswith(("=", "@")):
            raise InvalidInput(f"{self.title}里有网页代码或公式，请改成文字。")

    def write(self, value: Any) -> str:
        """The stored value as people read it; `read` understands it again."""
        if value is None:
            return ""
        if self.kind == "yes":
            return "是" if value else "否"
        if self.kind == "choice":
            return self.choices.get(value, str(value))
        if self.kind == "list":
            return "、".join(self.choices.get(each, each) for each in value)
        if self.kind == "target":
            return self.choices.get(value, value)
        if self.kind == "category":
            return _name_prefix(value)
        if self.kind == "categories":
            return "、".join(map(_name_prefix, value))
        if self.kind in ("district", "subdistrict"):
            return name_division(value)
        return str(value)


def _read_number(column: Field, text: str) -> int | None:
    if not text:
        return column.least
    if not (text.isascii() and text.lstrip("-").isdecimal() and len(text) < 8):
        raise InvalidInput(f"{column.title}应是整数。")
    number = int(text)
    if not column.least <= number <= column.most:
        raise InvalidInput(f"{column.title}应在 {column.least} 到 {column.most} 之间。")
    return number


def _read_real(column: Field, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise InvalidInput(f"{column.title}应是数字。") from None
    if not -180 <= number <= 180:
        raise InvalidInput(f"{column.title}应在 -180 到 180 之间。")
    return number


def _read_choice(column: Field, text: str) -> str:
    for value, name in column.choices.items():
        if text in (value, name):
            return value
    names = "、".join(name for name in column.choices.values() if name)
    raise InvalidInput(f"{column.title}“{text}”应是{names}之一。")


def _read_list(column: Field, text: str) -> list[str]:
    named = {name: value for value, name in column.choices.items()}
    items = [named.get(each, each) for each in _SEPARATORS.split(text) if each]
    if len(items) > _MOST_ITEMS:
        raise InvalidInput(f"{column.title}最多 {_MOST_ITEMS} 项。")
    return items


def _read_prefix(column: Field, text: str) -> str:
    """The code, or its beginning, that a cell names: 06029, 06029 露天烧烤, 露天烧烤, 06."""
    if not text:
        return ""
    named = find_by_name(text)
    found = _PREFIX.fullmatch(text)
    prefix = named.code if named else found[1] if found else ""
    if not prefix or not any(code.startswith(prefix) for code in load_categories()):
        raise InvalidInput(f"{column.title}里的“{text}”不是问题类别的名称、代码或代码开头。")
    return prefix


def _read_prefixes(column: Field, text: str) -> list[str]:
    items = [each.strip() for each in _LIST.split(text) if each.strip()]
    if len(items) > _MOST_ITEMS:
        raise InvalidInput(f"{column.title}最多 {_MOST_ITEMS} 项。")
    return [_read_prefix(column, each) for each in items]


def _name_prefix(prefix: str) -> str:
    category = load_categories().get(prefix)
    return f"{prefix} {category.name}" if category else prefix


def _read_day(column: Field, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise InvalidInput(f"{column.title}“{text}”应写成 2026-11-29。") from None


def _read_yes(column: Field, text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise InvalidInput(f"{column.title}应填是或否。")
    return text.casefold() in _YES


def _read_target(column: Field, text: str) -> str:
    return next((value for value, name in column.choices.items() if text == name), text)


_READERS: Mapping[str, Callable[[Field, str], Any]] = {
    "text": lambda _, text: text,
    "long": lambda _, text: text,
    "number": _read_number,
    "real": _read_real,
    "choice": _read_choice,
    "list": _read_list,
    "category": _read_prefix,
    "categories": _read_prefixes,
    "day": _read_day,
    "span": lambda _, text: read_span(text),
    "yes": _read_yes,
    "district": lambda _, text: read_division(text, subdistrict=False),
    "subdistrict": lambda _, text: read_division(text, subdistrict=True),
    "target": _read_target,
}


@dataclass(frozen=True, slots=True)
class Known:
    """What other tables hold, for columns that name it."""

    units: frozenset[str]
    areas: frozenset[str]


Check = Callable[[Mapping[str, Any], Known], None]
"""Raises InvalidInput when the columns of a row do not go together."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name in addresses, its title, columns, and what makes a row unique."""

    name: str
    title: str
    table: type[Base]
    fields: Sequence[Field]
    key: tuple[str, ...]
    check: Check
    shown: tuple[str, ...] = ()
    """The columns that lists show."""
    seed: str = ""
    """The shipped file under cases/data, if any."""

    def read(self, cells: Mapping[str, str], known: Known) -> dict[str, Any]:
        """A row's values from its cells by field name; raises InvalidInput."""
        values = {column.name: column.read(cells.get(column.name, "")) for column in self.fields}
        self.check(values, known)
        return values

    def write(self, row: Base) -> dict[str, str]:
        """A row's cells by field name."""
        return {column.name: column.write(getattr(row, column.name)) for column in self.fields}
