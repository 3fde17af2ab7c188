"""Photos of a case: kept by the units that handle it, seen by them and by the desk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.errors import CaseNotFound
from cases.photo_store import CasePhotoRow, photos_of
from cases.store import CaseRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import InvalidInput, NotFound

_MOST = 20


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of a case; `sha256` finds its bytes in the media store."""

    id: str
    content_type: str
    sha256: str
    width: int
    height: int
    taken_by_name: str
    created_at: datetime


class CasePhotos:
    """The use cases around photos; their bytes are the media store's."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(
        self,
        case_number: str,
        sha256: str,
        content_type: str,
        size: tuple[int, int],
        actor: Actor,
        unit_id: int,
    ) -> None:
        """Add a stored picture to a case of this unit; raises CaseNotFound for another's."""
        now = self._clock.now()
        async with self._db.write() as session:
            case = await session.get(CaseRow, case_number, with_for_update=True)
            if case is None or case.unit_id != unit_id:
                raise CaseNotFound
            if len(await photos_of(session, case_number)) >= _MOST:
                raise InvalidInput(f"一张工单最多 {_MOST} 张照片。")
            row = CasePhotoRow(
                id=uuid.uuid4().hex,
                case_number=case_number,
                content_type=content_type,
                sha256=sha256,
                width=size[0],
                height=size[1],
                taken_by_name=actor.name,
                created_at=now,
            )
            session.add(row)
            record_deed(session, now, actor, "case_photo_added", "case", case_number, photo=row.id)

    async def of(self, case_number: str) -> Sequence[Photo]:
        """The photos of a case, oldest first."""
        async with self._db.read() as session:
            return [_plain(row) for row in await photos_of(session, case_number)]

    async def get(self, case_number: str, id: str) -> Photo:
        """One photo of this very case; raises NotFound."""
        found = next((each for each in await self.of(case_number) if each.id == id), None)
        if found is None:
            raise NotFound
        return found


def _plain(row: CasePhotoRow) -> Photo:
    return Photo(
        row.id,
        row.content_type,
        row.sha256,
        row.width,
        row.height,
        row.taken_by_name,
        row.created_at,
    )
