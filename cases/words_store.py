"""The text index of cases: FTS5 on SQLite, a GIN index over pairs on PostgreSQL, one shape.

Both map the case's number, as an integer, to its words; numbers grow with time, so walking
them backwards is newest first. Not mapped: an FTS5 table is not a table like others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, event, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from cases.models import Location
from cases.store import CaseRow
from cases.words import split_words

_PUT = {
    "sqlite": text("INSERT INTO case_words (rowid, words) VALUES (:number, :words)"),
    "postgresql": text(
        "INSERT INTO case_words (number, words) VALUES (:number, array_to_tsvector(:words))"
    ).bindparams(bindparam("words", type_=ARRAY(Text))),
}
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


async def put_words(session: AsyncSession, case_number: str, words: Sequence[str]) -> None:
    """Index a new case in its own transaction."""
    kind = session.get_bind().dialect.name
    value = " ".join(words) if kind == "sqlite" else list(words)
    await session.execute(_PUT[kind], {"number": int(case_number), "words": value})


async def forget_words(session: AsyncSession, case_numbers: Collection[str]) -> None:
    """Take cases out of the index, when what they tell is erased."""
    if case_numbers:
        rows = [{"number": int(each)} for each in sorted(case_numbers)]
        await session.execute(_FORGET[session.get_bind().dialect.name], rows)


def match_expression(words: Sequence[str], kind: str) -> str:
    """The words, all of them, in the database's own query language."""
    if kind == "sqlite":
        return " AND ".join(f'"{word}"' for word in words)
    return " & ".join(f"'{word}'" for word in words)
