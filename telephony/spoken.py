"""A call's own transcript: both sides as they were spoken, not as they were thought."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import EntryType, Sender
from conversations.store import EntryRow
from telephony.events import Act, Event, Heard, Pressed, Say
from telephony.speaking import seconds_to_say
from telephony.store import CallRow, SegmentRow


def spoken_words(event: Event | None) -> str:
    """The caller's side of a turn, as the transcript shows it."""
    if isinstance(event, Heard):
        return event.text
    return f"［按键 {event.digits}］" if isinstance(event, Pressed) else ""


def write_down(
    session: AsyncSession, row: CallRow, at_ms: int, heard: str, acts: Sequence[Act]
) -> None:
    """Both sides of a turn, `at_ms` milliseconds after the call began."""
    said = "".join(act.text for act in acts if isinstance(act, Say))
    for mark, speaker, words in (("r", "resident", heard), ("s", "bot", said)):
        if words:
            session.add(
                SegmentRow(
                    call_id=row.id,
                    external_id=f"{row.turn}{mark}",
                    speaker=speaker,
                    text=words,
                    start_ms=at_ms,
                    end_ms=at_ms + int(seconds_to_say(words) * 1000),
                )
            )


async def cut_spoken(session: AsyncSession, row: CallRow, heard: str) -> None:
    """The caller spoke into our last words: what he heard of them stays."""
    cut = heard.strip() + "……"
    spoken = await session.scalar(
        select(SegmentRow)
        .where(SegmentRow.call_id == row.id, SegmentRow.speaker == "bot")
        .order_by(SegmentRow.id.desc())
        .limit(1)
    )
    if spoken is not None:
        spoken.text = cut
    entry = await session.scalar(
        select(EntryRow)
        .where(
            EntryRow.conversation_id == row.conversation_id,
            EntryRow.sender == Sender.BOT.value,
            EntryRow.type == EntryType.MESSAGE.value,
        )
        .order_by(EntryRow.seq.desc())
        .limit(1)
    )
    if entry is not None and "whole_text" not in entry.payload:
        entry.payload = {**entry.payload, "whole_text": entry.text}
        entry.text = cut
