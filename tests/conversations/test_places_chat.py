"""Places in the chat and on the phone with the real assistant, on the shipped sample."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from conversations.models import SharedLocation
from hotline.app import Product
from hotline.audit import SYSTEM
from kb.place_files import Usual
from tests.assistant import Resident, assistant_settings, running_assistant

pytestmark = [pytest.mark.assistant, pytest.mark.asyncio(loop_scope="module")]

SAMPLE = Path(__file__).parent.parent.parent / "kb" / "data" / "places_sample.csv"
HERE = SharedLocation(39.9605, 116.4245, "")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    settings = assistant_settings(tmp_path_factory.mktemp("places"))
    async with running_assistant(settings) as running:
        preview = await running.places.preview(SAMPLE.name, SAMPLE.read_bytes(), Usual(), SYSTEM)
        await running.places.confirm(preview.id, SYSTEM)
        yield running


async def test_the_nearest_markets_come_as_cards(product: Product) -> None:
    resident = await Resident.arrive(product)
    asked = await resident.say("附近有菜市场吗")
    assert "位置" in asked[-1].text
    found = await resident.say("", location=HERE)
    cards = found[-1].payload["places"]
    assert [card["name"] for card in cards] == ["样例菜市场二", "样例菜市场一"]
    assert cards[0]["distance"] == "约 50 米"
    assert all(card["is_sample"] for card in cards)


async def test_by_place_words_and_none_there(product: Product) -> None:
    resident = await Resident.arrive(product)
    found = await resident.say("海淀区中关村街道哪里有卖早点的")
    assert found[-1].payload["places"][0]["name"] == "样例早餐点二"
    none = await resident.say("丰台区有菜市场吗")
    assert "还没有登记" in none[-1].text
    assert not none[-1].payload.get("places")


async def test_an_office_is_shown_where_one_is_registered(product: Product) -> None:
    resident = await Resident.arrive(product)
    found = await resident.say("海淀区中关村街道的城管执法队在哪儿")
    assert found[-1].payload["places"][0]["name"] == "样例街道综合行政执法队"


async def test_on_the_phone_one_sentence_and_the_offer_of_the_next(product: Product) -> None:
    resident = await Resident.arrive(product, channel="voice")
    first = await resident.say("东城区和平里街道有菜市场吗")
    assert "样例菜市场一" in first[-1].text
    assert first[-1].text.endswith("要听下一个吗？")
    second = await resident.say("要")
    assert "样例菜市场二" in second[-1].text
    assert "下一个" not in second[-1].text


async def test_the_offer_can_be_declined(product: Product) -> None:
    resident = await Resident.arrive(product, channel="voice")
    await resident.say("东城区和平里街道有菜市场吗")
    done = await resident.say("不用了")
    assert "样例" not in done[-1].text


async def test_when_all_are_shown_it_says_so_and_looks_elsewhere(product: Product) -> None:
    resident = await Resident.arrive(product)
    await resident.say("东城区和平里街道有菜市场吗")
    for more in ("还有别的吗", "再来几个", "远一点的也行"):
        told = (await resident.say(more))[-1]
        assert "就是这些" in told.text, more
        assert {button["title"] for button in told.payload["buttons"]} == {"换个区", "转人工"}
    asked = await resident.say("换个区")
    assert "哪个区" in asked[-1].text
    found = await resident.say("海淀区")
    assert [card["name"] for card in found[-1].payload["places"]] == ["样例菜市场三"]
    breakfast = await resident.say("那附近有卖早点的吗")
    assert [card["name"] for card in breakfast[-1].payload["places"]] == ["样例早餐点二"]


async def test_a_bare_district_after_an_answer_is_looked_up(product: Product) -> None:
    resident = await Resident.arrive(product)
    none = await resident.say("丰台区有菜市场吗")
    assert "还没有登记" in none[-1].text
    assert "还没有登记" in (await resident.say("朝阳区"))[-1].text
    found = await resident.say("东城区")
    assert len(found[-1].payload["places"]) == 2


async def test_after_an_answer_any_other_matter_goes_its_way(product: Product) -> None:
    resident = await Resident.arrive(product)
    await resident.say("东城区和平里街道有菜市场吗")
    policy = await resident.say("遛狗不拴绳罚多少钱")
    assert policy[-1].payload["citations"]
    await resident.say("东城区和平里街道有菜市场吗")
    report = await resident.say("海淀区中关村大街1号门口有人占道摆摊卖水果")
    assert "哪个区、哪个街道" not in report[-1].text
    assert not report[-1].payload.get("places")


@pytest.mark.parametrize("wrong", ["这个市场早就拆了", "电话不对"])
async def test_what_is_wrong_about_a_place_just_shown_reaches_the_review_list(
    product: Product, wrong: str
) -> None:
    resident = await Resident.arrive(product)
    await resident.say("海淀区中关村街道有菜市场吗")
    asked = await resident.say(wrong)
    assert "联系电话" in asked[-1].text
    checked = (await resident.say("匿名"))[-1].text
    assert "关于：样例菜市场三" in checked
    assert wrong in checked
    assert "时间：" not in checked
    await resident.say("提交")
    newest = (await product.editorial.corrections.listed())[0][-1]
    assert (newest.subject, newest.title, newest.words) == ("place", "样例菜市场三", wrong)
    assert newest.shown["address"] == "样例路3号（虚构地址）"
    known = product.places.get(int(newest.subject_key))
    assert known is not None
    assert newest.version == known.version > 0


async def test_which_of_several_places_is_wrong_is_asked_once(product: Product) -> None:
    resident = await Resident.arrive(product)
    await resident.say("东城区和平里街道有菜市场吗")
    which = (await resident.say("这个市场现在早就拆了"))[-1]
    names = [button["title"] for button in which.payload["buttons"]]
    assert names == ["样例菜市场一", "样例菜市场二", "取消"]
    await resident.say("第二个")
    checked = (await resident.say("匿名"))[-1].text
    assert "关于：样例菜市场二" in checked
    assert "这个市场现在早就拆了" in checked
    assert "时间：" not in checked
