"""What is said after an urgent case: a question, the end of it, or one thing more."""

from __future__ import annotations

import pytest

from actions.after_danger import _choose_answer
from actions.same_place import _SAME
from bot.language import answers
from bot.language.all_clear import denies_danger, is_all_clear, is_over
from bot.language.emergency import detect_emergency
from bot.language.insults import is_annoyed
from bot.language.settle import complains_of_staff
from cases.afterwards import new_phone, urges
from cases.draft import Draft, Reading, Slot
from cases.telling import advance
from tests.unit.test_telling import entity


@pytest.mark.parametrize(
    "words", ["有人来吗", "你们派人来吗", "大概多久能来人", "will someone come?"]
)
def test_who_asks_whether_help_comes_is_told_who_sends_it(words: str) -> None:
    assert _choose_answer(words) == "utter_urgent_who_comes"


@pytest.mark.parametrize("words", ["现在我该怎么办", "还能回去拿东西吗", "现在我干嘛呀"])
def test_who_asks_what_to_do_is_told_to_keep_away(words: str) -> None:
    assert _choose_answer(words) == "utter_urgent_what_to_do"


@pytest.mark.parametrize(
    "words",
    [
        "有人拿刀来了",
        "又有车撞了来不及躲",
        "门口有人来摆摊",
        "几点到几点不能施工",
        "什么时候来暖气",
    ],
)
def test_what_only_sounds_like_these_is_no_such_question(words: str) -> None:
    assert _choose_answer(words) is None


@pytest.mark.parametrize(
    "words", ["火灭了 谢谢", "人都救出来了", "大爷自己爬出来了", "没着火，看错了"]
)
def test_the_end_of_a_danger_is_heard(words: str) -> None:
    assert is_over(words)


@pytest.mark.parametrize(
    "words",
    [
        "120来了吗",
        "火已经灭了吗",
        "我没事，我老公腿断了",
        "看错了门牌，是5号楼",
        "我自己出来了，我爸在里面",
        "没有人受伤，还在烧",
        "人还没醒",
    ],
)
def test_a_question_or_half_of_it_is_no_end(words: str) -> None:
    assert not is_over(words)


@pytest.mark.parametrize("words", ["煤气罐炸了", "热水器炸了", "电动车在我家炸了", "有人被炸了腿"])
def test_what_has_blown_up_is_a_fire(words: str) -> None:
    assert detect_emergency(words) == "fire"


@pytest.mark.parametrize("words", ["着火了，119来了没有", "我妈晕倒了，醒了说胸口疼"])
def test_help_on_its_way_is_no_all_clear(words: str) -> None:
    assert not is_all_clear(words)


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("还是那个地方", True),
        ("就刚才那个楼", True),
        ("同一条路上", True),
        ("刚才小区里有人打架", False),
        ("刚才楼上掉下来东西", False),
    ],
)
def test_who_points_back_is_told_from_who_tells_the_time(words: str, same: bool) -> None:
    assert (_SAME.search(words) is not None) is same


@pytest.mark.parametrize(
    ("words", "mine"),
    [
        ("13812345678", True),
        ("电话13812345678", True),
        ("我的电话是13812345678，刚才忘了", True),
        ("车上留的挪车电话13812345678", False),
        ("邻居电话13812345678，你问他", False),
    ],
)
def test_only_his_own_number_becomes_that_of_the_case(words: str, mine: bool) -> None:
    said = Reading(words, entities=(entity("phone", "13812345678"),))
    assert (new_phone(said) is not None) is mine


@pytest.mark.parametrize("words", ["催一下", "怎么还没人来啊都急死了", "能快点不", "尽快处理"])
def test_who_is_in_a_hurry_is_heard(words: str) -> None:
    assert urges(words)


@pytest.mark.parametrize(
    "words", ["小广告归城管管吗", "报告城管，有人摆摊", "超市工作人员把货横在路上", "城管横幅掉了"]
)
def test_what_only_names_the_staff_is_no_complaint_of_them(words: str) -> None:
    assert not complains_of_staff(words)


@pytest.mark.parametrize("words", ["供热电话没人接", "垃圾堆着没人理我们", "找电视台对面的公厕"])
def test_a_short_report_is_no_ill_temper(words: str) -> None:
    assert not is_annoyed(words)


@pytest.mark.parametrize(
    "words",
    [
        "门牌看错了，是12号",
        "你听错了，是真的",
        "你们搞错了，人还躺着呢",
        "没夸张，真的快不行",
        "不是误会",
        "我没事，是我邻居",
        "火灭了，人没出来",
        "救上来了一个，另一个没有",
        "火被扑灭了一半",
    ],
)
def test_who_mends_an_address_or_misses_somebody_is_still_in_danger(words: str) -> None:
    assert not denies_danger(words)
    assert not is_over(words)


def test_a_mended_address_keeps_the_fire() -> None:
    fire = Draft(kind="求助", description="我家着火了", emergency="fire")
    outcome = advance(fire, Slot.LOCATION, Reading("你弄错了，我在朝阳不在海淀", "inform", 0.9))
    assert outcome.draft.emergency == "fire"


@pytest.mark.parametrize(
    "words", ["楼下煤气炸了", "我家天然气炸了", "屋里头煤气罐炸了", "购物中心里起火了"]
)
def test_an_explosion_of_gas_is_a_fire(words: str) -> None:
    assert detect_emergency(words) == "fire"


@pytest.mark.parametrize(
    "words", ["我报警了，火越来越大", "打了119，占线打不通", "已经报警了，他还在砸门"]
)
def test_what_follows_the_call_for_help_is_no_place(words: str) -> None:
    fire = Draft(kind="求助", description="着火了", emergency="fire")
    draft = advance(fire, Slot.LOCATION, Reading(words, "inform", 0.9)).draft
    assert draft.location is None
    assert draft.description == f"着火了\n{words}"


@pytest.mark.parametrize("words", ["不要撤单", "别取消工单", "我不想撤回", "不用撤了"])
def test_who_wants_it_kept_does_not_take_it_back(words: str) -> None:
    assert not answers.takes_back_case(words)


@pytest.mark.parametrize("words", ["居住证怎么办", "狗证怎么办理", "那我该怎么交罚款"])
def test_how_papers_are_had_is_no_question_in_danger(words: str) -> None:
    assert _choose_answer(words) is None
