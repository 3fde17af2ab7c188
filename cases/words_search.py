"""Looks words up in the text index, newest first, at a cost that hardly grows with the table.

SQLite's FTS5 walks its lists backwards and stops at a full page. PostgreSQL's GIN gives all matches
at once, so common words are looked for by reading the newest cases, further back where a few were
found, and only rare words in the index, where they have few matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    Subquery,
    bindparam,
    case,
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
FURTHER = 20_000
"""Read besides, where the first held a few: as quick as asking the index, which counts them all."""
_FEW = 10
_YEAR = 400
"""Days back, within which the index is asked before all of it is: a season is in it."""
_DIGITS = 13
_LAST = 10**16
_CASES = CaseRow.__table__
_GIN = table("case_words", column("number", BigInteger), column("words", TSVECTOR))
_FTS = table("case_words", column("rowid", BigInteger), column("case_words", String))
_UNINDEXED = _GIN.c.number + 0
"""The number where the planner should not think of an index: by the primary key it would read a
million rows for a rare word, and the small index of spans helps nothing where all is meant."""
Reached = ColumnElement[int]
Columns = Sequence[ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]


def ask_fts(words: Sequence[str], low: str | None, high: str | None) -> dict[str, Any]:
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
    """The values of select_in_gin: the words, and the bounds."""
    least, top = _number(low, 0), _number(high, _LAST)
    last = min(today, _day(high) or today)
    year = _number(f"{last - timedelta(days=_YEAR):%Y%m%d}", 0)
    return {
        "words": match_expression(words, "postgresql"),
        "walked": WALKED,
        "further": FURTHER,
        "top": top,
        "year": min(max(year, least), top),
        "least": least,
    }


def select_in_gin(columns: Columns, conditions: Conditions) -> Select[*tuple[Any, ...]]:
    """The statement on PostgreSQL, with the bound `most` besides those of ask_gin.

    Each part is asked only when those before it have not filled the page. With conditions, which
    are then all there are (bounds of numbers too), the newest cases that meet them are read:
    of the newest of all perhaps none does.
    """
    top, year, least = (bindparam(name, type_=BigInteger) for name in ("top", "year", "least"))
    parts, reached = _walk_meeting(conditions) if conditions else _walk_newest(top, least)
    for within in (
        (_GIN.c.number >= year) & (_GIN.c.number < top),
        # without an index of numbers, which helps nothing where all is meant
        (least <= _UNINDEXED) & (year > _UNINDEXED),
    ):
        parts.append(_span(within, reached, parts, conditions))
    found = union_all(*[select(part.c.number) for part in parts]).subquery("found")
    return (
        select(*columns)
        .join_from(found, _CASES, _CASES.c.case_number == cast(found.c.number, String))
        .order_by(found.c.number.desc())
        .limit(bindparam("most"))
    )


def _walk_newest(high: ColumnElement[int], low: ColumnElement[int]) -> tuple[list[CTE], Reached]:
    """Those of the newest rows of the index that hold the words, and how far they reach.

    Where some were found among the first, more are soon found further on.
    """

    def rows(most: str, below: ColumnElement[int], *wanted: ColumnElement[Any]) -> Subquery:
        return (
            select(*wanted)
            .where(_GIN.c.number >= low, _GIN.c.number < below)
            .order_by(_GIN.c.number.desc())
            .limit(bindparam(most))
            .subquery()
        )

    def walk(name: str, newest: Subquery, *gate: ColumnElement[bool]) -> CTE:
        return (
            select(newest.c.number)
            .where(_holds(newest.c.words), *gate)
            .order_by(newest.c.number.desc())
            .limit(bindparam("most"))
            .cte(name)
        )

    near = walk("near", rows("walked", high, _GIN.c.number, _GIN.c.words))
    reached = _reach("walked", rows("walked", high, _GIN.c.number).c.number)
    promising = _count(near).between(_FEW, bindparam("most") - 1)
    below = _once("reached", case((promising, reached), else_=literal(0, BigInteger)))
    far = walk("far", rows("further", below, _GIN.c.number, _GIN.c.words))
    beyond = _reach("further", rows("further", below, _GIN.c.number).c.number)
    return [near, far], case((below > 0, beyond), else_=reached)


def _walk_meeting(conditions: Conditions) -> tuple[list[CTE], Reached]:
    """Those of the newest cases that meet the conditions, and how far they reach."""

    def rows() -> Subquery:
        return (
            select(_CASES.c.case_number)
            .where(*conditions)
            .order_by(_CASES.c.case_number.desc())
            .limit(bindparam("walked"))
            .subquery()
        )

    meeting, read = rows(), rows()
    number = cast(meeting.c.case_number, BigInteger)
    # one look-up a case, as many as the page needs: joined, all would be looked up
    words = select(_GIN.c.words).where(_GIN.c.number == number).scalar_subquery()
    near = (
        select(number.label("number"))
        .where(_holds(words))
        .order_by(meeting.c.case_number.desc())
        .limit(bindparam("most"))
        .cte("near")
    )
    return [near], _reach("walked", cast(read.c.case_number, BigInteger))


def _reach(most: str, number: ColumnElement[int]) -> Reached:
    """Below which number nothing was read; fewer than were to be read were all there are."""
    lowest = func.coalesce(func.min(number), literal(_LAST, BigInteger))
    return select(
        case((func.count() < bindparam(most), literal(0, BigInteger)), else_=lowest)
    ).scalar_subquery()


def _once(name: str, value: ColumnElement[int]) -> ScalarSelect[int]:
    """The value, reckoned and planned once, however often it is named."""
    return select(select(value.label("value")).cte(name).c.value).scalar_subquery()


def _count(part: CTE) -> ScalarSelect[int]:
    return select(func.count()).select_from(part).scalar_subquery()


def _span(
    within: ColumnElement[bool], reached: Reached, before: Sequence[CTE], conditions: Conditions
) -> CTE:
    """What the index has within some numbers, below those that were read one by one."""
    counts = [_count(part) for part in before]
    name = f"span{len(before)}"
    filled = sum(counts[1:], counts[0]) >= bindparam("most")
    below = _once(f"below_{name}", case((filled, literal(0, BigInteger)), else_=reached))
    query = select(_GIN.c.number).where(
        _holds(_GIN.c.words),
        within,
        below > literal(0, BigInteger),
        below > _UNINDEXED,
    )
    if conditions:
        query = query.join(_CASES, _CASES.c.case_number == cast(_GIN.c.number, String))
    return query.where(*conditions).order_by(_UNINDEXED.desc()).limit(bindparam("most")).cte(name)


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
