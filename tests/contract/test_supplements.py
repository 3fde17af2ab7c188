"""What a resident adds to his own case, and that he urges it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from cases.reminder_store import ReminderKind
from cases.reminders import Reminders
from cases.service import Cases
from cases.store import CaseRow
from cases.supplements import Anew, Supplements
from cases.urging import Urging
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
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    number = (await filing.file(FIRE, BOT)).case_number
    supplements = Supplements(db, clock, vault)
    await supplements.add(number, "就在5号院，我电话13812345678", BOT, Anew(HERE))
    await supplements.add(number, "老太太还没出来", BOT, Anew(Location("别处")))
    case = await filing.get(number)
    assert case.location is not None
    assert (case.location.raw_text, case.location.district_code) == (HERE.raw_text, "110108")
    notes = [step.note for step in case.history[1:]]
    assert "13812345678" not in notes[0]
    assert notes[1] == "市民补充：老太太还没出来"


async def test_a_place_that_was_wrong_is_moved_and_a_time_told_anew(
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    number = (await filing.file(replace(FIRE, location=HERE), BOT)).case_number
    there = Location("苏州街61号", "海淀区", "110108")
    await Supplements(db, clock, vault).add(number, "错了", BOT, Anew(there, moves=True))
    await Supplements(db, clock, vault).add(number, "是前天", BOT, Anew(occurred="前天"))
    case = await filing.get(number)
    assert case.location == there
    assert case.occurred_text == "前天"


async def test_a_case_that_is_over_or_unknown_takes_nothing(
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    case = await filing.file(replace(FIRE, emergency=None), BOT)
    order = Order(Deed.WITHDRAW, case.version, "撤回")
    await Workflow(db, clock).act(case.case_number, order, BOT, Part.DESK)
    supplements, urging = Supplements(db, clock, vault), Urging(db, clock)
    with pytest.raises(IllegalMove, match="已经结束"):
        await supplements.add(case.case_number, "还有", BOT)
    with pytest.raises(IllegalMove, match="已经结束"):
        await urging.urge(case.case_number, BOT)
    with pytest.raises(CaseNotFound):
        await supplements.add("2026010100001", "还有", BOT)
    with pytest.raises(CaseNotFound):
        await urging.urge("2026010100001", BOT)


async def test_a_number_given_later_is_his_from_now_on_and_sealed(
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    number = (await filing.file(FIRE, BOT)).case_number
    words = "电话留一个吧，13812345678"
    await Supplements(db, clock, vault).add(number, words, BOT, Anew(phone="13812345678"))
    case = await filing.get(number)
    assert (await filing.contacts([case]))[number].phone == "13812345678"
    assert not case.anonymous
    assert await filing.check_key(number, "5678")
    assert "13812345678" not in case.history[-1].note


async def test_the_unit_that_has_the_case_is_reminded_of_what_was_added(
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    number = (await filing.file(FIRE, BOT)).case_number
    supplements = Supplements(db, clock, vault)
    await supplements.add(number, "在二楼", BOT)
    assert not await Reminders(db, clock).recent(None)
    async with db.write() as session:
        (await session.get_one(CaseRow, number)).unit_id = 3
    await supplements.add(number, "二楼靠东", BOT)
    (told,) = await Reminders(db, clock).recent(3)
    assert (told.kind, told.text) == (ReminderKind.SUPPLEMENTED, "二楼靠东")


async def test_urging_counts_once_a_day(db: Database, filing: Cases, clock: FakeClock) -> None:
    number = (await filing.file(FIRE, BOT)).case_number
    urging = Urging(db, clock)
    assert await urging.urge(number, BOT)
    clock.advance(timedelta(hours=23))
    assert not await urging.urge(number, BOT)
    clock.advance(timedelta(hours=2))
    assert await urging.urge(number, BOT)
    told = await Reminders(db, clock).recent(None)
    assert [each.kind for each in told] == [ReminderKind.URGED] * 2
    notes = [step.note for step in (await filing.get(number)).history]
    assert notes.count("市民催办") == 2


async def test_what_follows_an_urgent_case_belongs_to_it_for_two_hours(
    filing: Cases, clock: FakeClock
) -> None:
    here = FIRE.conversation_id or ""
    assert await filing.urgent_of(here) is None
    number = (await filing.file(FIRE, BOT)).case_number
    urgent = await filing.urgent_of(here)
    assert urgent is not None
    assert urgent.case_number == number
    clock.advance(timedelta(hours=3))
    assert await filing.urgent_of(here) is None
    await filing.file(replace(FIRE, idempotency_key="l", emergency=None), BOT)
    assert await filing.urgent_of(here) is None
