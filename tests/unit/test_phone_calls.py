"""Calls through Twilio's webhooks, with a scripted dialogue and virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import select

from conversations.bot import ScriptedBot
from conversations.models import Button, Handoff, Reply, Turn
from hotline.app import Product, open_product
from hotline.clock import FakeClock
from hotline.settings import Settings
from telephony.models import CallStatus
from telephony.provider import RecordingProvider
from telephony.store import CallRow, SegmentRow
from tests.phone import ACCOUNT, BASE, Phone, sign, with_phone
from tests.product import TinyEmbedder, first_articles, serve_product, settings


def answer(turn: Turn) -> Sequence[Reply]:
    """A few fixed answers."""
    if "电话" in turn.text:
        return [Reply("请说联系电话。", buttons=(Button("匿名", "匿名"),), expects="phone")]
    if turn.text.isdigit():
        return [Reply("已登记，工单号 2026112200001。", case={"case_number": "2026112200001"})]
    if "听不懂" in turn.text:
        return [Reply("我没有听明白。", missed=True)]
    if "长" in turn.text:
        return [Reply("这是一句比较长的答复，说的是垃圾分类的规定。" * 12)]
    if "坐席" in turn.text:
        return [Reply("好的，正在为您转接人工。", handoff=Handoff("要人工", "占道"))]
    return [Reply(f"收到，{turn.text}")]


@pytest.fixture
def provider() -> RecordingProvider:
    return RecordingProvider()


@pytest.fixture
async def product(
    settings: Settings, clock: FakeClock, provider: RecordingProvider
) -> AsyncIterator[Product]:
    async with open_product(
        with_phone(settings),
        bot=ScriptedBot(answer),
        clock=clock,
        embedder=TinyEmbedder(),
        provider=provider,
    ) as running:
        yield running


@pytest.fixture
async def phone(product: Product, clock: FakeClock) -> AsyncIterator[Phone]:
    async with serve_product(product) as client:
        yield Phone(client, clock)


async def test_a_caller_is_greeted_and_answered(phone: Phone) -> None:
    assert "城市管理热线" in await phone.dial()
    assert await phone.say("路边有人摆摊") == "收到，路边有人摆摊。"
    gather = phone.last.find("Gather")
    assert gather.get("actionOnEmptyResult") == "true"
    assert gather.get("language") == "cmn-Hans-CN"
    assert gather.get("action").startswith("https://phone.test/telephony/twilio/turn?")
    await phone.say("再见")
    assert phone.over


async def test_a_repeated_webhook_is_played_once(phone: Phone, product: Product) -> None:
    await phone.dial()
    action = phone.action
    first = await phone.say("路灯坏了")
    again = await phone.fetch(action, SpeechResult="路灯坏了")
    assert first == again
    assert len(product.bot.turns) == 1


async def test_digits_in_pieces_are_read_back_and_mended(phone: Phone) -> None:
    await phone.dial()
    await phone.say("留电话")
    assert "请接着说" in await phone.say("幺三八一二三四")
    assert "幺三八，幺二三四，五六七八" in await phone.say("五六七八")
    assert "五六七九" in await phone.say("不是五六七八，是五六七九")
    assert "二零二六，幺幺二二，零零零零幺" in await phone.say("对")
    assert "工单号" in await phone.say("再说一遍")


async def test_silence_is_asked_three_times_then_a_person(phone: Phone) -> None:
    await phone.dial()
    assert "没有听到" in await phone.stay_silent()
    assert "按一" in await phone.stay_silent()
    assert "坐席" in await phone.stay_silent()


async def test_misses_get_simpler_then_a_person(phone: Phone) -> None:
    await phone.dial()
    assert await phone.say("听不懂") == "我没有听明白。"
    assert "一句话" in await phone.say("听不懂")
    assert "回电" in await phone.say("听不懂")


async def test_a_long_answer_comes_in_portions(phone: Phone) -> None:
    await phone.dial()
    first = await phone.say("长的")
    assert "请说继续" in first
    assert "继续" in await phone.say("继续")
    assert await phone.say("结束") == "好的。还有别的事，请直接说。"


async def test_speaking_into_our_words_is_noticed_on_gather(phone: Phone, product: Product) -> None:
    await phone.dial()
    await phone.say("长的")
    gather = phone.last.find("Gather")
    assert (gather.get("bargeIn"), gather.find("Say").text[:4]) == ("true", "这是一句")
    await phone.say("知道了，路灯坏了", cut_in=4)
    call = await product.telephony.calls.by_sid(phone.sid)
    assert call.counts["barge_ins"] == 1
    async with product.db.read() as session:
        query = select(SegmentRow.text).where(SegmentRow.speaker == "bot").order_by(SegmentRow.id)
        cut = (await session.scalars(query)).all()[1]
    assert cut.startswith("这是一句比较长的答复")
    assert cut.endswith("……")
    assert 15 <= len(cut) <= 25
    await phone.say("再见")
    assert (await product.telephony.calls.by_sid(phone.sid)).counts["barge_ins"] == 1


async def test_abuse_alone_ends_the_call_and_danger_never_does(phone: Phone) -> None:
    await phone.dial()
    for _ in range(4):
        await phone.say("一群废物")
        assert not phone.over
    await phone.say("你们这群废物，楼上着火了")
    assert not phone.over
    assert "幺幺九" in await phone.say("废物，滚蛋")
    assert phone.over


async def test_nobody_ready_books_a_call_back(phone: Phone, product: Product) -> None:
    await phone.dial()
    assert "回电" in await phone.press("0")
    assert "幺三八，幺二三四，五六七八" in await phone.say("好")
    assert "什么时间" in await phone.say("对")
    assert "明天上午十点" in await phone.say("明天上午十点")
    assert "已经约好" in await phone.say("对")
    (owed,) = await product.telephony.call_backs.recent()
    assert (owed.errand, owed.when, owed.number_masked) == (
        "promised",
        "明天上午十点",
        "138****5678",
    )
    assert owed.due_at.hour == 2


async def test_a_hang_up_keeps_the_draft_and_the_next_call_resumes(
    phone: Phone, product: Product, clock: FakeClock
) -> None:
    await phone.dial()
    await phone.say("留电话")
    call = await product.telephony.calls.by_sid(phone.sid)
    await product.conversations.keep_draft(call.conversation_id, {"fields": []})
    await phone.hang_up()
    call = await product.telephony.calls.by_sid(phone.sid)
    assert call.status is CallStatus.ENDED
    again = Phone(phone.client, clock)
    assert "还没有说完" in await again.dial()
    assert await again.say("继续") == "请说联系电话。"
    resumed = await product.telephony.calls.by_sid(again.sid)
    assert resumed.conversation_id == call.conversation_id


async def test_repeated_empty_calls_end_sooner_and_danger_never_does(
    phone: Phone, clock: FakeClock
) -> None:
    for _ in range(3):
        empty = Phone(phone.client, clock)
        await empty.dial()
        await empty.hang_up()
    fourth = Phone(phone.client, clock)
    await fourth.dial()
    assert "先挂断了" in await fourth.stay_silent()
    assert fourth.over
    fifth = Phone(phone.client, clock)
    await fifth.dial()
    assert "幺幺九" in await fifth.say("着火了，快来")
    assert not fifth.over


async def test_a_request_sent_again_with_its_token_gets_the_same_answer(
    phone: Phone, product: Product
) -> None:
    await phone.dial()
    path = f"/telephony/twilio/next?call={phone.action.split('call=')[1].split('&')[0]}"
    body = {"CallSid": phone.sid, "AccountSid": ACCOUNT}
    headers = {"X-Twilio-Signature": sign(BASE + path, body), "I-Twilio-Idempotency-Token": "t1"}
    first = await (await phone.client.post(path, data=body, headers=headers)).text()
    call = await product.telephony.calls.by_sid(phone.sid)
    again = await (await phone.client.post(path, data=body, headers=headers)).text()
    assert first == again
    assert (await product.telephony.calls.by_sid(phone.sid)).turn == call.turn


async def test_a_request_that_failed_is_tried_again(
    phone: Phone, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await phone.dial()
    path = f"/telephony/twilio/next?call={phone.action.split('call=')[1].split('&')[0]}"
    body = {"CallSid": phone.sid, "AccountSid": ACCOUNT}
    headers = {"X-Twilio-Signature": sign(BASE + path, body), "I-Twilio-Idempotency-Token": "t2"}
    with monkeypatch.context() as broken:
        broken.setattr(product.telephony.calls, "play", None)
        assert (await phone.client.post(path, data=body, headers=headers)).status == 500
    assert (await phone.client.post(path, data=body, headers=headers)).status == 200


async def test_the_callers_number_lies_sealed(phone: Phone, product: Product) -> None:
    await phone.dial()
    await phone.press("0")
    await phone.say("好")
    async with product.db.read() as session:
        row = (await session.scalars(select(CallRow))).one()
    assert row.memory["caller"] == ""
    await phone.hang_up()
    async with product.db.read() as session:
        row = (await session.scalars(select(CallRow))).one()
    assert phone.number not in str(row.memory)
