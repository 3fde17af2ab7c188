"""What can be done with places: look at a file, take it in, take it back, find what is near."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, NotFound
from kb import place_store as store
from kb.place_files import Problem, Usual, read_places
from kb.places import Finding, Place, PlaceIndex, PlaceKind, Where, place_from_data
from kb.store import PLACES_REVISION, current_revision, raise_revision

log = structlog.get_logger(__name__)

_MOST_IMPORTS = 20


class ImportNotFound(NotFound):
    """There is no such import."""

    code = "import_not_found"
    message = "没有这次导入，可能已经取消。"


class NotUndoable(Conflict):
    """Later imports stand on this one, or it was taken back already."""

    code = "not_undoable"
    message = "只能从最近的一次导入开始，依次撤销。"


class AlreadyDecided(Conflict):
    """The preview was taken in or dropped already."""

    code = "already_decided"
    message = "这次导入已经处理过了。"


@dataclass(frozen=True, slots=True)
class PlaceImport:
    """One import as pages show it; `added`, `changed` and `removed` are against what is there."""

    id: int
    file_name: str
    state: str
    replaces: bool
    places: Sequence[Place]
    problems: Sequence[Problem]
    actor_name: str
    created_at: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0


class Places:
    """The use cases around places. Call `start` first; it keeps the index fresh."""

    def __init__(self, db: Database, clock: Clock, refresh_seconds: float = 0.5) -> None:
        self._db = db
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._index = PlaceIndex(())
        self._revision = -1
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the places and watch for changes."""
        await self.refresh()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_seconds)
            try:
                await self.refresh()
            except Exception as error:  # the database may be away: the index in hand still serves
                log.error("places.refresh_failed", error=type(error).__name__)

    async def refresh(self) -> bool:
        """Read the places again if any process changed them."""
        async with self._db.read() as session:
            revision = await current_revision(session, PLACES_REVISION)
            if revision == self._revision:
                return False
            places = await store.all_places(session)
        self._index, self._revision = PlaceIndex(places), revision
        log.info("places.read", places=len(places), revision=revision)
        return True

    # --- finding -----------------------------------------------------------------------------

    def find(self, kinds: Sequence[PlaceKind], where: Where, *, only_open: bool = False) -> Finding:
        """The one search for places: chat, phone, console and API all come here."""
        return self._index.find(kinds, where, self._clock.now(), only_open=only_open)

    def has(self, kinds: Sequence[PlaceKind]) -> bool:
        """Whether anything of these kinds was ever imported."""
        return self._index.has(kinds)

    def get(self, id: int) -> Place | None:
        """The place with this id, if it is still there."""
        return self._index.get(id)

    def all(self) -> Sequence[Place]:
        """Every place."""
        return self._index.places

    def now(self) -> datetime:
        """The moment by which "open now" is told."""
        return self._clock.now()

    # --- importing ---------------------------------------------------------------------------

    async def preview(
        self, file_name: str, data: bytes, usual: Usual, actor: Actor, *, replaces: bool = False
    ) -> PlaceImport:
        """Read a file and keep what would be taken in; nothing changes for residents yet.

        `replaces`: places of the kinds in the file that it does not name are taken away.
        """
        read = await asyncio.to_thread(read_places, file_name, data, usual)
        async with self._db.write() as session:
            row = store.PlaceImportRow(
                file_name=file_name[-200:],
                state=store.PREVIEW,
                replaces=replaces,
                places=[place.to_data() for place in read.places],
                problems=[asdict(problem) for problem in read.problems],
                undo=[],
                actor_name=actor.name or actor.id,
                created_at=self._clock.now(),
                done_at=None,
            )
            session.add(row)
            await session.flush()
            return await _describe(session, row)

    async def get_import(self, id: int) -> PlaceImport:
        """One import; raises ImportNotFound."""
        async with self._db.read() as session:
            return await _describe(session, await _find(session, id))

    async def recent_imports(self) -> list[PlaceImport]:
        """What was taken in lately, newest first."""
        async with self._db.read() as session:
            rows = await store.recent_imports(session, _MOST_IMPORTS)
            return [_to_import(row) for row in rows]

    async def confirm(self, id: int, actor: Actor) -> PlaceImport:
        """Take the previewed rows in, all or none; raises AlreadyDecided."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await _find(session, id, lock=True)
            if row.state != store.PREVIEW:
                raise AlreadyDecided
            described = await _describe(session, row)
            row.undo = await _take_in(session, row, now)
            row.state, row.done_at = store.DONE, now
            await raise_revision(session, PLACES_REVISION)
            counts = {"added": described.added, "changed": described.changed}
            counts["removed"] = described.removed
            record_deed(session, now, actor, "places_imported", "place_import", str(id), **counts)
        await self.refresh()
        return described

    async def drop(self, id: int) -> None:
        """Forget a preview."""
        async with self._db.write() as session:
            row = await _find(session, id, lock=True)
            if row.state != store.PREVIEW:
                raise AlreadyDecided
            row.state, row.places, row.problems = store.DROPPED, [], []

    async def undo(self, id: int, actor: Actor) -> None:
        """Put back what was there before the latest import; raises NotUndoable for earlier ones."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await _find(session, id, lock=True)
            if row.state != store.DONE or await store.newest_done(session) != id:
                raise NotUndoable
            await _put_back(session, row.undo, now)
            row.state = store.UNDONE
            await raise_revision(session, PLACES_REVISION)
            record_deed(session, now, actor, "places_import_undone", "place_import", str(id))
        await self.refresh()


