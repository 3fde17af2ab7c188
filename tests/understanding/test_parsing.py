"""What `hotline parse` makes of its lines, the strangest included, with the real models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.language.understanding import Understander
from hotline.errors import InvalidInput
from hotline.parsing import open_understander, parse_lines
from hotline.settings import Settings
from tests.assistant import CACHE

pytestmark = pytest.mark.assistant

STRANGE = (
    "",
    " \t ",
    "。\n" * 200,
    "1" * 500,
    "🔥😀" * 300,
    "，" * 170,
    "\u200b\u200d\ufeff" * 60,
    "‘“（[{<" * 40,
    "abc DEF 123 " * 200,
    "٣٤۵\u0301" * 80,
    "路" * 4000,
)


@pytest.fixture(scope="module")
def understander() -> Iterator[Understander]:
    with open_understander(Settings(data_dir=CACHE)) as opened:
        yield opened


def _items(*texts: Any) -> list[dict[str, Any]]:
    return [{"_line": number, "text": text} for number, text in enumerate(texts, start=1)]


def test_what_is_strange_is_read_together_as_it_is_alone(understander: Understander) -> None:
    items = [
        {**item, "channel": each} for each in ("webchat", "voice") for item in _items(*STRANGE)
    ]
    together = parse_lines(understander, items)
    alone = [parse_lines(understander, [item])[0] for item in items]
    assert [each["text"] for each in together] == [*STRANGE, *STRANGE]
    assert [each["intent"]["name"] for each in together] == [
        each["intent"]["name"] for each in alone
    ]
    assert not any(each["emergency"] for each in together if "🔥" not in each["text"])


@pytest.mark.parametrize("texts", [(None,), (None, 5), ()])
def test_lines_that_are_all_bad_are_told_so(
    texts: tuple[Any, ...], understander: Understander
) -> None:
    told = parse_lines(understander, _items(*texts))
    assert all(isinstance(each, InvalidInput) and "缺少文字" in each.message for each in told)
    assert len(told) == len(texts)
