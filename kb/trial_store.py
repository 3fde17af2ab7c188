"""Hit tests in the database: their history, the saved questions, and how drafts scored on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class TrialRow(Base):
    """One question an editor tried, and what came of it."""

    __tablename__ = "kb_trials"
    __table_args__ = (Index(None, "tried_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    question: Mapped[str] = mapped_column(String(500))
    outcome: Mapped[str] = mapped_column(String(16))
    best_slug: Mapped[str | None] = mapped_column(String(96))
    confidence: Mapped[float]
    revision: Mapped[int]
    actor_name: Mapped[str] = mapped_column(String(64))
    tried_at: Mapped[datetime]


class TrialQuestionRow(Base):
    """A saved question; `slug` None: the assistant should say that it does not know."""

    __tablename__ = "kb_trial_questions"
    __table_args__ = (Index(None, "question", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    question: Mapped[str] = mapped_column(String(500))
    slug: Mapped[str | None] = mapped_column(String(96))
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class DraftScoreRow(Base):
    """How a draft scored when it was published: {question, wanted, before, after} that changed."""

    __tablename__ = "kb_draft_scores"
    __table_args__ = (Index(None, "slug"),)

    draft_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(String(96))
    total: Mapped[int]
    right_before: Mapped[int]
    right_after: Mapped[int]
    changes: Mapped[list[Any]]
    actor_name: Mapped[str] = mapped_column(String(64))
    scored_at: Mapped[datetime]


async def recent_trials(session: AsyncSession, most: int) -> Sequence[TrialRow]:
    """The latest trials, newest first."""
    query = select(TrialRow).order_by(TrialRow.id.desc()).limit(most)
    return (await session.scalars(query)).all()


async def saved_questions(session: AsyncSession) -> Sequence[TrialQuestionRow]:
    """The saved set, in the order it was made."""
    query = select(TrialQuestionRow).order_by(TrialQuestionRow.id)
    return (await session.scalars(query)).all()


async def recent_scores(session: AsyncSession, most: int) -> Sequence[DraftScoreRow]:
    """How the drafts published lately scored, newest first."""
    query = select(DraftScoreRow).order_by(DraftScoreRow.scored_at.desc()).limit(most)
    return (await session.scalars(query)).all()
