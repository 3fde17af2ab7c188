"""What people say in the middle of a report: slips mended, refusals, questions, second thoughts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.language import answers
from bot.language.all_clear import denies_danger
from bot.language.emergency import is_about_another
from bot.language.models import Intent
from bot.language.settle import settle_intents
from cases.draft import Detour, Draft, Reading, Slot
from cases.models import CaseKind
from cases.placing import move_place
from cases.story import own_phone, tell_story, time_of
from cases.telling import advance, begin, speaks_of_form
from tests.unit.test_telling import entity, full_story, say, told


def phones(text: str, *numbers: str) -> Reading:
    return Reading(text, entities=tuple(entity("phone", number) for number in numbers))


@pytest.mark.parametrize(
    "text",
    [
        "15901112233 不对 15901112238",
        "15901112233，哦不，15901112238",
        "15901112233错了15901112238",
    ],
)
def test_of_two_numbers_the_one_that_mends_the_other_counts(text: str) -> None:
    reading = phones(text, "15901112233", "15901112238")
    assert own_phone(reading) == "15901112238"
    assert tell_story(reading) == ""


def test_the_first_of_two_numbers_that_both_stand_is_his() -> None:
    assert (
        own_phone(phones("15901112233 或者 15901112238", "15901112233", "15901112238"))
        == "15901112233"
    )


@pytest.mark.parametrize(
    ("text", "times", "meant"),
    [
        ("就昨儿个，呃不，前儿个", ("昨儿个", "前儿个"), "前儿个"),
        ("昨天晚上，不对前天晚上", ("昨天晚上", "前天晚上"), "前天晚上"),
        ("昨天晚上，前天也有", ("昨天晚上", "前天"), "昨天晚上"),
    ],
)
def test_of_two_times_the_one_that_mends_the_other_counts(
    text: str, times: tuple[str, ...], meant: str
) -> None:
    assert time_of(Reading(text, entities=tuple(entity("time", each) for each in times))) == meant


@pytest.mark.parametrize(
    "words",
    [
        "不留，我怕他们知道",
        "电话就不留了吧",
        "我说了不留",
        "没电话，老伴儿管电话的",
        "没号码，要号码干啥",
        "不用回电",
    ],
)
def test_a_number_may_be_refused_in_any_words(words: str) -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    outcome = say(draft, words)
    assert outcome.draft.anonymous
    assert outcome.draft.missing() is Slot.CONFIRMED


@pytest.mark.parametrize(
    "words", ["为什么非要电话？不给行不行", "你先回答我要电话干什么用", "凭什么给你电话"]
)
def test_who_asks_what_the_number_is_for_is_told(words: str) -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    outcome = say(draft, words)
    assert outcome.detour is Detour.WHY_CONTACT
    assert outcome.draft.missing() is Slot.CONTACT


@pytest.mark.parametrize(
    "words",
    [
        "取消吧 烦死了",
        "取消 不报了",
        "不提交了，算了",
        "取消吧，不投诉了，谢谢你陪我",
        "不是登记",
        "算了不想报了",
        "取消取消",
    ],
)
def test_giving_up_is_understood_with_what_is_said_beside_it(words: str) -> None:
    assert say(told(), words).detour is Detour.CANCEL


@pytest.mark.parametrize(
    "words", ["算了提交吧", "算了时间还是昨天晚上七点吧", "取消了吗", "不是我是说井盖"]
)
def test_what_only_sounds_like_giving_up_is_none(words: str) -> None:
    assert not answers.is_cancel(words)


@pytest.mark.parametrize(
    "words",
    ["yes submit it", "提交吧，辛苦了", "行了行了就这样吧，提交。要是还没人来我找谁", "交呗"],
)
def test_hand_in_is_heard_among_other_words(words: str) -> None:
    assert say(told(), words).draft.confirmed


@pytest.mark.parametrize("words", ["先别提交，地点不对", "内容里的电话删了，提交", "不提交"])
def test_a_doubt_beside_it_is_no_handing_in(words: str) -> None:
    assert not say(told(), words).draft.confirmed


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("你们办事就是这么磨蹭", "chitchat"),
        ("你就不会说句人话吗", "out_of_scope"),
        ("内容里怎么少了一半", "report_case"),
    ],
)
def test_scolding_is_no_part_of_the_case(words: str, intent: str) -> None:
    before = told()
    assert say(before, words, intent, confidence=0.6).draft.description == before.description


def test_his_own_words_stay_when_the_time_changes() -> None:
    wife = begin(
        Reading(
            "我老伴儿上个月没了，楼道堆满了杂物",
            "report_case",
            entities=(entity("time", "上个月"),),
        ),
        CaseKind.COMPLAINT,
    ).draft
    asked = wife.without(Slot.OCCURRED)
    told_again = advance(
        asked, Slot.OCCURRED, Reading("一年多了", entities=(entity("time", "一年多了"),))
    )
    story = told_again.draft.description or ""
    assert story.startswith("我老伴儿上个月没了，楼道堆满了杂物")
    assert story.endswith("（时间更正为：一年多了）")


@pytest.mark.parametrize(
    ("said", "place", "kept"),
    [
        ("就在幸福路27号对面的胡同里", "幸福路27号", "幸福路27号对面的胡同里"),
        ("地方是大兴黄村西大街，跟我家挨着，别把我家写上", "大兴黄村西大街", "大兴黄村西大街"),
        (
            "你就不会说句人话吗。朝阳区双桥东路这边，一个工地门口",
            "朝阳区双桥东路",
            "朝阳区双桥东路这边，一个工地门口",
        ),
        ("幸福路，天天晚上，电话13700001111", "幸福路", "幸福路"),
    ],
)
def test_a_place_is_kept_without_the_talk_around_it(said: str, place: str, kept: str) -> None:
    draft = replace(begin(full_story(), CaseKind.COMPLAINT).draft, location=None)
    outcome = say(
        draft, said, entities=(entity("location", place, district_code="110108", road=place),)
    )
    assert (outcome.draft.location or {})["raw_text"] == kept


def urgent(before: Draft) -> Draft:
    return advance(before, Slot.CONTACT, Reading("着火了", "report_case", emergency="fire")).draft


@pytest.mark.parametrize(
    "words", ["没着火，弄错了", "不是火！我说的是垃圾桶", "我没事，没受伤", "是打桩不是打人"]
)
def test_danger_taken_back_brings_the_report_back(words: str) -> None:
    before = begin(full_story(), CaseKind.COMPLAINT).draft
    outcome = advance(urgent(before), Slot.LOCATION, Reading(words, "report_case"))
    assert outcome.detour is Detour.NO_DANGER
    assert outcome.draft == before


def test_danger_taken_back_at_once_leaves_nothing() -> None:
    draft = begin(Reading("着火了", "report_case", emergency="fire"), CaseKind.HELP).draft
    outcome = advance(draft, Slot.LOCATION, Reading("弄错了", "deny"))
    assert (outcome.detour, outcome.draft.description) == (Detour.NO_DANGER, None)


@pytest.mark.parametrize(
    "words",
    [
        "没人受伤，但是楼塌了",
        "不是着火，是煤气漏了",
        "不是闹着玩的",
        "没着火之前是好的，现在着火了",
        "火没灭",
    ],
)
def test_a_danger_that_remains_is_not_taken_back(words: str) -> None:
    assert not denies_danger(words)


@pytest.mark.parametrize(
    ("words", "another"),
    [
        ("有个男的站我们对面楼顶上，要跳楼", True),
        ("有人跳楼了", True),
        ("他跳下来了", True),
        ("我不想活了，我从这楼上跳下去算了", False),
        ("活着没意思", False),
    ],
)
def test_somebody_else_on_the_roof_is_told_apart(words: str, another: bool) -> None:
    assert is_about_another(words) is another


@pytest.mark.parametrize(
    "words", ["我要撤单", "撤回这个工单", "能撤吗", "那个工单取消吧", "今儿有人清了，不用来了"]
)
def test_taking_back_a_filed_case_is_heard(words: str) -> None:
    assert answers.takes_back_case(words)


@pytest.mark.parametrize(
    "words", ["渣土车偷偷撤走了一半，路上全是泥，你们快来看看吧", "摊子刚撤，又来了"]
)
def test_what_only_has_the_word_is_no_taking_back(words: str) -> None:
    assert not answers.takes_back_case(words)


def test_a_part_of_a_place_narrows_what_was_told() -> None:
    estate = entity("location", "顺义区港馨家园", district_code="110113", landmark="港馨家园")
    draft = begin(full_story(entities=(estate,)), CaseKind.COMPLAINT).draft
    for part in ("东区", "3号楼后面"):
        draft = move_place(draft, {"raw_text": part})
    assert (draft.location or {})["raw_text"] == "顺义区港馨家园东区3号楼后面"


def test_what_is_told_beside_the_item_that_is_wrong_is_taken_too() -> None:
    place = entity("location", "松榆东里12号楼", district_code="110105", number="12号楼")
    words = "地点不对，是松榆东里12号楼，时间是上周六"
    draft = say(told(), words, "correct_slot", entities=(place, entity("time", "上周六"))).draft
    assert (draft.location or {})["raw_text"] == "松榆东里12号楼"
    assert draft.occurred == "上周六"


@pytest.mark.parametrize("words", ["不是建议，是投诉", "你听不出来反话？我这是投诉！"])
def test_praise_that_was_none_becomes_a_complaint(words: str) -> None:
    praise = begin(full_story(intent="give_praise"), CaseKind.PRAISE).draft
    outcome = say(replace(praise, anonymous=True), words)
    assert outcome.draft.kind == CaseKind.COMPLAINT.value
    assert outcome.draft.description == praise.description


@pytest.mark.parametrize("words", ["电话不给 你们先答我要电话干啥", "把那几个字去了，交"])
def test_a_danger_heard_in_what_is_said_of_the_form_is_none(words: str) -> None:
    asked = begin(full_story(), CaseKind.COMPLAINT).draft
    assert speaks_of_form(asked, Reading(words, "report_case", emergency="rescue"))
    assert not speaks_of_form(asked, Reading("电话不说了，着火了", "report_case", emergency="fire"))


@pytest.mark.parametrize(
    "words",
    [
        "对了，水管还漏着呢，打电话给物业不管",
        "还有，路灯少了两盏，井盖也丢了",
        "他们半夜这个时间还在卸货",
    ],
)
def test_more_of_the_story_is_added_though_it_has_such_words(words: str) -> None:
    outcome = say(told(), words, "report_case", confidence=0.9)
    assert (outcome.draft.description or "").endswith(words)


@pytest.mark.parametrize(
    "words", ["内容里怎么少了一半", "类别不是这个", "地点也写错了", "把那几个字删了"]
)
def test_what_is_said_of_the_summary_asks_what_to_change(words: str) -> None:
    outcome = say(told(), words, "report_case", confidence=0.9)
    assert outcome.draft.missing() in (Slot.CHANGE, Slot.DESCRIPTION, Slot.CATEGORY, Slot.LOCATION)
    assert "少了一半" not in (outcome.draft.description or "")


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("天安门附近哪有公共厕所", "find_market"),
        ("刚才那个垃圾桶的事儿怎么着了", "check_case"),
        ("能不能快点", "check_case"),
        ("那个工单撤了吧", "check_case"),
    ],
)
def test_what_is_asked_beside_a_report_is_no_report(words: str, intent: str) -> None:
    assert settle_intents(words, [Intent("report_case", 0.6)], (), None)[0].name == intent


def test_hand_in_instead_of_another_category_files_it_as_it_was() -> None:
    asked = say(told(), "改类别").draft
    assert asked.missing() is Slot.CATEGORY
    outcome = say(asked, "行了就这样吧，提交。辛苦了")
    assert (outcome.draft.category, outcome.draft.confirmed) == ("06029", True)


def test_taking_back_while_it_is_told_cancels_it() -> None:
    assert say(told(), "撤了吧").detour is Detour.CANCEL
    assert say(told(), "上次那个工单要撤").detour is Detour.CHECK_CASE
