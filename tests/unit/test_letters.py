"""Letters: what is one, and how it is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.letters import leave_numbers_out, open_letters
from bot.language.models import Vector
from bot.language.sentences import count_signs

ENGLISH = (
    "Good morning, I have lived in this hutong since the spring and I like it very much, but the "
    "lamp in front of my gate went out in October and nobody has come, although three neighbours "
    "called you. My mother is eighty and walks with a stick. We would be glad of a new bulb."
)


class Counting:
    """Embeds a sentence as its length, and remembers what it was asked."""

    name, dimension = "counting", 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, sentences: Sequence[str], role: str = "query") -> Vector:
        self.asked += sentences
        return np.array([[len(each)] for each in sentences], np.float32)


def test_only_what_is_long_is_a_letter_and_all_of_them_are_embedded_at_once() -> None:
    first = "楼下的路灯坏了半个月，天一黑什么也看不见。" * 9
    second = "我妈腿脚不好，上下楼都要人扶着走。" * 12
    embedder = Counting()
    letters = open_letters(["路灯坏了", first, "谢谢", second], embedder)
    assert sorted(letters) == [1, 3]
    assert [len(letters[1].sentences), len(letters[3].sentences)] == [9, 12]
    assert embedder.asked == [*letters[1].sentences, *letters[3].sentences]
    assert letters[3].vectors[:, 0].tolist() == [len(each) for each in letters[3].sentences]


def test_without_letters_nothing_is_embedded() -> None:
    embedder = Counting()
    assert open_letters(["路灯坏了", "谢谢"], embedder) == {}
    assert embedder.asked == []


@pytest.mark.parametrize("text", ["。\n" * 200, "1" * 500, "！？…；" * 90])
def test_what_says_nothing_is_no_letter_however_long(text: str) -> None:
    assert open_letters(["路灯坏了", text], Counting()) == {}


def test_numbers_are_left_out_and_doorplates_are_not() -> None:
    told = leave_numbers_out(["3号楼，电话13800001234，单号2026103100042"])
    assert told == ["3号楼，电话，单号"]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("本来想说停车的事，" * 20, 3, 5),
        ("喂我是用语音说的我不会打字" * 14, 3, 4),
        (ENGLISH * 4, 3, 6),
    ],
)
def test_what_has_no_end_of_a_sentence_is_cut_too(text: str, least: int, most: int) -> None:
    (letter,) = open_letters([text], Counting()).values()
    assert least <= len(letter.sentences) <= most
    assert max(count_signs(each) for each in letter.sentences) <= 100


@given(st.text("路灯，。坏 a.9", min_size=161, max_size=900))
def test_nothing_but_numbers_and_spaces_is_lost(text: str) -> None:
    for letter in open_letters([text], Counting()).values():
        whole = leave_numbers_out(["".join(text.split())])[0]
        kept = leave_numbers_out(["".join("".join(letter.sentences).split())])[0]
        assert kept.strip("，。.") in whole or kept == whole
