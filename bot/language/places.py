"""Where it happens: whole phrases of place (海淀区中关村大街27号门口) and their codes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.language import place_grammar as grammar
from bot.language.gazetteer import Division, Hit
from bot.language.models import Entity
from bot.language.place_units import Span, Unit

_ROADS = frozenset({grammar.ROAD, "hutong"})
_AREAS = frozenset({grammar.ADMIN, grammar.CITY, "district", "subdistrict"})
_RANK = {"district": 0, "subdistrict": 1}
_TAILS_MOST = 8
_LEAD = 8


@dataclass(slots=True)
class Chain:
    """Neighbouring units read as one place, with the tail that narrows it."""

    units: list[Unit]
    start: int
    end: int
    last: Unit
    """The unit that reaches furthest."""
    houses: list[str] = field(default_factory=list)
    relative: bool = False
    crossing: Span | None = None


def find_chains(text: str, units: Sequence[Unit], blocked: Sequence[Span] = ()) -> list[Chain]:
    """Join the `units` of normalised `text` to places by rule; none touches a `blocked` span."""
    parts = [unit for unit in units if unit.kind != grammar.COMPANY]
    return [chain for chain in _build_chains(text, parts, blocked) if _is_place(chain, text)]


def adopt_spans(
    chains: Sequence[Chain], units: Sequence[Unit], spans: Sequence[Span]
) -> list[Chain]:
    """The places at `spans`, each with the units and house numbers that rules found inside it.

    What rules alone found stays where they are sure of it (房山, A市新开铺百姓市场).
    """
    adopted = []
    parts = [unit for unit in units if unit.kind != grammar.COMPANY]
    first = 0
    for start, end in spans:
        while first < len(parts) and parts[first].start < start:
            first += 1
        past = first
        while past < len(parts) and parts[past].start < end:
            past += 1
        inside = [unit for unit in parts[first:past] if unit.end <= end]
        last = max(inside, key=lambda unit: unit.end, default=Unit(start, end, grammar.UNKNOWN))
        chain = Chain(inside, start, end, last)
        for old in _between(chains, start, end):
            chain.houses += old.houses
            chain.crossing = chain.crossing or old.crossing
        adopted.append(chain)
    starts = [start for start, _ in spans]
    for chain in chains:
        at = bisect_left(starts, chain.end)
        if not (at and spans[at - 1][1] > chain.start) and _is_sure(chain):
            adopted.append(chain)
    return sorted(adopted, key=lambda chain: chain.start)


def _is_sure(chain: Chain) -> bool:
    """Whether a chain joins several names, or holds a known one or an estate's (阳光小区)."""
    named = [unit for unit in chain.units if unit.kind != "house" and not unit.fragile]
    return len(named) > 1 or any(
        unit.hit is not None or unit.kind == grammar.RESIDENCE for unit in named
    )


def clear_spans(spans: Sequence[Span], blocked: Sequence[Span]) -> list[Span]:
    """The `spans` less what is `blocked`; what is mostly blocked is none."""
    ends = sorted(blocked)
    cleared = []
    for start, end in spans:
        pieces, at = [], start
        near = max(0, bisect_left(ends, (start, start)) - 1)
        for first, last in ends[near : bisect_left(ends, (end, end))]:
            if last > at:
                pieces.append((at, first))
                at = last
        pieces.append((at, end))
        longest = max(pieces, key=lambda piece: piece[1] - piece[0])
        if 2 * (longest[1] - longest[0]) > end - start:
            cleared.append(longest)
    return cleared


def trim_spans(text: str, spans: Sequence[Span], units: Sequence[Unit]) -> list[Span]:
    """The `spans` without words of the sentence before a place that one of `units` begins."""
    begins = {unit.start for unit in units}
    trimmed = []
    for start, end in spans:
        before = grammar.BEFORE.match(text, start, end)
        if before is not None and start not in begins and before.end() in begins:
            trimmed.append((before.end(), end))
        else:
            trimmed.append((start, end))
    return trimmed


