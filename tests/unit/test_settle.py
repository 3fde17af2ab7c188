"""What rules settle before the classifier is heard."""

from __future__ import annotations

import pytest

from bot.language.models import CategoryGuess, Entity, Intent
from bot.language.settle import settle_intents

_UNSURE = [Intent("ask_policy", 0.6), Intent("chitchat", 0.2)]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("你们是干什么的", "chitchat"),
        ("请问这是什么热线", "chitchat"),
        ("96310是干嘛的", "chitchat"),
        ("这个公众号有什么用", "chitchat"),
        ("王八蛋", "out_of_scope"),
        ("转人工", "request_human"),
        ("8888", "inform"),
        ("帮帮我", "report_case"),
        ("还有两件", "report_case"),
        ("我的电动自行车昨晚在楼下被偷了", "out_of_scope"),
        ("没穿制服、不给看证件还推了我", "report_case"),
        ("对对对", "affirm"),
        ("先不报了", "deny"),
        ("你们管什么时候收垃圾", "ask_policy"),
        ("这是什么规定", "ask_policy"),
    ],
)
def test_short_messages_are_settled_by_what_they_are(text: str, intent: str) -> None:
    assert settle_intents(text, _UNSURE, (), None)[0].name == intent


def test_a_bare_matter_of_ours_is_a_report_unless_it_sounds_foreign() -> None:
    vehicle = CategoryGuess("06034", "废弃车辆", 0.9)
    told = [Intent("inform", 0.5), Intent("report_case", 0.3), Intent("out_of_scope", 0.1)]
    assert settle_intents("化工路南侧那辆", told, (), None, vehicle)[0].name == "report_case"
    asked = [Intent("inform", 0.4), Intent("out_of_scope", 0.3), Intent("report_case", 0.2)]
    assert settle_intents("代订今晚的专车", asked, (), None, vehicle)[0].name == "inform"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("望京街道阜通东大街三号楼楼下有人占道", "report_case"),
        ("望京街道阜通东大街三号楼楼下那棵树旁边", "inform"),
        ("臭椿胡同三号楼楼下那棵树旁边", "inform"),
    ],
)
def test_trouble_behind_a_long_place_of_the_city_is_a_report(text: str, intent: str) -> None:
    place = text[: text.index("楼下")]
    where = (Entity("location", place, place, 0, len(place), {"district_code": "110105"}),)
    told = [Intent("inform", 0.9), Intent("out_of_scope", 0.05), Intent("report_case", 0.04)]
    guess = CategoryGuess("09006", "占道经营", 0.37)
    assert settle_intents(text, told, where, None, guess)[0].name == intent


@pytest.mark.parametrize(
    ("foreign", "place", "sure", "intent"),
    [
        (0.7, True, 1.0, "report_case"),
        (0.7, False, 1.0, "out_of_scope"),
        (0.95, True, 1.0, "out_of_scope"),
        (0.7, True, 0.5, "out_of_scope"),
    ],
)
def test_a_sure_matter_with_its_place_is_a_report(
    foreign: float, place: bool, sure: float, intent: str
) -> None:
    told = [Intent("out_of_scope", foreign), Intent("report_case", 1 - foreign)]
    where = (Entity("location", "八达岭长城北门锁", "八达岭长城北门锁", 0, 8, {}),)
    guess = CategoryGuess("90022", "非法一日游", sure)
    text = "八达岭长城北门锁那边拉客一日游的，追着人不放"
    assert settle_intents(text, told, where if place else (), None, guess)[0].name == intent


@pytest.mark.parametrize(
    ("code", "sure", "data", "intent"),
    [
        ("05008", 0.99, {"district_code": "110106"}, "report_case"),
        ("05008", 0.9, {"district_code": "110106"}, "out_of_scope"),
        ("05008", 0.99, {}, "out_of_scope"),
        ("99999", 0.99, {"district_code": "110106"}, "out_of_scope"),
    ],
)
def test_what_is_certainly_ours_in_the_city_is_a_report_however_foreign(
    code: str, sure: float, data: dict[str, str], intent: str
) -> None:
    told = [Intent("out_of_scope", 0.98), Intent("report_case", 0.01)]
    where = (Entity("location", "宋家庄地铁站H口", "宋家庄地铁站H口", 0, 8, data),)
    guess = CategoryGuess(code, "自动售货机异常", sure)
    text = "宋家庄地铁站H口的自动售货机付了款不出货"
    assert settle_intents(text, told, where, None, guess)[0].name == intent


