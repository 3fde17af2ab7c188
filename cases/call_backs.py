"""Asks after a closed case in chat (回访), and carries the answers into the workflow.

Who reported is asked, and everybody who followed; whoever says that it is not solved reopens it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.call_backs_store import (
    ASKED,
    CANCELLED,
    DONE,
    EXPIRED,
    WAITING,
    CaseCallBackRow,
)
from cases.errors import IllegalMove
from cases.lifecycle import Answers, Deed, Order, Part
from cases.models import CaseStatus
from cases.store import CaseRow
from cases.survey import Question, Survey, hear
from cases.workflow import Workflow
from hotline.audit import Actor
from hotline.clock import Clock
from hotline.db import Database
from hotline.rounds import Rounds

log = structlog.get_logger(__name__)

LOOP = "call_back_form"
"""The dialogue that the answers belong to (bot/domain/call_back.yml)."""
PATIENCE = timedelta(days=7)
"""How long an answer is waited for; the deployment's own setting."""
_MOST = 50
_MOST_MISSES = 2
_TRIES = 3
_OPENING = "您的工单 {number} 已办结，想请您说说办得怎么样。"
QUESTIONS: Mapping[Question, tuple[str, tuple[str, ...]]] = {
    Question.CONTACTED: ("处理的人联系过您吗？", ("联系过", "没联系", "以后再说")),
    Question.SOLVED: ("问题解决了吗？", ("解决了", "没解决")),
    Question.SATISFIED: ("您对办理满意吗？", ("满意", "不满意")),
    Question.REASON: ("请说说哪里没办好，一句话就行；不想说可以跳过。", ("跳过",)),
}

Ring = Callable[[CaseRow], Awaitable[None]]
"""Owes the resident of a case a call."""


class Asker(Protocol):
    """Puts a question to a resident outside of a turn; his next words belong to the loop."""

    async def ask(
        self,
        session: AsyncSession,
        conversation_id: str,
        text: str,
        payload: Mapping[str, Any],
        question: Mapping[str, Any],
    ) -> None:
        """In the caller's transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of an answer: the next question, or how it ended."""

    question: Question | None
    case_number: str
    missed: bool = False
    reopened: bool = False
    survey: Survey = Survey()


