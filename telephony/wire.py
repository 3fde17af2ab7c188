"""Events and acts as JSON, for the database and between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from telephony.events import Act, Answer, Answers, Event

_KINDS: Mapping[str, type] = {kind.__name__: kind for kind in (*get_args(Event), *get_args(Act))}


def dump(item: Event | Act) -> dict[str, Any]:
    """`Say("…")` → `{"kind": "Say", "text": "…", …}`."""
    return {"kind": type(item).__name__, **asdict(item)}


def load(data: Mapping[str, Any]) -> Any:
    """Back again."""
    values = {key: value for key, value in data.items() if key != "kind"}
    kind = _KINDS[data["kind"]]
    if kind is Answers:
        values["answers"] = tuple(
            Answer(**{**each, "choices": tuple((a, b) for a, b in each["choices"])})
            for each in values["answers"]
        )
    return kind(**values)
