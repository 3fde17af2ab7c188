"""Forgetting, proved by searching the bytes of the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from cases.lifecycle import Deed, Order, Part
from cases.service import Cases
from cases.workflow import Workflow
from conversations.models import Incoming
from conversations.service import Conversations
from hotline.audit import BOT, SYSTEM
from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.retention import Retention
from kb.corrections import Corrections, Subject
from kb.editing import Editing
from kb.gaps import Gaps
from kb.ratings import Rated, Ratings
from kb.trust import NOTHING
from tests.contract.test_cases import BARBECUE, NAME, PHONE, everything_stored


async def test_an_erased_person_is_nowhere_in_the_database(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter, bus: LocalBus
) -> None:
    conversations, filing = Conversations(db, clock, bus), Cases(db, clock, vault, limiter)
    talk, _, _ = await conversations.open("webchat", ())
    await conversations.accept(talk.id, Incoming("m1", f"我叫{NAME}，电话{PHONE}"))
    other, _, _ = await conversations.open("webchat", ())
    await conversations.accept(other.id, Incoming("m1", "别人的话留着"))
    new = replace(BARBECUE, conversation_id=talk.id, description=f"烧烤，电话{PHONE}")
    case = await filing.file(new, BOT)
    assert PHONE.encode() in await everything_stored(db)
    erased = await Retention(db, clock, vault).erase_person(PHONE, SYSTEM)
    assert (erased.cases, erased.conversations) == (1, 1)
    stored = await everything_stored(db)
    for trace in (PHONE, NAME, vault.blind(PHONE)):
        assert trace.encode() not in stored
    assert "别人的话留着".encode() in stored
    kept = await filing.get(case.case_number)
    assert (kept.category_code, kept.phone_masked) == ("06029", None)


async def test_cases_lose_their_person_when_their_time_is_over(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter
) -> None:
    filing, retention = Cases(db, clock, vault, limiter), Retention(db, clock, vault)
    over = await filing.file(BARBECUE, BOT)
    kept = await filing.file(replace(BARBECUE, idempotency_key="open"), BOT)
    order = Order(Deed.WITHDRAW, 1, "市民撤回")
    await Workflow(db, clock).act(over.case_number, order, BOT, Part.DESK)
    clock.advance(timedelta(days=179))
    assert (await retention.retain(SYSTEM)).cases == 0
    clock.advance(timedelta(days=2))
    assert (await retention.retain(SYSTEM)).cases == 1
    assert (await retention.retain(SYSTEM)).cases == 0
    assert (await filing.get(over.case_number)).phone_masked is None
    assert (await filing.get(kept.case_number)).phone_masked == "138****5678"


async def test_what_an_erased_person_asked_in_vain_and_found_wrong_goes_too(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter, bus: LocalBus
) -> None:
    conversations, filing = Conversations(db, clock, bus), Cases(db, clock, vault, limiter)
    gaps = Gaps(db, clock, lambda texts: np.ones((len(texts), 4), np.float32), Editing(db, clock))
    talk, _, _ = await conversations.open("webchat", ())
    case = await filing.file(replace(BARBECUE, conversation_id=talk.id), BOT)
    await gaps.note(f"我是{NAME}，我家养鸡归谁管", "webchat", NOTHING, talk.id)
    await gaps.note("别人问养鸡", "webchat", NOTHING, "f" * 32)
    await gaps.gather()
    rated = Rated("dogs", 1, talk.id, 3, "webchat", f"{NAME}问遛狗")
    await Ratings(db, clock).rate(rated, False, f"{NAME}说不对")
    corrections = Corrections(db, clock)
    await corrections.receive(case.case_number, f"{NAME}说写错了", Subject(), "webchat", talk.id)
    assert NAME.encode() in await everything_stored(db)
    await Retention(db, clock, vault).erase_person(PHONE, SYSTEM)
    assert NAME.encode() not in await everything_stored(db)
    assert [(gap.row.title, gap.row.asked) for gap in await gaps.listed()] == [("别人问养鸡", 2)]
    counts, _ = await Ratings(db, clock).of_article("dogs")
    assert counts == {1: (0, 1)}
