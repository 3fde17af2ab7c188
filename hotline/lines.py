"""Commands that answer JSON lines: each good line is answered, the bad ones are told at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from hotline.errors import InvalidInput

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def answer_lines(
    source: Iterable[bytes], sink: TextIO, function: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """One line out for each good line in, at once and in order; blank lines are passed over.

    A bad line costs the others nothing: InvalidInput names the first one, and how many there were,
    when all has been read.
    """
    bad: list[str] = []
    for number, raw in enumerate(source, 1):
        if not raw.strip():
            continue
        try:
            answer = function(_read_line(number, raw))
        except InvalidInput as error:
            bad.append(error.message)
            continue
        sink.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sink.flush()
    if bad:
        more = f"另有 {len(bad) - 1} 行也不对，" if len(bad) > 1 else ""
        raise InvalidInput(f"{bad[0].rstrip('。')}；{more}其余各行已处理。")


def _read_line(number: int, raw: bytes) -> dict[str, Any]:
    try:
        item = json.loads(raw.removeprefix(_BYTE_ORDER_MARK).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise InvalidInput(f"第 {number} 行不是合法的 JSON。") from None
    if not isinstance(item, dict):
        raise InvalidInput(f"第 {number} 行应是一个 JSON 对象。")
    return {"_line": number, **item}
