"""Finds cases page by page, newest first, in time that does not grow with the table.

Conditions on columns walk an index (column, case_number) backwards and stop at a full page; text
walks the word index (cases.words_search). Each shape of search is one statement, built once: making
it anew cost more than answering it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.finding import Search, read_place
from cases.store import CaseRow
from cases.words import split_query
from cases.words_search import (
    FIRST_NUMBER,
    Sought,
    ask_fts,
    ask_gin,
    ask_old,
    divide_quarters,
    select_in_fts,
    select_old,
    select_recent,
)
from cases.words_store import facets_of
from hotline.clock import to_city

_MAJOR = 2
_SHAPES = 512
"""Statements kept: each is a combination of conditions that somebody has used."""
_C = CaseRow.__table__.c
LISTED = (
    "case_number", "kind", "category_code", "category_name", "status", "emergency", "description",
    "location", "occurred_text", "anonymous", "phone_sealed", "name_sealed", "channel",
    "conversation_id", "limit_name", "due_at", "created_at", "updated_at", "version", "unit_name",
    "urgency", "paused_at", "merged_into", "weight", "confidential",
)  # fmt: skip
"""What a list reads of a case: neither its files nor what only its own page shows."""
_COLUMNS = tuple(_C[name] for name in LISTED)
_OPEN = _C.closed_at.is_(None)
_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "kind": _C.kind == bindparam("kind"),
    "unit": _C.unit_name == bindparam("unit"),
    "district": _C.district_code == bindparam("district"),
    "subdistrict": _C.subdistrict_code == bindparam("subdistrict"),
    "channel": _C.channel == bindparam("channel"),
    "phone": _C.phone_blind == bindparam("phone"),
    "status": _C.status == bindparam("status"),
    "statuses": _C.status.in_(bindparam("statuses", expanding=True)),
    "category": _C.category_code == bindparam("category"),
    "major": _C.category_code.between(bindparam("major"), bindparam("major_end")),
    "emergency": _C.emergency.is_not(None),
    "overdue": and_(_OPEN, _C.due_at < bindparam("now"), _C.paused_at.is_(None)),
    "open": _OPEN,
    "over": _C.closed_at.is_not(None),
    "due": _C.due_at.is_not(None),
    "from": _C.case_number >= bindparam("from"),
    "below": _C.case_number < bindparam("below"),
    "later": and_(
        _C.due_at >= bindparam("after_due"),
        (_C.due_at > bindparam("after_due")) | (_C.case_number > bindparam("after_number")),
    ),
}


_IN_WORDS = {"category", "major", "district", "subdistrict", "channel", "from", "below"}
"""Conditions that the word index answers itself."""


async def find_rows(
    session: AsyncSession, search: Search, phone_blind: str | None, now: datetime
) -> Sequence[Sequence[Any]]:
    """One page and one row more, when there is more; rows are of the LISTED columns."""
    values = _conditions(search, phone_blind, now)
    names = frozenset(values.keys() & _CONDITIONS.keys())
    values["most"] = search.limit + 1
    if not search.text:
        return (await session.execute(_list(names, search.by_due), values)).all()
    sought = Sought(split_query(search.text), _facets(search))
    bounds = values.get("from"), values.get("below")
    if session.get_bind().dialect.name == "sqlite":
        values |= ask_fts(sought, *bounds)
        return (await session.execute(_walk_fts(names), values)).all()
    today = to_city(now).date()
    values |= ask_gin(sought, *bounds, today)
    found = (await session.execute(_search_recent(names), values)).all()
    rows: list[Sequence[Any]] = [row[:-1] for row in found]
    if len(rows) > search.limit:
        return rows
    # with the first answer, since asking alone is as dear as a part of it
    first = found[0][-1] if found else await session.scalar(select(FIRST_NUMBER))
    for quarters in divide_quarters(first, *bounds, today, len(rows), values["most"]):
        asked = ask_old(sought, quarters, *bounds) | {"most": values["most"] - len(rows)}
        rows += (await session.execute(_search_old(names, len(quarters)), values | asked)).all()
        if len(rows) > search.limit:
            break
    return rows


@lru_cache(_SHAPES)
def _list(names: frozenset[str], by_due: bool) -> Select[*tuple[Any, ...]]:
    order = (_C.due_at, _C.case_number) if by_due else (_C.case_number.desc(),)
    return select(*_COLUMNS).where(*_chosen(names)).order_by(*order).limit(bindparam("most"))


@lru_cache(_SHAPES)
def _walk_fts(names: frozenset[str]) -> Select[*tuple[Any, ...]]:
    return select_in_fts(_COLUMNS, _chosen(names - _IN_WORDS))


@lru_cache(_SHAPES)
def _search_recent(names: frozenset[str]) -> Select[*tuple[Any, ...]]:
    scattered = "statuses" in names
    return select_recent((*_COLUMNS, FIRST_NUMBER), _outside(names), scattered=scattered)


@lru_cache(_SHAPES)
def _search_old(names: frozenset[str], quarters: int) -> Select[*tuple[Any, ...]]:
    scattered = "statuses" in names
    return select_old(_COLUMNS, _outside(names), quarters, scattered=scattered)


def _outside(names: frozenset[str]) -> Sequence[ColumnElement[bool]]:
    """All conditions, when there are any that the word index does not answer itself."""
    return _chosen(names) if names - _IN_WORDS else ()


def _chosen(names: frozenset[str]) -> list[ColumnElement[bool]]:
    return [_CONDITIONS[name] for name in sorted(names)]


def _conditions(search: Search, phone_blind: str | None, now: datetime) -> dict[str, Any]:
    """By name what must hold, with what it is compared with (True where with nothing)."""
    values: dict[str, Any] = {
        "kind": search.kind.value if search.kind else "",
        "unit": search.unit,
        "district": search.district,
        "subdistrict": search.subdistrict,
        "channel": search.channel,
        "phone": phone_blind,
        "emergency": search.emergency,
        "overdue": search.overdue,
    }
    if len(search.category) == _MAJOR:
        values |= {"major": f"{search.category}000", "major_end": f"{search.category}999"}
    else:
        values["category"] = search.category
    if len(search.statuses) == 1:
        values["status"] = search.statuses[0].value
    else:
        values["statuses"] = [each.value for each in search.statuses]
    if not search.overdue:
        values["open"] = search.by_due or search.open is True
        values["over"] = search.open is False and not search.by_due
        values["due"] = search.by_due
    if search.by_due and search.after:
        values["later"] = True
        values["after_due"], values["after_number"] = read_place(search)
    values = {name: value for name, value in values.items() if value}
    return values | ({"now": now} if search.overdue else {}) | _bounds(search)


def _bounds(search: Search) -> dict[str, str]:
    """From and below which numbers to look: they begin with their day."""
    low = [search.number] if search.number else []
    high = [str(int(search.number) + 1)] if search.number else []
    if search.since:
        low.append(_first_of(search.since))
    if search.until and search.until < date.max:
        high.append(_first_of(search.until + timedelta(days=1)))
    if search.after and not search.by_due:
        high.append(read_place(search)[1])
    return ({"from": max(low)} if low else {}) | ({"below": min(high)} if high else {})


def _first_of(day: date) -> str:
    # not %Y, which writes the year 1 without its zeros
    return day.isoformat().replace("-", "")


def _facets(search: Search) -> list[str]:
    major = len(search.category) == _MAJOR
    code = None if major else search.category
    facets = facets_of(code, search.district, search.subdistrict, search.channel)
    # a whole code needs no mark of its major class beside it, and that one has a mark of its own
    if major:
        return [*facets, f"zm{search.category}"]
    return [facet for facet in facets if not facet.startswith("zm")]
