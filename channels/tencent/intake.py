"""Takes deliveries from the journal into conversations: one at a time per resident, in order.

Files are fetched and recordings read before the transaction that writes a message into the
timeline, opens the window and empties the journal's copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from channels.tencent import store
from channels.tencent.attachments import Attachments, Fetched
from channels.tencent.courier import Courier, recent_entries
from channels.tencent.erasure import conversations_of, erase_resident
from channels.tencent.line import Line
from channels.tencent.models import FROM_RESIDENT, OPENERS, Kind, Windows
from channels.tencent.parts import ForgetDialogues
from channels.tencent.rendering import number_choices, read_choice
from channels.tencent.seats import Seats
from conversations.models import Button, Holder, Incoming, Reply, SharedLocation
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.store import ConversationRow
from hotline.clock import Clock
from hotline.db import Database

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 2.0
_SWEEP_MOST = 200
_AT_ONCE = 2
_MOST_TURNS = 12
"""More turns at once make each of them slower and none of them sooner."""
_DOOR_SECONDS = 0.1
"""While somebody at the door waits longer for "received", nothing is taken up: it can wait."""
_MOST_ATTEMPTS = 5
_KEPT = timedelta(days=3)
_LONGEST_CHOICE = 40
MORE_WORDS = frozenset({"继续", "继续看", "更多", "查看更多"})
NO_FILM = Reply(
    "视频收到了，但我还看不了视频。请把现场拍成照片发来，或打字告诉我。",
    buttons=(Button("转人工", "人工"),),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What this deployment says and understands on these channels."""

    greeting: Sequence[Reply]
    menu: Mapping[str, str]
    """Menu key → the resident's words it stands for."""
    most_chars: int


