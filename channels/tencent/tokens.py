"""Access tokens: one for all processes, renewed early by one of them, never in a loop."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import CursorResult, or_, update
from sqlalchemy.exc import IntegrityError

from channels.tencent.errors import ApiFailed
from channels.tencent.store import AccessTokenRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault

log = structlog.get_logger(__name__)

EARLY = timedelta(minutes=5)
"""Renewed so long before it ends; the old and the new one are both good for a while."""
_LEASE = timedelta(seconds=20)
_FORCE_PAUSE = timedelta(minutes=72)
"""Forcing a new token is allowed 20 times a day, so no oftener than this by ourselves."""
_POLL_SECONDS, _PATIENCE_SECONDS = 0.1, 10.0

Obtain = Callable[[bool], Awaitable[tuple[str, int]]]
"""Asks the API for a token; the argument forces a new one. Returns it and its seconds to live."""


class Tokens:
    """The access token of one account."""

    def __init__(self, db: Database, clock: Clock, vault: Vault, name: str, obtain: Obtain) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._name = name
        self._obtain = obtain
        self._owner = uuid.uuid4().hex
        self._lock = asyncio.Lock()
        self._known: tuple[str, datetime] | None = None

    async def get(self) -> str:
        """A token that is good for some minutes; raises ApiFailed when none can be had."""
        if self._known and self._known[1] - self._clock.now() > EARLY:
            return self._known[0]
        return await self._renew(None)

    async def replace(self, refused: str) -> str:
        """Another token than the one the API refused; renewed at most once for it."""
        return await self._renew(refused)

    async def _renew(self, refused: str | None) -> str:
        async with self._lock:
            deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
            while True:
                token, ends = await self._look()
                now = self._clock.now()
                if token and token != refused and ends and ends - now > EARLY:
                    self._known = (token, ends)
                    return token
                if await self._claim(now):
                    return await self._fetch(refused)
                if token and token != refused and ends and ends > now:
                    return token  # still good while another process renews it
                if asyncio.get_running_loop().time() > deadline:
                    raise ApiFailed(None, "no access token in time")
                await asyncio.sleep(_POLL_SECONDS)

    async def _look(self) -> tuple[str | None, datetime | None]:
        async with self._db.read() as session:
            row = await session.get(AccessTokenRow, self._name)
        if row is None or row.token_sealed is None:
            return None, None
        try:
            return self._vault.unlock(row.token_sealed), row.expires_at
        except ValueError:
            return None, None  # sealed with a master key that has been changed since

    async def _claim(self, now: datetime) -> bool:
        try:
            async with self._db.write(durable=False) as session:
                if await session.get(AccessTokenRow, self._name) is None:
                    session.add(AccessTokenRow(name=self._name))
        except IntegrityError:
            pass  # another process was first
        async with self._db.write(durable=False) as session:
            statement = (
                update(AccessTokenRow)
                .where(
                    AccessTokenRow.name == self._name,
                    or_(
                        AccessTokenRow.lease_owner.is_(None),
                        AccessTokenRow.lease_owner == self._owner,
                        AccessTokenRow.lease_until < now,
                    ),
                )
                .values(lease_owner=self._owner, lease_until=now + _LEASE)
            )
            result = await session.execute(statement)
            assert isinstance(result, CursorResult)
            return result.rowcount == 1

    async def _fetch(self, refused: str | None) -> str:
        forced = False
        try:
            token, seconds = await self._obtain(False)
            if token == refused and await self._may_force():
                token, seconds = await self._obtain(True)
                forced = True
            if token == refused:
                raise ApiFailed(40001, "the renewed token is the refused one")
        except BaseException:
            await self._release()
            raise
        now = self._clock.now()
        ends = now + timedelta(seconds=seconds)
        async with self._db.write(durable=False) as session:
            row = await session.get_one(AccessTokenRow, self._name, with_for_update=True)
            row.token_sealed, row.obtained_at, row.expires_at = self._vault.lock(token), now, ends
            row.lease_owner, row.lease_until = None, None
            row.forced_at = now if forced else row.forced_at
        self._known = (token, ends)
        log.info("token.renewed", name=self._name.partition(":")[0], forced=forced)
        return token

    async def _may_force(self) -> bool:
        async with self._db.read() as session:
            row = await session.get_one(AccessTokenRow, self._name)
        return row.forced_at is None or self._clock.now() - row.forced_at >= _FORCE_PAUSE

    async def _release(self) -> None:
        async with self._db.write(durable=False) as session:
            row = await session.get_one(AccessTokenRow, self._name)
            row.lease_owner, row.lease_until = None, None
