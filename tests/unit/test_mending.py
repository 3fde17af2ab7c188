"""Corrections and the resident's words: what is swapped, what is kept, what is never written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cases.choosing import find_called, infer_category
from cases.draft import Draft, Outcome, Reading, Slot, is_coarse
from cases.models import CaseKind
from cases.placing import find_words, move_place, swap_words
from cases.story import own_name, own_phone, tell_story, time_of
from cases.telling import advance, begin


def entity(entity: str, text: str, /, **data: Any) -> dict[str, Any]:
    return {"entity": entity, "value": text, "text": text, "data": data}


HAIDIAN = {"district": "海淀区", "district_code": "110108"}
PLACE = entity("location", "海淀区幸福小区3号楼", landmark="幸福小区", number="3号楼", **HAIDIAN)
MORNING = entity("time", "今天早上", kind="point")
STORY = "今天早上海淀区幸福小区3号楼下面堆了好多沙发"


def draft_of(*entities: dict[str, Any], text: str = STORY, code: str = "06035") -> Draft:
    reading = Reading(
        text, "report_case", 0.9, ((code, "废弃家具设备", 0.9),), entities or (PLACE, MORNING)
    )
    draft = begin(reading, CaseKind.COMPLAINT).draft
    return advance(draft, Slot.CONTACT, Reading("匿名")).draft


def say(draft: Draft, text: str, *entities: dict[str, Any], intent: str = "inform") -> Outcome:
    return advance(draft, draft.missing(), Reading(text, intent, 0.9, (), entities))


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("三号楼", "幸福小区3号楼", "3号楼"),
        ("3号楼", "幸福小区十三号楼", None),
        ("27", "中关村大街27号", "27"),
        ("7", "中关村大街27号", None),
        ("西三旗", "西三旗桥东", "西三旗"),
        ("北门", "公园北门", "北门"),
    ],
)
def test_words_are_found_with_whole_numbers_by_value(
    words: str, text: str, found: str | None
) -> None:
    span = find_words(words, text)
    assert (text[slice(*span)] if span else None) == found


def test_new_numbers_are_written_the_way_the_old_ones_were() -> None:
    assert swap_words("三号楼", "四号楼", "幸福小区3号楼下") == "幸福小区4号楼下"
    assert swap_words("三号楼", "四号楼", "幸福小区三号楼下") == "幸福小区四号楼下"


@pytest.mark.parametrize(
    "said",
    [
        "不是三号楼，是四号楼",
        "是4号楼，不是3号楼",
        "不对，是四号楼",
        "说错了，4号楼",
        "3号楼改成4号楼",
    ],
)
def test_a_number_is_mended_in_the_place_and_in_the_story(said: str) -> None:
    mentioned = [entity("location", name, number=name) for name in ("三号楼", "四号楼")]
    draft = say(draft_of(), said, *mentioned, intent="correct_slot").draft
    assert draft.location is not None
    assert draft.location["raw_text"] == "海淀区幸福小区4号楼"
    assert draft.description == STORY.replace("3号楼", "4号楼")


@pytest.mark.parametrize("read", ["海淀区幸福小区", "海淀区幸福小区3号"])
def test_a_number_the_place_was_read_short_of_is_mended_all_the_same(read: str) -> None:
    place = entity("location", read, landmark="幸福小区", **HAIDIAN)
    draft = say(draft_of(place, MORNING), "不是三号楼是四号楼", intent="correct_slot").draft
    assert draft.location is not None
    assert draft.location["raw_text"] == "海淀区幸福小区4号楼"
    assert draft.description == STORY.replace("3号楼", "4号楼")


def test_what_is_taken_back_is_not_read_as_the_new_time() -> None:
    times = (entity("time", "昨天中午"), entity("time", "昨天夜里"))
    draft = say(draft_of(), "不是昨天中午，是昨天夜里", *times, intent="correct_slot").draft
    assert draft.occurred == "昨天夜里"


def test_asked_again_the_new_place_stands_in_the_story_too() -> None:
    asked = say(draft_of(), "改地点", intent="correct_slot").draft
    assert asked.missing() is Slot.LOCATION
    new = entity("location", "海淀区清河中街5号", road="清河中街", number="5号", **HAIDIAN)
    draft = say(asked, "海淀区清河中街5号", new).draft
    assert draft.description == "今天早上海淀区清河中街5号下面堆了好多沙发"


@pytest.mark.parametrize("item", ["改地点", "改时间", "改类别", "改内容", "改电话"])
def test_no_change_after_all_brings_the_item_back(item: str) -> None:
    before = draft_of()
    after = say(say(before, item, intent="correct_slot").draft, "不改了").draft
    assert after.missing() is Slot.CONFIRMED
    assert (after.location, after.occurred, after.category) == (
        before.location,
        before.occurred,
        before.category,
    )
    assert (after.description, after.anonymous) == (before.description, before.anonymous)


def test_a_story_that_holds_the_words_of_a_request_is_a_story() -> None:
    said = "对了，他们还把垃圾桶的位置换到我家窗户底下，味道特别大"
    draft = say(draft_of(), said, intent="report_case").draft
    assert draft.location is not None
    assert draft.description is not None
    assert draft.description.endswith(said)


def test_a_district_alone_does_not_replace_the_place() -> None:
    draft = move_place(
        draft_of(), {"raw_text": "朝阳区", "district": "朝阳区", "district_code": "1"}
    )
    assert draft.location is not None
    assert draft.location["raw_text"] == "朝阳区幸福小区3号楼"
    assert draft.location["district_code"] == "1"


@pytest.mark.parametrize(
    ("told", "part", "joined"),
    [
        ("幸福小区3号楼", "2单元", "幸福小区3号楼2单元"),
        ("幸福小区3号楼门口", "2单元", "幸福小区3号楼2单元门口"),
        ("万柳中路6号院楼上", "6号院3号楼", "万柳中路6号院3号楼楼上"),
        ("万柳中路6号院3号楼", "8号院", "万柳中路8号院3号楼"),
    ],
)
def test_a_part_of_a_place_makes_it_closer(told: str, part: str, joined: str) -> None:
    before = Draft(location={**HAIDIAN, "raw_text": told})
    draft = move_place(before, {"raw_text": part, "number": part})
    assert draft.location is not None
    assert draft.location["raw_text"] == joined


def test_the_estate_told_after_the_house_holds_it() -> None:
    draft = Draft(
        location={"raw_text": "3号楼楼下", "number": "3号楼"}, description="3号楼楼下有人占道"
    )
    moved = move_place(draft, {**HAIDIAN, "raw_text": "海淀区幸福三区", "landmark": "幸福三区"})
    assert moved.location is not None
    assert moved.location["raw_text"] == "海淀区幸福三区3号楼楼下"
    assert (moved.location["number"], moved.location["district_code"]) == ("3号楼", "110108")
    assert moved.description == "3号楼楼下有人占道"
    whole = move_place(draft, {"raw_text": "幸福小区5号楼", "number": "5号楼"})
    assert whole.location is not None
    assert whole.location["raw_text"] == "幸福小区5号楼"


@pytest.mark.parametrize(
    ("raw_text", "coarse"),
    [
        ("海淀区", True),
        ("海淀", True),
        ("海淀区中关村街道", True),
        ("海淀公园", False),
        ("万柳", False),
    ],
)
def test_a_district_is_no_place_to_go_to(raw_text: str, coarse: bool) -> None:
    place = {"raw_text": raw_text, "subdistrict": "中关村街道", **HAIDIAN}
    assert is_coarse(place) is coarse


@pytest.mark.parametrize("said", ["有问题", "不对", "等一下", "先别提交", "要改"])
def test_nothing_doubtful_files_the_report(said: str) -> None:
    outcome = advance(draft_of(), Slot.CONFIRMED, Reading(said, "affirm", 0.9))
    assert not outcome.draft.confirmed


@pytest.mark.parametrize("said", ["没问题，提交吧", "可以提交了", "对", "好的，谢谢"])
def test_a_plain_yes_files_the_report(said: str) -> None:
    assert advance(draft_of(), Slot.CONFIRMED, Reading(said, "affirm", 0.9)).draft.confirmed


@pytest.mark.parametrize(
    ("text", "phone", "story"),
    [
        ("烟特别大，我电话13800138000", "13800138000", "烟特别大"),
        ("烟特别大，联系电话：13800138000，请尽快", "13800138000", "烟特别大，请尽快"),
        ("烟特别大13800138000", "13800138000", "烟特别大"),
        ("墙上喷着13800138000的小广告", None, "墙上喷着13800138000的小广告"),
        ("店家的电话是13800138000，不接", None, "店家的电话是13800138000，不接"),
    ],
)
def test_only_the_residents_own_number_is_taken_and_never_written_down(
    text: str, phone: str | None, story: str
) -> None:
    reading = Reading(text, entities=(entity("phone", "13800138000"),))
    assert own_phone(reading) == phone
    assert tell_story(reading) == story


@pytest.mark.parametrize(
    ("text", "name", "own"),
    [
        ("我姓王", "王", "王"),
        ("我叫李建国", "李建国", "李建国"),
        ("环卫的张师傅扫得干净", "张师傅", None),
    ],
)
def test_only_the_residents_own_name_is_taken(text: str, name: str, own: str | None) -> None:
    assert own_name(Reading(text, entities=(entity("person", name),))) == own


def test_a_habit_keeps_the_span_it_is_told_with() -> None:
    span, habit = (
        entity("time", "最近两个月", kind="span"),
        entity("time", "每天晚上", kind="habit"),
    )
    assert time_of(Reading("", entities=(span, habit))) == "最近两个月，每天晚上"
    assert time_of(Reading("", entities=(MORNING, span))) == "今天早上"


def test_a_choice_is_never_a_single_one() -> None:
    ranking = (("06036", "乱堆杂物", 0.4), ("09005", "店外经营", 0.01), ("06017", "绿地脏乱", 0.0))
    assert len(infer_category(Draft(), ranking).offered) == 2
    assert infer_category(Draft(), [(c, n, 0.01) for c, n, _ in ranking]).offered == ()


def test_a_category_is_called_by_words_only_one_name_holds() -> None:
    called = find_called("毁绿")
    assert called is not None
    assert called.code == "06045"
    assert find_called("井盖") is None


def test_the_house_told_after_the_estate_stands_in_it() -> None:
    draft = Draft(
        location={**HAIDIAN, "raw_text": "海淀区幸福三区门口", "landmark": "幸福三区"},
        description="海淀区幸福三区门口有人占道",
    )
    closer = move_place(draft, {"raw_text": "3号楼楼下", "number": "3号楼"})
    assert closer.location is not None
    assert closer.location["raw_text"] == "海淀区幸福三区3号楼楼下"
    assert (closer.location["number"], closer.location["landmark"]) == ("3号楼", "幸福三区")
    assert closer.description == "海淀区幸福三区门口有人占道"
    other = move_place(closer, {"raw_text": "5号楼东门", "number": "5号楼"})
    assert other.location is not None
    assert other.location["raw_text"] == "海淀区幸福三区5号楼东门"


ESTATE = {"raw_text": "朝阳区芍药居北里", "landmark": "芍药居北里", **HAIDIAN}
UNSORTED_FLOOR = Draft(description=STORY, category="06035", location=ESTATE, occurred="今天")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (entity("location", "块绿化带里头"), "朝阳区芍药居北里，块绿化带里头"),
        (entity("location", "四单元之间", number="四单元"), "朝阳区芍药居北里四单元之间"),
        (entity("location", "6号楼东侧", number="6号楼"), "朝阳区芍药居北里6号楼东侧"),
        (entity("location", "右安门外大街", road="右安门外大街"), "右安门外大街"),
    ],
)
def test_a_detail_takes_no_places_place(words: dict[str, Any], found: str) -> None:
    new = {"raw_text": words["text"], **words["data"]}
    moved = move_place(UNSORTED_FLOOR, new)
    assert (moved.location or {})["raw_text"] == found


def test_another_exit_takes_the_place_of_the_first() -> None:
    station = {"raw_text": "国贸站E2口", "landmark": "国贸站", **HAIDIAN}
    told = Draft(description=STORY, category="06035", location=station, occurred="今天", phone="1")
    outcome = advance(told, Slot.CONFIRMED, Reading("不是E2，E1口", "correct_slot", 0.9))
    assert (outcome.draft.location or {})["raw_text"] == "国贸站E1口"


def test_the_number_gets_other_last_digits() -> None:
    told = replace(UNSORTED_FLOOR, phone="13812345678")
    outcome = advance(told, Slot.CONFIRMED, Reading("电话写错了，最后是0001", "correct_slot", 0.9))
    assert outcome.draft.phone == "13812340001"


def test_what_it_is_about_may_change_and_all_that_was_told_stays() -> None:
    grease = replace(UNSORTED_FLOOR, description="楼下饭馆油烟", category="06027")
    told = Reading("算了不报油烟了，报他家噪音", "deny", 0.4, (("06027", "油烟污染", 0.9),))
    outcome = advance(grease, Slot.OCCURRED, told)
    assert outcome.draft.category == "06028"
    assert (outcome.draft.description or "").startswith("楼下饭馆油烟")


def test_an_objection_to_the_kind_is_heard() -> None:
    told = replace(UNSORTED_FLOOR, category="09009", phone="13812345678")
    said = Reading("不是乱停放，是骑得太快", "correct_slot", 0.9, (("09009", "机动车乱停放", 0.8),))
    outcome = advance(told, Slot.CONFIRMED, said)
    assert outcome.draft.category != "09009"
    assert "骑得太快" in (outcome.draft.description or "")


def test_a_place_is_mended_while_it_is_asked_whether_a_case_is_the_same() -> None:
    asked = replace(UNSORTED_FLOOR, similar={"case_number": "1", "line": "路灯"})
    moved = entity("location", "劲松五区306楼", landmark="劲松五区", number="306楼", **HAIDIAN)
    said = Reading("地址不对，应该是劲松五区306楼", "correct_slot", 0.9, (), (moved,))
    outcome = advance(asked, Slot.SIMILAR, said)
    assert (outcome.draft.location or {})["raw_text"] == "劲松五区306楼"


def test_when_he_can_be_called_is_no_time_of_the_matter() -> None:
    asked = replace(UNSORTED_FLOOR, occurred=None)
    time = entity("time", "下午三点以后", kind="point")
    outcome = advance(asked, Slot.OCCURRED, Reading("下午三点以后再打", "inform", 0.9, (), (time,)))
    assert outcome.draft.occurred is None
    assert "下午三点以后再打" in (outcome.draft.description or "")


def test_his_age_is_no_time() -> None:
    age = entity("time", "今年", kind="span"), entity("time", "早上五点多", kind="point")
    assert (
        time_of(Reading("我今年七十八了，早上五点多就来了", "inform", 0.9, (), age)) == "早上五点多"
    )


def test_a_name_and_a_wish_for_secrecy_stay_beside_a_mended_number() -> None:
    told = (
        entity("person", "陈"),
        entity("phone", "18888888888"),
    )
    said = Reading("我姓陈，电话18888888888，别告诉他是我举报的", "correct_slot", 0.6, (), told)
    outcome = advance(UNSORTED_FLOOR, Slot.CONTACT, said)
    assert (outcome.draft.contact_name, outcome.draft.confidential) == ("陈", True)
    assert outcome.draft.phone == "18888888888"


def test_a_number_is_taken_back_in_so_many_words_only() -> None:
    told = replace(UNSORTED_FLOOR, phone="13812345678")
    for words in ("没有", "不用"):
        assert advance(told, Slot.CONFIRMED, Reading(words, "deny", 0.9)).draft.phone
    outcome = advance(told, Slot.CONFIRMED, Reading("就是不想留电话了", "deny", 0.9))
    assert (outcome.draft.phone, outcome.draft.anonymous) == (None, True)
