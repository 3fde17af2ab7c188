"""Which of the times and places of a letter are those of its trouble."""

from __future__ import annotations

from cases.draft import Reading
from cases.placing import place_of
from cases.story import time_of
from tests.unit.test_mending import entity

CITY = {"district": "朝阳区", "district_code": "110105"}
LETTER = (
    "您好，我在海淀区中关村大街27号上班，来北京十五年了，2016年在双井富力城买的房，从来没给政府添过麻烦。"
    "去年百子湾那边也有类似的事，后来恢复了，大家都很高兴。"
    "今年5月1号开始，双井富力城A区12号楼前的绿地被占了改成停车位，每天有人来收费，占得满满的没人管。"
    "我找过物业，也找过居委会，都说不归他们管，让我打这个电话。"
    "我白天开会，每天中午十二点到一点可以接电话，别的时间接不了，请谅解，谢谢您了。"
)
OFFICE = entity("location", "海淀区中关村大街27号", road="中关村大街", number="27号", **CITY)
ESTATE = entity("location", "双井富力城A区12号楼", number="12号楼", **CITY)
TIMES = tuple(
    entity("time", words, kind=kind)
    for words, kind in (
        ("2016年", "span"), ("去年", "span"), ("今年5月1号开始", "span"), ("每天", "habit"),
        ("每天中午十二点到一点", "habit"),
    )
)  # fmt: skip


def test_the_place_is_where_the_trouble_is_told_not_where_he_works() -> None:
    place = place_of(Reading(LETTER, "report_case", 0.9, (), (OFFICE, ESTATE)))
    assert place is not None
    assert place["raw_text"] == "双井富力城A区12号楼"


def test_the_time_is_of_the_sentence_that_tells_the_trouble() -> None:
    times = tuple(item for item in TIMES if item["text"] != "每天")
    assert time_of(Reading(LETTER, "report_case", 0.9, (), times)) == "今年5月1号开始"


def test_no_time_is_better_than_that_of_his_own_life() -> None:
    times = tuple(item for item in TIMES if item["text"] in ("2016年", "每天中午十二点到一点"))
    assert time_of(Reading(LETTER, "report_case", 0.9, (), times)) is None
