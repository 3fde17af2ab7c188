"""Urging (催办): the resident asks to hurry, and whoever has the case is reminded of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from cases.errors import IllegalMove
from cases.lifecycle import OVER
from cases.models import CaseStatus
from cases.reminder_store import ReminderKind, ReminderRow, remind
from cases.store import lock_case, write_beside
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database

_AGAIN_AFTER = timedelta(hours=24)
_URGED = "市民催办"


class Urging:
    """The use case around urging."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def urge(self, case_number: str, actor: Actor) -> bool:
        """Write it into the history and remind the unit, or the supervisors before there is one.

        False when that was done within the last day already. Raises CaseNotFound, or IllegalMove
        when the case is over.
        """
        now = self._clock.now()
        lately = select(ReminderRow.id).where(
            ReminderRow.case_number == case_number,
            ReminderRow.kind == ReminderKind.URGED.value,
            ReminderRow.at > now - _AGAIN_AFTER,
        )
        async with self._db.write() as session:
            case = await lock_case(session, case_number)
            if CaseStatus(case.status) in OVER:
                raise IllegalMove("这张工单已经结束，不用再催。")
            if await session.scalar(lately.limit(1)) is not None:
                return False
            write_beside(session, case, now, actor.name, _URGED)
            remind(session, now, ReminderKind.URGED, case_number, _URGED, case.unit_id)
            record_deed(session, now, actor, "case_urged", "case", case_number)
        return True