@pytest.mark.parametrize(
    "text",
    [
        "老家在河北香河，村头垃圾没人收，跟通州隔一条河",
        "专业疏通下水，大兴通州两小时上门，价格优惠",
    ],
)
def test_another_city_and_an_advertisement_stay_foreign_though_they_name_a_place_of_ours(
    text: str,
) -> None:
    told = [Intent("out_of_scope", 0.7), Intent("report_case", 0.06)]
    where = (Entity("location", "通州", "通州", 0, 2, {"district_code": "110112"}),)
    assert settle_intents(text, told, where, None, None)[0].name == "out_of_scope"


@pytest.mark.parametrize(("foreign", "asked", "reported"), [(0.8, 0.01, 0.006), (0.9, 0.08, 0.02)])
def test_what_is_only_asked_of_a_place_in_the_city_is_no_report(
    foreign: float, asked: float, reported: float
) -> None:
    told = [Intent("out_of_scope", foreign), Intent("ask_policy", asked)]
    told.append(Intent("report_case", reported))
    where = (Entity("location", "双井", "双井", 0, 2, {"district_code": "110105"}),)
    guess = CategoryGuess("09019", "共享单车乱象", 1.0)
    text = "双井附近共享单车多少钱一小时"
    assert settle_intents(text, told, where, None, guess)[0].name == "out_of_scope"


def test_trouble_at_a_place_in_the_city_is_a_report_however_unsure() -> None:
    told = [Intent("out_of_scope", 0.75), Intent("report_case", 0.1)]
    where = (Entity("location", "方庄路3号", "方庄路3号", 7, 12, {"district_code": "110106"}),)
    unsure = CategoryGuess("09006", "占道经营", 0.5)
    text = "丰台区方庄路3号有商户占道经营，我要投诉"
    assert settle_intents(text, told, where, None, unsure)[0].name == "report_case"
    assert settle_intents(text, told, (), None, unsure)[0].name == "out_of_scope"
    answer = [Intent("inform", 0.7), Intent("report_case", 0.2)]
    assert settle_intents("3号楼楼下有人占道", answer, (), None, unsure)[0].name == "report_case"
    assert settle_intents("3号楼楼下", answer, (), None, unsure)[0].name == "inform"


def test_who_is_only_fed_up_is_heard_as_such() -> None:
    assert settle_intents("你们什么都干不了", _UNSURE, (), None)[0].name == "chitchat"


def test_danger_is_filed_whatever_the_words_sound_like() -> None:
    assert settle_intents("你们是干什么的，着火了", _UNSURE, (), "fire")[0].name == "report_case"


@pytest.mark.parametrize(
    ("error", "sure", "intent"),
    [(0.5, 0.9, "report_case"), (0.5, 0.3, "report_error"), (0.7, 0.9, "report_error")],
)
def test_what_is_written_wrong_in_the_street_is_a_report_if_in_doubt(
    error: float, sure: float, intent: str
) -> None:
    told = [Intent("report_error", error), Intent("report_case", 1 - error)]
    banner = CategoryGuess("07008", "公益广告破损", sure)
    assert settle_intents("那幅宣传布撕了半拉", told, (), None, banner)[0].name == intent


def test_trouble_with_what_is_surely_ours_needs_no_place() -> None:
    told = [Intent("out_of_scope", 0.6), Intent("report_case", 0.3)]
    kerb = CategoryGuess("02006", "路缘石", 0.9)
    assert settle_intents("马路牙子坏了七八块", told, (), None, kerb)[0].name == "report_case"
    assert settle_intents("马路牙子多少钱一块", told, (), None, kerb)[0].name == "out_of_scope"


def test_a_phone_alone_is_an_answer() -> None:
    told = [Intent("out_of_scope", 0.8), Intent("inform", 0.1)]
    phone = Entity("phone", "13800138000", "13800138000", 2, 13, {})
    assert settle_intents("打 13800138000", told, (phone,), None)[0].name == "inform"
    for text in ("贷款秒批加微信 13800138000", "不对 13800138000"):
        assert settle_intents(text, told, (phone,), None)[0].name == "out_of_scope"


def test_who_gives_a_number_of_ours_speaks_of_his_case() -> None:
    told = [Intent("out_of_scope", 0.5), Intent("check_case", 0.3)]
    number = Entity("case_number", "2026112900012", "2026112900012", 8, 21, {})
    text = "那件我不追究了，单号2026112900012，替我撤销"
    assert settle_intents(text, told, (number,), None)[0].name == "check_case"
    assert settle_intents(text, told, (), None)[0].name == "out_of_scope"


def test_an_answer_that_takes_another_back_mends_it() -> None:
    told = [Intent("inform", 0.8), Intent("correct_slot", 0.1)]
    assert settle_intents("我电话说错了", told, (), None)[0].name == "correct_slot"
    assert settle_intents("我姓漆，别写成戚", told, (), None)[0].name == "inform"
