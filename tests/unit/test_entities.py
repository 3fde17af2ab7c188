"""All readers together: offsets in the resident's own text, no overlaps, any text, in time."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.models import Channel
from bot.language.spacy_pipeline import ENTITIES, NAMES, build_pipeline
from tests.unit.readers import gazetteer, read_entities, read_locations

MESSAGE = "昨天晚上十点多，海淀区中关村大街27号门口有人露天烧烤，我姓王，电话138 0013 8000"


def test_reads_a_whole_report() -> None:
    found = [(entity.entity, entity.value) for entity in read_entities(MESSAGE)]
    assert found == [
        ("time", "昨天晚上十点多"),
        ("location", "海淀区中关村大街27号门口"),
        ("person", "王"),
        ("phone", "13800138000"),
    ]


def test_offsets_are_those_of_the_original() -> None:
    original = "佔道\u200b經營！！！在海\u200b澱區蘇州街，電話１３８　００１３８０００"
    place, phone = read_entities(original)
    assert place.text == "海\u200b澱區蘇州街"
    assert place.value == "海淀区苏州街"
    assert phone.text == "１３８　００１３８０００"
    assert phone.value == "13800138000"


def test_what_a_letter_mentions_in_passing_is_no_place_of_its_matter() -> None:
    matter = "中关村南大街甲18号对面的酒店外墙上那块招牌松了，风一吹就晃，下面走的人很多。"
    aside = "我在通州上班，公司楼层高，天气晴朗的时候能看到西山，同事们都爱站在窗边看看风景。"
    filler = "写信给你们是第一次，不知道格式对不对，有什么说得不清楚的地方请多多包涵，谢谢。"
    letter = [place.value for place in read_locations(aside + filler + matter + filler)]
    assert letter == ["通州", "中关村南大街甲18号对面"]
    assert "西山" in [place.value for place in read_locations("西山上有人乱倒渣土")]
    lone = [place.value for place in read_locations(aside + filler + filler + filler)]
    assert "西山" in lone


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("不是鲁谷，是潞城", "潞城"),
        ("在望京西园四区，不是望京西园三区", "望京西园四区"),
        ("不是说三号楼，是五号楼", "五号楼"),
        ("不是回龙观", "回龙观"),
    ],
)
def test_a_place_taken_back_for_another_is_none(said: str, place: str) -> None:
    assert [found.value for found in read_locations(said)] == [place]


def test_a_spoken_report() -> None:
    said = "嗯，那个，我住三号楼二单元，电话是幺三八零零，嗯，幺三八零零零"
    place, phone = read_entities(said, "voice")
    assert (place.value, phone.value) == ("三号楼二单元", "13800138000")
    assert said[phone.start : phone.end] == "幺三八零零，嗯，幺三八零零零"


def test_a_case_number_is_neither_phone_nor_time_nor_house() -> None:
    (case,) = read_entities("工单2026112200017怎么样了")
    assert (case.entity, case.value) == ("case_number", "2026112200017")


def test_the_pipeline_marks_whole_words_and_keeps_exact_offsets() -> None:
    nlp = build_pipeline(gazetteer())
    doc = nlp("海淀区苏州街33号有人烧烤")
    assert doc.text == "海淀区苏州街33号有人烧烤"
    assert [span.label_ for span in doc.spans[NAMES]] == ["district", "road"]
    assert [span.label_ for span in doc.spans[ENTITIES]] == ["location"]
    (place,) = doc.user_data[ENTITIES]
    assert (place.start, place.end) == (0, 9)
    assert nlp.pipe_names == ["hotline_gazetteer", "hotline_rules", "hotline_entities"]


PIECES = (
    "海淀区 中关村大街 27号 门口 A3区 幸福 小区 3号楼 昨天 晚上 十点 到 13800138000 幺三八 零零 2026112200017 "
    "京A12345 王先生 老王 烧烤店 和 与 交叉口 的 在 ， 。 1 号 路 街 单号 \u200b ！！！ 📍 \ud800 \x00"
).split(" ")
MIXED = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=150)


@settings(deadline=None, max_examples=250)
@given(text=MIXED | ANY_TEXT, channel=st.sampled_from(["webchat", "wechat", "voice"]))
def test_any_text_is_read_with_valid_offsets_and_no_overlaps(text: str, channel: Channel) -> None:
    before = 0
    for entity in read_entities(text, channel):
        assert before <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert entity.value
        before = entity.end


@pytest.mark.parametrize(
    "piece",
    ["一", "海淀", "路", "路和", "A区", "1号", "昨天", "早上", "3点", "13800138000 ", "1 ", "单号A1", "三个零",
     "王先生", "超市", "门口", "\ud800", "😀", " ", "！", "从", "每"],
)  # fmt: skip
def test_twenty_thousand_signs_take_time_in_proportion(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    start = process_time()
    read_entities(text)
    assert process_time() - start < 10
