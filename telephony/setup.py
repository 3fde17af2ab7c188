"""Puts the telephone's parts together: services, background work, the channel, the addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from cases.service import Cases
from cases.workflow import Workflow
from conversations.models import Entry, Sender
from conversations.outbox import Channel
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.speech import Recogniser
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.limits import Limiter
from hotline.privacy import Vault
from hotline.settings import Settings
from kb.service import Knowledge
from telephony.call_backs import CallBacks
from telephony.follow_up import FollowUps
from telephony.keeping import Keeping
from telephony.listening import Listening
from telephony.looking import CallLists
from telephony.models import CallStatus
from telephony.provider import NoProvider, Provider
from telephony.recordings import Recordings
from telephony.routes import CallsApi
from telephony.service import Calls
from telephony.transcripts import Reader, Transcripts
from telephony.transfers import Transfers
from telephony.twilio.relay import RelayDoor
from telephony.twilio.rest import TwilioProvider
from telephony.twilio.webhooks import Webhooks

log = structlog.get_logger(__name__)

_RING_SECONDS, _DIAL_SECONDS, _TIDY_SECONDS = 1.0, 15.0, 60.0
_FORGOTTEN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Telephony:
    """Every part of the telephone."""

    on: bool
    settings: Settings
    bus: Bus
    calls: Calls
    transfers: Transfers
    call_backs: CallBacks
    recordings: Recordings
    provider: Provider
    transcripts: Transcripts
    listening: Listening
    keeping: Keeping
    lists: CallLists
    api: CallsApi
    recogniser: Recogniser | None

    @property
    def in_browser(self) -> bool:
        """Whether operators can take calls in their browsers."""
        return self.on and bool(self.settings.twilio_api_key)

    @property
    def channel(self) -> Channel:
        """How stored messages reach a caller."""
        return VoiceChannel(self.calls)


class VoiceChannel:
    """Words in answer to the caller are spoken by his own turn; others make the line ask."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def deliver(self, conversation_id: str, entry: Entry) -> None:
        """Nobody is on the line any more: the words stay in the transcript."""
        unasked = entry.in_reply_to is None and entry.sender in (Sender.OPERATOR, Sender.SYSTEM)
        call = await self._calls.find_live(conversation_id) if unasked else None
        if call is not None and call.status is not CallStatus.QUEUED:
            await self._calls.nudge(call.id)


@asynccontextmanager
async def open_telephony(
    settings: Settings,
    db: Database,
    clock: Clock,
    bus: Bus,
    vault: Vault,
    conversations: Conversations,
    relay: Relay,
    cases: Cases,
    workflow: Workflow,
    knowledge: Knowledge,
    limiter: Limiter,
    reader: Reader,
    recogniser: Recogniser | None,
    provider: Provider | None = None,
) -> AsyncIterator[Telephony]:
    """Make the parts and keep the background work going; `provider` replaces Twilio's."""
    on = bool(settings.twilio_account_sid)
    twilio = TwilioProvider(settings) if on and provider is None else None
    chosen: Provider = provider or twilio or NoProvider()
    transfers = Transfers(db, clock, vault, settings, conversations, chosen)
    call_backs = CallBacks(db, clock, vault, settings, chosen, FollowUps(cases, workflow))
    recordings = Recordings(db, clock, settings, chosen)
    calls = Calls(
        db,
        clock,
        bus,
        vault,
        settings,
        conversations,
        relay,
        chosen,
        transfers,
        call_backs,
        recordings,
    )
    transcripts = Transcripts(db, clock, vault, cases, knowledge, reader)
    telephony = Telephony(
        on=on,
        settings=settings,
        bus=bus,
        calls=calls,
        transfers=transfers,
        call_backs=call_backs,
        recordings=recordings,
        provider=chosen,
        transcripts=transcripts,
        listening=Listening(db, clock, transcripts),
        keeping=Keeping(db, clock, settings),
        lists=CallLists(db, clock, vault),
        api=CallsApi(settings, transcripts, limiter),
        recogniser=recogniser,
    )
    tasks = _start_work(telephony) if on else []
    try:
        yield telephony
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if twilio is not None:
            await twilio.close()


def _start_work(telephony: Telephony) -> list[asyncio.Task[None]]:
    async def ring() -> None:
        await telephony.transfers.ring_for_waiting(telephony.calls.push)

    async def dial() -> None:
        await telephony.call_backs.dial_due()

    async def tidy() -> None:
        await telephony.recordings.fetch_new()
        if telephony.recogniser is not None:
            await telephony.recordings.transcribe_new(telephony.recogniser, telephony.transcripts)
        await telephony.recordings.delete_old()
        await telephony.keeping.forget_old()
        await telephony.calls.end_forgotten(_FORGOTTEN)

    work = ((ring, _RING_SECONDS), (dial, _DIAL_SECONDS), (tidy, _TIDY_SECONDS))
    return [asyncio.create_task(_repeat(deed, seconds)) for deed, seconds in work]


async def _repeat(deed: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await deed()
        except Exception as error:  # the database may be away for a while; keep going
            log.error("telephony.work_failed", error=type(error).__name__)


def setup_telephony(app: web.Application, telephony: Telephony) -> None:
    """Add the telephone's addresses; what has no settings has no address."""
    app.add_routes(telephony.api.routes())
    if not telephony.on:
        return
    hooks = Webhooks(
        telephony.settings,
        telephony.calls,
        telephony.transfers,
        telephony.call_backs,
        telephony.recordings,
        telephony.listening,
    )
    relay = RelayDoor(telephony.calls, telephony.bus, hooks.signatures)
    app.add_routes([*hooks.routes(), web.get("/telephony/twilio/relay", relay.open)])
    app.on_shutdown.append(relay.close)
