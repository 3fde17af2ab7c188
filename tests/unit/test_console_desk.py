"""The desk's queries: who comes first, what is new, what may be seen of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cases.models import CaseKind, NewCase
from console.desk import Desk
from console.models import Account
from console.presence import Presence
from console.testing import World, build_world
from conversations.errors import ConversationNotFound
from conversations.models import Incoming
from hotline.audit import BOT


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    await world.add("lina", name="李娜")
    await world.add("wang", name="王强")
    yield world
    await world.close()


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.context.db, world.clock)


async def account(world: World, login: str) -> Account:
    found = await world.context.accounts.list_operators()
    return next(each for each in found if each.login == login)


def seconds(world: World, count: float) -> None:
    world.clock.advance(timedelta(seconds=count))


async def test_the_queue_puts_danger_first_then_the_longest_wait(world: World, desk: Desk) -> None:
    first = await world.enqueue("路灯坏了", "转人工")
    seconds(world, 60)
    second = await world.enqueue("井盖丢了", "转人工")
    seconds(world, 60)
    danger = await world.enqueue("着火了快来人", "转人工")
    seconds(world, 90)
    lists = await desk.lists((await account(world, "lina")).id)
    assert [card.conversation.id for card in lists.queue] == [danger, first, second]
    assert [card.waited for card in lists.queue] == [90, 210, 150]
    assert [card.late for card in lists.queue] == [False, True, False]


async def test_danger_that_the_bot_holds_is_an_alarm_until_somebody_answered(
    world: World, desk: Desk
) -> None:
    lina = await account(world, "lina")
    danger = await world.open("家里燃气泄漏了")
    assert [card.conversation.id for card in (await desk.lists(lina.id)).alarms] == [danger]
    assert (await desk.counts(lina.id)).danger == 1
    conversations = world.context.conversations
    await conversations.take_over(danger, lina.operator)
    await conversations.answer(danger, lina.operator, "您安全吗")
    await conversations.return_to_bot(danger, lina.operator)
    lists = await desk.lists(lina.id)
    assert lists.alarms == []
    assert [card.conversation.id for card in lists.bot] == [danger]
    assert (await desk.counts(lina.id)).danger == 0


async def test_each_operator_sees_her_own_and_the_others(world: World, desk: Desk) -> None:
    lina, wang = await account(world, "lina"), await account(world, "wang")
    conversation = await world.enqueue()
    await world.context.conversations.take_over(conversation, lina.operator)
    assert [c.conversation.id for c in (await desk.lists(lina.id)).mine] == [conversation]
    assert [c.conversation.id for c in (await desk.lists(wang.id)).others] == [conversation]
    assert (await desk.counts(lina.id)).mine == 1
    assert (await desk.counts(wang.id)).mine == 0


async def test_finished_and_quiet_conversations_leave_the_desk(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    quiet, done = await world.open("您好"), await world.enqueue()
    await world.context.conversations.take_over(done, lina.operator)
    await world.context.conversations.close(done, lina.operator)
    lists = await desk.lists(lina.id)
    assert [card.conversation.id for card in lists.bot] == [quiet]
    assert [card.conversation.id for card in lists.closed] == [done]
    world.clock.advance(timedelta(hours=24))
    lists = await desk.lists(lina.id)
    assert (lists.bot, lists.closed) == ([], [])


async def test_counts_tell_the_queue_and_its_longest_wait(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    nothing = await desk.counts(lina.id)
    assert (nothing.queue, nothing.danger, nothing.longest_wait) == (0, 0, 0)
    await world.enqueue()
    seconds(world, 40)
    await world.enqueue()
    counts = await desk.counts(lina.id)
    assert (counts.queue, counts.longest_wait) == (2, 40)


async def test_unread_counts_the_residents_words_since_the_last_look(
    world: World, desk: Desk
) -> None:
    lina, wang = await account(world, "lina"), await account(world, "wang")
    conversation = await world.open("一", "二")

    async def unread(of: Account) -> int:
        return (await desk.lists(of.id)).bot[0].unread

    assert await unread(lina) == 2
    await desk.mark_read(lina.id, conversation, 10**6)
    assert await unread(lina) == 0
    assert await unread(wang) == 2
    await world.context.conversations.accept(conversation, Incoming("x", "三"))
    assert await unread(lina) == 1
    await desk.mark_read(lina.id, conversation, 1)
    assert await unread(lina) == 1


async def test_previews_cover_numbers_before_they_are_cut(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    await world.open("啊" * 53 + "电话13812345678")
    preview = (await desk.lists(lina.id)).bot[0].preview
    assert len(preview) == 60
    assert preview.endswith("138**")


async def test_who_waits_is_shown_by_his_matter(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    await world.enqueue("转人工", summary="投诉：夜间施工，电话 13812345678")
    assert (await desk.lists(lina.id)).queue[0].preview == "投诉：夜间施工，电话 138****5678"


async def test_the_folder_holds_what_is_known_and_its_mark_moves(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    conversation = await world.enqueue("烧烤扰民", "转人工", reason="市民要求人工", summary="油烟")
    folder = await desk.folder(conversation)
    assert (folder.reason, folder.summary, folder.fields) == ("市民要求人工", "油烟", [])
    marks = {folder.mark}

    async def mark() -> str:
        return (await desk.folder(conversation)).mark

    conversations = world.context.conversations
    await conversations.keep_draft(
        conversation, {"fields": [["地点", "示例路"]], "emergency": None}
    )
    assert (await desk.folder(conversation)).fields == [("地点", "示例路")]
    marks.add(await mark())
    await conversations.add_note(conversation, lina.operator, "已联系")
    marks.add(await mark())
    new = NewCase("k", CaseKind.REPORT, None, "油烟", None, conversation_id=conversation)
    case = await world.context.cases.file(new, BOT)
    assert (await desk.folder(conversation)).case_numbers == [case.case_number]
    marks.add(await mark())
    await conversations.take_over(conversation, lina.operator)
    marks.add(await mark())
    assert len(marks) == 5
    assert await mark() in marks


async def test_unknown_conversations_are_not_found(world: World, desk: Desk) -> None:
    lina = await account(world, "lina")
    with pytest.raises(ConversationNotFound):
        await desk.folder("nothing")
    with pytest.raises(ConversationNotFound):
        await desk.mark_read(lina.id, "nothing", 1)


def test_presence_knows_who_else_is_there() -> None:
    lina, wang, other_tab = Presence("1", "李娜"), Presence("2", "王强"), Presence("1", "李娜")
    assert wang.hear(lina.signal("enter"), now=0)
    assert not lina.hear(wang.signal("here"), now=0)
    lina.hear(other_tab.signal("enter"), now=0)
    lina.hear(lina.signal("enter"), now=0)
    assert lina.viewers(now=1) == [{"id": "2", "name": "王强"}]
    lina.hear(wang.signal("leave"), now=2)
    assert lina.viewers(now=2) == []


def test_presence_forgets_who_went_without_a_word() -> None:
    lina, wang = Presence("1", "李娜"), Presence("2", "王强")
    lina.hear(wang.signal("enter"), now=0)
    assert lina.viewers(now=40) != []
    assert lina.viewers(now=50) == []
