"""The answers of a follow-up call (回访) go to the case they were asked about."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import Answers, Deed, Order, Part
from cases.service import Cases
from cases.workflow import Workflow
from hotline.audit import Actor

log = structlog.get_logger(__name__)


class FollowUps:
    """Writes what a resident answered on the phone into his case; not solved, it is reopened."""

    def __init__(self, cases: Cases, workflow: Workflow) -> None:
        self._cases = cases
        self._workflow = workflow

    async def record(self, case_number: str, outcome: Mapping[str, str], actor: Actor) -> bool:
        """Whether the case took it: it must be closed and not called back yet.

        `outcome` holds solved and satisfied as yes or no, and what remains in the caller's words.
        """
        if "solved" not in outcome:
            return False  # hung up before he said so
        solved = outcome["solved"] == "yes"
        answers = Answers(True, solved, solved and outcome.get("satisfied") == "yes")
        note = "电话回访" + (f"：{outcome['remaining']}" if outcome.get("remaining") else "")
        try:
            case = await self._cases.get(case_number)
            order = Order(Deed.CALL_BACK, case.version, note=note, answers=answers)
            done = await self._workflow.act(case_number, order, actor, Part.RESIDENT)
            if not solved:
                again = Order(Deed.REOPEN, order.version + 1, f"市民回访时说没有解决。{note}")
                await self._workflow.act(case_number, again, actor, Part.RESIDENT)
            return done
        except (CaseNotFound, IllegalMove) as error:
            # reopened or called back by hand meanwhile: the answers stay with the call-back
            log.info("follow_up.not_recorded", case_number=case_number, reason=error.code)
            return False