class CallBackSurveys(Rounds):
    """The use cases around call-backs. `ring` None: nobody can be called."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        workflow: Workflow,
        asker: Asker,
        ring: Ring | None = None,
        every_seconds: float = 5.0,
    ) -> None:
        super().__init__("call_backs", every_seconds)
        self._db = db
        self._clock = clock
        self._workflow = workflow
        self._asker = asker
        self._ring = ring

    async def do_round(self) -> None:
        """Ask whom it is time to ask, and let go what nobody answered."""
        await self.ask_due()
        await self.expire()

    async def ask_due(self) -> int:
        """Ask whom it is time to ask; returns how many."""
        now = self._clock.now()
        async with self._db.write() as session:
            query = (
                select(CaseCallBackRow)
                .where(CaseCallBackRow.status == WAITING, CaseCallBackRow.due_at <= now)
                .order_by(CaseCallBackRow.due_at)
                .limit(_MOST)
                .with_for_update(skip_locked=True)
            )
            rows = (await session.scalars(query)).all()
            to_ring = [case for row in rows if (case := await self._ask(session, row, now))]
        for case in to_ring:
            if self._ring is not None:
                await self._ring(case)
        return len(rows)

    async def _ask(
        self, session: AsyncSession, row: CaseCallBackRow, now: datetime
    ) -> CaseRow | None:
        """Ask in writing, or return the case whose resident is to be called."""
        case = await session.get(CaseRow, row.case_number)
        if case is None or case.erased_at or case.status != CaseStatus.CLOSED.value:
            row.status, row.done_at = CANCELLED, now
            return None
        if row.channel == "voice":
            row.status, row.done_at = DONE, now  # the telephone keeps its own list from here
            return case if row.conversation_id == case.conversation_id else None
        row.status, row.question = ASKED, Question.CONTACTED.value
        row.due_at = now + PATIENCE
        text, buttons = QUESTIONS[Question.CONTACTED]
        await self._asker.ask(
            session,
            row.conversation_id,
            f"{_OPENING.format(number=row.known_as)}{text}",
            {"buttons": [{"title": title, "payload": title} for title in buttons]},
            {
                "loop": LOOP,
                "slots": {"requested_slot": Question.CONTACTED.value},
                "until": row.due_at.isoformat(),
            },
        )
        return None

    async def expire(self) -> int:
        """Wait no longer for those who have not answered; returns how many."""
        now = self._clock.now()
        async with self._db.write() as session:
            query = select(CaseCallBackRow).where(
                CaseCallBackRow.status == ASKED, CaseCallBackRow.due_at <= now
            )
            rows = (await session.scalars(query.limit(_MOST))).all()
            for row in rows:
                row.status, row.done_at = EXPIRED, now
        for row in rows:
            survey = Survey.from_json(row.answers)
            if survey.solved is not None:
                await self._settle(row, survey)  # he said what matters before he fell silent
        return len(rows)

    async def hear(self, conversation_id: str, text: str) -> Heard | None:
        """Take an answer; None when nothing is being asked there (any more)."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._open(session, conversation_id)
            if row is None:
                return None
            before = Survey.from_json(row.answers)
            survey = hear(before, text)
            if survey is None:
                survey = replace(before, misses=before.misses + 1)
                row.answers = asdict(survey)
                if survey.misses >= _MOST_MISSES:
                    row.status, row.done_at = CANCELLED, now
                    return Heard(None, row.known_as, missed=True, survey=survey)
                return Heard(survey.next_question(), row.known_as, missed=True, survey=survey)
            question = survey.next_question()
            row.answers, row.question = asdict(survey), question.value if question else None
            if question is not None:
                return Heard(question, row.known_as, survey=survey)
            row.status, row.done_at = DONE, now
        reopened = await self._settle(row, survey)
        return Heard(None, row.known_as, reopened=reopened, survey=survey)

    async def leave(self, conversation_id: str, *, later: bool) -> None:
        """He does not want to be asked: never again, or once more the day after."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._open(session, conversation_id)
            if row is not None and later and not row.answers:
                row.status, row.due_at = WAITING, now + timedelta(days=1)
                row.answers = {"misses": 0}
            elif row is not None:
                row.status, row.done_at = CANCELLED, now

    async def peek(self, conversation_id: str) -> Survey | None:
        """How far the survey in this conversation has come; None when nothing is being asked."""
        async with self._db.read() as session:
            row = await self._open(session, conversation_id)
        return Survey.from_json(row.answers) if row is not None else None

    async def _open(self, session: AsyncSession, conversation_id: str) -> CaseCallBackRow | None:
        query = select(CaseCallBackRow).where(
            CaseCallBackRow.conversation_id == conversation_id,
            CaseCallBackRow.status == ASKED,
            CaseCallBackRow.due_at > self._clock.now(),
        )
        return await session.scalar(query.order_by(CaseCallBackRow.id.desc()).limit(1))

    async def _settle(self, row: CaseCallBackRow, survey: Survey) -> bool:
        actor = Actor("resident", row.conversation_id, "市民")
        return await self.settle(row.case_number, survey.to_answers(), survey.reason or "", actor)

    async def settle(self, case_number: str, answers: Answers, reason: str, actor: Actor) -> bool:
        """Record the answers on the case and reopen it when it is not solved; says whether.

        The door of every channel, the telephone's too. The first answer is the case's; later ones,
        from those who follow it, can still reopen it. A case that has moved on stays as it is.
        """
        for _ in range(_TRIES):
            try:
                return await self._settle_once(case_number, answers, reason, actor)
            except IllegalMove as error:
                log.info("call_back.not_settled", case_number=case_number, reason=error.message)
        return False

    async def _settle_once(
        self, case_number: str, answers: Answers, reason: str, actor: Actor
    ) -> bool:
        case = await self._case(case_number)
        if case is not None and case.status == CaseStatus.CLOSED.value:
            note = f"回访：{_describe(answers)}" + (f"。市民说：{reason}" if reason else "")
            order = Order(Deed.CALL_BACK, case.version, note, answers=answers)
            await self._workflow.act(case_number, order, actor, Part.RESIDENT)
            case = await self._case(case_number)
        if answers.solved or case is None or case.status != CaseStatus.CALLED_BACK.value:
            return False
        why = f"市民回访时说没有解决{f'：{reason}' if reason else ''}"
        order = Order(Deed.REOPEN, case.version, why)
        await self._workflow.act(case_number, order, actor, Part.RESIDENT)
        return True

    async def _case(self, case_number: str) -> CaseRow | None:
        async with self._db.read() as session:
            return await session.get(CaseRow, case_number)


def _describe(answers: Answers) -> str:
    pairs = ((answers.contacted, "联系"), (answers.solved, "解决"), (answers.satisfied, "满意"))
    asked = [(value, word) for value, word in pairs if value is not None]
    return "、".join(("已" if value else "未") + word for value, word in asked)
