"""Told in pieces: what answers no question is kept as part of the matter, and talk is not."""

from __future__ import annotations

import pytest

from bot.language import answers
from bot.language.emergency import detect_emergency
from bot.language.insults import is_annoyed
from bot.language.parts import _cut_at_markers
from bot.language.settle import complains_of_staff
from cases.categories import UNSORTED
from cases.draft import Detour, Draft, Outcome, Reading, Slot
from cases.filling import read_landline
from cases.models import CaseKind
from cases.story import time_of
from cases.telling import advance, begin
from conversations.emergencies import EMERGENCY_ADVICE, advise
from tests.unit.test_telling import entity

SMOKE = (("06029", "露天烧烤", 0.9),)
STALL = Draft(
    kind=CaseKind.COMPLAINT.value,
    description="那个卖烧烤的",
    category="06029",
    location={"raw_text": "望京西园三区", "district": "朝阳区", "district_code": "110105"},
    place_settled=True,
)


def hear(asked: Slot, text: str, intent: str = "inform", draft: Draft = STALL) -> Outcome:
    return advance(draft, asked, Reading(text, intent, 0.7))


@pytest.mark.parametrize("asked", [Slot.OCCURRED, Slot.CONTACT])
def test_a_piece_of_the_story_is_kept_whatever_was_asked(asked: Slot) -> None:
    outcome = hear(asked, "又来了", "report_case")
    assert outcome.draft.description == "那个卖烧烤的\n又来了"
    assert outcome.draft.occurred is None
    assert not outcome.missed
    again = hear(asked, "熏得我开不了窗", "report_case", outcome.draft)
    assert (again.draft.description or "").endswith("熏得我开不了窗")


def test_what_is_asked_twice_in_vain_is_left_open() -> None:
    first = hear(Slot.OCCURRED, "又来了", "report_case")
    assert hear(Slot.OCCURRED, "卖烧烤的", "inform", first.draft).draft.occurred == "未说明"


@pytest.mark.parametrize("words", ["你们是死人吗", "好的", "嗯", "傻逼"])
def test_talk_is_no_part_of_it(words: str) -> None:
    assert hear(Slot.CONTACT, words, "chitchat").draft.description == "那个卖烧烤的"


@pytest.mark.parametrize(
    ("words", "times"), [("天天下班点儿", ("天天",)), ("一直这样", ()), ("每天", ("每天",))]
)
def test_a_time_is_no_place(words: str, times: tuple[str, ...]) -> None:
    nowhere = Draft(kind=CaseKind.COMPLAINT.value, description="把路堵死了", category="06029")
    items = tuple(entity("time", each) for each in times)
    for draft in (nowhere, advance(nowhere, Slot.LOCATION, Reading("嗯", "chitchat", 0.9)).draft):
        outcome = advance(draft, Slot.LOCATION, Reading(words, "inform", 0.9, entities=items))
        assert outcome.draft.location is None


def test_what_is_being_sold_is_no_place() -> None:
    nowhere = Draft(kind=CaseKind.COMPLAINT.value, description="又来了", category="06029")
    outcome = advance(nowhere, Slot.LOCATION, Reading("卖烧烤的", "inform", 0.9, SMOKE))
    assert outcome.draft.location is None
    assert outcome.draft.description == "又来了\n卖烧烤的"


def summary() -> Draft:
    return Draft(
        kind=STALL.kind,
        description="时间：路灯",
        category="99999",
        location=STALL.location,
        place_settled=True,
        occurred="昨天",
        anonymous=True,
    )


def test_what_he_meant_is_told_at_the_summary() -> None:
    lamp = (("01037", "路灯", 0.9),)
    said = Reading("我说的是路灯不亮", "report_case", 0.9, lamp)
    outcome = advance(summary(), Slot.CONFIRMED, said)
    assert outcome.draft.category == "01037"
    assert (outcome.draft.description or "").endswith("路灯不亮")
    mended = advance(summary(), Slot.CONFIRMED, Reading("不对，是三盏", "deny", 0.6))
    assert (mended.draft.description or "").endswith("（更正：三盏）")


