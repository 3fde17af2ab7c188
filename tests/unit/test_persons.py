"""People and firms a message names."""

from __future__ import annotations

import pytest

from bot.language.persons import read_persons
from tests.unit.readers import read_entities, segmenter


def persons(text: str) -> list[str]:
    return [person.value for person in read_persons(text, segmenter().cut(text), segmenter())]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("我姓张", "张"),
        ("免贵姓欧阳", "欧阳"),
        ("楼上李阿姨家", "李阿姨"),
        ("小区里王师傅", "王师傅"),
        ("联系人：赵敏，电话", "赵敏"),
        ("我叫李伟住在望京", "李伟"),
        ("物业刘经理态度差", "刘经理"),
        ("向王队长反映", "王队长"),
        ("黄某某", "黄某某"),
    ],
)
def test_finds_people(said: str, name: str) -> None:
    assert persons(said) == [name]


@pytest.mark.parametrize(
    "said", ["司机师傅", "任何老板", "时候老师", "高总是吵", "于是老师说", "江边大爷"]
)
def test_everyday_words_are_no_surnames(said: str) -> None:
    assert persons(said) == []


@pytest.mark.parametrize(
    ("said", "name", "kind"),
    [
        ("老王烧烤店太吵", "老王烧烤店", "shop"),
        ("隔壁老李饭店油烟", "老李饭店", "shop"),
        ("顺达物业公司不管", "顺达物业公司", "company"),
    ],
)
def test_finds_firms(said: str, name: str, kind: str) -> None:
    (firm,) = [entity for entity in read_entities(said) if entity.entity == "organisation"]
    assert (firm.value, firm.data["kind"]) == (name, kind)
