"""Numbers in digits, in words and in both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.numbers import read_digits, read_number, view_digits

ONES = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("27", 27), ("二十七", 27), ("十", 10), ("十二", 12), ("一百零二", 102), ("三百五", 350),
        ("三百零五", 305), ("两千零二十六", 2026), ("一万二", 12000), ("1万2", 12000),
        ("2千5", 2500), ("二零二六", 2026), ("幺幺零", 110), ("一亿", 100_000_000), ("〇", 0),
        ("一百一十一", 111),
    ],
)  # fmt: skip
def test_reads_numbers(text: str, value: int) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize("text", ["", "万", "二十七号", "三点", "几十", "٣十", "1.5", "十a"])
def test_gives_none_for_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


@given(number=st.integers(0, 9999))
def test_reads_every_number_written_out_in_words(number: int) -> None:
    assert read_number(_spell(number)) == number


@given(text=st.text(st.sampled_from("0一二十百千万亿零两5幺半几个号"), max_size=20))
def test_never_fails_on_words_of_numbers(text: str) -> None:
    value = read_number(text)
    assert value is None or value >= 0


def test_reads_digits_said_one_by_one() -> None:
    assert read_digits("幺三八 零零，幺三八零零零") == "13800138000"
    assert read_digits("四个八") == "8888"


def test_a_view_with_repeated_digits_maps_back() -> None:
    text = "电话幺三个零二"
    view = view_digits(text)
    assert view.text == "电话10002"
    start, end = view.source_span(3, 6)
    assert text[start:end] == "三个零"


def _spell(number: int) -> str:
    if number == 0:
        return "零"
    spelled, pending_zero = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            spelled += ("零" if pending_zero and spelled else "") + ONES[digit] + sign
            pending_zero = False
        else:
            pending_zero = True
    return spelled
