"""Corrections and the resident's words: what is swapped, what is kept, what is never written down."""

from __future__ import annotations

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
