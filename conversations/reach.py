"""Whether and how often a channel still lets us write to the resident."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """`left` messages may be sent until `ends_at`; `held` wait for the resident's next words."""

    left: int
    ends_at: datetime | None
    held: int
    gone: bool = False
    """He has left the channel: nothing can reach him there."""


ReadReach = Callable[[str], Awaitable[Reach | None]]
"""Conversation id → how far the channel reaches; None when it sets no bounds."""
