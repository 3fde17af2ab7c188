"""Knowing what is not known: questions without a good answer, grouped, counted, and written about.

Questions are only noted while a resident waits; they are grouped afterwards, by meaning, each with
the nearest group or as the first of a new one. A group keeps its decision: what was set aside stays
aside, and what was written about comes back only when it is asked in vain again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.models import Vector
from hotline.audit import Actor, record_deed
from hotline.clock import Clock, to_city
from hotline.db import Database
from hotline.errors import Conflict, InvalidInput, NotFound
from hotline.privacy import mask_text
from kb import gap_store as store
from kb.draft_store import ArticleDraftRow
from kb.editing import Editing
from kb.gap_store import GapRow, UnansweredRow
from kb.prefill import add_forms, begin_article
from kb.store import GAPS_REVISION, raise_revision
from kb.trust import Found, load_weights

SAME_MEANING = 0.5
"""Cosine from the usual question. Measured on the shipped articles' own 1,798 question forms, which
are hard (149 near topics, each asked from all sides): 83 % of a group's questions are of one article.
At 0.45 it is 73 %, at 0.55 92 % in a fifth more groups."""

OPEN, DRAFTED, MERGED, DISMISSED = "open", "drafted", "merged", "dismissed"
WEEKS_SHOWN = 8
_LONGEST_QUESTION = 500
_GROUPED_AT_ONCE = 200
_EXAMPLES = 12

Embed = Callable[[Sequence[str]], Vector]


class GapNotFound(NotFound):
    """There is no such group."""

    code = "gap_not_found"
    message = "没有这组问题，可能已并到别的组。"


class GapDecided(Conflict):
    """Somebody else decided about this group first."""

    code = "gap_decided"
    message = "这组问题已经处理过了，请刷新后再看。"


@dataclass(frozen=True, slots=True)
class Gap:
    """A group as pages show it; `weeks` are counts of the last weeks, this one last."""

    row: GapRow
    examples: Sequence[str]
    channels: Sequence[str]
    residents: int
    weeks: Sequence[int]
    nearest: Sequence[str]
    """Slugs of the articles that came closest, the most frequent first."""

    @property
    def this_week(self) -> int:
        """How often it was asked in the last seven days."""
        return self.weeks[-1]

    @property
    def trend(self) -> str:
        """new in the last seven days; or up, down or level against the seven days before."""
        now, before = self.weeks[-1], self.weeks[-2]
        if now and now == self.row.asked:
            return "new"
        return "up" if now > before else "down" if now < before else "level"


class Gaps:
    """The use cases around questions without an answer; `embed` makes a sentence's vector."""

    def __init__(self, db: Database, clock: Clock, embed: Embed, editing: Editing) -> None:
        self._db = db
        self._clock = clock
        self._embed = embed
        self._editing = editing
        centre = load_weights().centre
        self._usual = np.array(centre, dtype=np.float32) if centre else None

    async def note(
        self, question: str, channel: str, found: Found, conversation_id: str | None
    ) -> None:
        """Remember a question that was declined or answered with choices."""
        best = found.hits[0] if found.hits else None
        async with self._db.write() as session:
            session.add(
                UnansweredRow(
                    question=mask_text(question)[:_LONGEST_QUESTION],
                    channel=channel,
                    best_slug=best.slug if best else None,
                    best_score=found.confidence,
                    asked_at=self._clock.now(),
                    outcome="choices" if found.choices else "declined",
                    conversation_id=conversation_id,
                )
            )

    # --- grouping ------------------------------------------------------------------------------

    async def gather(self) -> int:
        """Put new questions into groups; returns how many. Safe in several processes."""
        async with self._db.read() as session:
            rows = await store.waiting(session, _GROUPED_AT_ONCE)
        if not rows:
            return 0
        vectors = await asyncio.to_thread(self._embed, [row.question for row in rows])
        directions = {row.id: self._direct(v) for row, v in zip(rows, vectors, strict=True)}
        grouped = 0
        async with self._db.write() as session:
            await raise_revision(session, GAPS_REVISION)  # one process at a time
            gaps = list(await session.scalars(select(GapRow)))
            for row in await store.waiting(session, _GROUPED_AT_ONCE):
                if row.id in directions:
                    await self._put_in_group(session, row, directions[row.id], gaps)
                    grouped += 1
        return grouped

    def _direct(self, vector: Vector) -> Vector:
        if self._usual is not None and len(self._usual) == len(vector):
            vector = vector - self._usual
        direction: Vector = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
        return direction

    async def _put_in_group(
        self, session: AsyncSession, row: UnansweredRow, direction: Vector, gaps: list[GapRow]
    ) -> None:
        gap = _nearest(direction, gaps)
        if gap is None:
            gap = GapRow(
                title=row.question,
                state=OPEN,
                centre=direction.tobytes(),
                asked=0,
                first_at=row.asked_at,
                reason="",
                decided_by="",
            )
            session.add(gap)
            gaps.append(gap)
        else:
            gap.centre = (_read(gap.centre) + direction).tobytes()
        gap.asked, gap.last_at = gap.asked + 1, row.asked_at
        await session.flush()
        row.gap_id = gap.id
        if gap.state in (DRAFTED, MERGED) and await _asked_in_vain(session, gap, row):
            gap.state = OPEN

    # --- looking -------------------------------------------------------------------------------

    async def listed(self, state: str = OPEN) -> list[Gap]:
        """The groups in this state, what is asked most now first."""
        await self.gather()
        now = self._clock.now()
        async with self._db.read() as session:
            rows = await store.gaps_in(session, state)
            asked = await store.questions_of(session, [row.id for row in rows])
        found = [_describe(row, [a for a in asked if a.gap_id == row.id], now) for row in rows]
        return sorted(found, key=lambda gap: (-gap.this_week, -gap.row.asked, gap.row.id))

    async def get(self, id: int) -> Gap:
        """One group; raises GapNotFound."""
        async with self._db.read() as session:
            row = await _find(session, id)
            asked = await store.questions_of(session, [id])
        return _describe(row, asked, self._clock.now())

    async def count(self) -> int:
        """How many groups wait for somebody."""
        async with self._db.read() as session:
            return await store.count_gaps(session, OPEN)

    # --- deciding ------------------------------------------------------------------------------

    async def write_draft(self, id: int, actor: Actor) -> int:
        """A new draft with the group's questions as its question forms; returns its number."""
        gap = await self.get(id)
        _check_open(gap.row)
        today = to_city(self._clock.now()).date()
        slugs = await self._editing.slugs()
        text = begin_article([gap.row.title, *gap.examples], slugs, today, actor.name)
        draft = await self._editing.begin(text, actor, f"市民问过 {gap.row.asked} 次，还没有答案")
        await self._decide(id, DRAFTED, actor, draft_id=draft)
        return draft

    async def merge(self, id: int, slug: str, questions: Sequence[str], actor: Actor) -> int:
        """A draft of an article with these of the group's questions added as question forms."""
        gap = await self.get(id)
        _check_open(gap.row)
        own = {gap.row.title, *gap.examples}
        chosen = [each for each in questions if each in own]
        if not chosen:
            raise InvalidInput("请至少选一句问法。")
        article, _ = await self._editing.get(slug)
        text = add_forms(article, chosen)
        draft = await self._editing.begin(text, actor, f"补充市民的问法 {len(chosen)} 句")
        await self._decide(id, MERGED, actor, draft_id=draft, slug=slug)
        return draft

    async def dismiss(self, id: int, reason: str, actor: Actor) -> None:
        """Set the group aside: nothing for this base."""
        if not reason.strip():
            raise InvalidInput("请写明为什么不用写。")
        await self._decide(id, DISMISSED, actor, reason=reason.strip()[:200])

    async def reopen(self, id: int, actor: Actor) -> None:
        """Take a decision back."""
        async with self._db.write() as session:
            row = await _find(session, id, lock=True)
            row.state, row.draft_id, row.slug, row.reason = OPEN, None, None, ""
            self._record(session, actor, "gap_reopened", id)

    async def join(self, id: int, into: int, actor: Actor) -> None:
        """Two groups are one: the questions of `id` go over to `into`."""
        if id == into:
            raise InvalidInput("不能并到自己这一组。")
        async with self._db.write() as session:
            await raise_revision(session, GAPS_REVISION)
            row, target = await _find(session, id, lock=True), await _find(session, into, lock=True)
            target.centre = (_read(target.centre) + _read(row.centre)).tobytes()
            target.asked += row.asked
            target.first_at = min(target.first_at, row.first_at)
            target.last_at = max(target.last_at, row.last_at)
            moved = update(UnansweredRow).where(UnansweredRow.gap_id == id)
            await session.execute(moved.values(gap_id=into))
            await session.delete(row)
            self._record(session, actor, "gaps_joined", id, into=into)

    async def _decide(
        self,
        id: int,
        state: str,
        actor: Actor,
        draft_id: int | None = None,
        slug: str | None = None,
        reason: str = "",
    ) -> None:
        async with self._db.write() as session:
            row = await _find(session, id, lock=True)
            _check_open(row)
            row.state, row.draft_id, row.slug, row.reason = state, draft_id, slug, reason
            row.decided_by, row.decided_at = actor.name, self._clock.now()
            self._record(session, actor, f"gap_{state}", id, draft=draft_id, slug=slug)

    def _record(
        self, session: AsyncSession, actor: Actor, action: str, id: int, **detail: object
    ) -> None:
        record_deed(session, self._clock.now(), actor, action, "gap", str(id), **detail)

    async def retain(self, days: int) -> int:
        """Delete questions older than `days`, and open groups that have none left."""
        before = self._clock.now() - timedelta(days=days)
        async with self._db.write() as session:
            old = delete(UnansweredRow).where(UnansweredRow.asked_at < before)
            gone = len((await session.scalars(old.returning(UnansweredRow.id))).all())
            if gone:
                empty = GapRow.id.not_in(
                    select(UnansweredRow.gap_id).where(UnansweredRow.gap_id.is_not(None))
                )
                # the first question is the group's title: without questions it goes too
                await session.execute(delete(GapRow).where(GapRow.state == OPEN, empty))
                kept = update(GapRow).where(GapRow.state != OPEN, empty)
                await session.execute(kept.values(title="（问题已按期限删除）"))
        return gone