class Intake:
    """The worker of one channel."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        conversations: Conversations,
        relay: Relay,
        attachments: Attachments,
        line: Line,
        courier: Courier,
        seats: Seats,
        words: Words,
        forget_dialogues: ForgetDialogues | None = None,
        door_delay: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._forget_dialogues = forget_dialogues
        self._door_delay = door_delay
        self._db = db
        self._clock = clock
        self._conversations = conversations
        self._relay = relay
        self._attachments = attachments
        self._line = line
        self._courier = courier
        self._seats = seats
        self._words = words
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def backlog(self) -> int:
        """Residents whose deliveries or turns are under way here."""
        return len(self._tasks) + self._relay.busy

    async def start(self) -> None:
        """Take up what an earlier process left, then keep looking."""
        self._sweeper = asyncio.create_task(self._sweep_forever())

    async def stop(self) -> None:
        """Stop; what is in the journal stays there for the next start."""
        tasks = [*self._tasks.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def wake(self, user: str) -> None:
        """There is something of this resident's in the journal."""
        if user in self._tasks:
            self._again.add(user)
            return
        task = asyncio.create_task(self._work(user))
        self._tasks[user] = task
        task.add_done_callback(lambda done: self._finished(user, done))

    async def look_again(self, user: str) -> None:
        """A delivery came once more: its request is let go where all has been said already."""
        key = {"channel": self._line.channel, "external_user": user}
        async with self._db.read() as session:
            known = await session.get(store.ChannelUserRow, key)
        if known is not None and known.conversation_id:
            self._courier.know(known.conversation_id, user)
            self._courier.wake(known.conversation_id)

    def _finished(self, user: str, task: asyncio.Task[None]) -> None:
        del self._tasks[user]
        if not task.cancelled() and (error := task.exception()) is not None:
            # it stays in the journal; the sweep comes back to it
            log.error("intake.failed", channel=self._line.channel, exc_info=error)
            self._again.discard(user)
        elif user in self._again:
            self._again.discard(user)
            self.wake(user)

    async def _sweep_forever(self) -> None:
        cleaned = self._clock.now()
        while True:
            try:
                async with self._db.read() as session:
                    users = await store.users_waiting(session, self._line.channel, _SWEEP_MOST)
                for user in users:
                    if user not in self._tasks:
                        self.wake(user)
                if self._clock.now() - cleaned > timedelta(hours=1):
                    cleaned = self._clock.now()
                    async with self._db.write(durable=False) as session:
                        await store.forget_inbound(session, cleaned - _KEPT)
            except Exception as error:  # the database may be away for a while; keep looking
                log.error("intake.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _work(self, user: str) -> None:
        while True:
            self._again.discard(user)
            async with self._slots:
                await self._wait_for_room()
                async with self._db.read() as session:
                    row = await store.next_inbound(session, self._line.channel, user)
                if row is not None and row.kind not in _SLOW:
                    await self._prepare(row)
                    await self._take(row, None)
            if row is None:
                return
            if row.kind in _SLOW:
                # fetching a file may take seconds: others are not kept waiting for it
                await self._prepare(row)
                conversation_id = await self._conversation_for(user)
                await self._take(row, await self._attachments.fetch(row, conversation_id))

    async def _wait_for_room(self) -> None:
        """Until few enough turns run and nobody waits long at the door; both only count."""
        while self._relay.busy >= _MOST_TURNS or self._door_delay() > _DOOR_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _prepare(self, row: store.InboundRow) -> None:
        if row.kind in _SPOKEN:
            body = row.body
            await self._line.prepare(
                row.external_user, str(body.get("account", "")), str(body.get("welcome_code", ""))
            )

    async def _conversation_for(self, user: str) -> str:
        async with self._db.write(durable=False) as session:
            row = await store.lock_user(session, self._line.channel, user, self._clock.now())
            return (await self._open_conversation(session, row)).id

    async def _take(self, seen: store.InboundRow, fetched: Fetched | None) -> None:
        try:
            await self._take_once(seen, fetched)
        except Exception:
            async with self._db.write(durable=False) as session:
                row = await session.get(store.InboundRow, seen.id)
                if row is not None:
                    row.attempts += 1
                    if row.attempts >= _MOST_ATTEMPTS:
                        # one delivery that cannot be taken must not stop all that follow it
                        log.error("intake.given_up", kind=row.kind)
                        row.done_at = self._clock.now()
            raise

    async def _take_once(self, seen: store.InboundRow, fetched: Fetched | None) -> None:
        now, kind = self._clock.now(), Kind(seen.kind)
        conversation_id, needs_turn = "", False
        forgotten: Sequence[str] = ()
        if kind is Kind.UNSUBSCRIBE and self._forget_dialogues is not None:
            # first: while it fails, the delivery stays in the journal and is tried again
            async with self._db.read() as session:
                past = await conversations_of(session, self._line.channel, seen.external_user)
            await self._forget_dialogues(past)
        # the journal holds it until this is on the disk too
        async with self._db.write(durable=False) as session:
            row = await session.get(store.InboundRow, seen.id)
            if row is None or row.done_at is not None:
                return
            user = await store.lock_user(session, row.channel, row.external_user, now)
            if kind is Kind.UNSUBSCRIBE:
                forgotten = await erase_resident(
                    session, self._clock, row.channel, user.external_user
                )
            else:
                conversation_id, needs_turn = await self._write(session, row, user, fetched)
                store.finish_inbound(row, now)
        for digest in forgotten:
            await self._attachments.forget(digest)
        if kind is Kind.UNSUBSCRIBE:
            self._seats.release(seen.external_user)
            return
        if not conversation_id:
            self._seats.release(seen.external_user)
            return
        self._courier.know(conversation_id, seen.external_user)
        if needs_turn:
            self._relay.submit(conversation_id)
        else:
            self._courier.wake(conversation_id)

    async def _write(
        self,
        session: AsyncSession,
        row: store.InboundRow,
        user: store.ChannelUserRow,
        fetched: Fetched | None,
    ) -> tuple[str, bool]:
        """Into the timeline; the conversation, if anything may be said there, and whether the bot is asked."""
        now, kind = self._clock.now(), Kind(row.kind)
        user.updated_at, user.account = now, str(row.body.get("account") or user.account)
        if kind is Kind.PERMISSION:
            user.permissions = {**user.permissions, **row.body.get("permissions", {})}
            return "", False
        if kind is Kind.OUTCOME:
            for outcome in row.body.get("outcomes", ()):
                log.info("notice.outcome", channel=row.channel, status=outcome.get("status"))
            return "", False
        if kind not in OPENERS or (kind is Kind.ENTER and not row.body.get("welcome_code")):
            return "", False
        conversation = await self._open_conversation(session, user)
        user.blocked = None
        if kind in OPENERS:
            window = self._line.allowance.open(OPENERS[kind], min(row.created_at, now))
            user.windows = Windows.from_data(user.windows).opened(window, now).to_data()
            await store.release_held(session, conversation.id, now)
        if kind not in FROM_RESIDENT:
            await self._conversations.greet_within(session, conversation.id, self._words.greeting)
            return conversation.id, False
        incoming = await self._read(session, row, conversation, fetched)
        if incoming is None:
            return conversation.id, False
        accepted = await self._conversations.accept_within(session, conversation.id, incoming)
        return conversation.id, accepted.needs_turn

    async def _open_conversation(
        self, session: AsyncSession, user: store.ChannelUserRow
    ) -> ConversationRow:
        """The resident's conversation; a new one when an operator has ended the last."""
        if user.conversation_id:
            row = await session.get(ConversationRow, user.conversation_id)
            if row is not None and row.holder != Holder.CLOSED.value:
                return row
        opened = await self._conversations.open_within(session, user.channel, user.external_user)
        user.conversation_id = opened.id
        return opened

    async def _read(
        self,
        session: AsyncSession,
        row: store.InboundRow,
        conversation: ConversationRow,
        fetched: Fetched | None,
    ) -> Incoming | None:
        """The delivery as a message; None when it only asks to go on."""
        body, kind, key = row.body, Kind(row.kind), row.external_id
        if fetched is not None:
            return Incoming(
                key, fetched.text, attachment_ids=fetched.attachment_ids, answer=fetched.answer
            )
        if kind is Kind.TEXT:
            return await self._read_text(session, conversation, key, str(body.get("text", "")))
        if kind is Kind.CLICK:
            words = self._words.menu.get(str(body.get("key")))
            return Incoming(key, words) if words else None
        if kind is Kind.LOCATION:
            place = SharedLocation(body["lat"], body["lon"], str(body.get("label", "")))
            return Incoming(key, location=place)
        if kind is Kind.LINK:
            return Incoming(key, _describe_link(body)[: self._words.most_chars])
        return Incoming(key, "［视频］", answer=NO_FILM)

    async def _read_text(
        self, session: AsyncSession, conversation: ConversationRow, key: str, text: str
    ) -> Incoming | None:
        text = text.strip()[: self._words.most_chars]
        if text in MORE_WORDS and await store.count_due(
            session, conversation.id, self._clock.now()
        ):
            return None
        if len(text) <= _LONGEST_CHOICE and conversation.holder != Holder.OPERATOR.value:
            numbered = number_choices(await recent_entries(session, conversation.id))
            offered = [choice for choices in numbered.values() for choice in choices]
            text = read_choice(text, offered) or text
        return Incoming(key, text or "（空消息）")


_SPOKEN = FROM_RESIDENT | {Kind.ENTER}
_SLOW = frozenset({Kind.IMAGE.value, Kind.VOICE.value})


def _describe_link(body: Mapping[str, Any]) -> str:
    lines = (str(body.get(name, "")).strip() for name in ("title", "description", "url"))
    return "\n".join(dict.fromkeys(line for line in lines if line)) or "［链接］"
