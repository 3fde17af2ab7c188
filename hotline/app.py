"""The application: every part made once, wired here, started and stopped in order."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import aiohttp
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import func, select, text

import actions.services
from bot.language.embedding import Listener, load_embedder
from cases.call_backs import CallBackSurveys
from cases.contact import Contacts
from cases.dispatch_service import Dispatching
from cases.followers import Followers
from cases.nearby_service import Nearby
from cases.open311.routes import Open311
from cases.photos import CasePhotos
from cases.reminders import Reminders, Watch
from cases.routes import CasesApi
from cases.service import Cases
from cases.sheet_service import Sheets
from cases.statistics_routes import StatisticsApi
from cases.statistics_service import Statistics
from cases.store import CaseRow
from cases.supplements import Supplements
from cases.urging import Urging
from cases.workflow import Workflow
from channels.tencent.parts import ChannelParts
from channels.tencent.reach import reach_reader
from channels.webchat.routes import ChatContext, setup_webchat
from channels.wechat.channel import WeChat, open_wechat
from channels.wecom.channel import WeCom, open_wecom
from console.api_door import ApiDoor
from console.intake import read_form
from console.models import Right
from console.routes import ConsoleContext, setup_console
from console.routes_statistics import setup_statistics
from console.service import Accounts
from conversations import store
from conversations.bot import Bot
from conversations.media import Media, open_media
from conversations.outbox import Outbox, WebChat
from conversations.rasa_bot import RasaBot
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.speech import Recogniser
from hotline.api_keys import ApiKeys
from hotline.bus import Bus, LocalBus, RedisBus
from hotline.clock import Clock, SystemClock
from hotline.db import Database
from hotline.dialogue_memory import forget_dialogues
from hotline.hours import Hours
from hotline.limits import Limiter, LocalLimiter, RedisLimiter
from hotline.open_data import OpenData
from hotline.openapi import DOCUMENT
from hotline.privacy import Vault
from hotline.reader import SentenceReader
from hotline.settings import Settings
from hotline.web import REGISTRY, add_security_headers, errors_as_json, measure
from kb.editorial import Chores, Editorial, make_editorial
from kb.pages import setup_knowledge
from kb.place_service import Places
from kb.service import Knowledge
from kb.vectors import PassageVectors
from telephony.desk import CallPages
from telephony.models import Errand
from telephony.provider import Provider
from telephony.setup import Telephony, open_telephony, setup_telephony
from telephony.speech import open_recogniser

log = structlog.get_logger(__name__)

WAITING = Gauge("hotline_inbox_waiting", "Messages not answered yet", registry=REGISTRY)
QUEUED = Gauge("hotline_queue_length", "Residents waiting for an operator", registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class Product:
    """Every part of a running product."""

    settings: Settings
    db: Database
    clock: Clock
    bus: Bus
    limiter: Limiter
    vault: Vault
    conversations: Conversations
    cases: Cases
    workflow: Workflow
    surveys: CallBackSurveys
    nearby: Nearby
    knowledge: Knowledge
    editorial: Editorial
    places: Places
    media: Media
    accounts: Accounts
    relay: Relay
    bot: Bot
    embedder: Listener
    wechat: WeChat | None
    wecom: WeCom | None
    telephony: Telephony
    statistics: Statistics


@asynccontextmanager
async def open_product(
    settings: Settings,
    *,
    rasa_url: str = "",
    rasa_secret: str = "",
    bot: Bot | None = None,
    clock: Clock | None = None,
    embedder: Listener | None = None,
    recogniser: Recogniser | None = None,
    provider: Provider | None = None,
) -> AsyncIterator[Product]:
    """Make every part, start the workers, and stop them in reverse order.

    `bot`, `clock`, `embedder` and the telephone `provider` can be replaced, for tests and for trying things out. The
    database must have been upgraded and `settings` must have a secret key.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        db = Database(settings.effective_database_url)
        stack.push_async_callback(db.close)
        bus, limiter = await _open_shared(settings, stack)
        vault = Vault(settings.secret_key)
        embedder = embedder or await _open_embedder(settings)
        conversations = Conversations(db, clock, bus, vault, Hours.read(settings.waking_hours))
        cases = Cases(db, clock, vault, limiter)
        nearby = Nearby(db, clock, embedder.embed)
        workflow = Workflow(
            db, clock, conversations.tell, auto_dispatch=bool(settings.case_auto_dispatch)
        )

        async def ring(case: CaseRow) -> None:
            if telephony.on and case.phone_sealed:
                number = vault.unlock(case.phone_sealed)
                await telephony.call_backs.book(
                    number, Errand.FOLLOW_UP, case_number=case.case_number
                )

        surveys = CallBackSurveys(db, clock, workflow, conversations, ring)
        vectors = PassageVectors(embedder, settings.cache_dir)
        knowledge = Knowledge(db, clock, vectors, settings.kb_refresh_seconds)
        await knowledge.seed()
        await _start(stack, knowledge)
        editorial = make_editorial(db, clock, knowledge, embedder.embed, conversations.tell)
        await _start(stack, Chores(editorial, settings.kb_keep_days))
        places = Places(db, clock, settings.kb_refresh_seconds)
        await _start(stack, places)
        bot = bot or await _open_rasa(settings, stack, rasa_url, rasa_secret)
        actions.services.bind(
            actions.services.Services(
                cases,
                conversations,
                knowledge,
                embedder,
                places,
                editorial,
                nearby,
                Followers(db, clock, vault),
                Supplements(db, clock, vault),
                Urging(db, clock),
                workflow,
                surveys,
            )
        )
        relay = Relay(db, clock, conversations, bot)
        await _start(stack, relay)
        media = await stack.enter_async_context(open_media(settings, db, clock))
        recogniser = recogniser or open_recogniser(
            settings.speech_model_dir, settings.speech_seconds
        )
        parts = ChannelParts(
            settings,
            db,
            clock,
            bus,
            limiter,
            vault,
            conversations,
            relay,
            media,
            recogniser,
            partial(forget_dialogues, settings),
        )
        wechat, wecom = await _open_channels(parts, stack)
        telephony = await stack.enter_async_context(
            open_telephony(
                settings,
                db,
                clock,
                bus,
                vault,
                conversations,
                relay,
                cases,
                workflow,
                knowledge,
                limiter,
                SentenceReader(settings, embedder),
                recogniser,
                provider,
            )
        )
        apart = [name for name, channel in (("wechat", wechat), ("wecom", wecom)) if channel]
        outbox = Outbox(db, clock, {"webchat": WebChat(bus), "voice": telephony.channel}, apart)
        watch = Watch(db, clock, workflow, settings.case_watch_seconds)
        statistics = Statistics(db, clock)
        for worker in (outbox, surveys, watch, statistics):
            await _start(stack, worker)
        yield Product(
            settings=settings,
            db=db,
            clock=clock,
            bus=bus,
            limiter=limiter,
            vault=vault,
            conversations=conversations,
            cases=cases,
            workflow=workflow,
            surveys=surveys,
            nearby=nearby,
            knowledge=knowledge,
            editorial=editorial,
            places=places,
            media=media,
            accounts=Accounts(db, clock, limiter, vault, settings),
            relay=relay,
            bot=bot,
            embedder=embedder,
            wechat=wechat,
            wecom=wecom,
            telephony=telephony,
            statistics=statistics,
        )


