"""A case's page: likely duplicates merged and split with one click, the contact for a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cases.followers import Follower, Followers
from cases.models import CaseKind, CaseStatus, Location, NewCase
from console.testing import Page, World, build_world
from hotline.audit import BOT, AuditRow
from hotline.privacy import Vault

PLACE = Location("翠微路27号", "海淀区", "110108", lat=39.9121, lon=116.2801)
PHONE = "13812345678"


def barbecue(key: str) -> NewCase:
    story = "翠微路27号门口夜里卖烧烤"
    return NewCase(key, CaseKind.COMPLAINT, "06029", story, PLACE, phone=PHONE, confidential=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    await world.add("banzhang", name="王班长", role="supervisor")
    yield world
    await world.close()


async def send(page: Page, path: str, **form: str) -> str:
    answer = await page.client.post(path, data={"csrf_token": page.csrf, **form})
    assert answer.status == 200
    return await answer.text()


async def test_likely_duplicates_are_merged_and_split_with_one_click(world: World) -> None:
    first = (await world.context.cases.file(barbecue("a"), BOT)).case_number
    second = (await world.context.cases.file(barbecue("b"), BOT)).case_number
    page = await world.log_in("lina")
    shown = await (await page.client.get(f"/console/cases/{second}")).text()
    assert "可能重复" in shown
    assert first in shown
    assert "相距约 10 米" in shown
    steps = f"/console/cases/{second}/steps"
    await send(page, steps, version="1", deed="merge", into=first)
    merged = await world.context.cases.get(second)
    assert (merged.status, merged.merged_into) == (CaseStatus.MERGED, first)
    assert "已并入本单（1）" in await (await page.client.get(f"/console/cases/{first}")).text()
    await send(page, steps, version="2", deed="split", note="不是同一件事")
    assert (await world.context.cases.get(second)).status is CaseStatus.ACCEPTED
    assert (await world.context.cases.get(first)).weight == 1


async def test_the_number_is_shown_for_a_reason_and_it_is_written_down(world: World) -> None:
    number = (await world.context.cases.file(barbecue("a"), BOT)).case_number
    boss, lina = await world.log_in("banzhang"), await world.log_in("lina")
    path = f"/console/cases/{number}/contact"
    page = await (await boss.client.get(f"/console/cases/{number}")).text()
    assert "要求保密" in page
    assert PHONE not in page
    refused = await lina.client.post(path, data={"csrf_token": lina.csrf, "reason": "想看"})
    assert refused.status == 403
    empty = await boss.client.post(path, data={"csrf_token": boss.csrf, "reason": " "})
    assert PHONE not in await empty.text()
    assert PHONE in await send(boss, path, reason="核实地点")
    async with world.context.db.read() as session:
        query = select(AuditRow).where(AuditRow.action == "personal_data_revealed")
        (deed,) = await session.scalars(query)
    assert (deed.actor_name, deed.detail["reason"]) == ("王班长", "核实地点")
    assert PHONE not in await (await boss.client.get(f"/console/cases/{number}")).text()


async def test_followers_and_places_where_reports_pile_up_are_shown(world: World) -> None:
    number = (await world.context.cases.file(barbecue("a"), BOT)).case_number
    followers = Followers(world.context.db, world.context.clock, Vault("x" * 40))
    await followers.join(number, Follower("f" * 32, "wechat", "天天熏得睡不着"), BOT)
    for key in "bcd":
        await world.context.cases.file(barbecue(key), BOT)
    page = await world.log_in("lina")
    shown = await (await page.client.get(f"/console/cases/{number}")).text()
    assert "天天熏得睡不着" in shown
    spots = await (await page.client.get("/console/hot-spots")).text()
    assert "露天烧烤" in spots
    assert "平常" in spots
