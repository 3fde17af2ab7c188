"""Number plates."""

from __future__ import annotations

import pytest

from bot.language.plates import read_plates


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("京A12345占了通道", "京A12345"),
        ("京A·12345", "京A12345"),
        ("京ad12345", "京AD12345"),
        ("京N 8K2B6", "京N8K2B6"),
        ("京A幺二三四五", "京A12345"),
    ],
)
def test_finds_plates(said: str, value: str) -> None:
    assert [plate.value for plate in read_plates(said)] == [value]


@pytest.mark.parametrize("said", ["京东12345", "京A", "北京A座12345", "京ABCDEF"])
def test_leaves_other_letters_alone(said: str) -> None:
    assert read_plates(said) == []