def _check_open(row: GapRow) -> None:
    if row.state != OPEN:
        raise GapDecided


async def _find(session: AsyncSession, id: int, *, lock: bool = False) -> GapRow:
    row = await session.get(GapRow, id, with_for_update=lock)
    if row is None:
        raise GapNotFound
    return row


def _read(centre: bytes) -> Vector:
    return np.frombuffer(centre, dtype=np.float32)


def _nearest(direction: Vector, gaps: Sequence[GapRow]) -> GapRow | None:
    fitting = [gap for gap in gaps if len(gap.centre) == direction.nbytes]
    if not fitting:
        return None
    centres = np.stack([_read(gap.centre) for gap in fitting])
    cosines = centres @ direction / np.maximum(np.linalg.norm(centres, axis=1), 1e-9)
    best = int(np.argmax(cosines))
    return fitting[best] if cosines[best] >= SAME_MEANING else None


async def _asked_in_vain(session: AsyncSession, gap: GapRow, row: UnansweredRow) -> bool:
    """Whether the draft about it is over, and still the question found no answer."""
    draft = await session.get(ArticleDraftRow, gap.draft_id) if gap.draft_id else None
    over = draft is None or draft.state in ("published", "dropped")
    return over and (draft is None or row.asked_at > draft.updated_at)


def _describe(row: GapRow, asked: Sequence[UnansweredRow], now: datetime) -> Gap:
    weeks = [0] * WEEKS_SHOWN
    for each in asked:
        age = max((now - each.asked_at).days, 0) // 7
        if age < WEEKS_SHOWN:
            weeks[WEEKS_SHOWN - 1 - age] += 1
    near = [each.best_slug for each in asked if each.best_slug]
    return Gap(
        row,
        list(dict.fromkeys(each.question for each in asked))[:_EXAMPLES],
        sorted({each.channel for each in asked}),
        len({each.conversation_id or each.id for each in asked}),
        weeks,
        sorted(dict.fromkeys(near), key=near.count, reverse=True),
    )
