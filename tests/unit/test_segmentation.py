"""Cutting text into words with a dictionary of our own."""

from __future__ import annotations

import jieba
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.segmentation import Segmenter
from tests.unit.readers import segmenter


def test_knows_our_names_and_terms() -> None:
    words = list(segmenter().cut("望京西园四区门口占道经营"))
    assert words == ["望京西园四区", "门口", "占道经营"]
    assert segmenter().is_name("望京西园四区")
    assert not segmenter().is_name("占道经营")


def test_leaves_the_dictionary_of_the_process_alone() -> None:
    Segmenter(["甲乙丙丁戊己路"])
    assert jieba.dt.FREQ.get("甲乙丙丁戊己路") is None


def test_two_segmenters_do_not_share_words() -> None:
    Segmenter(["甲乙丙丁戊己路"])
    assert segmenter().tag_of("甲乙丙丁戊己路") is None


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.characters(codec="utf-8"), max_size=900))
def test_the_words_joined_are_the_text(text: str) -> None:
    assert "".join(segmenter().cut(text)) == text
