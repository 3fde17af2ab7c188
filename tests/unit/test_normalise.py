"""Normalising: one form for every spelling, and the way back to the resident's own words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.models import Channel
from bot.language.normalise import normalise, simplify

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=120)
HASTY_TEXT = st.text(
    st.sampled_from("啊嗯那个我在楼1３ 　！!?，,\u200b\n佔門你好（)：:"), max_size=60
)


SLIPS_TEXT = st.text(
    st.sampled_from("站道经营路登灯井该盖投述回笼观望精没有股气味少考烧扰名人"), max_size=30
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


@settings(deadline=None, max_examples=200)
@given(text=ANY_TEXT | HASTY_TEXT | SLIPS_TEXT, channel=st.sampled_from(["webchat", "voice"]))
def test_normalising_twice_changes_nothing_more(text: str, channel: Channel) -> None:
    once = normalise(text, channel).text
    assert normalise(once, channel).text == once


@pytest.mark.parametrize("channel", ["webchat", "voice"])
@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("回笼观大街堵死了", "回龙观大街堵死了"),
        ("楼道里一股没气味", "楼道里一股煤气味"),
        ("厨房有没气味，头晕", "厨房有煤气味，头晕"),
        ("门口站道经营的太多", "门口占道经营的太多"),
        ("违张建筑没人管", "违章建筑没人管"),
        ("油烟扰名怎么办", "油烟扰民怎么办"),
        ("楼下露天少考到半夜", "楼下露天烧烤到半夜"),
        ("我的工单浩忘了", "我的工单号忘了"),
        ("我要投述", "我要投诉"),
        ("我要举抱", "我要举报"),
        ("井该丢了", "井盖丢了"),
        ("路登不亮", "路灯不亮"),
        ("停车卫被占了", "停车位被占了"),
        ("望精街道有人摆摊", "望京街道有人摆摊"),
        ("我在天同苑", "我在天通苑"),
        ("亦装这边太吵", "亦庄这边太吵"),
    ],
)
def test_puts_back_words_written_by_their_sound(sent: str, meant: str, channel: Channel) -> None:
    assert normalise(sent, channel).text == meant


@pytest.mark.parametrize("channel", ["webchat", "voice"])
@pytest.mark.parametrize(
    "text",
    [
        "油烟扰名人", "屋里没气味了", "名人故居在哪", "孩子少考了两分", "我叫刘井该", "望景家园三号楼",
        "离远一点", "卫健委的电话", "还垫了砖", "地点是景山后街", "偷税漏税", "市容市貌", "我们楼顶的北屋",
        "觉得该说说", "把路登记一下", "该抱走了", "投述职报告", "一装就是一年", "和桥那边",
    ],
)  # fmt: skip
def test_leaves_real_words_that_sound_alike(text: str, channel: Channel) -> None:
    assert normalise(text, channel).text == text


def test_a_mended_word_maps_to_the_same_characters() -> None:
    normalised = normalise("嗯，在望精", "voice")
    start = normalised.text.index("望京")
    assert normalised.original_span(start, start + 2) == (3, 5)


@pytest.mark.parametrize("piece", ["楼下露天少考。", "lou xia shaokao ", "嗯那个", "啊", "a", "1 "])
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    normalise(piece)
    text = piece * (20_000 // len(piece))
    began = time.process_time()
    normalise(text, "voice")
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("著火了，快來人", "着火了，快来人"),
        ("堵著門，等著看", "堵着门，等着看"),
        ("著名的著作", "著名的著作"),
        ("土著居民顯著增多", "土著居民显著增多"),
    ],
)
def test_the_sign_of_a_lasting_deed_is_not_that_of_a_book(written: str, plain: str) -> None:
    assert simplify(written) == plain