def add_facilities(text: str, spans: Sequence[Span], blocked: Sequence[Span]) -> list[Span]:
    """The places at `spans`, each with the facility that is called by it: 东坝中街幼儿园门口.

    None reaches into the next one, nor into what is `blocked`.
    """
    limits = [*sorted(start for start, _ in (*spans, *blocked)), len(text)]
    return [
        (start, _facility_end(text, start, end, limits[bisect_left(limits, end)]))
        for start, end in spans
    ]


def add_apart(spans: Sequence[Span], others: Iterable[Span]) -> list[Span]:
    """The `spans` in order, and of the `others` those that touch none of them."""
    taken = sorted(spans)
    starts = [start for start, _ in taken]
    apart = []
    for other in others:
        before = bisect_left(starts, other[1])
        if not before or taken[before - 1][1] <= other[0]:
            apart.append(other)
    return sorted([*taken, *apart])


def _facility_end(text: str, start: int, end: int, limit: int) -> int:
    if grammar.LOOSE.search(text, start, end):
        return end
    facility = grammar.FACILITY.match(text, end, limit)
    if facility is None:
        return end
    end = facility.end()
    while relative := grammar.RELATIVE.match(text, end, limit):
        end = relative.end()
    return end


def _between(chains: Sequence[Chain], start: int, end: int) -> Sequence[Chain]:
    first = bisect_left(chains, start, key=lambda chain: chain.start)
    last = bisect_right(chains, end, key=lambda chain: chain.end)
    return chains[first:last]


def describe_places(text: str, chains: Sequence[Chain]) -> list[Entity]:
    """The places that `chains` stand for; `value` is the whole phrase.

    `data` holds district, district_code, subdistrict, subdistrict_code, landmark, road, number
    (None when unknown) and candidates: where a name fits several divisions, a list of their
    codes, else None. A city alone is no place to send anyone to; of a place named again in
    fewer words (海淀区 beside 海淀区苏州街) only the fullest is given, and of equal ones the
    first.
    """
    entities = [
        Entity(
            "location",
            text[chain.start : chain.end],
            text[chain.start : chain.end],
            chain.start,
            chain.end,
            _describe(chain, text),
        )
        for chain in chains
    ]
    return _keep_fullest(entities)


def _keep_fullest(entities: Sequence[Entity]) -> list[Entity]:
    first = {entity.value: entity for entity in reversed(entities)}
    listed = "\n".join(first)
    kept = [entity for value, entity in first.items() if listed.count(value) == 1]
    return sorted(kept, key=lambda entity: entity.start)


def _build_chains(text: str, units: Sequence[Unit], blocked: Sequence[Span]) -> Iterator[Chain]:
    limits = [*sorted(start for start, _ in blocked), len(text)]
    chain: Chain | None = None
    for unit in units:
        if chain is not None and _follows(chain, unit, text):
            chain.units.append(unit)
            if unit.end > chain.last.end:
                chain.last = unit
            if unit.end <= chain.end:
                continue
            if unit.kind == "house":
                chain.houses.append(text[max(unit.start, chain.end) : unit.end])
            chain.end = unit.end
        else:
            if chain is not None:
                yield chain
            chain = Chain([unit], unit.start, unit.end, unit)
            if unit.kind == "house":
                chain.houses.append(text[unit.start : unit.end])
        _consume_tail(chain, text, limits[bisect_left(limits, chain.end)])
    if chain is not None:
        yield chain


def _follows(chain: Chain, unit: Unit, text: str) -> bool:
    """Whether `unit` goes on with the place, or is the second road of a crossing."""
    if unit.start <= chain.end:
        return True
    gap = text[chain.end : unit.start]
    if grammar.GLUE.fullmatch(gap):
        return not (unit.kind in ("district", grammar.CITY) and "的" in gap)
    if chain.last.kind not in _ROADS or unit.kind not in _ROADS:
        return False
    if not grammar.BETWEEN_ROADS.fullmatch(gap) or chain.crossing is not None:
        return False
    crosses = grammar.CROSSING.match(text, unit.end) or grammar.ROAD_SECTION.match(text, unit.end)
    if crosses or text[chain.start - 1 : chain.start] in ("从", "由"):
        chain.crossing = (chain.last.start, unit.end)
        return True
    return False


