"""Conversations on both databases: gapless sequences, dedupe, holder, order, recovery."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from conversations import store
from conversations.bot import ScriptedBot
from conversations.errors import BotFailed, ConversationClosed, HeldByAnother, NotHolder
from conversations.models import (
    Button,
    Entry,
    EntryType,
    Handoff,
    Holder,
    Incoming,
    Operator,
    Reply,
    Turn,
)
from conversations.relay import APOLOGY, Relay
from conversations.service import Conversations
from conversations.timeline import KEPT_BRIEFLY
from conversations.turns import LEASE
from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database

WANG = Operator("op1", "王坐席")
LI = Operator("op2", "李坐席")
CHIEF = Operator("op3", "赵班长", "supervisor")


def echo(turn: Turn) -> list[Reply]:
    return [Reply(f"收到：{turn.text}")]


@pytest.fixture
def conversations(db: Database, clock: FakeClock, bus: LocalBus) -> Conversations:
    return Conversations(db, clock, bus)


async def start(conversations: Conversations) -> str:
    conversation, _, _ = await conversations.open("webchat", [Reply("您好")])
    return conversation.id


async def settle(
    relay: Relay, conversations: Conversations, conversation_id: str, message_id: str
) -> None:
    relay.submit(conversation_id)
    for _ in range(400):
        done, _entries = await conversations.replies(conversation_id, message_id)
        if done:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the turn did not end")


async def say(
    relay: Relay, conversations: Conversations, conversation_id: str, text: str, key: str
) -> list[Entry]:
    accepted = await conversations.accept(conversation_id, Incoming(key, text))
    if accepted.needs_turn:
        await settle(relay, conversations, conversation_id, accepted.entry.id)
    _, entries = await conversations.replies(conversation_id, accepted.entry.id)
    return list(entries)


async def test_the_timeline_is_gapless_and_in_order(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    relay = Relay(db, clock, conversations, ScriptedBot(echo))
    conversation_id = await start(conversations)
    accepted = await asyncio.gather(
        *(conversations.accept(conversation_id, Incoming(f"k{i}", f"第{i}句")) for i in range(20))
    )
    await settle(
        relay, conversations, conversation_id, max(accepted, key=lambda a: a.entry.seq).entry.id
    )
    await relay.stop()
    entries = await conversations.timeline(conversation_id)
    assert [entry.seq for entry in entries] == list(range(1, 42))
    residents = [entry.text for entry in entries if entry.sender == "resident"]
    answers = [entry.text.removeprefix("收到：") for entry in entries if entry.sender == "bot"][1:]
    assert answers == residents


async def test_the_same_message_twice_is_stored_and_answered_once(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    bot = ScriptedBot(echo)
    relay = Relay(db, clock, conversations, bot)
    conversation_id = await start(conversations)
    results = await asyncio.gather(
        *(conversations.accept(conversation_id, Incoming("same", "你好")) for _ in range(8))
    )
    assert len({result.entry.id for result in results}) == 1
    assert sum(not result.repeated for result in results) == 1
    first = await say(relay, conversations, conversation_id, "你好", "same")
    again = await say(relay, conversations, conversation_id, "你好", "same")
    await relay.stop()
    assert [entry.id for entry in first] == [entry.id for entry in again]
    assert len(bot.turns) == 1


async def test_the_bot_is_silent_while_an_operator_holds_and_goes_on_after(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    bot = ScriptedBot(echo)
    relay = Relay(db, clock, conversations, bot)
    conversation_id = await start(conversations)
    await conversations.take_over(conversation_id, WANG)
    assert await say(relay, conversations, conversation_id, "在吗", "k1") == []
    await conversations.answer(conversation_id, WANG, "您好，我是坐席")
    await conversations.return_to_bot(conversation_id, WANG)
    assert [e.text for e in await say(relay, conversations, conversation_id, "谢谢", "k2")] == [
        "收到：谢谢"
    ]
    await relay.stop()
    assert [turn.text for turn in bot.turns] == ["谢谢"]


async def test_a_reply_that_comes_after_the_take_over_is_dropped(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    relay = Relay(db, clock, conversations, ScriptedBot(echo, delay_seconds=0.3))
    conversation_id = await start(conversations)
    accepted = await conversations.accept(conversation_id, Incoming("k", "慢一点"))
    relay.submit(conversation_id)
    await asyncio.sleep(0.1)
    await conversations.take_over(conversation_id, WANG)
    await settle(relay, conversations, conversation_id, accepted.entry.id)
    await relay.stop()
    entries = await conversations.timeline(conversation_id)
    assert "收到：慢一点" not in [entry.text for entry in entries]


async def test_two_operators_cannot_both_hold(conversations: Conversations) -> None:
    conversation_id = await start(conversations)
    results = await asyncio.gather(
        conversations.take_over(conversation_id, WANG),
        conversations.take_over(conversation_id, LI),
        return_exceptions=True,
    )
    assert sum(isinstance(result, HeldByAnother) for result in results) == 1
    loser = LI if isinstance(results[1], HeldByAnother) else WANG
    with pytest.raises(NotHolder):
        await conversations.answer(conversation_id, loser, "我来")
    taken = await conversations.take_over(conversation_id, CHIEF)
    assert taken.operator_id == CHIEF.id


async def test_a_handoff_queues_the_resident_and_he_may_leave_the_queue(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    bot = ScriptedBot(lambda turn: [Reply("正在转接", handoff=Handoff("市民要求", "占道"))])
    relay = Relay(db, clock, conversations, bot)
    first, second = await start(conversations), await start(conversations)
    await say(relay, conversations, first, "人工", "k")
    clock.advance(timedelta(seconds=1))
    texts = [e.text for e in await say(relay, conversations, second, "人工", "k")]
    assert "前面还有 1 位" in texts[-1]
    assert await conversations.waiting_place(second) == 1
    clock.advance(timedelta(seconds=1))
    (kept,) = await say(relay, conversations, second, "还要多久", "k2")
    assert "已经留给坐席" in kept.text
    (again,) = await say(relay, conversations, second, "有人吗", "k4")
    assert again.text == KEPT_BRIEFLY
    back = await say(relay, conversations, second, "返回", "k3")
    await relay.stop()
    assert "智能助手" in back[0].text
    assert (await conversations.get(second)).holder is Holder.BOT
    holders = [
        e.payload["holder"]
        for e in await conversations.timeline(second)
        if e.type is EntryType.HOLDER
    ]
    assert holders == ["queue", "bot"]


async def test_danger_goes_to_the_front_of_the_queue_and_is_told_where_to_call(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    bot = ScriptedBot(lambda turn: [Reply("正在转接", handoff=Handoff("市民要求"))])
    relay = Relay(db, clock, conversations, bot)
    calm, burning = await start(conversations), await start(conversations)
    await say(relay, conversations, calm, "人工", "k")
    replies = await say(relay, conversations, burning, "着火了，楼道里都是烟，快来人", "k")
    await relay.stop()
    assert "119" in replies[0].text
    assert (await conversations.get(burning)).emergency == "fire"
    assert await conversations.waiting_place(burning) == 0
    assert await conversations.waiting_place(calm) == 1


async def test_danger_is_told_where_to_call_even_while_an_operator_holds(
    conversations: Conversations,
) -> None:
    conversation_id = await start(conversations)
    await conversations.take_over(conversation_id, WANG)
    accepted = await conversations.accept(conversation_id, Incoming("k", "家里着火了！"))
    _, entries = await conversations.replies(conversation_id, accepted.entry.id)
    assert "119" in entries[0].text


async def test_a_danger_that_only_the_whole_reading_shows_is_advised_once(
    conversations: Conversations,
) -> None:
    conversation_id = await start(conversations)
    accepted = await conversations.accept(conversation_id, Incoming("k", "说不清，但很危险"))
    for _ in range(2):
        await conversations.warn(conversation_id, "gas", accepted.entry.id)
    _, said = await conversations.replies(conversation_id, accepted.entry.id)
    assert ["119" in entry.text for entry in said] == [True]
    assert (await conversations.get(conversation_id)).emergency == "gas"


@pytest.mark.parametrize("failure", ["raises", "crashes"])
async def test_a_bot_that_fails_is_apologised_for_and_the_message_kept(
    db: Database, clock: FakeClock, conversations: Conversations, failure: str
) -> None:
    def fail(turn: Turn) -> list[Reply]:
        raise BotFailed("timeout") if failure == "raises" else BotFailed("empty answer")

    relay = Relay(db, clock, conversations, ScriptedBot(fail))
    conversation_id = await start(conversations)
    replies = await say(relay, conversations, conversation_id, "我要投诉", "k")
    await relay.stop()
    assert [entry.text for entry in replies] == [APOLOGY.text]
    assert replies[0].payload["buttons"][0]["payload"] == "人工"
    assert "我要投诉" in [entry.text for entry in await conversations.timeline(conversation_id)]


async def test_what_a_dead_process_left_is_answered_once_by_the_next(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    answered = ScriptedBot(echo)
    conversation_id = await start(conversations)
    accepted = await conversations.accept(conversation_id, Incoming("k", "停电了"))
    # the first process claims the conversation, begins the turn, and is killed
    assert await conversations.turns.begin(conversation_id, "dead") is not None
    if not db.is_sqlite:
        clock.advance(LEASE * 2)
    relay = Relay(db, clock, conversations, answered)
    await relay.start()
    for _ in range(300):
        if (await conversations.replies(conversation_id, accepted.entry.id))[0]:
            break
        await asyncio.sleep(0.01)
    await relay.stop()
    entries = await conversations.timeline(conversation_id)
    assert [e.text for e in entries if e.sender == "bot"][1:] == ["收到：停电了"]
    assert answered.turns[0].replayed


async def test_a_second_process_does_not_touch_a_leased_conversation(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    conversation_id = await start(conversations)
    await conversations.accept(conversation_id, Incoming("k", "你好"))
    assert await conversations.turns.begin(conversation_id, "a") is not None
    assert await conversations.turns.begin(conversation_id, "b") is None
    clock.advance(LEASE * 2)
    begun = await conversations.turns.begin(conversation_id, "b")
    assert begun is not None
    assert begun.attempts == 2


async def test_the_next_message_begins_with_the_end_of_the_last_and_then_the_lease_is_over(
    conversations: Conversations,
) -> None:
    conversation_id = await start(conversations)
    for key in ("first", "second"):
        await conversations.accept(conversation_id, Incoming(key, key))
    begun = await conversations.turns.begin(conversation_id, "a")
    said = []
    while begun is not None:
        said.append((begun.entry.text, begun.attempts))
        assert await conversations.turns.begin(conversation_id, "b") is None
        begun = await conversations.turns.finish(
            conversation_id, begun.entry.id, [Reply("好")], None, "a"
        )
    assert said == [("first", 1), ("second", 1)]
    await conversations.accept(conversation_id, Incoming("third", "third"))
    assert await conversations.turns.begin(conversation_id, "b") is not None


async def test_a_closed_conversation_takes_no_more_messages(conversations: Conversations) -> None:
    conversation_id = await start(conversations)
    await conversations.take_over(conversation_id, WANG)
    await conversations.close(conversation_id, WANG)
    with pytest.raises(ConversationClosed):
        await conversations.accept(conversation_id, Incoming("k", "还在吗"))


async def test_a_long_conversation_gets_a_fresh_dialogue_session(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    bot = ScriptedBot(echo)
    relay = Relay(db, clock, conversations, bot)
    conversation_id = await start(conversations)
    for number in range(25):
        await say(relay, conversations, conversation_id, f"第{number}句", f"k{number}")
    await relay.stop()
    assert bot.turns[0].session == 1
    assert bot.turns[-1].session == 2


async def test_every_message_to_the_resident_is_in_the_outbox(
    db: Database, clock: FakeClock, conversations: Conversations
) -> None:
    relay = Relay(
        db,
        clock,
        conversations,
        ScriptedBot(lambda t: [Reply("一", buttons=(Button("好", "好"),)), Reply("二")]),
    )
    conversation_id = await start(conversations)
    await say(relay, conversations, conversation_id, "你好", "k")
    await relay.stop()
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(store.OutboxRow)) == 2
