"""Commands that answer JSON lines: each good line is answered, the bad ones are told at the end."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

from hotline.errors import InvalidInput

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MOST_AT_ONCE = 64

Item = dict[str, Any]
"""A line's object, with its number as `_line`."""
AnswerAll = Callable[[Sequence[Item]], Sequence[Item | InvalidInput]]
"""An answer, or what is wrong, for each item in order."""


def one_by_one(function: Callable[[Item], Item]) -> AnswerAll:
    """For commands that gain nothing from answering several lines together."""

    def answer(item: Item) -> Item | InvalidInput:
        try:
            return function(item)
        except InvalidInput as error:
            return error

    return lambda items: [answer(item) for item in items]


def answer_lines(source: Iterable[bytes], sink: TextIO, answer_all: AnswerAll) -> None:
    """One line out for each good line in, in order; blank lines are passed over.

    A line is answered as soon as it comes; of lines that are there already, many are answered
    together. A bad line costs the others nothing: InvalidInput names the first one, and how many
    there were, when all has been read.
    """
    bad: list[str] = []
    for lines in _gather(source):
        read = [_read_line(number, raw) for number, raw in lines]
        good = [item for item in read if not isinstance(item, InvalidInput)]
        answers = iter(answer_all(good))
        for item in read:
            answer = item if isinstance(item, InvalidInput) else next(answers)
            if isinstance(answer, InvalidInput):
                bad.append(answer.message)
            else:
                sink.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sink.flush()
    if bad:
        more = f"另有 {len(bad) - 1} 行也不对，" if len(bad) > 1 else ""
        raise InvalidInput(f"{bad[0].rstrip('。')}；{more}其余各行已处理。")


def _gather(source: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered lines that are not blank: all that wait, up to `_MOST_AT_ONCE`."""
    waiting: queue.Queue[tuple[int, bytes] | None] = queue.Queue(4 * _MOST_AT_ONCE)
    failed: list[Exception] = []

    def read() -> None:
        try:
            for number, raw in enumerate(source, 1):
                if raw.strip():
                    waiting.put((number, raw))
        except Exception as error:
            failed.append(error)
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (first := waiting.get()) is not None:
        lines = [first]
        while len(lines) < _MOST_AT_ONCE and not waiting.empty():
            line = waiting.get()
            if line is None:
                waiting.put(None)
                break
            lines.append(line)
        yield lines
    if failed:
        raise failed[0]


def _read_line(number: int, raw: bytes) -> Item | InvalidInput:
    try:
        item = json.loads(raw.removeprefix(_BYTE_ORDER_MARK).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return InvalidInput(f"第 {number} 行不是合法的 JSON。")
    if not isinstance(item, dict):
        return InvalidInput(f"第 {number} 行应是一个 JSON 对象。")
    return {"_line": number, **item}
