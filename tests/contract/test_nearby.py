"""Already reported nearby, on both databases: found, not found, joined, and where reports pile up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import event

from bot.language.models import Vector
from cases.errors import IllegalMove
from cases.followers import Follower, Followers
from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from cases.nearby import Sighting, radius_of
from cases.nearby_service import Nearby, tell_likely
from cases.service import Cases
from cases.workflow import Workflow
from hotline.audit import BOT
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from tests.contract.test_cases import everything_stored

BARBECUE = NewCase(
    "k",
    CaseKind.COMPLAINT,
    "06029",
    "翠微路27号门口每天晚上摆摊卖烧烤，我家是3单元的老张",
    Location("翠微路27号门口", "海淀区", "110108", lat=39.9121, lon=116.2801),
    phone="13812345678",
    conversation_id="a" * 32,
)


def embed(texts: Sequence[str]) -> Vector:
    """Equal signs, close meaning: enough where places decide."""
    rows = np.zeros((len(texts), 4096), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for sign in text:
            row[ord(sign) % 4096] += 1
    rows += 0.3
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@pytest.fixture
def filing(db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter) -> Cases:
    return Cases(db, clock, vault, limiter)


@pytest.fixture
def nearby(db: Database, clock: FakeClock) -> Nearby:
    return Nearby(db, clock, embed)


def told(description: str, place: Location | None, code: str = "06029") -> Sighting:
    return Sighting(code, description, place)


HERE = Location("翠微路27号", lat=39.9123, lon=116.2803)


async def test_what_was_reported_is_found_by_position_and_by_name(
    filing: Cases, nearby: Nearby
) -> None:
    case = await filing.file(BARBECUE, BOT)
    same = "门口夜里有人摆摊卖烧烤，烟大"
    (by_position,) = await nearby.find(told(same, HERE))
    (by_name,) = await nearby.find(told(same, Location("翠微路27号")))
    assert by_position.case_number == by_name.case_number == case.case_number
    assert (by_position.where, by_name.where) == ("相距约 30 米", "都在翠微路一带")
    assert "同一类别" in by_position.reasons


async def test_what_is_told_gives_nothing_personal_away(filing: Cases, nearby: Nearby) -> None:
    await filing.file(BARBECUE, BOT)
    (likely,) = await nearby.find(told("夜里摆摊卖烧烤", HERE))
    line = tell_likely(likely)
    assert "露天烧烤" in line
    for private in ("老张", "3单元", "138", BARBECUE.description, likely.case_number):
        assert private not in line


@pytest.mark.parametrize(
    ("description", "place", "code"),
    [
        ("门口每天晚上摆摊卖烧烤", Location("翠微路92号"), "06029"),
        ("门口每天晚上摆摊卖烧烤", Location("莲花路27号"), "06029"),
        ("门口每天晚上摆摊卖烧烤", Location("翠微路", lat=39.93, lon=116.30), "06029"),
        ("井盖没了", HERE, "01002"),
        ("门口每天晚上摆摊卖烧烤", None, "06029"),
    ],
)
async def test_another_place_or_another_trouble_is_not_shown(
    filing: Cases, nearby: Nearby, description: str, place: Location | None, code: str
) -> None:
    await filing.file(BARBECUE, BOT)
    assert await nearby.find(told(description, place, code)) == []


async def test_what_is_over_or_long_ago_is_not_shown(
    db: Database, filing: Cases, nearby: Nearby, clock: FakeClock
) -> None:
    case = await filing.file(BARBECUE, BOT)
    await Workflow(db, clock).act(case.case_number, Order(Deed.WITHDRAW, 1, "撤回"), BOT, Part.DESK)
    assert await nearby.find(told("夜里摆摊卖烧烤", HERE)) == []
    await filing.file(replace(BARBECUE, idempotency_key="k2"), BOT)
    clock.advance(timedelta(days=91))
    assert await nearby.find(told("夜里摆摊卖烧烤", HERE)) == []


async def test_joining_adds_words_and_weight_once(
    db: Database, filing: Cases, clock: FakeClock, vault: Vault
) -> None:
    number = (await filing.file(BARBECUE, BOT)).case_number
    followers = Followers(db, clock, vault)
    who = Follower("b" * 32, "wechat", "天天有，电话13912345678", ("p1",), "13912345678")
    for _ in range(2):
        await followers.join(number, who, BOT)
    case = await filing.get(number)
    assert case.weight == 2
    assert case.history[-1].note == "又有一位市民反映，共 2 人次"
    assert b"13912345678" not in await everything_stored(db)
    order = Order(Deed.WITHDRAW, case.version, "撤回")
    await Workflow(db, clock).act(number, order, BOT, Part.DESK)
    with pytest.raises(IllegalMove, match="已经结束"):
        await followers.join(number, replace(who, conversation_id="c" * 32), BOT)


async def test_the_cost_of_looking_does_not_grow_with_the_table(
    db: Database, filing: Cases, nearby: Nearby
) -> None:
    read: list[str] = []
    event.listen(
        db.engine.sync_engine, "before_cursor_execute", lambda *args: read.append(str(args[2]))
    )
    for number in range(20):
        await filing.file(replace(BARBECUE, idempotency_key=f"k{number}"), BOT)
    read.clear()
    await nearby.find(told("夜里摆摊卖烧烤", HERE))
    assert len([statement for statement in read if "SELECT" in statement]) == 1


async def test_places_where_reports_pile_up_are_listed(
    filing: Cases, nearby: Nearby, clock: FakeClock
) -> None:
    for number in range(4):
        await filing.file(replace(BARBECUE, idempotency_key=f"old{number}"), BOT)
        clock.advance(timedelta(days=7))
    assert await nearby.hot_spots() == []
    for number in range(5):
        await filing.file(replace(BARBECUE, idempotency_key=f"new{number}"), BOT)
    (spot,) = await nearby.hot_spots()
    assert (spot.category_name, spot.recent) == ("露天烧烤", 5)
    assert spot.usual < 1


def test_a_radius_fits_its_category() -> None:
    assert radius_of("06029") == radius_of(None) == 250
    assert radius_of("01002") < radius_of("06029") < radius_of("08001")
