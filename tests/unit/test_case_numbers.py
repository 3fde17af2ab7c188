"""Case numbers: ours in every way of saying them, and other desks' behind a word for them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.case_numbers import read_case_numbers
from bot.language.normalise import normalise


@pytest.mark.parametrize(
    "said",
    [
        "2026112200017",
        "工单2026112200017到哪一步了",
        "GD2026112200017",
        "GD-20261122-00017",
        "20261122-00017",
        "2026 1122 00017",
        "20261122-A00017",
        "编号是二零二六一一二二零零零一七",
        "二零二六，一一二二，然后零零零幺七",
        "２０２６１１２２０００１７",
        "二 零 二 六 一 一 二 二 零 零 零 一 七",
        "2026年11月22日00017号",
        "二零二六年十一月二十二号零零零幺拐",
    ],
)
def test_finds_our_own_number(said: str) -> None:
    (case,) = read_case_numbers(normalise(said).text)
    assert (case.value, case.data["form"]) == ("2026112200017", "own")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("单号：WX-20260101-8871", "WX202601018871"),
        ("受理号是a1234567", "A1234567"),
        ("案件编号8871234567", "8871234567"),
        ("工单号 BJ12345678 查一下", "BJ12345678"),
        ("问你们0418233这单怎么样了", "0418233"),
        ("工单我抄下来是四零九二二七一", "4092271"),
        ("短信里那一串是3110092771", "3110092771"),
        ("2026-0318-0207那个工单", "202603180207"),
    ],
)
def test_takes_other_numbers_behind_a_word_for_them(said: str, value: str) -> None:
    (case,) = read_case_numbers(normalise(said).text)
    assert (case.value, case.data["form"]) == (value, "other")


@pytest.mark.parametrize(
    "said",
    [
        "2026139900017",  # no such day
        "20261122000171",  # fourteen digits
        "电话号码是13800138000",
        "单号13800138000",  # a mobile, whatever it is called
        "WX202601018871",  # no word for it
        "门牌号码12345678",
        "单号123",
        "路灯编号038217",
        "12345那个工单",
        "停了12345678单车",
        "一天三万单生意",
        "身份证号码110101199003071234",
    ],
)
def test_leaves_other_numbers_alone(said: str) -> None:
    assert read_case_numbers(normalise(said).text) == []


@given(day=st.dates(date(2000, 1, 1), date(2099, 12, 31)), serial=st.integers(0, 99999))
def test_every_day_and_serial_is_read(day: date, serial: int) -> None:
    number = f"{day:%Y%m%d}{serial:05d}"
    (case,) = read_case_numbers(f"我的工单{number}怎么样了")
    assert case.value == number
