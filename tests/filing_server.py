"""The door at which cases are filed, in a process of its own, to be killed by a test.

    python -m tests.filing_server DATABASE_URL PORT

The API, the keys, the filing and the database are the real ones; the rest of the product, which
takes seconds to start, is left out.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from cases.routes import CasesApi
from cases.service import Cases
from hotline.api_keys import ApiKeys, Caller, Scope
from hotline.audit import Actor
from hotline.clock import SystemClock
from hotline.db import Database
from hotline.errors import Unauthenticated
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from hotline.web import errors_as_json

SECRET_KEY = "tests only, not a secret: " + "x" * 20


async def serve(database_url: str, port: int) -> None:
    """Serve until killed."""
    db, clock = Database(database_url), SystemClock()
    keys = ApiKeys(db, clock)

    async def admit(request: web.Request, scope: Scope) -> Caller:
        key = await keys.find(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if key is None or scope not in key.scopes:
            raise Unauthenticated
        return Caller(Actor("system", f"key:{key.id}", key.name), key.scopes)

    app = web.Application(middlewares=[errors_as_json])
    CasesApi(Cases(db, clock, Vault(SECRET_KEY), LocalLimiter()), admit, clock).setup(app)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
