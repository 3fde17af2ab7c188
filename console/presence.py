"""Who has the same conversation open: pages tell each other over the bus.

Every page says hello when it opens a conversation; the others answer once, so the newcomer knows
them too. A page that went away without a word is forgotten after some missed beats.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEAT_SECONDS = 15.0
_FORGET_SECONDS = 3 * BEAT_SECONDS


def presence_topic(conversation_id: str) -> str:
    """Bus topic of those who look at one conversation; residents never listen to it."""
    return f"presence:{conversation_id}"


@dataclass(slots=True)
class Presence:
    """The others at one conversation, as one page knows them. Times are monotonic seconds."""

    operator_id: str
    operator_name: str
    page: str = field(default_factory=lambda: secrets.token_hex(8))
    _others: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def signal(self, phase: str) -> dict[str, Any]:
        """What this page tells the others: enter, here or leave."""
        return {
            "type": "presence",
            "phase": phase,
            "page": self.page,
            "operator_id": self.operator_id,
            "operator_name": self.operator_name,
        }

    def hear(self, signal: Mapping[str, Any], now: float) -> bool:
        """Take in what another page tells; returns whether it should be answered with `here`."""
        page = signal["page"]
        if page == self.page:
            return False
        if signal["phase"] == "leave":
            self._others.pop(page, None)
        else:
            self._others[page] = (signal["operator_id"], signal["operator_name"], now)
        return bool(signal["phase"] == "enter")

    def viewers(self, now: float) -> list[dict[str, str]]:
        """The other operators, each once, by name."""
        for page, (_, _, seen) in list(self._others.items()):
            if now - seen > _FORGET_SECONDS:
                del self._others[page]
        known = {operator: name for operator, name, _ in self._others.values()}
        known.pop(self.operator_id, None)
        return [
            {"id": operator, "name": name}
            for operator, name in sorted(known.items(), key=lambda item: (item[1], item[0]))
        ]