def _consume_tail(chain: Chain, text: str, limit: int) -> None:
    """Take house numbers and relative parts that follow at once, up to `limit`."""
    for _ in range(_TAILS_MOST):
        at = chain.end + (text[chain.end : chain.end + 1] == " ")
        house = grammar.HOUSE.match(text, at, limit)
        if house is not None:
            chain.houses.append(house.group())
            chain.end = house.end()
            continue
        relative = grammar.CROSSING.match(text, chain.end, limit) if chain.crossing else None
        relative = relative or grammar.RELATIVE.match(text, chain.end, limit)
        if relative is None and chain.last.kind in _AREAS:
            office = grammar.OFFICE_BUILDING.match(text, chain.end, limit)
            relative = grammar.RELATIVE.match(text, office.end(), limit) if office else None
        if relative is None:
            return
        chain.end = relative.end()
        chain.relative = True


def _is_place(chain: Chain, text: str) -> bool:
    kinds = {unit.kind for unit in chain.units}
    if kinds == {grammar.CITY}:
        return False
    supported = chain.relative or bool(chain.houses) or len(chain.units) > 1
    if all(unit.fragile for unit in chain.units) and not supported:
        return bool(grammar.LOCATIVES.search(text[max(0, chain.start - _LEAD) : chain.start]))
    known = any(unit.hit is not None for unit in chain.units)
    if kinds <= _AREAS and not (known or chain.relative or chain.houses):
        return grammar.OFFICE.match(text, chain.end) is None
    return True


def _describe(chain: Chain, text: str) -> dict[str, object]:
    data: dict[str, object] = {
        "district": None, "district_code": None, "subdistrict": None, "subdistrict_code": None,
    }  # fmt: skip
    divisions, certain = _resolve(chain)
    if certain and len(divisions) == 1:
        data.update(divisions[0].as_data())
    elif certain and len({division.district_code for division in divisions}) == 1:
        data["district"], data["district_code"] = divisions[0].district, divisions[0].district_code
    doubtful = divisions and (len(divisions) > 1 or not certain)
    data["candidates"] = [division.as_data() for division in divisions] if doubtful else None
    roads = [unit for unit in chain.units if unit.kind in _ROADS]
    marks = [
        unit for unit in chain.units if unit.kind not in _ROADS | _AREAS and unit.kind != "house"
    ]
    crossing = chain.crossing
    mark = max(marks, key=lambda unit: (unit.end, -unit.start), default=None)
    data["landmark"] = text[mark.start : mark.end] if mark else None
    data["road"] = text[slice(*crossing)] if crossing else _text_of(roads[-1:], text)
    data["number"] = "".join(chain.houses) or None
    return data


def _text_of(units: Sequence[Unit], text: str) -> str | None:
    return text[units[0].start : units[0].end] if units else None


def _resolve(chain: Chain) -> tuple[list[Division], bool]:
    """The divisions that the known names of the chain agree on, and whether that is certain.

    A district that is named wins over what a landmark of the same name elsewhere suggests. A
    known name inside a longer unknown one (望京 in 望京小学) only hints.
    """
    named, hints = _split_hits(chain)
    agreed: list[Division] = []
    for hit in sorted(named or hints, key=lambda hit: _RANK.get(hit.kind, len(_RANK))):
        if not agreed:
            agreed = list(hit.divisions)
            continue
        narrower = [
            mine if mine.lies_in(theirs) else theirs
            for mine in agreed
            for theirs in hit.divisions
            if mine.lies_in(theirs) or theirs.lies_in(mine)
        ]
        agreed = list(dict.fromkeys(narrower)) or agreed
    return agreed, bool(named)


def _split_hits(chain: Chain) -> tuple[list[Hit], list[Hit]]:
    named: list[Hit] = []
    hints: list[Hit] = []
    reached = -1
    for unit in sorted(chain.units, key=lambda unit: (unit.start, -unit.end)):
        if unit.hit is not None:
            (hints if unit.end <= reached else named).append(unit.hit)
        if unit.kind != "house":
            reached = max(reached, unit.end)
    return named, hints
