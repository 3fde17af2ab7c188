"""The sound of calls: started with consent, fetched, kept for as long as set, then deleted."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import select

from conversations.speech import Recogniser
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import HotlineError, NotFound
from hotline.settings import Settings
from telephony.errors import CallOver, RecordingRefused
from telephony.models import CallView
from telephony.provider import Provider, ProviderFailed
from telephony.sound import listen
from telephony.store import CallRow, RecordingRow
from telephony.transcripts import Transcripts

log = structlog.get_logger(__name__)

_FETCH_MOST = 10


class Recordings:
    """The use cases around recordings."""

    def __init__(self, db: Database, clock: Clock, settings: Settings, provider: Provider) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._provider = provider
        self._folder = settings.media_dir / "calls"

    async def start(self, call: CallView) -> None:
        """Record the call; where that fails the call goes on without."""
        try:
            await self._provider.start_recording(call.sid, call.id)
        except ProviderFailed as error:
            log.warning("recording.not_started", call_id=call.id, reason=error.reason)

    async def may(self, call_id: str) -> bool:
        """Whether the caller has not refused that his voice is kept."""
        async with self._db.read() as session:
            row = await session.get(CallRow, call_id)
        return row is not None and not row.memory.get("unrecorded")

    async def refuse(self, call_id: str, sid: str) -> None:
        """The caller does not want it: stop at once, for good."""
        if not await self._mark(call_id, False, "recording_refused", SYSTEM):
            return
        try:
            await self._provider.stop_recording(sid)
        except ProviderFailed as error:
            log.error("recording.not_stopped", call_id=call_id, reason=error.reason)

    async def switch(self, call: CallView, on: bool, actor: Actor) -> None:
        """An operator switches this call's recording; what the caller refused stays off."""
        if call.ended_at is not None:
            raise CallOver
        if on and not await self.may(call.id):
            raise RecordingRefused
        if on == call.recording:
            return
        if on:
            await self._provider.start_recording(call.sid, call.id)
        else:
            await self._provider.stop_recording(call.sid)
        await self._mark(call.id, on, "recording_started" if on else "recording_stopped", actor)

    async def _mark(self, call_id: str, on: bool, deed: str, actor: Actor) -> bool:
        async with self._db.write() as session:
            row = await session.get(CallRow, call_id, with_for_update=True)
            if row is None or row.recording == on:
                return False
            row.recording = on
            record_deed(session, self._clock.now(), actor, deed, "call", call_id)
            return True

    async def note(self, call_id: str, sid: str, status: str, seconds: str) -> None:
        """What the provider says of a recording; the same again changes nothing."""
        async with self._db.write() as session:
            if await session.get(CallRow, call_id) is None:
                raise NotFound
            row = await session.get(RecordingRow, sid)
            if row is None:
                row = RecordingRow(
                    sid=sid, call_id=call_id, status="", seconds=0, created_at=self._clock.now()
                )
                session.add(row)
            if row.status in ("", "in-progress", "completed", "absent", "failed"):
                row.status = status[:16]
                row.seconds = int(seconds) if seconds.isdigit() else 0

    async def fetch_new(self) -> int:
        """Bring finished recordings home and delete them at the provider; returns how many."""
        query = select(RecordingRow).where(RecordingRow.status == "completed").limit(_FETCH_MOST)
        async with self._db.read() as session:
            rows = (await session.scalars(query)).all()
        kept = 0
        for row in rows:
            try:
                sound = await self._provider.fetch_recording(row.sid)
                digest = hashlib.sha256(sound).hexdigest()
                await asyncio.to_thread(self._write, digest, sound)
                async with self._db.write() as session:
                    mine = await session.get_one(RecordingRow, row.sid)
                    mine.status, mine.sha256, mine.bytes = "kept", digest, len(sound)
                await self._provider.delete_recording(row.sid)
                kept += 1
            except ProviderFailed as error:
                log.warning("recording.not_fetched", sid=row.sid, reason=error.reason)
        return kept

    async def transcribe_new(self, recogniser: Recogniser, transcripts: Transcripts) -> int:
        """Read what operators talked about; a recording nothing can be heard in is left alone."""
        query = (
            select(RecordingRow, CallRow.started_at)
            .join(CallRow, CallRow.id == RecordingRow.call_id)
            .where(RecordingRow.status == "kept", CallRow.joined_at.is_not(None))
            .limit(1)
        )
        async with self._db.read() as session:
            found = (await session.execute(query)).first()
        if found is None:
            return 0
        row, started_at = found
        status = "read"
        try:
            sound = await asyncio.to_thread(self._path(str(row.sha256)).read_bytes)
            segments = await listen(recogniser, sound)
            if segments:
                await transcripts.add(row.sid, segments, SYSTEM, final=True, started_at=started_at)
        except (HotlineError, OSError) as error:
            log.warning("recording.not_read", sid=row.sid, error=type(error).__name__)
            status = "unread"
        async with self._db.write() as session:
            mine = await session.get_one(RecordingRow, row.sid)
            mine.status = status
        return 1

    async def open(self, sid: str, actor: Actor) -> Path:
        """Where the sound lies; that it was listened to is written down."""
        async with self._db.write() as session:
            row = await session.get(RecordingRow, sid)
            if row is None or row.sha256 is None or row.deleted_at is not None:
                raise NotFound
            record_deed(
                session, self._clock.now(), actor, "recording_heard", "call", row.call_id, sid=sid
            )
            return self._path(row.sha256)

    async def of(self, call_id: str) -> list[RecordingRow]:
        """The recordings of a call."""
        query = select(RecordingRow).where(
            RecordingRow.call_id == call_id, RecordingRow.deleted_at.is_(None)
        )
        async with self._db.read() as session:
            return list(await session.scalars(query))

    async def delete_old(self) -> int:
        """Delete what was kept long enough; returns how many."""
        days = self._settings.telephony_keep_days
        if not days:
            return 0
        now = self._clock.now()
        query = select(RecordingRow).where(
            RecordingRow.created_at < now - timedelta(days=days), RecordingRow.deleted_at.is_(None)
        )
        async with self._db.write() as session:
            rows = (await session.scalars(query)).all()
            for row in rows:
                row.status, row.deleted_at = "deleted", now
                record_deed(
                    session, now, SYSTEM, "recording_deleted", "call", row.call_id, sid=row.sid
                )
        for row in rows:
            if row.sha256:
                await asyncio.to_thread(self._path(row.sha256).unlink, missing_ok=True)
        return len(rows)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.wav"

    def _write(self, digest: str, sound: bytes) -> None:
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{uuid.uuid4().hex}.part")
        part.write_bytes(sound)
        part.replace(path)
