"""The bot as conversations see it: a message in, replies out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from conversations.models import Reply, Turn


class Bot(Protocol):
    """Answers one turn. Raises BotFailed when it is down, too slow, or has nothing to say.

    The same turn may come twice after a crash (`turn.replayed`); the second answer must be the
    first one again and nothing may be done twice.
    """

    async def respond(self, turn: Turn) -> Sequence[Reply]:
        """The replies, in the order they are to be read; at least one."""
        ...


class ScriptedBot:
    """A bot that says what a function tells it to; for trying out and testing everything else."""

    def __init__(
        self, script: Callable[[Turn], Sequence[Reply]], delay_seconds: float = 0.0
    ) -> None:
        self._script = script
        self.delay_seconds = delay_seconds
        self.turns: list[Turn] = []
        self._answered: dict[str, Sequence[Reply]] = {}

    async def respond(self, turn: Turn) -> Sequence[Reply]:
        if turn.message_id in self._answered:
            return self._answered[turn.message_id]
        self.turns.append(turn)
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        replies = self._script(turn)
        self._answered[turn.message_id] = replies
        return replies
