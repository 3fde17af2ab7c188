"""Two residents, one trouble, to the end: joined, kept informed, called back, reopened (real Rasa)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import select

from cases.call_backs_store import EXPIRED, CaseCallBackRow
from cases.dispatch import UnitKind
from cases.lifecycle import Deed, Order, Part
from cases.models import CaseStatus
from cases.unit_store import UnitRow
from conversations.models import Entry
from hotline.app import Product
from hotline.audit import Actor
from tests.assistant import Resident, assistant_settings, running_assistant

pytestmark = [pytest.mark.assistant, pytest.mark.asyncio(loop_scope="module")]

WANG = Actor("operator", "op1", "王坐席")
STORY = "海淀区羊坊店路18号门口每天晚上都有人摆摊卖烧烤，烟特别大"
TO_THE_END = (Deed.FILE, Deed.DISPATCH, Deed.START, Deed.REPORT, Deed.CHECK, Deed.CLOSE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    settings = assistant_settings(tmp_path_factory.mktemp("cared"))
    async with running_assistant(settings) as running:
        async with running.db.write() as session:
            session.add(UnitRow(name="示例街道", kind=UnitKind.SUBDISTRICT.value, categories=[]))
        yield running


def words(replies: list[Entry]) -> str:
    return "\n".join(reply.text for reply in replies)


def titles(replies: list[Entry]) -> list[str]:
    return [b["title"] for reply in replies for b in reply.payload.get("buttons", ())]


async def report(product: Product, story: str = STORY) -> tuple[Resident, str]:
    resident = await Resident.arrive(product)
    replies = await resident.say(story)
    if "附近可能已经有人反映" in words(replies):
        await resident.say("不是，继续提交")
    for answer in ("匿名", "提交"):
        replies = await resident.say(answer)
    case = next(reply.payload["case"] for reply in replies if reply.payload.get("case"))
    return resident, str(case["case_number"])


async def close(product: Product, number: str) -> None:
    for deed in TO_THE_END:
        case = await product.cases.get(number)
        order = Order(deed, case.version, "说明", "示例街道")
        await product.workflow.act(number, order, WANG, Part.SUPERVISOR)
    await product.surveys.ask_due()


async def told(product: Product, resident: Resident) -> str:
    return words(list(await product.conversations.timeline(resident.conversation_id)))


async def test_what_is_reported_already_is_joined_and_followed_to_the_end(product: Product) -> None:
    first, number = await report(product)
    second = await Resident.arrive(product)
    replies = await second.say("羊坊店路18号门口夜里有人烤串，油烟呛得睡不着")
    assert "已有市民反映“露天烧烤”" in words(replies)
    assert titles(replies)[:2] == ["就是这件，我也关注", "不是，继续提交"]
    assert number not in words(replies)
    assert "烟特别大" not in words(replies)
    replies = await second.say("就是这件，我也关注")
    assert number in words(replies)
    assert "2 人次" in words(replies)
    case = await product.cases.get(number)
    assert case.weight == 2
    await close(product, number)
    for resident in (first, second):
        said = await told(product, resident)
        assert f"您的工单 {number} 已派给示例街道处理" in said
        assert "已办结" in said
        assert "处理的人联系过您吗？" in said
    replies = await first.say("联系过")
    assert "问题解决了吗？" in words(replies)
    assert titles(replies) == ["解决了", "没解决"]
    assert "满意吗" in words(await first.say("解决了"))
    assert "谢谢您的反馈" in words(await first.say("挺满意的"))
    assert (await product.cases.get(number)).status is CaseStatus.CALLED_BACK
    await second.say("没人联系我")
    assert "哪里没办好" in words(await second.say("没有解决"))
    replies = await second.say("昨天晚上又来了三个摊")
    assert "转给处理的单位" in words(replies)
    case = await product.cases.get(number)
    assert case.status is CaseStatus.FILED
    assert any("昨天晚上又来了三个摊" in step.note for step in case.history)
    assert "已重新办理" in await told(product, first)


async def test_another_trouble_is_filed_apart(product: Product) -> None:
    await report(product, "海淀区阜石路6号院门口有人乱停车堵了消防通道，现在还在")
    other = await Resident.arrive(product)
    replies = await other.say("海淀区阜石路6号院门口有人乱停车堵了消防通道，今天早上")
    assert "附近可能已经有人反映" in words(replies)
    assert "联系电话" in words(await other.say("不是，继续提交"))


async def test_other_words_than_an_answer_go_where_they_belong(product: Product) -> None:
    resident, number = await report(product, STORY.replace("羊坊店路18号", "莲宝路3号"))
    await close(product, number)
    replies = await resident.say("剩菜剩饭应该扔哪个桶")
    assert "厨余" in words(replies)
    assert "问题解决了吗？" in words(await resident.say("联系过"))
    replies = await resident.say("呃呃呃")
    assert "没有听明白" in words(replies)
    assert "问题解决了吗？" in words(replies)
    replies = await resident.say("解决了")
    assert "满意吗" in words(replies)
    assert "意见记下了" in words(await resident.say("不满意，拖了半个月才来人修"))


async def test_a_question_nobody_answered_ends_in_time(product: Product) -> None:
    resident, number = await report(product, STORY.replace("羊坊店路18号", "莲花池东路12号"))
    await close(product, number)
    async with product.db.write() as session:
        query = select(CaseCallBackRow).where(CaseCallBackRow.case_number == number)
        (row,) = await session.scalars(query)
        row.due_at = row.created_at
    await product.surveys.expire()  # unless the worker of the product has just done it
    async with product.db.read() as session:
        assert await session.scalar(query.with_only_columns(CaseCallBackRow.status)) == EXPIRED
    assert "回访已经结束" in words(await resident.say("解决了"))
    assert (await product.cases.get(number)).status is CaseStatus.CLOSED


async def test_later_means_another_day(product: Product) -> None:
    resident, number = await report(product, STORY.replace("羊坊店路18号", "玉渊潭南路5号"))
    await close(product, number)
    assert "过一天再问" in words(await resident.say("以后再说"))


async def test_secrecy_is_understood_in_the_middle(product: Product) -> None:
    resident = await Resident.arrive(product)
    await resident.say("海淀区田村路9号一楼违章搭建，上周开始的")
    replies = await resident.say("要求保密，别告诉他们是我")
    assert "会保密" in words(replies)
    assert "联系电话" in words(replies)
    replies = await resident.say("13812345678")
    assert "处理单位看不到您的信息" in words(replies)
    replies = await resident.say("提交")
    case = next(reply.payload["case"] for reply in replies if reply.payload.get("case"))
    assert (await product.cases.get(case["case_number"])).confidential
