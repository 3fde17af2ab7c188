"""Finds cases page by page, newest first, in time that does not grow with the table.

Conditions on columns walk an index (column, case_number) backwards and stop at a full page.
Text walks the word index; PostgreSQL's GIN gives all matches at once, so it is asked for
the newest days first and for the rest only when they do not fill the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    column,
    literal,
    select,
    table,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from cases.finding import Search, read_place
from cases.store import CaseRow
from cases.words import split_query
from cases.words_store import facets_of, match_expression
from hotline.clock import to_city

SPANS = (14, 120)
"""Days back from where the page begins. Words that fill a page from the first span are common and
cost no more; the others are rare enough for the whole index to be asked at once.
"""
_MAJOR = 2
_FIRST, _LAST = "0", "9" * 16
_GIN = table("case_words", column("number", BigInteger), column("words", TSVECTOR))
_FTS = table("case_words", column("rowid", BigInteger), column("case_words", String))


_COLUMNS = tuple(CaseRow.__table__.c)


async def find_rows(
    session: AsyncSession, search: Search, phone_blind: str | None, now: datetime
) -> Sequence[CaseRow]:
    """One page and one row more, when there is more; rows have the columns, nothing else."""
    query = _conditions(search, phone_blind, now)
    if not search.text:
        return await _fetch(session, _ordered(query, search))
    words = [*split_query(search.text), *_facets(search)]
    if session.get_bind().dialect.name == "sqlite":
        return await _fetch(session, _walk_fts(query, words, search))
    newest, *older = _spans(search, now)
    found = await _fetch(session, _search_gin(query, words, newest, search.limit + 1))
    left = search.limit + 1 - len(found)
    if not left:
        return found
    spans = [_search_gin(query, words, span, left).subquery() for span in older]
    either = union_all(*[select(span) for span in spans]).subquery()
    rest = select(either).order_by(either.c.case_number.desc()).limit(left)
    return [*found, *await _fetch(session, rest)]


async def _fetch(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> list[CaseRow]:
    # plain rows have the same attributes and cost a third of mapped objects
    rows = (await session.execute(query)).all()
    return cast("list[CaseRow]", list(rows))


def _conditions(
    search: Search, phone_blind: str | None, now: datetime
) -> list[ColumnElement[bool]]:
    row = CaseRow
    chosen: list[ColumnElement[bool]] = []
    for wanted, stored in (
        (search.kind.value if search.kind else "", row.kind),
        (search.unit, row.unit_name),
        (search.district, row.district_code),
        (search.subdistrict, row.subdistrict_code),
        (search.channel, row.channel),
        (phone_blind or "", row.phone_blind),
    ):
        if wanted:
            chosen.append(stored == wanted)
    if len(search.statuses) == 1:
        chosen.append(row.status == search.statuses[0].value)
    elif search.statuses:
        chosen.append(row.status.in_([each.value for each in search.statuses]))
    if len(search.category) == _MAJOR:
        chosen.append(row.category_code.between(search.category, search.category + "~"))
    elif search.category:
        chosen.append(row.category_code == search.category)
    if search.emergency:
        chosen.append(row.emergency.is_not(None))
    if search.overdue:
        chosen += [row.closed_at.is_(None), row.due_at < now, row.paused_at.is_(None)]
    elif search.open is not None or search.by_due:
        is_open = search.open is not False
        chosen.append(row.closed_at.is_(None) if is_open else row.closed_at.is_not(None))
    if search.by_due and not search.overdue:
        chosen.append(row.due_at.is_not(None))
    return chosen + _numbers(search)


def _facets(search: Search) -> list[str]:
    major = len(search.category) == _MAJOR
    facets = facets_of(
        None if major else search.category, search.district, search.subdistrict, search.channel
    )
    # a whole code says its major class too; the major class alone is a mark of its own
    return [*facets, f"zm{search.category}"] if major else facets


def _numbers(search: Search) -> list[ColumnElement[bool]]:
    """Conditions on the number, which begins with its day."""
    number = CaseRow.case_number
    chosen: list[ColumnElement[bool]] = []
    if search.number:
        chosen.append(number.between(search.number, search.number + "~"))
    if search.since:
        chosen.append(number >= f"{search.since:%Y%m%d}")
    if search.until:
        chosen.append(number < f"{search.until:%Y%m%d}~")
    if search.after and not search.by_due:
        chosen.append(number < read_place(search)[1])
    return chosen


def _ordered(query: list[ColumnElement[bool]], search: Search) -> Select[*tuple[Any, ...]]:
    rows = select(*_COLUMNS).where(*query).limit(search.limit + 1)
    if not search.by_due:
        return rows.order_by(CaseRow.case_number.desc())
    due, number = read_place(search) if search.after else (None, "")
    if due is not None:
        later = (CaseRow.due_at > due) | (CaseRow.case_number > number)
        rows = rows.where(CaseRow.due_at >= due, later)
    return rows.order_by(CaseRow.due_at, CaseRow.case_number)


def _walk_fts(
    query: list[ColumnElement[bool]], words: list[str], search: Search
) -> Select[*tuple[Any, ...]]:
    number = _FTS.c.rowid
    bounds = [number < int(high) for high in [_top(search)] if high != _LAST]
    return (
        select(*_COLUMNS)
        .select_from(_FTS.join(CaseRow, CaseRow.case_number == sql_cast(number, String)))
        .where(_FTS.c.case_words.op("MATCH")(match_expression(words, "sqlite")))
        .where(*bounds, *query)
        .order_by(number.desc())
        .limit(search.limit + 1)
    )


def _search_gin(
    query: list[ColumnElement[bool]], words: list[str], span: tuple[str, str], limit: int
) -> Select[*tuple[Any, ...]]:
    number = _GIN.c.number
    expression = sql_cast(literal(match_expression(words, "postgresql"), String), TSQUERY)
    return (
        select(*_COLUMNS)
        .select_from(_GIN.join(CaseRow, CaseRow.case_number == sql_cast(number, String)))
        .where(_GIN.c.words.op("@@")(expression))
        .where(number >= int(span[0]), number < int(span[1]), *query)
        .order_by(number.desc())
        .limit(limit)
    )


def _top(search: Search) -> str:
    """The number that a page stays below."""
    if search.after:
        return read_place(search)[1]
    return f"{search.until + timedelta(days=1):%Y%m%d}00000" if search.until else _LAST


def _spans(search: Search, now: datetime) -> Iterator[tuple[str, str]]:
    """From and below which numbers to look, the newest first."""
    high = _top(search)
    day = to_city(now).date()
    if high != _LAST:
        day = min(day, date.fromisoformat(high[:8]))
    for days in SPANS:
        low = f"{day - timedelta(days=days):%Y%m%d}00000"
        yield low, high
        high = low
    yield _FIRST, high