def test_irony_is_no_praise_when_the_trouble_follows() -> None:
    praise = Draft(kind=CaseKind.PRAISE.value, description="呵呵 城管真辛苦")
    said = Reading("占道摆摊的都快摆到我家床上了", "report_case", 0.9, SMOKE)
    outcome = advance(praise, Slot.LOCATION, said)
    assert outcome.draft.kind == CaseKind.COMPLAINT.value
    assert outcome.draft.description == "呵呵 城管真辛苦\n占道摆摊的都快摆到我家床上了"


@pytest.mark.parametrize("words", ["我已经报警了", "刚打了120", "叫了救护车"])
def test_that_help_was_called_is_no_question_for_a_case(words: str) -> None:
    fire = Draft(kind=CaseKind.HELP.value, description="着火了", emergency="fire")
    outcome = advance(fire, Slot.LOCATION, Reading(words, "check_case", 0.9))
    assert outcome.detour is None
    assert outcome.draft.description == f"着火了\n{words}"


def test_hand_in_leaves_open_what_was_not_told() -> None:
    outcome = hear(Slot.OCCURRED, "提交", "affirm")
    assert outcome.draft.occurred == "未说明"
    assert hear(Slot.CONTACT, "直接提交", "affirm", outcome.draft).draft.anonymous


def test_a_second_matter_is_kept_for_later() -> None:
    parking = (("06067", "违规停放", 0.9),)
    said = Reading("另外小区门口还有人乱停车", "report_case", 0.9, parking)
    assert advance(STALL, Slot.CONTACT, said).detour is Detour.ANOTHER
    same = Reading("另外他们还把桌子摆出来", "report_case", 0.9, SMOKE)
    assert advance(STALL, Slot.CONTACT, same).detour is None


@pytest.mark.parametrize("words", ["我不告他了", "不追究了", "算了算了"])
def test_mercy_is_giving_up(words: str) -> None:
    assert answers.is_cancel(words)


def test_a_number_not_wanted_is_refused() -> None:
    assert answers.refuses_contact("不要电话 我怕他知道")


@pytest.mark.parametrize("words", ["我要上抖音曝光你们", "打了八百遍电话了", "再不管我找电视台去"])
def test_fed_up_is_heard(words: str) -> None:
    assert is_annoyed(words)


@pytest.mark.parametrize("words", ["老人不小心摔倒在没盖的井里了", "井盖没了，老人掉下去了"])
def test_who_fell_into_a_manhole_is_in_danger(words: str) -> None:
    assert detect_emergency(words) == "rescue"


@pytest.mark.parametrize("words", ["怕老人掉到井里", "小孩差点掉下去", "手机掉井里了"])
def test_who_might_fall_is_not(words: str) -> None:
    assert detect_emergency(words) is None


def test_three_spoken_matters_are_three() -> None:
    text = "三件事 一 路灯不亮 二 楼下烧烤冒烟 三 有人乱贴小广告"
    assert [each.text for each in _cut_at_markers(text)] == [
        "路灯不亮",
        "楼下烧烤冒烟",
        "有人乱贴小广告",
    ]


@pytest.mark.parametrize("danger", sorted(EMERGENCY_ADVICE))
def test_a_foreigner_is_told_in_english_as_well(danger: str) -> None:
    chinese = EMERGENCY_ADVICE[danger]
    assert advise(danger, "救命") == chinese
    english, _, rest = advise(danger, "help, please help us now").partition("\n")
    assert rest == chinese
    assert english.isascii() or "“agent”" in english


def test_when_he_can_be_called_is_not_when_it_happens() -> None:
    text = "天天堆垃圾，下午三点以后再给我打电话"
    times = (entity("time", "天天"), entity("time", "下午三点以后"))
    assert time_of(Reading(text, entities=times)) == "天天"
    slip = Reading("刚才我说错了，是西里", entities=(entity("time", "刚才"),))
    assert time_of(slip) is None


def test_a_person_sorts_what_he_does_not_choose() -> None:
    asked = Draft(
        kind=STALL.kind, description="路灯", offered=(("01037", "路灯异常"), ("02014", "信号灯"))
    )
    for words in ("提交", "好的"):
        outcome = advance(asked, Slot.CATEGORY, Reading(words, "affirm", 0.9))
        assert outcome.draft.category == UNSORTED


