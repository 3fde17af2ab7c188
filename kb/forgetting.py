"""What residents said to the knowledge base, forgotten with their conversations."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from kb.gap_store import GapRow, UnansweredRow
from kb.voice_store import CorrectionRow, RatingRow


async def forget_conversations(
    session: AsyncSession, conversations: Collection[str], gone: str
) -> None:
    """Delete the words of these conversations, in the caller's transaction; counts stay.

    A group named by one of their questions is named by another of its questions, else `gone`.
    """
    asked = UnansweredRow.conversation_id.in_(conversations)
    named = select(GapRow).where(
        GapRow.title.in_(select(UnansweredRow.question).where(asked)),
        GapRow.id.in_(select(UnansweredRow.gap_id).where(asked)),
    )
    gaps = (await session.scalars(named)).all()
    await session.execute(delete(UnansweredRow).where(asked))
    for gap in gaps:
        others = select(UnansweredRow.question).where(UnansweredRow.gap_id == gap.id)
        gap.title = await session.scalar(others.order_by(UnansweredRow.id).limit(1)) or gone
    await session.execute(
        update(RatingRow)
        .where(RatingRow.conversation_id.in_(conversations))
        .values(question="", reason="")
    )
    await session.execute(
        update(CorrectionRow)
        .where(CorrectionRow.conversation_id.in_(conversations))
        .values(words=gone, shown={}, conversation_id=None)
    )
