"""A call's own transcript: both sides as they were spoken, not as they were thought."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import answers
from conversations.models import EntryType, Sender
from conversations.store import EntryRow
from telephony.events import Act, Event, Heard, Listen, Pressed, Say
from telephony.speaking import seconds_to_say
from telephony.store import CallRow, SegmentRow

_NEARLY_ALL = 0.8
"""Speech is reckoned with a tolerance: who answers within the last fifth has heard it all."""
_LAST_TURNS, _LEAST_TOLD, _LAST_ENTRIES = 6, 5, 40


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


def interruptible_words(acts: Sequence[Act]) -> str:
    """Our words into which the caller may speak; empty when we only speak, or do not listen."""
    if not any(isinstance(act, Listen) for act in acts):
        return ""
    return "".join(act.text for act in acts if isinstance(act, Say) and act.interruptible)


def heard_until(said: str, seconds: float) -> str | None:
    """What of our words a caller had heard `seconds` after they began; None when nearly all.

    Where the line does not tell it (Gather), it is reckoned from the pace of speech, so it is rough.
    """
    whole = seconds_to_say(said)
    if seconds >= whole * _NEARLY_ALL:
        return None
    return said[: int(len(said) * max(seconds, 0.0) / whole)]


async def last_told(session: AsyncSession, call_id: str) -> str:
    """The caller's own words with the most in them, of his last few; empty when he said little."""
    query = (
        select(SegmentRow.text)
        .where(SegmentRow.call_id == call_id, SegmentRow.speaker == "resident")
        .order_by(SegmentRow.id.desc())
        .limit(_LAST_TURNS)
    )
    told = [text for text in await session.scalars(query) if not answers.wants_human(text)]
    longest = max(told, key=len, default="")
    return longest if len(longest) >= _LEAST_TOLD else ""


async def last_filed(session: AsyncSession, conversation_id: str) -> str:
    """The number of the case filed last in this talk; empty when none was."""
    query = (
        select(EntryRow.payload)
        .where(EntryRow.conversation_id == conversation_id, EntryRow.sender == Sender.BOT.value)
        .order_by(EntryRow.seq.desc())
        .limit(_LAST_ENTRIES)
    )
    for payload in await session.scalars(query):
        number = (payload.get("case") or {}).get("case_number")
        if number:
            return str(number)
    return ""


async def cut_segment(session: AsyncSession, call_id: str, heard: str) -> None:
    """Our last words as far as they were heard."""
    spoken = await session.scalar(
        select(SegmentRow)
        .where(SegmentRow.call_id == call_id, SegmentRow.speaker == "bot")
        .order_by(SegmentRow.id.desc())
        .limit(1)
    )
    if spoken is not None:
        spoken.text = heard.strip() + "……"


async def cut_spoken(session: AsyncSession, row: CallRow, heard: str) -> None:
    """The caller spoke into our last words: what he heard of them stays."""
    await cut_segment(session, row.id, heard)
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
        entry.text = heard.strip() + "……"