def test_an_alarm_taken_back_leaves_the_trouble() -> None:
    alarm = Draft(kind=CaseKind.HELP.value, description="楼上跳绳太吵", emergency="fire")
    said = Reading("没着火，我是说吵得慌", "correct_slot", 0.9)
    outcome = advance(alarm, Slot.LOCATION, said)
    assert outcome.detour is Detour.NO_DANGER
    assert outcome.draft.description == "楼上跳绳太吵"
    assert outcome.draft.emergency is None


@pytest.mark.parametrize(
    "words",
    ["城管队员态度恶劣，骂我爸", "我要投诉你们", "举报执法队员", "工作人员动手推我母亲"],
)
def test_who_complains_of_staff_is_heard(words: str) -> None:
    assert complains_of_staff(words)


@pytest.mark.parametrize("words", ["城管打人找谁投诉", "投诉你们管不管用", "城管电话是多少"])
def test_who_asks_about_staff_is_not_complaining(words: str) -> None:
    assert not complains_of_staff(words)


def test_digits_scattered_in_a_sentence_are_no_telephone() -> None:
    text = "下午三点多，编号是0123456"
    assert read_landline(text) is None
    assert read_landline("67891234") == "67891234"


@pytest.mark.parametrize("words", ["我快炸了", "吵得我要炸了", "业主群炸了锅"])
def test_who_is_furious_is_not_on_fire(words: str) -> None:
    assert detect_emergency(words) is None


@pytest.mark.parametrize("words", ["不撤了", "别撤了", "那就先不撤单"])
def test_who_leaves_it_takes_nothing_back(words: str) -> None:
    assert not answers.takes_back_case(words)


def test_a_story_may_end_with_the_refusal_of_a_number() -> None:
    told = Reading("知春路48号井盖没了，昨天，不留电话", "report_case", 0.9)
    assert begin(told, CaseKind.COMPLAINT).draft.anonymous
    theirs = Reading("店家给我电话不留票，天天这样", "report_case", 0.9)
    assert not begin(theirs, CaseKind.COMPLAINT).draft.anonymous


def test_a_clock_told_later_joins_its_day() -> None:
    nowhere = Draft(kind=STALL.kind, description="推人", category="99999", occurred="昨天")
    items = (
        {**entity("location", "海淀区苏州街"), "data": {"district": "海淀区"}},
        entity("time", "下午三点多"),
    )
    said = Reading("海淀区苏州街，下午三点多，编号是0123456", "inform", 0.9, entities=items)
    draft = advance(nowhere, Slot.LOCATION, said).draft
    assert draft.occurred == "昨天下午三点多"
    assert (draft.description or "").endswith("编号是0123456")
    assert draft.phone is None


@pytest.mark.parametrize("words", ["昨晚开始的，物业不给修", "店家不给发票"])
def test_what_others_refuse_is_no_refusal_of_a_number(words: str) -> None:
    said = Reading(words, "inform", 0.9, entities=(entity("time", "昨晚"),))
    assert not advance(STALL, Slot.OCCURRED, said).draft.anonymous


def test_a_mistyped_number_is_asked_again_and_not_written_down() -> None:
    outcome = hear(Slot.CONTACT, "我电话1381234567")
    assert outcome.missed
    assert outcome.draft.description == "那个卖烧烤的"


def test_who_has_called_help_may_say_where() -> None:
    fire = Draft(kind=CaseKind.HELP.value, description="着火了", emergency="fire")
    said = advance(fire, Slot.LOCATION, Reading("报警了，就在村口小卖部", "inform", 0.9))
    assert (said.draft.location or {})["raw_text"] == "村口小卖部"
    human = advance(fire, Slot.LOCATION, Reading("已经打了119，给我转人工", "request_human", 0.9))
    assert human.detour is Detour.HUMAN
    far = Reading("怎么打电话都没人接，在北太平庄路3号", "inform", 0.9)
    assert advance(fire, Slot.LOCATION, far).detour is not Detour.WHY_CONTACT


@pytest.mark.parametrize("words", ["那我要投诉", "那就举报吧", "那我要反映个问题"])
def test_a_wish_behind_a_question_is_no_story(words: str) -> None:
    draft = begin(Reading(words, "report_case", 0.9), CaseKind.COMPLAINT).draft
    assert draft.description is None
