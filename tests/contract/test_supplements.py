"""What a resident adds to his own case, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from cases.service import Cases
from cases.supplements import Supplements
from cases.workflow import Workflow
from hotline.audit import BOT
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault

FIRE = NewCase("k", CaseKind.HELP, None, "着火了", None, emergency="fire", conversation_id="a" * 32)
HERE = Location("中关村南大街5号院2号楼", "海淀区", "110108")


@pytest.fixture
def filing(db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter) -> Cases:
    return Cases(db, clock, vault, limiter)


async def test_words_are_kept_with_numbers_covered_and_a_place_fills_the_gap(
    db: Database, filing: Cases, clock: FakeClock
) -> None:
    number = (await filing.file(FIRE, BOT)).case_number
    supplements = Supplements(db, clock)
    await supplements.add(number, "就在5号院，我电话13812345678", BOT, HERE)
    await supplements.add(number, "老太太还没出来", BOT, Location("别处"))
    case = await filing.get(number)
    assert case.location is not None
    assert (case.location.raw_text, case.location.district_code) == (HERE.raw_text, "110108")
    notes = [step.note for step in case.history[1:]]
    assert "13812345678" not in notes[0]
    assert notes[1] == "市民补充：老太太还没出来"


async def test_a_case_that_is_over_or_unknown_takes_nothing(
    db: Database, filing: Cases, clock: FakeClock
) -> None:
    case = await filing.file(replace(FIRE, emergency=None), BOT)
    order = Order(Deed.WITHDRAW, case.version, "撤回")
    await Workflow(db, clock).act(case.case_number, order, BOT, Part.DESK)
    with pytest.raises(IllegalMove, match="已经结束"):
        await Supplements(db, clock).add(case.case_number, "还有", BOT)
    with pytest.raises(CaseNotFound):
        await Supplements(db, clock).add("2026010100001", "还有", BOT)
