"""A whole console on a throwaway database: for tests, and for trying pages out by hand."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from yarl import URL

from cases.contact import Contacts
from cases.dispatch_service import Dispatching
from cases.nearby_service import Nearby
from cases.photos import CasePhotos
from cases.reminders import Reminders
from cases.service import Cases
from cases.sheet_service import Sheets
from cases.workflow import Workflow
from console.context import ConsoleContext
from console.door import COOKIE, CSRF_HEADER
from console.models import Role
from console.passwords import Passwords
from console.routes import setup_console
from console.service import Accounts
from conversations.media import Media
from conversations.models import Conversation, Handoff, Incoming, Reply
from conversations.service import Conversations
from hotline.bus import LocalBus
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.migrate import upgrade_database
from hotline.privacy import Vault
from hotline.settings import Settings
from kb.editorial import make_editorial
from kb.place_service import Places
from kb.service import Knowledge
from kb.testing import TinyEmbedder
from kb.vectors import PassageVectors

PASSWORD = "right-horse-7"  # noqa: S105  # of accounts that live as long as a test
Client = TestClient[web.Request, web.Application]

_CSRF = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Page:
    """A browser of one operator: it keeps her cookie and knows her CSRF token."""

    client: Client
    csrf: str

    async def post(
        self, path: str, body: dict[str, object] | None = None
    ) -> aiohttp.ClientResponse:
        """Post JSON as the desk's scripts do."""
        return await self.client.post(path, json=body or {}, headers={CSRF_HEADER: self.csrf})

    async def submit(self, path: str, **fields: str) -> aiohttp.ClientResponse:
        """Post a form as the pages do."""
        form = {"csrf_token": self.csrf, **fields}
        return await self.client.post(path, data=form, allow_redirects=False)

    @property
    def token(self) -> str:
        """The session token in the cookie."""
        cookies = self.client.session.cookie_jar.filter_cookies(self.client.make_url("/console"))
        return cookies[COOKIE].value


@dataclass(slots=True)
class World:
    """The services, the app, and the browsers opened on it."""

    context: ConsoleContext
    app: web.Application
    clock: FakeClock
    bus: LocalBus
    clients: list[Client] = field(default_factory=list)

    async def browser(self) -> Client:
        """A browser without a login, with a cookie jar of its own."""
        jar = aiohttp.CookieJar(unsafe=True)
        # all browsers talk to the one server
        server = self.clients[0].server if self.clients else TestServer(self.app)
        client = cast(Client, TestClient(server, cookie_jar=jar))
        await client.start_server()
        self.clients.append(client)
        return client

    async def add(
        self, login: str, role: Role = Role.OPERATOR, name: str = "", unit_id: int | None = None
    ) -> None:
        """An operator whose password is PASSWORD."""
        await self.context.accounts.add_operator(
            login, name or login, role, PASSWORD, unit_id=unit_id
        )

    async def log_in(self, login: str, password: str = PASSWORD) -> Page:
        """A new browser, logged in through the login page."""
        client = await self.browser()
        answer = await post_login(client, login, password)
        assert answer.status == 303, await answer.text()
        return Page(client, find_csrf(await (await client.get("/console/password")).text()))

    async def open(self, *texts: str, channel: str = "webchat") -> str:
        """A conversation in which the resident said these texts; returns its id."""
        conversation, _, _ = await self.context.conversations.open(channel, [Reply("您好")])
        for number, text in enumerate(texts, start=1):
            await self.context.conversations.accept(conversation.id, Incoming(f"r{number}", text))
        return conversation.id

    async def enqueue(self, *texts: str, reason: str = "市民要求人工", summary: str = "") -> str:
        """A conversation that waits for a person; returns its id."""
        conversation_id = await self.open(*(texts or ("转人工",)))
        conversations = self.context.conversations
        turn = await conversations.turns.begin(conversation_id, "test")
        while turn is not None:
            last = turn.entry.text == (texts or ("转人工",))[-1]
            reply = Reply("好的。", handoff=Handoff(reason, summary) if last else None)
            turn = await conversations.turns.finish(
                conversation_id, turn.entry.id, [reply], None, "test"
            )
        return conversation_id

    async def state(self, conversation_id: str) -> Conversation:
        """The conversation as it is now."""
        return await self.context.conversations.get(conversation_id)

    async def close(self) -> None:
        """Close every browser, the server and the database."""
        for client in reversed(self.clients):
            await client.close()
        await self.context.db.close()


async def build_world(folder: Path, **settings: object) -> World:
    """A console on a new SQLite database in `folder`; the clock stands still."""
    values: dict[str, object] = {"data_dir": folder, **settings}
    effective = Settings(**values)  # type: ignore[arg-type]  # field names checked by the dataclass
    db = Database(f"sqlite+aiosqlite:///{folder / 'console.db'}")
    shutil.copy(await _migrated_file(), folder / "console.db")
    clock, bus = FakeClock(datetime(2026, 11, 22, 6, 0, tzinfo=UTC)), LocalBus()
    vault, limiter = Vault("x" * 40), LocalLimiter()
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    conversations = Conversations(db, clock, bus, vault)
    embedder = TinyEmbedder()
    knowledge = Knowledge(db, clock, PassageVectors(embedder, folder / "cache"))
    context = ConsoleContext(
        db=db,
        clock=clock,
        bus=bus,
        limiter=limiter,
        settings=effective,
        conversations=conversations,
        cases=Cases(db, clock, vault, limiter),
        workflow=Workflow(db, clock, conversations.tell),
        nearby=Nearby(db, clock, embedder.embed),
        contacts=Contacts(db, clock, vault),
        sheets=Sheets(db, clock),
        dispatching=Dispatching(db, clock),
        reminders=Reminders(db, clock),
        photos=CasePhotos(db, clock),
        media=Media(db, clock, folder / "media"),
        accounts=Accounts(db, clock, limiter, vault, effective, quick),
        places=Places(db, clock),
        editorial=make_editorial(db, clock, knowledge, embedder.embed, conversations.tell),
    )
    app = web.Application()
    setup_console(app, context)
    return World(context, app, clock, bus)


_TEMPLATE = tempfile.TemporaryDirectory(prefix="console-")


async def _migrated_file() -> Path:
    """A migrated database to copy: made once a process, as migrating takes longer than a test."""
    path = Path(_TEMPLATE.name) / "console.db"
    if not path.exists():
        db = Database(f"sqlite+aiosqlite:///{path.with_suffix('.part')}")
        await upgrade_database(db)
        await db.close()
        path.with_suffix(".part").rename(path)
    return path


async def post_login(
    client: Client, login: str, password: str, **fields: str
) -> aiohttp.ClientResponse:
    """Open the login page and send its form."""
    page = await (await client.get("/console/login")).text()
    form = {"csrf_token": find_csrf(page), "login": login, "password": password, **fields}
    return await client.post("/console/login", data=form, allow_redirects=False)


def find_csrf(page: str) -> str:
    """The token in a page's form."""
    found = _CSRF.search(page)
    assert found is not None, page
    return found[1]


def origin_of(client: Client) -> str:
    """What a browser on the console's own page sends as Origin."""
    return str(URL.build(scheme="http", host=client.host, port=client.port or 80).origin())
