"""The text index of cases: FTS5 on SQLite, a GIN index over pairs on PostgreSQL, one shape.

Both map the case's number, as an integer, to its words; numbers grow with time, so walking
them backwards is newest first. Not mapped: an FTS5 table is not a table like others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, event, text
from sqlalchemy.ext.asyncio import AsyncSession

from cases.models import Location
from cases.store import CaseRow
from cases.words import split_words

# of no schema: an FTS5 table is not one like others
_FTS = Table("case_words", MetaData(), Column("rowid", BigInteger), Column("words", Text))
_GIN = Table("case_words", MetaData(), Column("number", BigInteger), Column("words", Text))
_QUARTERS, _MONTHS = 4, 3
_FORGET = {
    "sqlite": text("DELETE FROM case_words WHERE rowid = :number"),
    "postgresql": text("DELETE FROM case_words WHERE number = :number"),
}

_CREATE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE case_words USING "
        "fts5(words, detail=none, tokenize='unicode61 remove_diacritics 0')",
    ),
    "postgresql": (
        "CREATE TABLE case_words (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX ix_case_words_words ON case_words USING gin (words) WITH (fastupdate = off)",
    ),
}


@event.listens_for(CaseRow.__table__, "after_create")
def create_words(_table: Any, connection: Connection, **_: Any) -> None:
    """The index beside the table, where tables are made without migrations (trying things out)."""
    for statement in _CREATE[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def words_of(description: str, location: Location | None, category_name: str | None) -> list[str]:
    """Everything a case is found by: what is told, where, and what kind of thing it is."""
    place = location or Location("")
    names = (place.raw_text, place.district, place.subdistrict, place.landmark, category_name)
    return split_words(" ".join([description, *(each for each in names if each)]))


def facets_of(
    category_code: str | None,
    district_code: str | None,
    subdistrict_code: str | None,
    channel: str | None,
) -> list[str]:
    """What never changes about a case as words of the index: text in a category is one look-up."""
    code = category_code or ""
    facets = (
        ("zc", code),
        ("zm", code[:2]),
        ("zd", district_code or ""),
        ("zs", subdistrict_code or ""),
        ("zh", channel or ""),
    )
    return [f"{mark}{value}" for mark, value in facets if value]


def quarter_of(number: str) -> int:
    """The quarter of a year that a case's number belongs to, counted on; from its day."""
    return int(number[:4]) * _QUARTERS + (int(number[4:6]) - 1) // _MONTHS


def mark_quarter(word: str, quarter: int) -> str:
    """A word as PostgreSQL's index keeps it: each quarter has lists of its own, so that looking
    for what is recent costs the same however many years there are.
    """
    return f"{quarter}{word}"


def words_row(
    session: AsyncSession, case_number: str, words: Sequence[str]
) -> tuple[Table, dict[str, Any]]:
    """A new case's row of the index, to be inserted in its own transaction."""
    if session.get_bind().dialect.name == "sqlite":
        return _FTS, {"rowid": int(case_number), "words": " ".join(words)}
    return _GIN, {"number": int(case_number), "words": quote_words(words, case_number)}


def quote_words(words: Sequence[str], case_number: str) -> str:
    """The words as PostgreSQL reads them."""
    quarter = quarter_of(case_number)
    return " ".join(f"'{mark_quarter(word, quarter)}'" for word in words)


async def forget_words(session: AsyncSession, case_numbers: Collection[str]) -> None:
    """Take cases out of the index, when what they tell is erased."""
    if case_numbers:
        rows = [{"number": int(each)} for each in sorted(case_numbers)]
        await session.execute(_FORGET[session.get_bind().dialect.name], rows)


def match_all(words: Sequence[str]) -> str:
    """The words, all of them, in SQLite's query language."""
    return " AND ".join(f'"{word}"' for word in words)


def match_in(words: Sequence[str], quarter: int) -> str:
    """All of the words in a quarter, in PostgreSQL's query language."""
    return " & ".join(f"'{mark_quarter(word, quarter)}'" for word in words)
