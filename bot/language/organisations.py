"""Shops and companies a resident names: 老王烧烤店, 永辉超市, 顺达物业公司."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language import place_grammar as grammar
from bot.language.models import Entity
from bot.language.place_units import Unit

_KINDS = frozenset({grammar.SHOP, grammar.COMPANY})
_TRADING_PLACES = ("超市", "商场", "酒店", "宾馆", "百货", "菜市场", "幼儿园")
_LEAST = 3


def read_organisations(text: str, units: Sequence[Unit]) -> list[Entity]:
    """The shops and companies among the units of normalised `text`; best effort.

    `data["kind"]` is "shop" or "company".
    """
    found: list[Entity] = []
    for unit in sorted(units, key=lambda unit: (unit.start, -unit.end)):
        name = text[unit.start : unit.end]
        trading = name.endswith(_TRADING_PLACES)
        if len(name) < _LEAST or not (unit.kind in _KINDS or trading):
            continue
        if not found or unit.start >= found[-1].end:
            kind = unit.kind if unit.kind in _KINDS else grammar.SHOP
            found.append(Entity("organisation", name, name, unit.start, unit.end, {"kind": kind}))
    return found
