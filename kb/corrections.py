"""Public information that residents say is wrong: received, looked at, answered on their channel.

A correction stands beside the case that carries its number, so a resident asks for it as for any
other case. It keeps what he saw: the article's version, or the place's card.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, InvalidInput, NotFound
from hotline.privacy import mask_text
from kb import voice_store as store
from kb.voice_store import CorrectionRow

Tell = Callable[[AsyncSession, str, str, Mapping[str, Any] | None], Awaitable[None]]
"""Puts a message to the resident of a conversation into the running transaction."""

_LONGEST_WORDS = 2_000
_LONGEST_ANSWER = 300
_SHOWN = 100


class Verdict(StrEnum):
    """What a reviewer says to a correction."""

    OPEN = "open"
    THANKED = "thanked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


VERDICT_NAMES: Mapping[Verdict, str] = {
    Verdict.OPEN: "待核对",
    Verdict.THANKED: "已感谢",
    Verdict.ACCEPTED: "已采纳",
    Verdict.DECLINED: "未采纳",
}
_TEXTS: Mapping[Verdict, str] = {
    Verdict.THANKED: "您反映的{about}（编号 {number}）我们核对过了。{words}谢谢您帮我们把信息写得更准。",
    Verdict.ACCEPTED: "您指出的{about}（编号 {number}）已采纳，我们会按核实的情况更正。{words}谢谢您！",
    Verdict.DECLINED: "您指出的{about}（编号 {number}）我们核对过了，这次没有改动。{words}"
    "谢谢您的关心，还有疑问可以回复“人工”。",
}


class CorrectionNotFound(NotFound):
    """There is no such correction."""

    code = "correction_not_found"
    message = "没有这条纠错。"


class CorrectionAnswered(Conflict):
    """Somebody else answered it first."""

    code = "correction_answered"
    message = "这条已经答复过市民了，请刷新后再看。"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a correction is about, as it was shown; all empty when he named nothing known."""

    kind: str = ""
    """article, place, or empty."""
    key: str = ""
    """The article's slug or the place's id."""
    title: str = ""
    version: int | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)


class Corrections:
    """The use cases around corrections. `tell` None: residents are not told (tools, tests)."""

    def __init__(self, db: Database, clock: Clock, tell: Tell | None = None) -> None:
        self._db = db
        self._clock = clock
        self._tell = tell

    async def receive(
        self, case_number: str, words: str, subject: Subject, channel: str, conversation_id: str
    ) -> None:
        """Put a correction on the review list; the same case number again changes nothing."""
        async with self._db.write() as session:
            if await store.find_correction(session, case_number) is not None:
                return
            session.add(
                CorrectionRow(
                    case_number=case_number,
                    conversation_id=conversation_id,
                    channel=channel,
                    words=mask_text(words)[:_LONGEST_WORDS],
                    subject=subject.kind,
                    subject_key=subject.key,
                    title=subject.title[:200],
                    version=subject.version,
                    shown=dict(subject.shown),
                    state=Verdict.OPEN.value,
                    answer="",
                    answered_by="",
                    received_at=self._clock.now(),
                )
            )

    async def listed(self) -> tuple[Sequence[CorrectionRow], Sequence[CorrectionRow]]:
        """What waits, the oldest first, and what was answered lately."""
        answered = [each.value for each in Verdict if each is not Verdict.OPEN]
        async with self._db.read() as session:
            return (
                await store.corrections_in(session, [Verdict.OPEN.value], _SHOWN),
                await store.corrections_in(session, answered, _SHOWN),
            )

    async def count(self) -> int:
        """How many wait."""
        row = CorrectionRow
        query = select(func.count()).select_from(row).where(row.state == Verdict.OPEN.value)
        async with self._db.read() as session:
            return int(await session.scalar(query) or 0)

    async def answer(self, id: int, verdict: Verdict, words: str, actor: Actor) -> CorrectionRow:
        """Decide, and tell the resident on his channel, in one transaction."""
        words = words.strip()[:_LONGEST_ANSWER]
        if verdict is Verdict.OPEN:
            raise InvalidInput("请选择感谢、采纳或不采纳。")
        if verdict is Verdict.DECLINED and not words:
            raise InvalidInput("不采纳时请写明原因，市民会看到。")
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(CorrectionRow, id, with_for_update=True)
            if row is None:
                raise CorrectionNotFound
            if row.state != Verdict.OPEN.value:
                raise CorrectionAnswered
            row.state, row.answer = verdict.value, words
            row.answered_by, row.answered_at = actor.name, now
            text = write_answer(row, verdict, words)
            if row.conversation_id and self._tell:
                await self._tell(session, row.conversation_id, text, None)
            record_deed(
                session, now, actor, "correction_answered", "case", row.case_number,
                verdict=verdict.value, subject=row.subject, key=row.subject_key,
            )  # fmt: skip
        return row


def write_answer(row: CorrectionRow, verdict: Verdict, words: str) -> str:
    """The message to the resident."""
    about = f"“{row.title}”的信息" if row.title else "信息问题"
    if words and words[-1] not in "。！？!?":
        words += "。"
    return _TEXTS[verdict].format(about=about, number=row.case_number, words=words)
