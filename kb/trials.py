"""Hit tests: a question tried, a saved set of questions, and every draft scored on it beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import delete

from bot.language.models import Vector
from bot.language.normalise import normalise
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import InvalidInput, NotFound
from hotline.privacy import mask_text
from kb import store, trial_store
from kb.explaining import Explained, explain, name_outcome
from kb.models import Article
from kb.search import SearchIndex
from kb.service import Knowledge
from kb.trial_store import DraftScoreRow, TrialQuestionRow, TrialRow
from kb.trust import Found

MOST_QUESTIONS = 2_000
_LONGEST_QUESTION = 200
_SHOWN = 30
_RIGHT, _OFFERED, _WRONG = 2, 1, 0
OUTCOME_NAMES = {"answer": "直接回答", "choices": "请市民选", "declined": "如实说没有"}

Embed = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one saved question comes out: `grade` 2 right, 1 among the choices, 0 wrong."""

    outcome: str
    slug: str | None
    grade: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One saved question before and after a change."""

    question: str
    wanted: str | None
    before: Standing
    after: Standing

    @property
    def verdict(self) -> str:
        """worse, better, other (as good, but not the same), or same."""
        if self.after.grade != self.before.grade:
            return "better" if self.after.grade > self.before.grade else "worse"
        return "same" if self.after == self.before else "other"


@dataclass(frozen=True, slots=True)
class Score:
    """A draft on the saved set; `changes` are the questions that come out otherwise, worse first."""

    total: int
    right_before: int
    right_after: int
    changes: Sequence[Compared]

    @property
    def worse(self) -> int:
        """How many come out worse."""
        return sum(each.verdict == "worse" for each in self.changes)

    @property
    def better(self) -> int:
        """How many come out better."""
        return sum(each.verdict == "better" for each in self.changes)


class Trials:
    """The use cases around hit tests; `embed` makes sentences' vectors."""

    def __init__(self, db: Database, clock: Clock, knowledge: Knowledge, embed: Embed) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._embed = embed

    async def try_out(self, question: str, actor: Actor) -> Explained:
        """Search as the chat would, say why, and keep it in the history."""
        question = _read_question(question)
        text = normalise(question).text
        await self._knowledge.refresh()
        vector = (await asyncio.to_thread(self._embed, [text]))[0]
        explained = await asyncio.to_thread(explain, self._knowledge.index, text, vector)
        hits = explained.found.hits
        async with self._db.write() as session:
            session.add(
                TrialRow(
                    question=mask_text(question),
                    outcome=explained.outcome,
                    best_slug=hits[0].slug if hits else None,
                    confidence=explained.found.confidence,
                    revision=self._knowledge.revision,
                    actor_name=actor.name,
                    tried_at=self._clock.now(),
                )
            )
        return explained

    async def look(self, question: str) -> Found:
        """Search as the chat would, and keep nothing."""
        text = normalise(question).text
        await self._knowledge.refresh()
        vector = (await asyncio.to_thread(self._embed, [text]))[0]
        return self._knowledge.search(text, vector)

    async def history(self) -> Sequence[TrialRow]:
        """What was tried lately."""
        async with self._db.read() as session:
            return await trial_store.recent_trials(session, _SHOWN)

    async def scores(self) -> Sequence[DraftScoreRow]:
        """How what was published lately had scored."""
        async with self._db.read() as session:
            return await trial_store.recent_scores(session, _SHOWN)

    # --- the saved set -------------------------------------------------------------------------

    async def save(self, question: str, slug: str | None, actor: Actor) -> None:
        """Keep a question with the article it should find; None: it should be declined.

        The same question again changes what is wanted.
        """
        question, now = mask_text(_read_question(question)), self._clock.now()
        async with self._db.write() as session:
            if slug and await session.get(store.ArticleRow, slug) is None:
                raise InvalidInput(f"没有 slug 为 {slug} 的条目。")
            questions = await trial_store.saved_questions(session)
            row = next((each for each in questions if each.question == question), None)
            if row is None:
                if len(questions) >= MOST_QUESTIONS:
                    raise InvalidInput(f"题集最多 {MOST_QUESTIONS} 题。")
                row = TrialQuestionRow(question=question)
                session.add(row)
            row.slug, row.added_by, row.added_at = slug or None, actor.name, now
            record_deed(session, now, actor, "trial_question_saved", "article", slug or "")

    async def remove(self, id: int, actor: Actor) -> None:
        """Take a question out of the set."""
        async with self._db.write() as session:
            row = await session.get(TrialQuestionRow, id)
            if row is None:
                raise NotFound
            await session.delete(row)
            now, slug = self._clock.now(), row.slug or ""
            record_deed(session, now, actor, "trial_question_removed", "article", slug)

    async def standing(self) -> list[tuple[TrialQuestionRow, Standing]]:
        """The saved set as it comes out now."""
        async with self._db.read() as session:
            rows = await trial_store.saved_questions(session)
        await self._knowledge.refresh()
        texts = [normalise(row.question).text for row in rows]
        stand = await asyncio.to_thread(
            self._run, self._knowledge.index, texts, [row.slug for row in rows]
        )
        return list(zip(rows, stand, strict=True))

    async def score(self, article: Article) -> Score:
        """What publishing `article` would change on the saved set."""
        async with self._db.read() as session:
            rows = await trial_store.saved_questions(session)
        await self._knowledge.refresh()
        return await asyncio.to_thread(self._score, article, rows)

    def _score(self, article: Article, rows: Sequence[TrialQuestionRow]) -> Score:
        if not rows:
            return Score(0, 0, 0, ())
        texts, wanted = [normalise(row.question).text for row in rows], [row.slug for row in rows]
        before = self._run(self._knowledge.index, texts, wanted)
        after = self._run(self._knowledge.index_with(article), texts, wanted)
        compared = [
            Compared(row.question, row.slug, old, new)
            for row, old, new in zip(rows, before, after, strict=True)
        ]
        order = ("worse", "better", "other")
        changes = [each for each in compared if each.verdict in order]
        changes.sort(key=lambda each: order.index(each.verdict))
        return Score(
            len(rows),
            sum(each.grade == _RIGHT for each in before),
            sum(each.grade == _RIGHT for each in after),
            changes,
        )

    def _run(
        self, index: SearchIndex, texts: Sequence[str], wanted: Sequence[str | None]
    ) -> list[Standing]:
        if not texts:
            return []
        vectors = self._embed(texts)
        return [
            _judge(index, text, vector, slug)
            for text, vector, slug in zip(texts, vectors, wanted, strict=True)
        ]

    async def keep_score(self, draft_id: int, slug: str, score: Score, actor: Actor) -> None:
        """Write down how a draft scored when it was published."""
        changes = [{**asdict(each), "verdict": each.verdict} for each in score.changes]
        async with self._db.write() as session:
            await session.merge(
                DraftScoreRow(
                    draft_id=draft_id,
                    slug=slug,
                    total=score.total,
                    right_before=score.right_before,
                    right_after=score.right_after,
                    changes=changes,
                    actor_name=actor.name,
                    scored_at=self._clock.now(),
                )
            )

    async def retain(self, days: int) -> int:
        """Delete trials older than `days`; the saved set stays."""
        before = self._clock.now() - timedelta(days=days)
        async with self._db.write() as session:
            old = delete(TrialRow).where(TrialRow.tried_at < before).returning(TrialRow.id)
            return len((await session.scalars(old)).all())


def _judge(index: SearchIndex, text: str, vector: Vector, wanted: str | None) -> Standing:
    found = index.search(text, vector)
    outcome = name_outcome(found)
    slug = found.answer or (found.choices[0] if found.choices else None)
    if wanted is None:
        grade = {"declined": _RIGHT, "choices": _OFFERED, "answer": _WRONG}[outcome]
    elif found.answer == wanted:
        grade = _RIGHT
    else:
        grade = _OFFERED if wanted in found.choices else _WRONG
    return Standing(outcome, slug, grade)


def _read_question(raw: str) -> str:
    question = " ".join(raw.split())
    if not question:
        raise InvalidInput("请输入一句市民会问的话。")
    if len(question) > _LONGEST_QUESTION:
        raise InvalidInput(f"一句话最多 {_LONGEST_QUESTION} 个字。")
    return question
