"""Random histories of cases, driven by a state machine against the real workflow."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import BY_DEED, OVER, Answers, Deed, Order, Part, find_possible
from cases.models import Case, CaseClock, CaseKind, CaseStatus, Location, NewCase, Urgency
from cases.service import Cases
from cases.store import CaseRow
from cases.workflow import Workflow
from hotline.audit import BOT, Actor, AuditRow
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from tests.databases import make_migrated_file

TEAMS = ("东城区东华门街道综合行政执法队", "东城区天坛街道综合行政执法队")
SOMEBODY = Actor("operator", "op", "王坐席")
NEW = NewCase("k", CaseKind.REPORT, "06029", "烧烤摊", Location("示例路"))
EXAMPLES, STEPS = 8, 25
_SENT = (Deed.FILE, Deed.DISPATCH)
_FOLDER = tempfile.TemporaryDirectory(prefix="histories-")


@cache
def template() -> Path:
    """A migrated database to copy."""
    return make_migrated_file(Path(_FOLDER.name))


class Histories(RuleBasedStateMachine):
    """Three cases, anybody who does anything with them, and time that goes by."""

    @initialize(emergency=st.booleans(), kind=st.sampled_from(["举报", "投诉", "咨询"]))
    def open(self, emergency: bool, kind: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(dir=_FOLDER.name)
        path = Path(self.folder.name) / "cases.db"
        shutil.copy(template(), path)
        self.db = Database(f"sqlite+aiosqlite:///{path}")
        self.clock = FakeClock(datetime(2026, 11, 20, 8, tzinfo=UTC))
        self.cases = Cases(self.db, self.clock, Vault("x" * 40), LocalLimiter())
        self.workflow = Workflow(self.db, self.clock)
        new = replace(NEW, kind=CaseKind(kind), emergency="gas" if emergency else None)
        self.numbers = [
            self.run(self.cases.file(replace(new, idempotency_key=str(n)), BOT)).case_number
            for n in range(3)
        ]
        # one at the start, one sent out, one being handled: every part of the table is near
        for which, deeds in enumerate(((), _SENT, (*_SENT, Deed.START))):
            for deed in deeds:
                self._act(which, deed, Part.SUPERVISOR, 0, TEAMS[0], 0, 0)

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    def see(self, number: str) -> tuple[Case, list[CaseClock]]:
        return self.run(self.cases.get(number)), list(self.run(self.cases.clocks(number)))

    @rule(hours=st.integers(1, 90))
    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule(
        which=st.integers(0, 2),
        deed=st.sampled_from(list(Deed)),
        part=st.sampled_from([Part.DESK, Part.SUPERVISOR, Part.UNIT, Part.RESIDENT]),
        into=st.integers(0, 2),
        team=st.sampled_from(TEAMS),
        stale=st.sampled_from([0, 0, 0, 0, 1]),
        foreign=st.sampled_from([0, 0, 0, 1]),
    )
    def anybody_does_anything(
        self, which: int, deed: Deed, part: Part, into: int, team: str, stale: int, foreign: int
    ) -> None:
        self._act(which, deed, part, into, team, stale, foreign)

    @rule(which=st.integers(0, 2), choice=st.integers(0, 20), into=st.integers(0, 2))
    def a_supervisor_does_what_is_possible(self, which: int, choice: int, into: int) -> None:
        case, _ = self.see(self.numbers[which])
        ways = find_possible(case.status, case.kind, case.emergency is not None, Part.SUPERVISOR)
        if ways:
            deed = ways[choice % len(ways)].deed
            self._act(which, deed, Part.SUPERVISOR, into, TEAMS[0], 0, 0)

    def _act(
        self, which: int, deed: Deed, part: Part, into: int, team: str, stale: int, foreign: int
    ) -> None:
        number = self.numbers[which]
        before, clocks_before = self.see(number)
        audits = self.run(self._count_audits())
        until = max(self.clock.now(), before.due_at or self.clock.now()) + timedelta(days=2)
        order = Order(
            deed, before.version - stale, "说明", team, until, self.numbers[into],
            Answers(True, False, False), urgency=Urgency.URGENT,
        )  # fmt: skip
        unit_id = None if before.unit_id is None else before.unit_id + foreign
        try:
            done = self.run(self.workflow.act(number, order, SOMEBODY, part, unit_id=unit_id))
        except (IllegalMove, CaseNotFound):
            assert self.see(number) == (before, clocks_before)
            assert self.run(self._count_audits()) == audits
            return
        assert not stale
        after, _ = self.see(number)
        step = BY_DEED[deed]
        assert part in step.parts
        assert before.status in step.sources
        assert done is (not step.approval or part is Part.SUPERVISOR)
        assert after.version == before.version + 1
        assert len(after.history) == len(before.history) + 1
        assert after.history[-1].before is before.status
        assert after.history[-1].actor_name == SOMEBODY.name
        assert after.history[-1].at == self.clock.now()
        if not done:
            assert after.status is before.status
        assert self.run(self._count_audits()) == audits + 1

    @precondition(lambda self: hasattr(self, "numbers"))
    @rule(which=st.integers(0, 2), approved=st.booleans())
    def a_supervisor_rules(self, which: int, approved: bool) -> None:
        number = self.numbers[which]
        for request in self.run(self.workflow.open_requests(number)):
            before, clocks = self.see(number)
            try:
                self.run(self.workflow.decide(request.id, approved, SOMEBODY, "意见"))
            except IllegalMove:  # the case has outrun it
                assert self.see(number) == (before, clocks)
                self.run(self.workflow.decide(request.id, False, SOMEBODY, "已无必要"))
            assert self.see(number)[0].version == before.version + 1

    @invariant()
    def clocks_fit_the_case(self) -> None:
        for number in getattr(self, "numbers", ()):
            case, clocks = self.see(number)
            running = [each for each in clocks if each.stopped_at is None]
            assert bool(running) is (case.status not in OVER)
            assert len({each.name for each in running}) == len(running)
            paused = [each for each in running if each.paused_at is not None]
            deferred = case.status is CaseStatus.DEFERRED
            assert len(paused) == (len(running) if deferred else 0)
            assert (case.paused_at is not None) is deferred
            assert (case.deferred_until is not None) is deferred
            assert all(each.started_at <= each.due_at for each in clocks)

    @invariant()
    def histories_have_no_gaps(self) -> None:
        for number in getattr(self, "numbers", ()):
            case, _ = self.see(number)
            for earlier, later in zip(case.history, case.history[1:], strict=False):
                assert later.before is earlier.status
            assert case.history[-1].status is case.status
            assert case.version == len(case.history)

    @invariant()
    def weight_is_neither_won_nor_lost(self) -> None:
        if not hasattr(self, "numbers"):
            return
        rows = self.run(self._rows())
        for row in rows:
            inside = sum(other.weight for other in rows if other.merged_into == row.case_number)
            assert row.weight == 1 + inside

    async def _rows(self) -> list[CaseRow]:
        async with self.db.read() as session:
            return list(await session.scalars(select(CaseRow)))

    async def _count_audits(self) -> int:
        async with self.db.read() as session:
            return len(
                (
                    await session.scalars(select(AuditRow.id).where(AuditRow.object_type == "case"))
                ).all()
            )

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.run(self.db.close())
            self.loop.close()
            self.folder.cleanup()


Histories.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase
