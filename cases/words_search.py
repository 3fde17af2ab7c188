"""Looks words up in the text index, newest first, at a cost that hardly grows with the table.

SQLite's FTS5 walks its lists backwards and stops at a full page. PostgreSQL's GIN gives all matches
at once, so common words are looked for by reading the newest cases, further back where a few were
found, and only rare words in the index, where they have few matches; first among those of this and
the last quarter, whose lists are their own. Why so: docs/adr/0054-finding-cases.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from cases.store import CaseRow
from cases.words import thin_out
from cases.words_store import match_all, match_in, quarter_of

WALKED = 1000
"""Newest cases read one by one, before the index is asked."""
MET = 2000
"""So many of those that meet conditions which the index does not know."""
FURTHER = 5_000
"""Read besides, where the first held a few: as quick as asking the index, which counts them all."""
_FEW = 7
"""So many of the first promise a full page further on."""
_FEW_WORDS = 4
"""So few may be common; what holds more of them is rare, and the index knows it at once."""
_RECENT, _PORTION = 2, 3
"""Quarters that are looked through first, and the steps in which older ones are."""
_DIGITS = 13
_LAST = 10**16
_NO_END = "9"
"""After every number, as text."""
_CASES = CaseRow.__table__
_GIN = table("case_words", column("number", BigInteger), column("words", TSVECTOR))
_FTS = table("case_words", column("rowid", BigInteger), column("case_words", String))
_UNINDEXED = _GIN.c.number + 0
"""The number where the planner should not think of an index: by the primary key it would read a
million rows for a rare word."""
FIRST_NUMBER = select(func.min(_GIN.c.number)).scalar_subquery()
"""The number of the oldest case in the index."""
Reached = ColumnElement[int]
Columns = Sequence[ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Sought:
    """The words that a case must have: those said, and the marks of what never changes about it."""

    said: Sequence[str]
    facets: Sequence[str] = ()

    @property
    def words(self) -> Sequence[str]:
        """All of them."""
        return [*self.said, *self.facets]

    @property
    def lists(self) -> Sequence[str]:
        """Few of them, which hardly anything has that lacks the others."""
        return [*thin_out(self.said), *self.facets]


def ask_fts(sought: Sought, low: str | None, high: str | None) -> dict[str, Any]:
    """The values of select_in_fts: bounds are beginnings of case numbers."""
    return {
        "words": match_all(sought.words),
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


def ask_gin(sought: Sought, low: str | None, high: str | None, today: date) -> dict[str, Any]:
    """The values of select_recent: the words, and the bounds."""
    words, quarter = sought.words, _newest_quarter(high, today)
    common = len(words) <= _FEW_WORDS
    begin, least, top = _begin(quarter - 1), _number(low, 0), _number(high, _LAST)
    return {
        "recent": _match_either(words, quarter),
        "recent_lists": _match_either(sought.lists, quarter),
        "walked_for": _match_either(words, quarter),
        "top_number": high or _NO_END,
        "walked": WALKED if common else 0,
        "met": MET if common else 0,
        "further": FURTHER,
        "top": top,
        "since": min(max(_number(begin, 0), least), top),
        "since_number": max(begin, low or ""),
    }


def select_recent(
    columns: Columns, conditions: Conditions, *, scattered: bool = False
) -> Select[*tuple[Any, ...]]:
    """On PostgreSQL the cases of the newest quarter and the one before, with the bound `most`
    besides those of ask_gin.

    Each part is asked only when those before it have not filled the page. With conditions, which
    are then all there are (bounds of numbers too), the newest cases that meet them are read:
    of the newest of all perhaps none does. `scattered`: no index gives what meets them in order.
    """
    top, since = (bindparam(name, type_=BigInteger) for name in ("top", "since"))
    walk = _walk_meeting(conditions, scattered) if conditions else _walk_newest(top, since)
    held = _look_for("recent", "recent_lists")
    return _describe(columns, _go_on(walk, held, since, top, conditions))


def divide_quarters(
    first: int | None, low: str | None, high: str | None, today: date, found: int, most: int
) -> Sequence[Sequence[int]]:
    """The quarters before those of select_recent in which there may be cases, in the portions in
    which they are best looked through: so many as should fill the page, judging by what was found,
    then the rest. `first` is the oldest number there is.
    """
    if first is None:
        return ()
    begin = quarter_of(max(str(first), low[:6] if low and _day(f"{low[:6]}01") else ""))
    end = _newest_quarter(high, today) - 1
    # in threes: each number of quarters is a statement of its own
    hoped = _PORTION * -(-_RECENT * (most - found) // (found * _PORTION)) if found else end - begin
    middle = max(end - hoped, begin)
    portions = range(middle, end), range(begin, middle)
    return [portion for portion in portions if portion]


def ask_old(
    sought: Sought, quarters: Sequence[int], low: str | None, high: str | None
) -> dict[str, Any]:
    """The values of select_old."""
    top = min(_number(_begin(quarters[-1] + 1), 0), _number(high, _LAST))
    words, lists = sought.words, sought.lists
    asked: dict[str, Any] = {
        "top": top,
        "since": _number(low, 0),
        "top_number": min(_begin(quarters[-1] + 1), high or _NO_END),
        "since_number": low or "",
        "walked_for": " | ".join(f"({match_in(words, quarter)})" for quarter in quarters),
    }
    for nth, quarter in enumerate(quarters):
        asked[f"old{nth}"] = match_in(words, quarter)
        asked[f"old_lists{nth}"] = match_in(lists, quarter)
    return asked


def select_old(
    columns: Columns, conditions: Conditions, quarters: int, *, scattered: bool = False
) -> Select[*tuple[Any, ...]]:
    """The cases of so many older quarters, each of which is a look-up of its own; with conditions
    those that meet them are read first, as in select_recent.
    """
    held = or_(*[_look_for(f"old{nth}", f"old_lists{nth}") for nth in range(quarters)])
    top, since = (bindparam(name, type_=BigInteger) for name in ("top", "since"))
    if not conditions:
        return _describe(columns, _look_up(held, since, top, ()).subquery("found"))
    walk = _walk_meeting(conditions, scattered)
    return _describe(columns, _go_on(walk, held, since, top, conditions))


def _go_on(
    walk: _Walk,
    held: ColumnElement[bool],
    low: ColumnElement[int],
    high: ColumnElement[int],
    conditions: Conditions,
) -> FromClause:
    """What was read, and what the index has below, if that did not fill the page."""
    below = _once("below", case((walk.filled, literal(0, BigInteger)), else_=walk.reached))
    gates = (below > literal(0, BigInteger), below > _UNINDEXED)
    looked_up = _look_up(held, low, high, conditions, *gates).cte("looked_up")
    return union_all(*walk.parts, select(looked_up.c.number)).subquery("found")


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


class _Walk(NamedTuple):
    """What reading the newest cases gives."""

    parts: Sequence[Select[*tuple[Any, ...]]]
    """Their numbers, which hold the words."""
    filled: ColumnElement[bool]
    """Whether they fill the page."""
    reached: Reached
    """How far was read."""


def _walk_newest(high: ColumnElement[int], low: ColumnElement[int]) -> _Walk:
    """Those of the newest rows of the index that hold the words.

    Where some were found among the first, more are soon found further on. What is found there
    counts only if it fills the page: else the index is asked for all from the first ones on.
    """
    number, most = _GIN.c.number, bindparam("most", type_=BigInteger)
    newest = select(number).where(number >= low).order_by(number.desc())
    held = _holds(_GIN.c.words, "recent")
    walked = (
        newest.add_columns(held.label("held"))
        .where(number < high)
        .limit(bindparam("walked"))
        .cte("walked")
    )
    near = select(walked.c.number).where(walked.c.held).limit(most).cte("near")
    reached = _once("reached", _reach("walked", walked.c.number))
    promising = _count(near).between(_FEW, most - 1)
    below = _once("onward", case((promising, reached), else_=literal(0, BigInteger)))
    onward = (
        newest.add_columns(_GIN.c.words)
        .where(number < below)
        .limit(bindparam("further"))
        .subquery()
    )
    far = select(onward.c.number).where(_holds(onward.c.words, "recent")).limit(most).cte("far")
    filled = _once("filled", _count(near) + _count(far) >= most)
    return _Walk([select(near.c.number), select(far.c.number).where(filled)], filled, reached)


def _walk_meeting(conditions: Conditions, scattered: bool) -> _Walk:
    """Those of the newest cases that meet the conditions."""

    text = _CASES.c.case_number
    # what must be sorted is sorted as numbers, which takes half the time
    place = cast(text, BigInteger) if scattered else text

    def rows() -> Subquery:
        return (
            select(text, place.label("place"))
            .where(
                *conditions,
                text >= bindparam("since_number"),
                text < bindparam("top_number"),
            )
            .order_by(place.desc())
            .limit(bindparam("met"))
            .subquery()
        )

    meeting, read = rows(), rows()
    number = cast(meeting.c.case_number, BigInteger)
    # one look-up a case, as many as the page needs: joined, all would be looked up
    words = select(_GIN.c.words).where(_GIN.c.number == number).scalar_subquery()
    near = (
        select(number.label("number"))
        .where(_holds(words, "walked_for"))
        .order_by(meeting.c.place.desc())
        .limit(bindparam("most"))
        .cte("near")
    )
    reached = _reach("met", cast(read.c.case_number, BigInteger))
    return _Walk([select(near.c.number)], _count(near) >= bindparam("most"), reached)


def _reach(most: str, number: ColumnElement[int]) -> Reached:
    """Below which number nothing was read; fewer than were to be read were all there are."""
    lowest = func.coalesce(func.min(number), literal(_LAST, BigInteger))
    return select(
        case((func.count() < bindparam(most), literal(0, BigInteger)), else_=lowest)
    ).scalar_subquery()


def _once(name: str, value: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The value, reckoned and planned once, however often it is named."""
    return select(select(value.label("value")).cte(name).c.value).scalar_subquery()


def _count(part: CTE) -> ScalarSelect[int]:
    return select(func.count()).select_from(part).scalar_subquery()


def _look_for(asked: str, lists: str) -> ColumnElement[bool]:
    """The rows that the few lists give, if they hold the rest too; asked so that no index knows it."""
    return and_(_holds(_GIN.c.words, lists), _holds(_GIN.c.words, asked).is_(true()))


def _match_either(words: Sequence[str], quarter: int) -> str:
    return f"({match_in(words, quarter)}) | ({match_in(words, quarter - 1)})"


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
