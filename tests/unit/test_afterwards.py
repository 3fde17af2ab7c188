"""What is said after a case was filed: a slip in it, news of it, please hurry, and none of these."""

from __future__ import annotations

import pytest

from cases.afterwards import (
    asks_when,
    hurries,
    new_time,
    refers_back,
    says_nothing_new,
    says_slip,
    tells_of_change,
)
from cases.draft import Reading
from tests.unit.test_mending import entity

CRACKS = (("06008", "私搭乱建", 0.9),)


@pytest.mark.parametrize(
    "words", ["没人来", "还是没解决", "催一下", "还没修", "都说没解决了", "你们快点行不行"]
)
def test_who_waits_is_heard(words: str) -> None:
    assert hurries(words)


@pytest.mark.parametrize("words", ["没人受伤", "门口没人打扫卫生", "解决了吗", "有没有人来过"])
def test_who_tells_or_asks_something_else_does_not_hurry(words: str) -> None:
    assert not hurries(words)


@pytest.mark.parametrize(
    "words", ["今晚能来吗", "还要多久", "什么时候有人管", "How long will it take?"]
)
def test_a_question_when_is_heard(words: str) -> None:
    assert asks_when(words)


@pytest.mark.parametrize("words", ["烟更大了", "好像烟小了", "又来了", "已经修好了", "现在没扔了"])
def test_news_of_the_same_is_no_new_matter(words: str) -> None:
    assert tells_of_change(Reading(words, "report_case", 0.9, CRACKS))


def test_news_with_a_place_of_its_own_is_a_new_matter() -> None:
    place = entity("location", "右安门外大街", road="右安门外大街")
    assert not tells_of_change(Reading("右安门外大街的坑更大了", "report_case", 0.9, (), (place,)))


def test_who_points_back_means_the_case_just_filed() -> None:
    assert refers_back("不是新的事，就是刚才那个树")
    assert not refers_back("还是那个地方，还有人堆破烂儿")


def test_what_names_no_matter_belongs_to_the_one_told_before() -> None:
    vague = (("06028", "噪声扰民", 0.2),)
    assert says_nothing_new(Reading("刚刮完大风", "report_case", 0.9, vague))
    assert not says_nothing_new(Reading("楼下有人盖房", "report_case", 0.9, CRACKS))
    assert not says_nothing_new(Reading("我要投诉", "report_case", 0.9, vague))


@pytest.mark.parametrize(
    "words", ["地址写错了，是建国路89号", "不是52号，是61号", "其实在知春路8号"]
)
def test_a_slip_in_the_place_is_heard(words: str) -> None:
    assert says_slip(words)


def test_a_slip_in_the_time_gives_the_new_one() -> None:
    times = entity("time", "前天", kind="point"), entity("time", "昨天", kind="point")
    slip = Reading("时间说错了，是前天，不是昨天", "correct_slot", 0.9, (), times)
    assert new_time(slip) == "前天"
    told = Reading("昨天他们又摆出来了", "report_case", 0.9, (), times[1:])
    assert new_time(told) is None
