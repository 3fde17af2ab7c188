"""Follows one open conversation for one page: new entries, the folder, who else looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from console.context import ConsoleContext
from console.desk import Desk
from console.messages import describe_entry
from console.models import Account
from console.presence import BEAT_SECONDS, Presence, presence_topic
from conversations.errors import ConversationNotFound
from conversations.models import Holder
from conversations.service import TIMELINE_PAGE
from conversations.timeline import conversation_topic
from hotline.bus import next_signal

FIRST_ENTRIES = 200
"""How many of the latest entries a page gets at first; earlier ones when it asks."""
LOOK_AGAIN = 5.0
"""Bus signals are hints: everything is read again after so many seconds."""
_STATE_PAUSE = 1.0
_TYPING_PAUSE = 1.0

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Follower:
    """Runs until cancelled. `after` is the last seq the page has, None for none."""

    def __init__(
        self,
        context: ConsoleContext,
        desk: Desk,
        account: Account,
        conversation_id: str,
        after: int | None,
        send: Send,
    ) -> None:
        self._c = context
        self._desk = desk
        self._account = account
        self._id = conversation_id
        self._after = after
        self._send = send
        self._topic = presence_topic(conversation_id)
        self._presence = Presence(account.id, account.name)
        self._viewers: list[dict[str, str]] | None = None
        self._mark = ""
        self._state_due = True
        self._looked_at = -_STATE_PAUSE
        self._beat_at = 0.0
        self._typed_at = 0.0
        self._holds = False

    async def run(self) -> None:
        """Tell the page everything new about the conversation."""
        async with self._c.bus.listen(conversation_topic(self._id), self._topic) as signals:
            self._publish_presence("enter")
            try:
                await self._tell_entries()
                while True:
                    await self._tell_state()
                    await self._tell_viewers()
                    wait = _STATE_PAUSE if self._state_due else LOOK_AGAIN
                    await self._take(await next_signal(signals, wait))
            except ConversationNotFound:
                await self._tell("gone")
            finally:
                self._publish_presence("leave")

    async def mark_read(self, seq: int) -> None:
        """The page has shown everything up to `seq`."""
        await self._desk.mark_read(self._account.id, self._id, seq)

    def type(self, active: bool) -> None:
        """Let the resident see that his operator writes; nobody else's typing reaches him."""
        now = _now()
        if not self._holds or (active and now - self._typed_at < _TYPING_PAUSE):
            return
        self._typed_at = now if active else 0.0
        signal = {"type": "typing", "sender": "operator", "active": active}
        self._c.bus.publish(conversation_topic(self._id), signal)

    async def _take(self, signal: Mapping[str, Any] | None) -> None:
        kind = signal["type"] if signal is not None else "changed"
        if signal is not None and kind == "typing":
            if signal["sender"] == "resident":
                await self._tell("typing", active=bool(signal["active"]))
        elif signal is not None and kind == "presence":
            if self._presence.hear(signal, _now()):
                self._publish_presence("here")
        else:
            await self._tell_entries()
            self._state_due = True

    async def _tell_entries(self) -> None:
        if self._after is None:
            conversation = await self._c.conversations.get(self._id)
            self._after = max(conversation.last_seq - FIRST_ENTRIES, 0)
        while True:
            entries = await self._c.conversations.timeline(self._id, self._after)
            if entries:
                described = [describe_entry(self._id, entry) for entry in entries]
                await self._tell("entries", entries=described)
                self._after = entries[-1].seq
            if len(entries) < TIMELINE_PAGE:
                return

    async def _tell_state(self) -> None:
        if not self._state_due or _now() - self._looked_at < _STATE_PAUSE:
            return
        folder = await self._desk.folder(self._id)
        conversation = folder.conversation
        self._holds = (
            conversation.holder is Holder.OPERATOR and conversation.operator_id == self._account.id
        )
        self._state_due, self._looked_at = False, _now()
        if folder.mark != self._mark:
            self._mark = folder.mark
            await self._tell("state")

    async def _tell_viewers(self) -> None:
        viewers = self._presence.viewers(_now())
        if viewers != self._viewers:
            self._viewers = viewers
            await self._tell("presence", viewers=viewers)
        if _now() - self._beat_at > BEAT_SECONDS:
            self._publish_presence("here")

    async def _tell(self, kind: str, **values: Any) -> None:
        # the page may have moved on: every frame says which conversation it is about
        await self._send({"type": kind, "conversation_id": self._id, **values})

    def _publish_presence(self, phase: str) -> None:
        self._beat_at = _now()
        self._c.bus.publish(self._topic, self._presence.signal(phase))


def _now() -> float:
    return asyncio.get_running_loop().time()
