"""Runs the bot's turns: one at a time per conversation, in order, each exactly once.

A message waits in the inbox until its replies are stored in the same transaction that marks it
answered. A process holds a conversation by a lease; when it dies, another (or the same after a
restart) goes on where the database says it stopped.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress

import structlog

from conversations import store
from conversations.bot import Bot
from conversations.errors import BotFailed
from conversations.models import (
    Button,
    Reply,
    SharedLocation,
    Turn,
    merge_replies,
)
from conversations.service import Conversations
from conversations.turns import Begun
from hotline.clock import Clock
from hotline.db import Database

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 2.0
_SWEEP_MOST = 200
_MOST_ATTEMPTS = 3

APOLOGY = Reply(
    "很抱歉，助手暂时没能处理您的消息，消息已经保存。请稍后再说一次，或转人工为您服务。",
    buttons=(Button("转人工", "人工"),),
)


class Relay:
    """Start with `start`, hand over conversations with `submit`, stop with `stop`."""

    def __init__(self, db: Database, clock: Clock, conversations: Conversations, bot: Bot) -> None:
        self._db = db
        self._clock = clock
        self._conversations = conversations
        self._bot = bot
        self._owner = uuid.uuid4().hex
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier process left unanswered, then keep looking."""
        if self._db.is_sqlite:
            # one process owns an SQLite file, so every lease in it is a dead one
            async with self._db.write(durable=False) as session:
                await store.release_all_leases(session)
        await self._sweep()
        self._sweeper = asyncio.create_task(self._sweep_forever())

    async def stop(self) -> None:
        """Stop taking turns; running ones are cut and will be taken up again."""
        tasks = [*self._tasks.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    @property
    def busy(self) -> int:
        """How many conversations have a turn running or waiting here."""
        return len(self._tasks)

    def submit(self, conversation_id: str) -> None:
        """There is something new to answer in this conversation."""
        if conversation_id in self._tasks:
            self._again.add(conversation_id)
            return
        task = asyncio.create_task(self._work(conversation_id))
        self._tasks[conversation_id] = task
        task.add_done_callback(lambda done: self._finished(conversation_id, done))

    def _finished(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[conversation_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            # the message stays in the inbox; the sweep comes back to it when the lease is over
            log.error("relay.turn_crashed", conversation_id=conversation_id, exc_info=error)
        elif conversation_id in self._again:
            self._again.discard(conversation_id)
            self.submit(conversation_id)

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self._sweep()
            except Exception as error:  # the database may be away for a while; keep looking
                log.error("relay.sweep_failed", error=type(error).__name__)

    async def _sweep(self) -> None:
        async with self._db.read() as session:
            waiting = await store.conversations_waiting(session, self._clock.now(), _SWEEP_MOST)
        for conversation_id in waiting:
            if conversation_id not in self._tasks:
                self.submit(conversation_id)

    async def _work(self, conversation_id: str) -> None:
        self._again.discard(conversation_id)
        begun = await self._conversations.turns.begin(conversation_id, self._owner)
        while begun is not None:
            replies, error = await self._answer(begun)
            begun = await self._conversations.turns.finish(
                conversation_id, begun.entry.id, replies, error, self._owner
            )

    async def _answer(self, begun: Begun) -> tuple[Sequence[Reply], str | None]:
        conversation, entry, attempts = begun.conversation, begun.entry, begun.attempts
        if attempts > _MOST_ATTEMPTS:
            log.error("relay.given_up", message_id=entry.id, attempts=attempts)
            return [APOLOGY], "given up"
        location = entry.payload.get("location")
        turn = Turn(
            conversation_id=conversation.id,
            session=conversation.session,
            channel=conversation.channel,
            message_id=entry.id,
            text=entry.text,
            location=SharedLocation(**location) if location else None,
            # what a recording says is in the text; it is no picture of a place
            attachments=[
                item for item in entry.payload.get("attachments", ()) if item["kind"] != "audio"
            ],
            replayed=attempts > 1,
            question=conversation.open_question,
        )
        try:
            return merge_replies(await self._bot.respond(turn)), None
        except BotFailed as error:
            log.warning("relay.bot_failed", message_id=entry.id, reason=error.message)
            return [APOLOGY], error.message[:64]
