"""Places and their imports in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from kb.places import Place, place_from_data


class PlaceRow(Base):
    """One place; `import_id` is the import that last wrote it."""

    __tablename__ = "places"
    __table_args__ = (Index(None, "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(400))
    data: Mapped[dict[str, Any]]
    import_id: Mapped[int]
    updated_at: Mapped[datetime]

    def to_place(self) -> Place:
        """The place."""
        return place_from_data(self.data, self.id, self.import_id)


class PlaceImportRow(Base):
    """One import: previewed, then taken in, then perhaps undone.

    `places` are the rows that were read, `problems` what was wrong, `undo` what to put back:
    a list of {id, key, data, import_id}, data None for a place that was not there before.
    """

    __tablename__ = "place_imports"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    file_name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    replaces: Mapped[bool]
    places: Mapped[list[Any]]
    problems: Mapped[list[Any]]
    undo: Mapped[list[Any]]
    actor_name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


PREVIEW, DONE, UNDONE, DROPPED = "preview", "done", "undone", "dropped"


async def all_places(session: AsyncSession) -> list[Place]:
    """Every place, by id."""
    rows = await session.scalars(select(PlaceRow).order_by(PlaceRow.id))
    return [row.to_place() for row in rows]


async def recent_imports(session: AsyncSession, most: int) -> Sequence[PlaceImportRow]:
    """The imports that were taken in or undone, newest first."""
    query = (
        select(PlaceImportRow)
        .where(PlaceImportRow.state.in_((DONE, UNDONE)))
        .order_by(PlaceImportRow.id.desc())
    )
    return (await session.scalars(query.limit(most))).all()


async def newest_done(session: AsyncSession) -> int | None:
    """The import that was taken in last and not undone."""
    query = (
        select(PlaceImportRow.id)
        .where(PlaceImportRow.state == DONE)
        .order_by(PlaceImportRow.done_at.desc(), PlaceImportRow.id.desc())
    )
    return await session.scalar(query.limit(1))
