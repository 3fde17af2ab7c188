"""Forgetting: one person's data on request, and everybody's when its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.models import CaseStatus
from cases.store import CaseRow
from conversations.media import Media
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.dialogue_memory import DialogueMemory
from hotline.erasing import GONE, Files, Traces, find_traces, find_used, wipe
from hotline.privacy import Vault

__all__ = ["GONE", "KEEP_DAYS", "Erased", "Retention"]

KEEP_DAYS: Mapping[CaseStatus, int] = {
    CaseStatus.CLOSED: 1095,
    CaseStatus.CALLED_BACK: 1095,
    CaseStatus.EVALUATED: 1095,
    CaseStatus.VOIDED: 180,
    CaseStatus.WITHDRAWN: 180,
    CaseStatus.MERGED: 1095,
}
"""Days after its end for which a case keeps its person; the deployment's own setting."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was forgotten."""

    cases: int
    conversations: int
    files_left: int = 0
    """Files that the storage, being away, did not delete; `retain` tries them again."""


class Retention:
    """Erases persons: the tables in one transaction, then files and the assistant's memory.

    `media`, `recordings` (a folder) and `memory` None: there are none (tools, tests).
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        media: Media | None = None,
        recordings: Path | None = None,
        memory: DialogueMemory | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._media = media
        self._recordings = recordings
        self._memory = memory

    async def erase_person(self, key: str, actor: Actor) -> Erased:
        """Forget everything that leads from a telephone number or a channel's account.

        `key` is not logged. A second call finds nothing and does no harm.
        """
        async with self._db.write() as session:
            traces = await find_traces(session, key, self._vault.blind(key))
            files = await self._wipe(session, traces, actor, "person")
        left = await self._finish(traces, files)
        return Erased(len(traces.cases), len(traces.conversations), left)

    async def retain(self, actor: Actor, keep_days: Mapping[CaseStatus, int] = KEEP_DAYS) -> Erased:
        """Forget the persons of cases whose time is over, and dialogues long silent."""
        now = self._clock.now()
        over = or_(
            *(
                (CaseRow.status == status.value) & (CaseRow.closed_at < now - timedelta(days=days))
                for status, days in keep_days.items()
            )
        )
        async with self._db.write() as session:
            due = select(CaseRow.case_number, CaseRow.conversation_id).where(
                over, CaseRow.erased_at.is_(None)
            )
            rows = (await session.execute(due)).all()
            numbers = {row.case_number for row in rows}
            talks = {row.conversation_id for row in rows if row.conversation_id}
            # a conversation that another case still needs stays
            needed = select(CaseRow.conversation_id).where(
                CaseRow.conversation_id.in_(talks),
                CaseRow.case_number.not_in(numbers),
                CaseRow.erased_at.is_(None),
            )
            talks -= {each for each in await session.scalars(needed) if each}
            traces = Traces(numbers, talks)
            files = await self._wipe(session, traces, actor, "retention")
        if self._memory is not None:
            await self._memory.forget_old(self._clock)
        left = await self._forget_left()
        if numbers:
            left += await self._finish(traces, files)
        return Erased(len(numbers), len(talks), left)

    async def _forget_left(self) -> int:
        """Delete what an earlier erasing could not; returns how many are still there."""
        left = set(await self._media.undeleted()) if self._media is not None else set()
        if self._media is None or not left:
            return 0
        async with self._db.read() as session:
            used = await find_used(session, left)
        for digest in used:
            await self._media.keep_after_all(digest)
        return [await self._media.forget_file(digest) for digest in left - used].count(False)

    async def _wipe(
        self, session: AsyncSession, traces: Traces, actor: Actor, reason: str
    ) -> Files:
        now = self._clock.now()
        files = await wipe(session, traces, self._vault, now)
        for number in sorted(traces.cases):
            record_deed(session, now, actor, "case_erased", "case", number, reason=reason)
        return files

    async def _finish(self, traces: Traces, files: Files) -> int:
        """Delete files and memories; returns how many files the storage did not delete."""
        left = 0
        for digest in files.media:
            if self._media is not None:
                left += not await self._media.forget_file(digest)
        for digest in files.recordings:
            if self._recordings is not None:
                path = self._recordings / digest[:2] / f"{digest}.wav"
                await asyncio.to_thread(path.unlink, missing_ok=True)
        if self._memory is not None:
            await self._memory.forget(traces.conversations)
        await self._db.wipe_free_space()
        return left