async def _find(session: AsyncSession, id: int, *, lock: bool = False) -> store.PlaceImportRow:
    row = await session.get(store.PlaceImportRow, id, with_for_update=lock)
    if row is None:
        raise ImportNotFound
    return row


async def _rows_by_key(session: AsyncSession) -> dict[str, store.PlaceRow]:
    return {row.key: row for row in await session.scalars(select(store.PlaceRow))}


def _gone(row: store.PlaceImportRow, there: Mapping[str, store.PlaceRow]) -> list[store.PlaceRow]:
    """The places that a replacing import takes away."""
    if not row.replaces:
        return []
    keys = {place_from_data(data).key for data in row.places}
    kinds = {data["kind"] for data in row.places}
    return [each for key, each in there.items() if each.data["kind"] in kinds and key not in keys]


async def _take_in(
    session: AsyncSession, row: store.PlaceImportRow, now: datetime
) -> list[dict[str, Any]]:
    there = await _rows_by_key(session)
    undo: list[dict[str, Any]] = []
    for gone in _gone(row, there):
        undo.append(_as_before(gone))
        await session.delete(gone)
    for data in row.places:
        key = place_from_data(data).key
        known = there.get(key)
        if known is None:
            undo.append({"key": key, "data": None})
            session.add(store.PlaceRow(key=key, data=data, import_id=row.id, updated_at=now))
        elif known.data != data:
            undo.append(_as_before(known))
            known.data, known.import_id, known.updated_at = data, row.id, now
    return undo


def _as_before(row: store.PlaceRow) -> dict[str, Any]:
    return {"key": row.key, "data": row.data, "import_id": row.import_id}


async def _put_back(
    session: AsyncSession, undo: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    there = await _rows_by_key(session)
    for before in undo:
        row = there.get(before["key"])
        if before["data"] is None:
            if row is not None:
                await session.delete(row)
        elif row is not None:
            row.data, row.import_id, row.updated_at = before["data"], before["import_id"], now
        else:
            session.add(store.PlaceRow(**before, updated_at=now))


async def _describe(session: AsyncSession, row: store.PlaceImportRow) -> PlaceImport:
    there = await _rows_by_key(session)
    keys = {place_from_data(data).key: data for data in row.places}
    added = sum(key not in there for key in keys)
    changed = sum(key in there and there[key].data != data for key, data in keys.items())
    return _to_import(row, added, changed, len(_gone(row, there)))


def _to_import(
    row: store.PlaceImportRow, added: int = 0, changed: int = 0, removed: int = 0
) -> PlaceImport:
    return PlaceImport(
        row.id,
        row.file_name,
        row.state,
        row.replaces,
        [place_from_data(data) for data in row.places],
        [Problem(**problem) for problem in row.problems],
        row.actor_name,
        row.created_at,
        added,
        changed,
        removed,
    )
