"""Phone numbers as they are typed, grouped and said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.normalise import normalise
from bot.language.numbers import SPOKEN_DIGITS
from bot.language.phones import read_phones


@pytest.mark.parametrize(
    "said",
    [
        "我的电话13800138000",
        "138-0013-8000",
        "138 0013 8000，谢谢",
        "+86 13800138000",
        "0086-138-0013-8000",
        "１３８００１３８０００",
        "幺三八零零幺三八零零零",
        "一三八零零一三八零零零",
        "幺三八零零幺三，然后八零零零",
        "手机是一三八 后面是零零幺三八零零零",
        "138嗯00138000",
        "13800138000三号楼的",
        "幺三八零零幺三八零零零三号楼的",
        "有20个人，13800138000",
    ],
)
def test_finds_a_mobile_number(said: str) -> None:
    (phone,) = read_phones(normalise(said, "voice").text)
    assert (phone.value, phone.data["kind"]) == ("13800138000", "mobile")


@pytest.mark.parametrize(
    ("said", "value", "extension"),
    [
        ("010-62621234", "01062621234", None),
        ("(010)6262 1234", "01062621234", None),
        ("010 62621234转8012", "01062621234", "8012"),
        ("零幺零六二六二幺二三四", "01062621234", None),
        ("座机62621234", "62621234", None),
        ("联系电话：6262-1234", "62621234", None),
        ("0731-88886666", "073188886666", None),
    ],
)
def test_finds_a_landline_with_its_extension(said: str, value: str, extension: str | None) -> None:
    (phone,) = read_phones(normalise(said).text)
    assert phone.data["kind"] == "landline"
    assert (phone.value, phone.data["extension"]) == (value, extension)


def test_digits_said_as_so_many_of_one() -> None:
    (phone,) = read_phones("幺三八四个零幺二三四")
    assert phone.value == "13800001234"


def test_two_numbers_in_one_message() -> None:
    phones = read_phones("13800138000或者13900139000")
    assert [phone.value for phone in phones] == ["13800138000", "13900139000"]


@pytest.mark.parametrize(
    "said",
    [
        "1380013800",  # ten digits
        "138001380001",  # twelve
        "2026112200017",  # a case number
        "打过12345和96310，还有110",
        "身份证110101199003071234",
        "1、38 2、00 3、13 4、80 5、00",
        "20261122有人施工",
        "2026-0318那天",
        "编号是62621234",  # eight digits without a word about phones
        "一百三十八块",
    ],
)
def test_leaves_other_numbers_alone(said: str) -> None:
    assert read_phones(normalise(said).text) == []


@pytest.mark.parametrize("said", ["62621234", " 6262-1234。", "6262 1234，家里的座机，打这个"])
def test_eight_digits_are_a_landline_alone_or_when_called_so(said: str) -> None:
    (phone,) = read_phones(normalise(said).text)
    assert (phone.value, phone.data["kind"]) == ("62621234", "landline")


SEPARATORS = st.sampled_from(["", " ", "-", "—", "，", "然后", "后面是"])


@given(
    digits=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    cuts=st.tuples(SEPARATORS, SEPARATORS),
    spoken=st.booleans(),
)
def test_any_mobile_is_found_however_it_is_grouped(
    digits: str, cuts: tuple[str, str], spoken: bool
) -> None:
    words = {digit: word for word, digit in reversed(SPOKEN_DIGITS.items())}
    groups = [digits[:3], digits[3:7], digits[7:]]
    if spoken:
        groups = ["".join(words[digit] for digit in group) for group in groups]
    text = f"我的手机是{groups[0]}{cuts[0]}{groups[1]}{cuts[1]}{groups[2]}。"
    phones = read_phones(text)
    assert [phone.value for phone in phones] == [digits]
    assert text[phones[0].start : phones[0].end] == phones[0].text


def test_a_landline_that_mends_another_needs_no_word_about_telephones() -> None:
    found = read_phones("错啦，不是六五二三一一八八，是六五二三一一八六")
    assert [phone.value for phone in found] == ["65231188", "65231186"]
    assert read_phones("不是20261121，是20261122") == []
