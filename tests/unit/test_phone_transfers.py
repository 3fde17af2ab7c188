"""To a person and back: ringing, whisper, refusal, no answer, typing, call-backs; virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, CaseStatus, NewCase
from cases.store import CaseRow
from conversations.models import Holder, Operator
from hotline.app import Product
from hotline.audit import BOT, Actor
from hotline.clock import FakeClock
from hotline.settings import Settings
from telephony.errors import RecordingRefused
from telephony.models import CallStatus, Errand
from telephony.provider import RecordingProvider
from tests.phone import Phone, with_phone
from tests.product import first_articles, settings
from tests.unit.test_phone_calls import phone, product, provider

LI = Operator("op-li", "小李")
WANG = Operator("op-wang", "小王")


@pytest.fixture
async def staffed(product: Product) -> AsyncIterator[Product]:
    """Two operators at their telephones."""
    for login, operator in (("li", LI), ("wang", WANG)):
        await product.accounts.add_operator(login, operator.name, "operator")
    known = {each.name: each.id for each in await product.accounts.list_operators()}
    for operator, number in ((LI, "01088880001"), (WANG, "01088880002")):
        mine = Operator(known[operator.name], operator.name)
        await product.telephony.transfers.set_line(mine, number, True)
    return product


async def ring(product: Product) -> None:
    """One round of the background work."""
    await product.telephony.transfers.ring_for_waiting(product.telephony.calls.push)


async def queue(phone: Phone) -> str:
    """A caller who waits for a person."""
    await phone.dial()
    words = await phone.say("人工")
    assert "Enqueue" in phone.verbs
    return words


async def operator_leg(phone: Phone, provider: RecordingProvider, key: str, at: int = -1) -> str:
    """The operator hears the whisper and presses a key; what her line is told then."""
    _, leg = provider.named("call_operator")[at]
    whisper = await phone.post(f"operator?leg={leg}", CallSid="CA" + "e" * 32)
    gather = whisper.find("Gather")
    words = "".join(say.text or "" for say in whisper.iter("Say"))
    assert "接听请按一" in words
    answer = await phone.post(gather.get("action"), Digits=key, CallSid="CA" + "e" * 32)
    return words + "|" + ",".join(child.tag for child in answer.iter())


async def closed_case(product: Product) -> str:
    """A suggestion that was answered."""
    new = NewCase("k", CaseKind.SUGGESTION, None, "多放垃圾桶", None)
    case = await product.cases.file(new, BOT)
    order = Order(Deed.ANSWER, case.version, note="已经答复")
    desk = Actor("operator", "op-li", "小李")
    await product.workflow.act(case.case_number, order, desk, Part.DESK)
    return case.case_number


async def test_the_caller_hears_his_place_and_the_operator_three_lines(
    phone: Phone, staffed: Product, provider: RecordingProvider
) -> None:
    assert "您排在第一位" in await queue(phone)
    assert "排在第一位" in await phone.wait_in_queue()
    await ring(staffed)
    assert len(provider.named("call_operator")) == 1
    told = await operator_leg(phone, provider, "1")
    assert "来电尾号五六七八" in told
    assert "还没有说清是什么事" in told
    assert told.endswith("Conference")
    call = await staffed.telephony.calls.by_sid(phone.sid)
    assert call.status is CallStatus.OPERATOR
    assert provider.named("join") == [(phone.sid, call.id)]
    conversation = await staffed.conversations.get(call.conversation_id)
    assert (conversation.holder, conversation.operator_name) == (Holder.OPERATOR, "小李")
    await phone.fetch(f"join?call={call.id}")
    assert phone.last.find("Dial/Conference") is not None
    holder = Operator(str(conversation.operator_id), "小李")
    await staffed.telephony.transfers.add_third(call.id, holder, "01088880003")
    assert provider.named("call_third") == [("+861088880003", call.id)]
    third = await phone.post(f"third?call={call.id}", CallSid="CA" + "d" * 32)
    assert third.find("Dial/Conference") is not None


async def test_refused_and_unanswered_goes_round_then_a_call_back_is_offered(
    phone: Phone, staffed: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    await queue(phone)
    await ring(staffed)
    await operator_leg(phone, provider, "2")
    clock.advance(timedelta(seconds=20))
    await ring(staffed)
    assert len({number for number, _ in provider.named("call_operator")}) == 2
    _, leg = provider.named("call_operator")[1]
    await phone.post(f"leg?leg={leg}", CallStatus="no-answer", CallSid="CA" + "f" * 32)
    await ring(staffed)
    ((sid, call_id),) = provider.named("fetch_next")
    assert sid == phone.sid
    assert "暂时没有接起来" in await phone.fetch(f"next?call={call_id}")
    assert "您来电的号码" in await phone.press("1")
    await phone.press("1")
    await phone.press("1")
    assert "已经约好，尽快" in await phone.press("1")
    call = await staffed.telephony.calls.by_sid(phone.sid)
    assert (await staffed.conversations.get(call.conversation_id)).holder is Holder.BOT


async def test_the_whisper_repeats_what_was_said_or_filed(
    phone: Phone, staffed: Product, provider: RecordingProvider
) -> None:
    await phone.dial()
    await phone.say("楼下饭馆油烟太大了")
    await phone.say("转人工")
    await ring(staffed)
    assert "市民说，楼下饭馆油烟太大了" in await operator_leg(phone, provider, "2")
    await phone.wait_in_queue("*")
    await phone.say("13812345678")  # the scripted dialogue files a case for digits
    await phone.say("对")
    await phone.say("转人工")
    await ring(staffed)
    assert "工单尾号零零零零幺已经登记" in await operator_leg(phone, provider, "2")


async def test_all_talking_the_wait_is_told(
    phone: Phone, staffed: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    for number in ("13800000001", "13800000002"):
        other = Phone(phone.client, clock, number=number)
        await queue(other)
        await ring(staffed)
        await operator_leg(other, provider, "1")
    # two talk, three minutes a talk: one of them is free in a minute and a half
    assert "您排在第一位。大约要等2分钟" in await queue(phone)
    second = Phone(phone.client, clock, number="13800000003")
    assert "前面还有1位。大约要等3分钟" in await queue(second)


async def test_a_waiting_caller_asks_to_be_called_back(phone: Phone, staffed: Product) -> None:
    await queue(phone)
    assert "您来电的号码" in await phone.wait_in_queue("1")


async def test_a_waiting_caller_goes_back_to_the_assistant(phone: Phone, staffed: Product) -> None:
    await queue(phone)
    assert "助手继续" in await phone.wait_in_queue("*")
    call = await staffed.telephony.calls.by_sid(phone.sid)
    assert (await staffed.conversations.get(call.conversation_id)).holder is Holder.BOT
    assert "收到" in await phone.say("井盖丢了")


async def test_waiting_too_long_offers_a_call_back(
    phone: Phone, staffed: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    await queue(phone)
    clock.advance(timedelta(minutes=11))
    await ring(staffed)
    ((_, call_id),) = provider.named("fetch_next")
    assert "都在忙" in await phone.fetch(f"next?call={call_id}")


async def test_giving_up_in_the_queue_is_a_missed_call_we_owe(
    phone: Phone, staffed: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    await queue(phone)
    await phone.hang_up()
    (owed,) = await staffed.telephony.call_backs.recent()
    assert owed.errand == Errand.MISSED
    clock.advance(timedelta(minutes=5))
    assert await staffed.telephony.call_backs.dial_due() == 1
    ((number, call_back_id),) = provider.named("call_resident")
    assert number == "+8613812345678"
    back = Phone(phone.client, clock)
    assert "给您回电" in await back.fetch(f"call-back?id={call_back_id}")
    assert "收到" in await back.say("路灯不亮")
    await back.post(f"call-back-status?id={call_back_id}", CallStatus="completed")
    (done,) = await staffed.telephony.call_backs.recent()
    assert (done.status, done.outcome["last"]) == ("done", "已接通")


async def test_an_operator_types_what_the_line_says_and_gives_it_back(
    phone: Phone, staffed: Product, provider: RecordingProvider
) -> None:
    await phone.dial()
    await phone.say("有人占道")
    call = await staffed.telephony.calls.by_sid(phone.sid)
    await staffed.conversations.take_over(call.conversation_id, LI)
    assert "小李来了" in await phone.fetch(f"next?call={call.id}")
    await staffed.conversations.answer(call.conversation_id, LI, "您说的是哪个路口")
    assert "哪个路口" in await phone.fetch(f"next?call={call.id}")
    await phone.say("就在东口")
    assert phone.verbs == ["Gather"]
    await staffed.conversations.answer(call.conversation_id, LI, "好的，记下了")
    assert await phone.fetch(f"next?call={call.id}") == "好的，记下了。"
    await phone.stay_silent()
    assert phone.verbs == ["Gather"]
    assert not any("收到，就在东口" in words for words in phone.heard)
    await staffed.conversations.return_to_bot(call.conversation_id, LI)
    assert "助手继续" in await phone.fetch(f"next?call={call.id}")


async def test_an_operator_on_the_telephone_gives_the_call_back(
    phone: Phone, staffed: Product, provider: RecordingProvider
) -> None:
    await queue(phone)
    await ring(staffed)
    await operator_leg(phone, provider, "1")
    call = await staffed.telephony.calls.by_sid(phone.sid)
    await phone.fetch(f"join?call={call.id}")
    conversation = await staffed.conversations.get(call.conversation_id)
    holder = Operator(str(conversation.operator_id), "小李")
    await staffed.conversations.return_to_bot(call.conversation_id, holder)
    assert "助手继续" in await phone.fetch(f"next?call={call.id}")
    assert len(provider.named("hang_up")) == 1  # her own line is let go
    assert await phone.say("井盖丢了") == "收到，井盖丢了。"


async def test_call_backs_keep_to_the_hours_and_to_the_tries(
    product: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    owed = product.telephony.call_backs
    clock.advance(timedelta(hours=12))  # ten at night
    await owed.book("13900001111", Errand.FOLLOW_UP, case_number="2026112200001")
    clock.advance(timedelta(minutes=5))
    assert await owed.dial_due() == 0
    clock.advance(timedelta(hours=11))
    for _ in range(3):
        assert await owed.dial_due() == 1
        _, call_back_id = provider.named("call_resident")[-1]
        await owed.note_unreached(call_back_id, None, "busy")
        clock.advance(timedelta(days=1))
    (given_up,) = await owed.recent()
    assert (given_up.status, given_up.attempts) == ("given_up", 3)


async def test_asking_after_a_closed_case_records_the_answers(
    phone: Phone, product: Product, clock: FakeClock
) -> None:
    owed = await product.telephony.call_backs.book(
        "13812345678", Errand.FOLLOW_UP, case_number="2026112200001"
    )
    await product.telephony.call_backs.dial_due()
    clock.advance(timedelta(minutes=3))
    await product.telephony.call_backs.dial_due()
    assert "二零二六，幺幺二二" in await phone.fetch(f"call-back?id={owed.id}")
    assert "还有什么没有解决" in await phone.say("没解决，还在那儿摆")
    assert "再见" in await phone.say("摊子晚上八点又来了")
    (done,) = await product.telephony.call_backs.recent()
    assert (done.outcome["solved"], done.outcome["remaining"]) == ("no", "摊子晚上八点又来了")


async def test_an_answering_machine_is_no_talk(
    phone: Phone, product: Product, provider: RecordingProvider, clock: FakeClock
) -> None:
    owed = await product.telephony.call_backs.book("13812345678", Errand.PROMISED)
    clock.advance(timedelta(minutes=3))
    await product.telephony.call_backs.dial_due()
    await phone.fetch(f"call-back?id={owed.id}")
    await phone.stay_silent()
    await phone.post(f"call-back-status?id={owed.id}", CallStatus="completed")
    (again,) = await product.telephony.call_backs.recent()
    assert (again.status, again.outcome["last"]) == ("waiting", "接起来没有人说话")


async def test_a_promised_call_back_goes_on_where_the_report_broke_off(
    phone: Phone, product: Product, clock: FakeClock
) -> None:
    await phone.dial()
    await phone.say("留电话")
    call = await product.telephony.calls.by_sid(phone.sid)
    await product.conversations.keep_draft(call.conversation_id, {"kind": "投诉"})
    await phone.hang_up()
    owed = await product.telephony.call_backs.book(
        "13900000000", Errand.PROMISED, conversation_id=call.conversation_id
    )
    clock.advance(timedelta(minutes=3))
    await product.telephony.call_backs.dial_due()
    back = Phone(phone.client, clock, number="13900000000")
    heard = await back.fetch(f"call-back?id={owed.id}")
    assert "您约的回电到了" in heard
    assert "接着说请说继续" in heard
    assert await back.say("继续") == "请说联系电话。"


async def test_follow_up_answers_go_to_the_case(
    phone: Phone, product: Product, clock: FakeClock
) -> None:
    number = await closed_case(product)
    owed = await product.telephony.call_backs.book(
        "13812345678", Errand.FOLLOW_UP, case_number=number
    )
    clock.advance(timedelta(minutes=3))
    await product.telephony.call_backs.dial_due()
    await phone.fetch(f"call-back?id={owed.id}")
    await phone.say("解决了")
    await phone.say("满意")
    await phone.post(f"call-back-status?id={owed.id}", CallStatus="completed")
    case = await product.cases.get(number)
    assert case.status is CaseStatus.CALLED_BACK
    async with product.db.read() as session:
        row = await session.get(CaseRow, number)
    assert row.call_back == {"contacted": True, "solved": True, "satisfied": True}


async def test_what_the_caller_refused_is_not_recorded_again(
    settings: Settings, phone: Phone, product: Product, provider: RecordingProvider
) -> None:
    product.telephony.calls._arrivals._settings = with_phone(settings, telephony_record=1)
    await phone.dial()
    calls, li = product.telephony.calls, Actor("operator", "op-li", "小李")
    recordings = product.telephony.recordings
    for on in (False, True):
        await recordings.switch(await calls.by_sid(phone.sid), on, li)
    assert len(provider.named("stop_recording")) == 1
    assert len(provider.named("start_recording")) == 2
    assert "停止录音" in await phone.say("不要录音")
    with pytest.raises(RecordingRefused):
        await recordings.switch(await calls.by_sid(phone.sid), True, li)


async def test_out_of_hours_a_call_back_is_offered(
    settings: Settings, product: Product, phone: Phone
) -> None:
    product.telephony.transfers._hours = type(product.telephony.transfers._hours)(0, 1)
    await phone.dial()
    assert "不是坐席的工作时间" in await phone.say("转人工")


def test_every_address_is_ours() -> None:
    assert urlsplit(str(with_phone(Settings()).public_base_url)).scheme == "https"