async def _open_embedder(settings: Settings) -> Listener:
    chosen = Path(settings.embedder_dir) if settings.embedder_dir else None
    return await asyncio.to_thread(load_embedder, settings.cache_dir, chosen)


async def _open_rasa(settings: Settings, stack: AsyncExitStack, url: str, secret: str) -> Bot:
    # a few connections more than turns: its state is asked for while all of them run
    connections = aiohttp.TCPConnector(limit=settings.rasa_concurrency + 4)
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=connections))
    return RasaBot(http, url, secret, settings.rasa_timeout_seconds, settings.rasa_concurrency)


async def _open_channels(
    parts: ChannelParts, stack: AsyncExitStack
) -> tuple[WeChat | None, WeCom | None]:
    """WeChat's official account and its customer service, where they are set up."""
    on = parts.settings
    wechat = await stack.enter_async_context(open_wechat(parts)) if on.wechat_is_on else None
    wecom = await stack.enter_async_context(open_wecom(parts)) if on.wecom_is_on else None
    return wechat, wecom


class Worker(Protocol):
    """A part with work in the background."""

    def start(self) -> Awaitable[None] | None:
        """Begin."""
        ...

    def stop(self) -> Awaitable[None]:
        """End; what is undone waits for the next start."""
        ...


async def _start(stack: AsyncExitStack, worker: Worker) -> None:
    """Begin now, and end in reverse order."""
    begun = worker.start()
    if begun is not None:
        await begun
    stack.push_async_callback(worker.stop)


async def _open_shared(settings: Settings, stack: AsyncExitStack) -> tuple[Bus, Limiter]:
    if not settings.redis_url:
        return LocalBus(), LocalLimiter()
    import redis.asyncio

    client = redis.asyncio.from_url(settings.redis_url)
    stack.push_async_callback(client.aclose)
    bus = RedisBus(client, uuid.uuid4().hex)
    task = asyncio.create_task(bus.relay_forever())

    async def stop() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop)
    return bus, RedisLimiter(client)


