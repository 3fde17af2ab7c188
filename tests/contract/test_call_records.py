"""Calls on every database: claimed once, rung once, dialled once, also by two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.bot import ScriptedBot
from conversations.models import Operator
from hotline.app import Product, open_product
from hotline.audit import SYSTEM
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.settings import Settings
from telephony.call_backs import CallBacks
from telephony.events import Heard, Say
from telephony.follow_up import FollowUps
from telephony.models import Arrival, CallStatus, CallView, Errand, Line
from telephony.provider import RecordingProvider
from telephony.reading import Segment
from telephony.store import CallRow, SegmentRow
from telephony.transfers import Transfers
from tests.phone import with_phone
from tests.product import TinyEmbedder, echo, first_articles, settings
from tests.unit.test_phone_pages import understand


@pytest.fixture
async def product(
    settings: Settings, database_url: str, clock: FakeClock
) -> AsyncIterator[Product]:
    chosen = replace(with_phone(settings), database_url=database_url)
    async with open_product(
        chosen, bot=ScriptedBot(echo), clock=clock, embedder=TinyEmbedder(),
        provider=RecordingProvider(),
    ) as running:  # fmt: skip
        running.telephony.transcripts._reader = understand
        yield running


async def arrive(product: Product, sid: str = "CA1") -> CallView:
    arrival = Arrival(sid, "13812345678", "", Line.GATHER)
    return await product.telephony.calls.arrive(arrival)


async def test_the_same_call_announced_at_once_is_one_call(product: Product) -> None:
    found = await asyncio.gather(*(arrive(product) for _ in range(4)))
    assert len({call.id for call in found}) == 1


async def test_a_turn_is_played_once_however_often_it_comes(product: Product) -> None:
    call = await arrive(product)
    calls = product.telephony.calls
    await calls.play(call.id, 0, None)
    told = await asyncio.gather(*(calls.play(call.id, 1, Heard("路灯坏了")) for _ in range(4)))
    assert {next(act.text for act in acts if isinstance(act, Say)) for acts in told} == {
        "收到，路灯坏了。"
    }
    assert len(product.bot.turns) == 1  # type: ignore[attr-defined]


async def test_two_processes_ring_one_operator_for_one_call(
    product: Product, clock: FakeClock
) -> None:
    await product.accounts.add_operator("li", "小李", "operator")
    (account,) = await product.accounts.list_operators()
    operator = Operator(account.id, account.name)
    await product.telephony.transfers.set_line(operator, "01088880001", True)
    call = await arrive(product)
    await product.telephony.calls.play(call.id, 0, None)
    await product.telephony.calls.play(call.id, 1, Heard("人工"))
    provider = product.telephony.provider
    assert isinstance(provider, RecordingProvider)
    other = Transfers(
        product.db, clock, product.vault, product.settings, product.conversations, provider
    )
    push = product.telephony.calls.push
    await asyncio.gather(
        product.telephony.transfers.ring_for_waiting(push), other.ring_for_waiting(push)
    )
    assert len(provider.named("call_operator")) == 1
    await product.telephony.calls.end(call.sid, "completed")
    assert (await product.telephony.calls.get(call.id)).status is CallStatus.ENDED


async def test_two_processes_dial_a_call_back_once(product: Product, clock: FakeClock) -> None:
    owed = product.telephony.call_backs
    await owed.book("13812345678", Errand.PROMISED)
    clock.advance(timedelta(minutes=5))
    provider = product.telephony.provider
    other = CallBacks(
        product.db, clock, product.vault, product.settings, provider,
        FollowUps(product.cases, product.workflow),
    )  # fmt: skip
    await asyncio.gather(owed.dial_due(), other.dial_due())
    assert isinstance(provider, RecordingProvider)
    assert len(provider.named("call_resident")) == 1


async def test_recordings_are_fetched_kept_and_deleted_in_time(
    product: Product, clock: FakeClock
) -> None:
    call = await arrive(product)
    recordings, provider = product.telephony.recordings, product.telephony.provider
    assert isinstance(provider, RecordingProvider)
    provider.sounds = {"RE1": b"RIFF sound"}
    for _ in range(2):
        await recordings.note(call.id, "RE1", "completed", "12")
    assert await recordings.fetch_new() == 1
    assert provider.named("delete_recording") == [("RE1",)]
    path = await recordings.open("RE1", SYSTEM)
    assert path.read_bytes() == b"RIFF sound"
    clock.advance(timedelta(days=181))
    assert await recordings.delete_old() == 1
    assert not path.exists()


async def test_segments_are_kept_once(product: Product) -> None:
    transcripts = product.telephony.transcripts
    said = [Segment("1", "resident", "海淀区知春路48号油烟太大", 0, 10)]
    first = await transcripts.add("d1", said, SYSTEM)
    again = await transcripts.add("d1", said, SYSTEM, final=True)
    assert (first.id, len(again.segments)) == (again.id, 1)
    assert await transcripts.is_final("d1")


async def test_what_was_kept_long_enough_is_forgotten(product: Product, clock: FakeClock) -> None:
    call = await arrive(product)
    calls, telephony = product.telephony.calls, product.telephony
    await calls.play(call.id, 0, None)
    await calls.play(call.id, 1, Heard("路灯坏了，我是13812345678"))
    await calls.end(call.sid, "completed")
    segment = Segment("1", "resident", "海淀区知春路48号油烟太大，13812345678", 0, 1)
    await telephony.transcripts.add("desk-9", [segment], SYSTEM, final=True)
    clock.advance(timedelta(days=1094))
    assert await telephony.keeping.forget_old() == 0
    clock.advance(timedelta(days=2))
    assert await telephony.keeping.forget_old() == 2
    assert await telephony.keeping.forget_old() == 0
    async with product.db.read() as session:
        rows = (await session.scalars(select(CallRow))).all()
        assert (await session.scalars(select(SegmentRow))).all() == []
    assert all(row.caller_sealed is None and row.report is None for row in rows)
    assert not any("13812345678" in str(row.memory) or "路灯" in str(row.memory) for row in rows)
    (fact,) = await telephony.lists.facts(call.started_at, call.started_at + timedelta(days=1))
    assert fact.spoke
