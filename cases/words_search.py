"""Looks words up in the text index, newest first, at a cost that hardly grows with the table.

SQLite's FTS5 walks its lists backwards and stops at a full page. PostgreSQL's GIN gives all matches
at once, so common words are looked for by reading the newest cases, rarer ones in the index within
spans of days: whatever the word, the span that fills the page holds few times more matches than
a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from cases.store import CaseRow
from cases.words_store import match_expression

WALKED = 2000
"""Newest cases read one by one, before the index is asked."""
SPANS = (30, 180)
"""Days back, within which the index is asked before all of it is. Seasonal words need the second."""
_DIGITS = 13
_LAST = 10**16
_CASES = CaseRow.__table__
_GIN = table("case_words", column("number", BigInteger), column("words", TSVECTOR))
_FTS = table("case_words", column("rowid", BigInteger), column("case_words", String))
_UNINDEXED = _GIN.c.number + 0
"""The number where the planner should not think of an index: by the primary key it would read a
million rows for a rare word, and the small index of spans helps nothing where all is meant."""
Columns = Sequence[ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]


def ask_fts(
    words: Sequence[str], low: str | None, high: str | None, _today: date
) -> dict[str, Any]:
    """The values of select_in_fts: bounds are beginnings of case numbers."""
    return {
        "words": match_expression(words, "sqlite"),
        "low": _number(low, 0),
        "high": _number(high, _LAST),
    }


def select_in_fts(columns: Columns, conditions: Conditions) -> Select[*tuple[Any, ...]]:
    """The statement on SQLite, with the bound `most` besides those of ask_fts."""
    number = _FTS.c.rowid
    return (
        select(*columns)
        .select_from(_FTS.join(_CASES, _CASES.c.case_number == cast(number, String)))
        .where(_FTS.c.case_words.op("MATCH")(bindparam("words")))
        .where(number >= bindparam("low"), number < bindparam("high"), *conditions)
        .order_by(number.desc())
        .limit(bindparam("most"))
    )


def ask_gin(words: Sequence[str], low: str | None, high: str | None, today: date) -> dict[str, Any]:
    """The values of select_in_gin: the words, and where each span begins."""
    least, top = _number(low, 0), _number(high, _LAST)
    last = min(today, _day(high) or today)
    begins = [_number(f"{last - timedelta(days=days):%Y%m%d}", 0) for days in SPANS]
    bounds = [top, *(min(max(each, least), top) for each in begins), least]
    return {
        "words": match_expression(words, "postgresql"),
        "walked": WALKED,
        **{f"bound{nth}": each for nth, each in enumerate(bounds)},
    }


def select_in_gin(columns: Columns, conditions: Conditions) -> Select[*tuple[Any, ...]]:
    """The statement on PostgreSQL, with the bound `most` besides those of ask_gin.

    Each part is asked only when those before it have not filled the page.
    """
    bounds = [bindparam(f"bound{nth}", type_=BigInteger) for nth in range(len(SPANS) + 2)]
    parts = [_walk(bounds[0], bounds[-1], conditions)]
    for high, low in pairwise(bounds[:-1]):
        within = (_GIN.c.number >= low) & (_GIN.c.number < high)
        parts.append(_span(within, parts, conditions))
    within = (bounds[-1] <= _UNINDEXED) & (bounds[-2] > _UNINDEXED)
    parts.append(_span(within, parts, conditions))
    found = union_all(*[select(part.c.number) for part in parts]).subquery("found")
    return (
        select(*columns)
        .join_from(found, _CASES, _CASES.c.case_number == cast(found.c.number, String))
        .order_by(found.c.number.desc())
        .limit(bindparam("most"))
    )


def _walk(high: ColumnElement[int], low: ColumnElement[int], conditions: Conditions) -> CTE:
    newest = (
        select(_GIN)
        .where(_GIN.c.number >= low, _GIN.c.number < high)
        .order_by(_GIN.c.number.desc())
        .limit(bindparam("walked"))
        .subquery("newest")
    )
    query = select(newest.c.number).where(_holds(newest.c.words))
    if conditions:
        query = query.join(_CASES, _CASES.c.case_number == cast(newest.c.number, String))
    return (
        query.where(*conditions)
        .order_by(newest.c.number.desc())
        .limit(bindparam("most"))
        .cte("walk")
    )


def _span(within: ColumnElement[bool], before: Sequence[CTE], conditions: Conditions) -> CTE:
    walk = before[0]
    counts = [select(func.count()).select_from(part).scalar_subquery() for part in before]
    reached = func.coalesce(func.min(walk.c.number), literal(_LAST, BigInteger))
    query = select(_GIN.c.number).where(
        _holds(_GIN.c.words),
        within,
        select(reached).scalar_subquery() > _UNINDEXED,
        sum(counts[1:], counts[0]) < bindparam("most"),
    )
    if conditions:
        query = query.join(_CASES, _CASES.c.case_number == cast(_GIN.c.number, String))
    return (
        query.where(*conditions)
        .order_by(_UNINDEXED.desc())
        .limit(bindparam("most"))
        .cte(f"span{len(before)}")
    )


def _holds(words: ColumnElement[Any]) -> ColumnElement[bool]:
    return words.op("@@")(cast(bindparam("words", type_=String), TSQUERY))


def _day(beginning: str | None) -> date | None:
    """The day a number is of; None when there is no such day (a page may end anywhere)."""
    try:
        return date.fromisoformat(beginning[:8]) if beginning else None
    except ValueError:
        return None


def _number(beginning: str | None, otherwise: int) -> int:
    return int(beginning.ljust(_DIGITS, "0")) if beginning else otherwise
