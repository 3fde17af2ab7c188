"""JSON lines in, JSON lines out: what is wrong in one line costs the others nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hotline.errors import InvalidInput
from hotline.lines import answer_lines, one_by_one


def _answer(item: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(item.get("text"), str):
        raise InvalidInput(f"第 {item['_line']} 行缺少文字 text。")
    return {"said": item["text"]}


def _run(sink: io.StringIO, *lines: bytes) -> list[str]:
    answer_lines(lines, sink, one_by_one(_answer))
    return _said(sink)


def _said(sink: io.StringIO) -> list[str]:
    return [json.loads(line)["said"] for line in sink.getvalue().splitlines()]


def test_each_line_is_answered_in_order() -> None:
    lines = ['{"text": "甲"}\n', "\n", '{"text": ""}\r\n', '\ufeff{"text": "乙"}']
    assert _run(io.StringIO(), *(line.encode() for line in lines)) == ["甲", "", "乙"]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b'{"text": ', "第 2 行不是合法的 JSON"),
        (b"\xff\xfe", "第 2 行不是合法的 JSON"),
        (b"[" * 100_000, "第 2 行不是合法的 JSON"),
        (b'["text"]', "第 2 行应是一个 JSON 对象"),
        (b'{"text": 5}', "第 2 行缺少文字 text"),
        (b"{}", "第 2 行缺少文字 text"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_answered(bad: bytes, told: str) -> None:
    sink = io.StringIO()
    with pytest.raises(InvalidInput, match=f"{told}；其余各行已处理"):
        _run(sink, b'{"text": "before"}', bad, b'{"text": "after"}')
    assert _said(sink) == ["before", "after"]


def test_many_bad_lines_are_told_in_one_sentence() -> None:
    with pytest.raises(
        InvalidInput, match=r"^第 1 行不是合法的 JSON；另有 2 行也不对，其余各行已处理。$"
    ):
        _run(io.StringIO(), b"x", b"[]", b'{"text": null}')


def test_what_was_read_before_the_source_broke_is_answered() -> None:
    def broken() -> Iterator[bytes]:
        yield from (f'{{"text": "{number}"}}'.encode() for number in range(100))
        raise OSError("the pipe is gone")

    sink = io.StringIO()
    with pytest.raises(OSError, match="pipe"):
        answer_lines(broken(), sink, one_by_one(_answer))
    assert _said(sink) == [str(number) for number in range(100)]
