"""Times: what is found, and what it means beside a given now."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.normalise import normalise
from bot.language.times import read_times
from bot.language.times_english import read_english_times

NOW = datetime.fromisoformat("2026-11-22T14:30:00+08:00")  # a Sunday


def read_one(said: str) -> tuple[str, str, str | None, str | None]:
    (time,) = read_times(normalise(said).text, NOW)
    start, end = time.data["from"], time.data["to"]
    assert time.text == time.value
    return time.text, str(time.data["kind"]), _short(start), _short(end)


def _short(moment: object) -> str | None:
    return None if moment is None else str(moment).removesuffix(":00+08:00")


@pytest.mark.parametrize(
    ("said", "text", "start", "end"),
    [
        ("昨天晚上十点多有人施工", "昨天晚上十点多", "2026-11-21T22:00", "2026-11-21T23:00"),
        ("今早有人施工", "今早", "2026-11-22T05:00", "2026-11-22T10:00"),
        ("上周三停的水", "上周三", "2026-11-11T00:00", "2026-11-12T00:00"),
        ("11月3号来过", "11月3号", "2026-11-03T00:00", "2026-11-04T00:00"),
        ("刚才有人倒垃圾", "刚才", "2026-11-22T14:30", "2026-11-22T14:30"),
        ("2018年5月3日下午3:20", "2018年5月3日下午3:20", "2018-05-03T15:20", "2018-05-03T15:20"),
        ("三天前报过", "三天前", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("前晚九点", "前晚九点", "2026-11-20T21:00", "2026-11-20T21:00"),
        ("27号晚上", "27号晚上", "2026-10-27T18:00", "2026-10-28T00:00"),
        ("上个月3号", "上个月3号", "2026-10-03T00:00", "2026-10-04T00:00"),
        ("中午十二点半", "中午十二点半", "2026-11-22T12:30", "2026-11-22T12:30"),
        ("昨天凌晨一点一刻", "昨天凌晨一点一刻", "2026-11-21T01:15", "2026-11-21T01:15"),
        ("2026-11-20 22:15", "2026-11-20 22:15", "2026-11-20T22:15", "2026-11-20T22:15"),
        ("去年八月十五号", "去年八月十五号", "2025-08-15T00:00", "2025-08-16T00:00"),
        ("12月5号", "12月5号", "2025-12-05T00:00", "2025-12-06T00:00"),  # the latest one
    ],
)
def test_points(said: str, text: str, start: str, end: str) -> None:
    assert read_one(said) == (text, "point", start, end)


@pytest.mark.parametrize(
    ("said", "text", "start", "end"),
    [
        ("凌晨两点到五点施工", "凌晨两点到五点", "2026-11-22T02:00", "2026-11-22T05:00"),
        ("这三四天都有", "这三四天", "2026-11-18T00:00", "2026-11-22T14:30"),
        ("从国庆节开始就这样", "从国庆节开始", "2026-10-01T00:00", None),
        ("半夜烧烤", "半夜", "2026-11-21T23:00", "2026-11-22T06:00"),
        ("已经三天了", "已经三天了", "2026-11-19T00:00", "2026-11-22T14:30"),
        ("去年冬天不热", "去年冬天", "2025-12-01T00:00", "2026-03-01T00:00"),
        ("晚上10点到凌晨2点", "晚上10点到凌晨2点", "2026-11-21T22:00", "2026-11-22T02:00"),
        ("从昨天晚上一直到现在", "从昨天晚上一直到现在", "2026-11-21T18:00", "2026-11-22T14:30"),
        ("国庆节期间", "国庆节期间", "2026-10-01T00:00", "2026-10-08T00:00"),
        ("今年春节期间", "今年春节期间", "2026-02-15T00:00", "2026-02-24T00:00"),
        ("10月底到11月初", "10月底到11月初", "2026-10-22T00:00", "2026-11-11T00:00"),
        ("上个月", "上个月", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("下午三点以后给我打电话", "下午三点以后", "2026-11-22T15:00", None),
    ],
)
def test_spans(said: str, text: str, start: str, end: str | None) -> None:
    assert read_one(said) == (text, "span", start, end)


@pytest.mark.parametrize(
    ("said", "text", "start", "end", "repeat"),
    [
        ("每天晚上八点以后跳舞", "每天晚上八点以后", "2026-11-22T20:00", None, "daily"),
        ("周末有早市", "周末", "2026-11-21T00:00", "2026-11-23T00:00", "weekends"),
        ("每周一早上", "每周一早上", "2026-11-16T05:00", "2026-11-16T10:00", "weekly"),
        ("晚上总是施工", "晚上", "2026-11-22T18:00", "2026-11-23T00:00", "daily"),
        ("每天早上六点到晚上十点", "每天早上六点到晚上十点", "2026-11-22T06:00", "2026-11-22T22:00", "daily"),
        ("一到晚上就吵", "一到晚上", "2026-11-22T18:00", "2026-11-23T00:00", "daily"),
    ],
)  # fmt: skip
def test_habits(said: str, text: str, start: str, end: str | None, repeat: str) -> None:
    assert read_one(said) == (text, "habit", start, end)
    assert read_times(said, NOW)[0].data["repeat"] == repeat


@pytest.mark.parametrize(
    "said",
    [
        "有一点吵", "提三点建议", "住在3号楼", "27号院", "一周一次", "三年级", "五一路", "上午好",
        "30天内答复", "中关村大街27号", "5个工作日", "快点来", "夜市", "第一点", "12:3",
    ],
)  # fmt: skip
def test_leaves_what_is_no_time(said: str) -> None:
    assert read_times(normalise(said).text, NOW) == []


@pytest.mark.parametrize("said", ["11月31号", "9999年前", "2026-02-30"])
def test_a_day_that_never_was_has_no_bounds(said: str) -> None:
    for time in read_times(said, NOW):
        assert (time.data["from"], time.data["to"]) == (None, None)


def test_several_times_in_one_message() -> None:
    found = read_times("昨天晚上施工，今天早上六点又开始", NOW)
    assert [time.text for time in found] == ["昨天晚上", "今天早上六点"]


def test_now_is_a_time_in_a_line_of_chat_and_an_aside_in_a_letter() -> None:
    assert [time.text for time in read_times("现在还在烧", NOW)] == ["现在"]
    assert read_times("现在" + "小区的环境越来越差了，" * 8, NOW) == []


def test_without_a_now_the_bounds_stay_open() -> None:
    (time,) = read_times("昨天晚上")
    assert time.data == {"kind": "point", "from": None, "to": None, "repeat": None}


def test_refuses_a_now_without_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        read_times("昨天", datetime(2026, 11, 22))


PIECES = st.sampled_from(
    "昨天 今早 上周 三 晚上 十点 半 多 到 从 开始 以后 每天 周末 11月 31 号 2018年 3:20 一直 现在 前 左右 的 ， 半年 了".split()
)


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(PIECES, max_size=12))
def test_any_mixture_of_words_of_time_is_read_without_failing(pieces: list[str]) -> None:
    text = "".join(pieces)
    before = 0
    for time in read_times(text, NOW):
        assert before <= time.start < time.end <= len(text)
        assert text[time.start : time.end] == time.text
        before = time.end
        for key in ("from", "to"):
            moment = time.data[key]
            assert moment is None or datetime.fromisoformat(str(moment)).tzinfo is not None


@pytest.mark.parametrize(
    ("said", "text", "start", "end"),
    [
        ("天不亮就打鸣", "天不亮", "2026-11-22T04:00", "2026-11-22T07:00"),
        ("接孩子那会儿堵车", "接孩子那会儿", "2026-11-21T15:00", "2026-11-21T18:00"),
        ("一早起来就有", "一早起来", "2026-11-22T05:00", "2026-11-22T10:00"),
        ("夜黑儿里听着的", "夜黑儿里", "2026-11-21T20:00", "2026-11-22T06:00"),
        ("今年开春以后", "今年开春以后", "2026-03-01T00:00", None),
        ("从拆迁那年就这样", "从拆迁那年", None, None),
        ("夏天没法开窗", "夏天", None, None),
    ],
)
def test_as_people_say_it(said: str, text: str, start: str | None, end: str | None) -> None:
    assert read_one(said) == (text, "span", start, end)


@pytest.mark.parametrize(
    ("said", "text", "start"),
    [
        ("昨儿个后晌砸下来的", "昨儿个后晌", "2026-11-21T12:00"),
        ("昨天下晌有个钩机", "昨天下晌", "2026-11-21T12:00"),
        ("今儿个早上就在", "今儿个早上", "2026-11-22T05:00"),
        ("琴日仲见到佢哋", "琴日", "2026-11-21T00:00"),
    ],
)
def test_days_in_dialect(said: str, text: str, start: str) -> None:
    assert read_one(said)[:3] == (text, "point", start)


def test_market_days_are_a_habit() -> None:
    assert read_one("每回逢集都往里头挤")[:2] == ("每回逢集", "habit")


@pytest.mark.parametrize(
    ("said", "text", "kind"),
    [
        ("drilling until 2 a.m. every night", "until 2 a.m. every night", "habit"),
        ("it was around 9 pm", "around 9 pm", "point"),
        ("very dark at night", "at night", "habit"),
        ("someone came last night", "last night", "point"),
        ("broken for three days", "for three days", "span"),
        ("every weekend they sing", "every weekend", "habit"),
        ("last night around 2 am a van came", "last night around 2 am", "point"),
        ("every morning around eight, again", "every morning around eight", "habit"),
        ("every evening around 20 people dance", "every evening", "habit"),
    ],
)
def test_english(said: str, text: str, kind: str) -> None:
    (time,) = read_english_times(said, NOW)
    assert (time.text, time.data["kind"]) == (text, kind)


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("last night around nine", "2026-11-21T21:00"),
        ("last night around 2 am", "2026-11-22T02:00"),
        ("yesterday evening at half past seven", "2026-11-21T19:30"),
        ("yesterday at 15:40", "2026-11-21T15:40"),
    ],
)
def test_an_english_hour_belongs_to_its_day(said: str, start: str) -> None:
    (time,) = read_english_times(said, NOW)
    assert time.data["from"] == f"{start}:00+08:00"


def test_english_that_is_no_time() -> None:
    assert list(read_english_times("the last house at No. 9, this street", NOW)) == []


@pytest.mark.parametrize("said", ["白塔寺跟前儿有菜吗", "出门右拐", "眼前儿没有"])
def test_near_is_no_day(said: str) -> None:
    assert read_times(normalise(said).text, NOW) == []


def test_a_written_year() -> None:
    assert read_one("是二〇〇八年种的")[0] == "二〇〇八年"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("早六点准时开砸", "早六点"),
        ("去年腊月二十三晚上炸丸子引着了火", "去年腊月二十三晚上"),
        ("正月初三还在放炮", "正月初三"),
    ],
)
def test_lunar_days_and_the_hour_with_its_half_of_the_day(said: str, text: str) -> None:
    assert [time.text for time in read_times(said, NOW)] == [text]
