"""A report being told: what each message fills, mends or leads away from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cases.draft import Detour, Draft, Outcome, Reading, Slot
from cases.models import CaseKind
from cases.story import lasting_of
from cases.telling import advance, begin

BARBECUE = (("06029", "露天烧烤", 0.9), ("06027", "油烟污染", 0.05))
UNSURE = (("09006", "占道经营", 0.3), ("09001", "无照经营游商", 0.25), ("09005", "店外经营", 0.2))


def entity(kind: str, text: str, value: str | None = None, **data: Any) -> dict[str, Any]:
    return {
        "entity": kind,
        "value": value or text,
        "text": text,
        "start": 0,
        "end": len(text),
        "data": data,
    }


PLACE = entity(
    "location", "海淀区中关村大街27号门口", district="海淀区", district_code="110108", number="27号"
)
EVERY_NIGHT = entity("time", "每天晚上")
PHONE = entity("phone", "13800138000")


def full_story(**changes: Any) -> Reading:
    values: dict[str, Any] = {
        "text": "海淀区中关村大街27号门口每天晚上都有人摆摊卖烧烤，烟特别大",
        "intent": "report_case",
        "categories": BARBECUE,
        "entities": (PLACE, EVERY_NIGHT),
    }
    return Reading(**{**values, **changes})


def told() -> Draft:
    """A draft that lacks nothing but the confirmation."""
    outcome = advance(
        begin(full_story(), CaseKind.COMPLAINT).draft, Slot.CONTACT, Reading("匿名", "inform")
    )
    return outcome.draft


def say(draft: Draft, text: str, intent: str = "inform", **more: Any) -> Outcome:
    return advance(draft, draft.missing(), Reading(text, intent, **more))


def test_one_message_with_everything_leaves_only_the_contact_to_ask() -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    assert draft.category == "06029"
    assert draft.location is not None
    assert draft.location["district_code"] == "110108"
    assert draft.occurred == "每天晚上"
    assert draft.missing() is Slot.CONTACT


def test_with_the_phone_too_it_goes_straight_to_the_summary() -> None:
    draft = begin(full_story(entities=(PLACE, EVERY_NIGHT, PHONE)), CaseKind.COMPLAINT).draft
    assert draft.phone == "13800138000"
    assert draft.missing() is Slot.CONFIRMED


@pytest.mark.parametrize(
    "wish", ["我要投诉", "我要举报", "我想反映一个问题", "我要反映问题", "投诉"]
)
def test_a_bare_wish_is_no_description(wish: str) -> None:
    assert (
        begin(Reading(wish, "report_case"), CaseKind.COMPLAINT).draft.missing() is Slot.DESCRIPTION
    )


def test_an_unsure_category_is_asked_with_choices_and_taken_by_name() -> None:
    draft = begin(full_story(categories=UNSURE), CaseKind.COMPLAINT).draft
    assert draft.missing() is Slot.CATEGORY
    assert [name for _, name in draft.offered] == ["占道经营", "无照经营游商", "店外经营"]
    assert say(draft, "店外经营").draft.category == "09005"


def test_none_of_the_choices_leaves_the_sorting_to_a_person() -> None:
    draft = begin(full_story(categories=UNSURE), CaseKind.COMPLAINT).draft
    assert say(draft, "都不是").draft.category == "99999"


def test_a_place_without_district_is_asked_for_it_once() -> None:
    reading = full_story(entities=(entity("location", "幸福小区3号楼"), EVERY_NIGHT))
    draft = begin(reading, CaseKind.COMPLAINT).draft
    assert draft.missing() is Slot.DISTRICT
    after = say(draft, "不清楚").draft
    assert after.missing() is Slot.CONTACT


def test_a_shared_position_is_a_place() -> None:
    draft = begin(full_story(entities=(EVERY_NIGHT,)), CaseKind.COMPLAINT).draft
    assert draft.missing() is Slot.LOCATION
    shared = {"lat": 39.98, "lon": 116.31, "label": "中关村大街27号"}
    after = say(draft, "", shared_location=shared).draft
    assert after.location is not None
    assert (after.location["lat"], after.location["raw_text"]) == (39.98, "中关村大街27号")


def test_not_three_but_four_mends_the_place_and_the_story() -> None:
    outcome = say(told(), "不是27号，是29号", "correct_slot")
    assert outcome.changed == (Slot.LOCATION,)
    assert outcome.draft.location is not None
    assert outcome.draft.location["raw_text"] == "海淀区中关村大街29号门口"
    assert outcome.draft.description is not None
    assert "29号" in outcome.draft.description
    assert outcome.draft.missing() is Slot.CONFIRMED


@pytest.mark.parametrize(
    ("said", "slot"),
    [
        ("改地点", Slot.LOCATION),
        ("时间不对", Slot.OCCURRED),
        ("改一下类别", Slot.CATEGORY),
        ("改内容", Slot.DESCRIPTION),
        ("电话号码写错了", Slot.CONTACT),
    ],
)
def test_what_is_named_as_wrong_is_asked_again(said: str, slot: Slot) -> None:
    assert say(told(), said, "correct_slot").draft.missing() is slot


def test_a_new_value_replaces_the_named_item_at_once() -> None:
    outcome = say(
        told(), "时间改成早上六点", "correct_slot", entities=(entity("time", "早上六点"),)
    )
    assert outcome.draft.occurred == "早上六点"
    assert outcome.draft.missing() is Slot.CONFIRMED


def test_modify_asks_which_item_and_no_change_returns_to_the_summary() -> None:
    changing = say(told(), "修改").draft
    assert changing.missing() is Slot.CHANGE
    assert say(changing, "不改了").draft.missing() is Slot.CONFIRMED


def test_hand_in_completes_the_report() -> None:
    draft = say(told(), "提交", "affirm").draft
    assert draft.confirmed
    assert draft.missing() is None


def test_no_at_the_summary_is_not_a_submission() -> None:
    draft = say(told(), "不对", "deny").draft
    assert not draft.confirmed
    assert draft.missing() is Slot.CHANGE


def test_more_of_the_story_at_the_summary_is_added() -> None:
    draft = say(told(), "对了，他们还往下水道里倒油", "report_case").draft
    assert draft.description is not None
    assert draft.description.endswith("他们还往下水道里倒油")
    assert draft.missing() is Slot.CONFIRMED


@pytest.mark.parametrize(
    ("said", "intent", "detour"),
    [
        ("取消", "deny", Detour.CANCEL),
        ("转人工", "request_human", Detour.HUMAN),
        ("举报会泄露我的信息吗？", "ask_policy", Detour.QUESTION),
        ("我上次那个工单怎么样了", "check_case", Detour.CHECK_CASE),
    ],
)
def test_what_is_not_an_answer_leads_away_and_keeps_the_draft(
    said: str, intent: str, detour: Detour
) -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    outcome = say(draft, said, intent)
    assert outcome.detour is detour
    assert outcome.draft == draft


@pytest.mark.parametrize("said", ["不留了", "算了", "不方便", "匿名吧", "不用联系我"])
def test_declining_to_leave_a_phone_means_anonymous(said: str) -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    assert say(draft, said).draft.anonymous


def test_two_misses_offer_a_person() -> None:
    draft = begin(full_story(entities=(EVERY_NIGHT,)), CaseKind.COMPLAINT).draft
    first = say(draft, "不知道")
    assert first.missed
    assert not first.wants_human
    assert say(first.draft, "不清楚").wants_human


def test_an_emergency_asks_for_nothing_but_the_place_and_files_without_it() -> None:
    reading = Reading("楼道里着火了快来人", "report_case", emergency="fire")
    draft = begin(reading, CaseKind.HELP).draft
    assert draft.missing() is Slot.LOCATION
    assert say(draft, "我也不知道").draft.missing() is None


def test_danger_told_in_the_middle_of_a_form_ends_the_questions() -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    after = say(draft, "煤气罐着火了！", "report_case", emergency="fire").draft
    assert after.emergency == "fire"
    assert after.missing() is None


def test_a_suggestion_needs_its_words_and_a_contact_only() -> None:
    draft = begin(Reading("建议在西单多设几个垃圾桶", "make_suggestion"), CaseKind.SUGGESTION).draft
    assert draft.missing() is Slot.CONTACT


def test_a_picture_is_kept_and_changes_nothing_else() -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    after = say(draft, "", attachment_ids=("a1",)).draft
    assert after.attachment_ids == ("a1",)
    assert after.missing() is draft.missing()


def test_the_draft_survives_the_dialogue_memory() -> None:
    draft = begin(full_story(categories=UNSURE), CaseKind.COMPLAINT).draft
    import json

    assert Draft.from_json(json.loads(json.dumps(draft.to_json()))) == draft


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("路灯坏了三天", "已有三天"),
        ("垃圾半个月没人清，臭得很", "已有半个月"),
        ("堆了好几个月了", "已有好几个月"),
        ("三天两头有人来摆摊", None),
        ("住了二十年的老小区", None),
    ],
)
def test_how_long_it_has_lasted_answers_when(text: str, lasting: str | None) -> None:
    assert lasting_of(text) == lasting


def test_staying_anonymous_may_be_said_before_the_nearby_case_is_settled() -> None:
    draft = begin(full_story(), CaseKind.COMPLAINT).draft
    beside = replace(draft, similar={"case_number": "2026112200001", "line": "已有市民反映"})
    assert beside.missing() is Slot.SIMILAR
    outcome = say(beside, "匿名")
    assert outcome.draft.anonymous
    assert not outcome.missed
    assert outcome.draft.missing() is Slot.SIMILAR
    after = say(outcome.draft, "不是").draft
    assert after.missing() is not Slot.CONTACT


def test_when_and_the_number_may_be_said_before_the_nearby_case_is_settled() -> None:
    draft = replace(begin(full_story(), CaseKind.COMPLAINT).draft, occurred=None)
    beside = replace(draft, similar={"case_number": "2026112200001", "line": "已有市民反映"})
    timed = say(beside, "昨天晚上", entities=(entity("time", "昨天晚上"),)).draft
    assert (timed.occurred, timed.missing()) == ("昨天晚上", Slot.SIMILAR)
    number = "13812345678"
    reached = say(timed, number, entities=(entity("phone", number, number),)).draft
    assert (reached.phone, reached.missing()) == (number, Slot.SIMILAR)
    assert say(reached, "不是").draft.missing() is Slot.CONFIRMED
    assert say(reached, "是").draft.joins == "2026112200001"
    own = say(reached, "提交").draft
    assert (own.joins, own.missing()) == (None, Slot.CONFIRMED)


def doubtful() -> Draft:
    """What may be a second matter, with all it needs."""
    return replace(told(), doubtful=True)


@pytest.mark.parametrize("words", ["要", "另外登记", "是两件事", "不是一回事", "都登记吧"])
def test_a_doubtful_matter_is_filed_when_he_wants_it(words: str) -> None:
    assert doubtful().missing() is Slot.WANTED
    outcome = say(doubtful(), words)
    assert outcome.detour is None
    assert outcome.draft.missing() is Slot.CONFIRMED


@pytest.mark.parametrize("words", ["不用", "不用登记了", "就是一件事", "一样的", "算了"])
def test_a_doubtful_matter_is_left_when_he_does_not(words: str) -> None:
    outcome = say(doubtful(), words)
    assert (outcome.detour, outcome.draft.doubtful) == (Detour.CANCEL, True)


def test_a_thank_you_wants_no_second_matter_and_a_new_report_is_heard() -> None:
    thanks = say(doubtful(), "谢谢啊姑娘", intent="chitchat", confidence=0.9)
    assert thanks.detour is Detour.CANCEL
    words = "我家楼道里的灯也坏了好几天"
    another = say(doubtful(), words, intent="report_case", confidence=0.95)
    assert (another.draft.description, another.draft.doubtful) == (words, False)


def test_what_is_not_understood_twice_is_not_filed_a_second_time() -> None:
    once = say(doubtful(), "嗯那个什么", intent="inform")
    assert (once.missed, once.detour) == (True, None)
    assert say(once.draft, "嗯那个什么", intent="inform").detour is Detour.CANCEL


def test_danger_ends_the_doubt() -> None:
    outcome = say(doubtful(), "着火了快来", intent="report_case", emergency="fire")
    assert not outcome.draft.doubtful
    assert outcome.draft.emergency == "fire"
