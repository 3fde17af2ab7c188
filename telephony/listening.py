"""What an operator and her caller say, taken down while they talk and laid before her."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hotline.audit import SYSTEM
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import HotlineError
from telephony.models import CallView
from telephony.reading import OPERATOR, RESIDENT, Segment
from telephony.speaking import seconds_to_say
from telephony.store import SegmentRow
from telephony.transcripts import Transcripts

log = structlog.get_logger(__name__)


class Listening:
    """Writes a live talk into its call, and reads it for the desk's suggestions."""

    def __init__(self, db: Database, clock: Clock, transcripts: Transcripts) -> None:
        self._db = db
        self._clock = clock
        self._transcripts = transcripts

    async def take(self, call: CallView, own: str, speaker: str, words: str) -> None:
        """Something that was just said; `own` is its id, and the same again changes nothing."""
        end = max(self._clock.now() - call.started_at, timedelta())
        start = max(end - timedelta(seconds=seconds_to_say(words)), timedelta())
        try:
            async with self._db.write(durable=False) as session:
                session.add(
                    SegmentRow(
                        call_id=call.id,
                        external_id=own,
                        speaker=speaker,
                        text=words,
                        start_ms=int(start.total_seconds() * 1000),
                        end_ms=int(end.total_seconds() * 1000),
                    )
                )
        except IntegrityError:
            log.info("call.said_twice", call_id=call.id)
            return
        try:
            said = await self._said(call.id)
            await self._transcripts.add(call.sid, said, SYSTEM, started_at=call.started_at)
        except HotlineError as error:  # the words are kept; only the suggestions are missing
            log.warning("call.not_read", call_id=call.id, error=error.code)

    async def finish(self, sid: str) -> None:
        """The call is over."""
        await self._transcripts.finish(sid)

    async def _said(self, call_id: str) -> list[Segment]:
        """Everything said on the call; the assistant asks as an operator would."""
        query = select(SegmentRow).where(SegmentRow.call_id == call_id).order_by(SegmentRow.id)
        async with self._db.read() as session:
            return [
                Segment(
                    each.external_id,
                    RESIDENT if each.speaker == RESIDENT else OPERATOR,
                    each.text,
                    each.start_ms,
                    each.end_ms,
                )
                for each in await session.scalars(query)
            ]
