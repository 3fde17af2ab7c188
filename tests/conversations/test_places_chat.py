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
