"""The words a case is found by, and the few of them that are looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.words import split_query, split_words, thin_out


@pytest.mark.parametrize(
    ("query", "looked_up"),
    [
        ("垃圾", ["垃圾"]),
        ("垃圾堆", ["垃圾", "圾堆"]),
        ("石景山牌楼 噪声", ["石景", "山牌", "牌楼", "噪声"]),
        ("安定门街道", ["安定", "门街"]),
        ("街道办事处", ["街道", "办事", "事处"]),
        ("101路 公交站", ["101", "公交", "交站"]),
    ],
)
def test_what_is_looked_up_holds_the_characters_of_the_query(
    query: str, looked_up: list[str]
) -> None:
    assert thin_out(split_query(query)) == looked_up


@given(st.text("安定门街道办事处架空线小区a1 ，", min_size=1, max_size=80))
def test_few_of_the_words_are_looked_up_and_never_none(query: str) -> None:
    words = split_words(query)
    looked_up = thin_out(words)
    assert set(looked_up) <= set(words)
    assert len(looked_up) <= 6
    assert bool(looked_up) == bool(words)
