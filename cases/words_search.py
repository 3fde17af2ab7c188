"""Looks words up in the text index, newest first, at a cost that hardly grows with the table.

SQLite's FTS5 walks its lists backwards and stops at a full page. PostgreSQL's GIN gives all matches
at once, so common words are looked for by reading the newest cases, further back where a few were
found, and only rare words in the index, where they have few matches; first among those of this and
the last quarter, whose lists are their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
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
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from cases.store import CaseRow
from cases.words_store import match_all, match_in, quarter_of

WALKED = 2000
"""Newest cases read one by one, before the index is asked."""
FURTHER = 20_000
"""Read besides, where the first held a few: as quick as asking the index, which counts them all."""
_FEW = 10
_FEW_WORDS = 4
"""So few may be common; what holds more of them is rare, and the index knows it at once."""
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
        "words": match_all(words),
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
    """The values of select_recent: the words, and the bounds."""
    quarter = _newest_quarter(high, today)
    begin, least, top = _begin(quarter - 1), _number(low, 0), _number(high, _LAST)
    return {
        "recent": f"({match_in(words, quarter)}) | ({match_in(words, quarter - 1)})",
        "walked": WALKED if len(words) <= _FEW_WORDS else 0,
        "further": FURTHER,
        "top": top,
        "since": min(max(_number(begin, 0), least), top),
        "since_number": max(begin, low or ""),
    }


def select_recent(columns: Columns, conditions: Conditions) -> Select[*tuple[Any, ...]]:
    """On PostgreSQL the cases of the newest quarter and the one before, with the bound `most`
    besides those of ask_gin.

    Each part is asked only when those before it have not filled the page. With conditions, which
    are then all there are (bounds of numbers too), the newest cases that meet them are read:
    of the newest of all perhaps none does.
    """
    top, since = (bindparam(name, type_=BigInteger) for name in ("top", "since"))
    parts, reached = _walk_meeting(conditions) if conditions else _walk_newest(top, since)
    counts = [_count(part) for part in parts]
    filled = sum(counts[1:], counts[0]) >= bindparam("most")
    below = _once("below", case((filled, literal(0, BigInteger)), else_=reached))
    gates = (below > literal(0, BigInteger), below > _UNINDEXED)
    looked_up = _look_up(_holds(_GIN.c.words, "recent"), since, top, conditions, *gates)
    parts.append(looked_up.cte("looked_up"))
    found = union_all(*[select(part.c.number) for part in parts]).subquery("found")
    return _describe(columns, found)


async def find_quarters(
    session: AsyncSession, low: str | None, high: str | None, today: date
) -> Sequence[int]:
    """The quarters before those of select_recent in which there may be cases."""
    first = await session.scalar(select(func.min(_GIN.c.number)))
    if first is None:
        return ()
    begin = quarter_of(max(str(first), low[:6] if low and _day(f"{low[:6]}01") else ""))
    return range(begin, _newest_quarter(high, today) - 1)


def ask_old(
    words: Sequence[str], quarters: Sequence[int], low: str | None, high: str | None
) -> dict[str, Any]:
    """The values of select_old."""
    top = min(_number(_begin(quarters[-1] + 1), 0), _number(high, _LAST))
    asked = {f"old{nth}": match_in(words, quarter) for nth, quarter in enumerate(quarters)}
    return {**asked, "top": top, "since": _number(low, 0)}


def select_old(columns: Columns, conditions: Conditions, quarters: int) -> Select[*tuple[Any, ...]]:
    """The cases of so many older quarters, each of which is a look-up of its own."""
    top, since = (bindparam(name, type_=BigInteger) for name in ("top", "since"))
    held = or_(*[_holds(_GIN.c.words, f"old{nth}") for nth in range(quarters)])
    return _describe(columns, _look_up(held, since, top, conditions).subquery("found"))


def _describe(columns: Columns, found: FromClause) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .join_from(found, _CASES, _CASES.c.case_number == cast(found.c.number, String))
        .order_by(found.c.number.desc())
        .limit(bindparam("most"))
    )


def _look_up(
    held: ColumnElement[bool],
    low: ColumnElement[int],
    high: ColumnElement[int],
    conditions: Conditions,
    *gates: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    """The numbers the index has; without an index of numbers: few rows have the words."""
    query = select(_GIN.c.number).where(held, low <= _UNINDEXED, high > _UNINDEXED, *gates)
    if conditions:
        query = query.join(_CASES, _CASES.c.case_number == cast(_GIN.c.number, String))
    return query.where(*conditions).order_by(_UNINDEXED.desc()).limit(bindparam("most"))


def _newest_quarter(high: str | None, today: date) -> int:
    last = min(today, _day(high) or today)
    return quarter_of(f"{last:%Y%m}")


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
            .where(_holds(newest.c.words, "recent"), *gate)
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
            .where(*conditions, _CASES.c.case_number >= bindparam("since_number"))
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
        .where(_holds(words, "recent"))
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


def _holds(words: ColumnElement[Any], asked: str) -> ColumnElement[bool]:
    return words.op("@@")(cast(bindparam(asked, type_=String), TSQUERY))


def _begin(quarter: int) -> str:
    """The beginning of the numbers of a quarter: 20261001."""
    year, nth = divmod(quarter, 4)
    return f"{year}{nth * 3 + 1:02d}01"


def _day(beginning: str | None) -> date | None:
    """The day a number is of; None when there is no such day (a page may end anywhere)."""
    try:
        return date.fromisoformat(beginning[:8]) if beginning else None
    except ValueError:
        return None


def _number(beginning: str | None, otherwise: int) -> int:
    return int(beginning.ljust(_DIGITS, "0")) if beginning else otherwise
