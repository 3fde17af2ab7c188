"""Normalising: one form for every spelling, and the way back to the resident's own words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.models import Channel
from bot.language.normalise import normalise

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=120)
HASTY_TEXT = st.text(
    st.sampled_from("啊嗯那个我在楼1３ 　！!?，,\u200b\n佔門你好（)：:"), max_size=60
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ＡＢＣ１２３", "ABC123"),
        ("佔道經營，門牌號碼", "占道经营，门牌号码"),
        ("太吵了！！！！", "太吵了！"),
        ("啊啊啊啊吵死了", "啊吵死了"),
        ("谢谢", "谢谢"),
        ("太吵,管管!", "太吵，管管！"),
        ("10:30，1,000元", "10:30，1,000元"),
        ("晚上１０：３０", "晚上10:30"),
        ("http://a.cn", "http://a.cn"),
        ("海淀\u200b区\u3000中关村", "海淀区 中关村"),
        ("  前后空白\t ", "前后空白"),
        ("你 好 我 要 投 诉", "你好我要投诉"),
        ("第一行\r\n第二行", "第一行\n第二行"),
        ("一\x00二\x07三", "一二三"),
        ("零零零 000 www", "零零零 000 www"),
        ("……", "…"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_brings_every_spelling_to_one_form(typed: str, expected: str) -> None:
    assert normalise(typed).text == expected


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("嗯，那个，我要投诉，就是说楼下烧烤", "我要投诉，楼下烧烤"),
        ("我我要投诉", "我要投诉"),
        ("电话是138嗯00138000", "电话是13800138000"),
        ("那个烧烤摊太吵", "那个烧烤摊太吵"),
        ("嗯", "嗯"),
        ("嗯嗯", "嗯嗯"),
        ("嗯好的", "好的"),
    ],
)
def test_drops_fillers_from_speech_but_keeps_an_answer(heard: str, expected: str) -> None:
    assert normalise(heard, "voice").text == expected


def test_keeps_fillers_that_were_typed() -> None:
    assert normalise("嗯，那个，好的", "wechat").text == "嗯，那个，好的"


def test_maps_a_span_back_over_everything_that_was_dropped() -> None:
    original = "嗯，在 海\u200b澱區！！！"
    normalised = normalise(original, "voice")
    start = normalised.text.index("海淀区")
    begin, end = normalised.original_span(start, start + 3)
    assert original[begin:end] == "海\u200b澱區"


def test_maps_one_sign_of_several_to_the_whole_original_sign() -> None:
    normalised = normalise("约20㎡")
    assert normalised.text == "约20m2"
    assert normalised.original_span(3, 5) == (3, 4)


def test_a_folded_run_maps_to_the_whole_run() -> None:
    normalised = normalise("吵啊啊啊啊")
    assert normalised.original_span(1, 2) == (1, 5)


def test_refuses_what_is_no_slice() -> None:
    with pytest.raises(ValueError, match="no slice"):
        normalise("你好").original_span(1, 5)


@settings(deadline=None, max_examples=150)
@given(text=ANY_TEXT | HASTY_TEXT, channel=st.sampled_from(["webchat", "wechat", "voice"]))
def test_takes_any_text_and_every_offset_is_valid(text: str, channel: Channel) -> None:
    normalised = normalise(text, channel)
    assert len(normalised.starts) == len(normalised.ends) == len(normalised.text)
    before = 0
    for at in range(len(normalised.text)):
        start, end = normalised.original_span(at, at + 1)
        assert before <= start < end <= len(text)
        before = start
    assert not any("\ud800" <= char <= "\udfff" for char in normalised.text)


@settings(deadline=None, max_examples=100)
@given(text=ANY_TEXT | HASTY_TEXT)
def test_normalising_twice_changes_nothing_more_to_find(text: str) -> None:
    once = normalise(text).text
    assert len(normalise(once).text) <= len(once)