def make_app(product: Product) -> web.Application:
    """The public door: web chat, console, knowledge pages, health and metrics."""
    settings = product.settings
    most = (settings.max_upload_megabytes + 1) * 1024 * 1024
    app = web.Application(middlewares=[measure, errors_as_json], client_max_size=most)
    app.on_response_prepare.append(add_security_headers)
    setup_webchat(
        app,
        ChatContext(
            settings,
            product.conversations,
            product.relay,
            product.media,
            product.bus,
            product.limiter,
            product.editorial.ratings,
        ),
    )
    door, pages = setup_console(
        app,
        ConsoleContext(
            db=product.db,
            clock=product.clock,
            bus=product.bus,
            limiter=product.limiter,
            settings=settings,
            conversations=product.conversations,
            cases=product.cases,
            workflow=product.workflow,
            nearby=product.nearby,
            contacts=Contacts(product.db, product.clock, product.vault),
            sheets=Sheets(product.db, product.clock),
            dispatching=Dispatching(product.db, product.clock),
            reminders=Reminders(product.db, product.clock),
            photos=CasePhotos(product.db, product.clock),
            media=product.media,
            accounts=product.accounts,
            places=product.places,
            editorial=product.editorial,
            reach=dict.fromkeys(("wechat", "wecom"), reach_reader(product.db, product.clock)),
        ),
    )
    for channel in (product.wechat, product.wecom):
        if channel is not None:
            channel.setup(app)
    setup_knowledge(app, product.knowledge, product.places)
    setup_telephony(app, product.telephony)
    phone = product.telephony
    call_pages = CallPages(phone, phone.transcripts, phone.lists, product.clock, pages, read_form)
    call_pages.setup(app, door, Right.SERVE, Right.TAKE_FROM_OTHERS)
    keys = ApiKeys(product.db, product.clock)
    api_door = ApiDoor(door, keys, product.limiter)
    CasesApi(product.cases, api_door.admit, product.clock).setup(app)
    StatisticsApi(product.statistics, api_door.admit).setup(app)
    setup_statistics(app, product.statistics, door, pages)
    OpenData(
        product.db,
        product.clock,
        product.knowledge,
        product.places,
        product.statistics,
        settings.city_name,
    ).setup(app)
    Open311(settings, product.cases, product.clock, product.limiter).setup(app)
    health = Health(product)
    app.add_routes(
        [
            web.get("/healthz", health.alive),
            web.get("/readyz", health.ready),
            web.get("/metrics", health.metrics),
            web.get("/api/openapi.json", _show_openapi),
        ]
    )
    return app


async def _show_openapi(_: web.Request) -> web.Response:
    return web.json_response(DOCUMENT)


class Health:
    """Alive, ready, and the figures."""

    def __init__(self, product: Product) -> None:
        self._p = product

    async def alive(self, _: web.Request) -> web.Response:
        """GET /healthz: the process answers."""
        return web.json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        """GET /readyz: database reached, knowledge loaded, Rasa answering; 503 while not."""
        checks = {
            "database": await self._database_answers(),
            "knowledge": bool(self._p.knowledge.all()),
            "rasa": await self._p.bot.is_ready() if isinstance(self._p.bot, RasaBot) else True,
        }
        body = {
            "status": "ok" if all(checks.values()) else "starting",
            "checks": checks,
            "channels": {
                "webchat": "on",
                "wechat": "on" if self._p.wechat else "off",
                "wecom": "on" if self._p.wecom else "off",
                "telephony": "on" if self._p.telephony.on else "off",
                "open311": "on" if self._p.settings.open311_api_keys else "off",
            },
        }
        return web.json_response(body, status=200 if all(checks.values()) else 503)

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(3), self._p.db.read() as session:
                await session.execute(text("SELECT 1"))
        except Exception as error:  # any driver error means: not reached
            log.warning("ready.database", error=type(error).__name__)
            return False
        return True

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics: Prometheus text."""
        async with self._p.db.read() as session:
            waiting = (
                select(func.count())
                .select_from(store.InboxRow)
                .where(store.InboxRow.done_at.is_(None))
            )
            queued = (
                select(func.count())
                .select_from(store.ConversationRow)
                .where(store.ConversationRow.holder == "queue")
            )
            WAITING.set(await session.scalar(waiting) or 0)
            QUEUED.set(await session.scalar(queued) or 0)
        return web.Response(
            body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


def new_secret() -> str:
    """A secret for one run: between the gateway and its own Rasa child."""
    return secrets.token_urlsafe(32)
