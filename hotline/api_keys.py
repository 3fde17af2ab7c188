"""API keys: what other systems show at the door, each with scopes, shown once, kept as a hash.

A key is 256 random bits, so a plain SHA-256 of it cannot be guessed back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from aiohttp import web
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Base, Database
from hotline.errors import InvalidInput, NotFound

PREFIX = "hk_"
LONGEST_NAME = 40
_ID_BYTES, _SECRET_BYTES = 6, 32


class Scope(StrEnum):
    """What a key opens; the values are part of the API."""

    READ_CASES = "cases:read"
    FILE_CASES = "cases:file"
    EXPORT_CASES = "cases:export"
    READ_PERSONAL = "personal:read"
    READ_STATISTICS = "statistics:read"


SCOPE_NAMES: Mapping[Scope, str] = {
    Scope.READ_CASES: "查工单",
    Scope.FILE_CASES: "登记工单",
    Scope.EXPORT_CASES: "导出工单",
    Scope.READ_PERSONAL: "看联系人和电话",
    Scope.READ_STATISTICS: "看统计",
}


class ApiKeyRow(Base):
    """One key; `key_hash` is the SHA-256 of the whole key."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by_name: Mapped[str] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as those who manage it see it; the key itself is never kept."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by_name: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API, and what he may do there."""

    actor: Actor
    scopes: frozenset[Scope]


Admit = Callable[[web.Request, Scope], Awaitable[Caller]]
"""The caller behind a request; raises Unauthenticated or Forbidden without the scope."""


class ApiKeys:
    """Issues, finds and revokes keys; issuing and revoking are audited."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def issue(self, name: str, scopes: Collection[Scope], actor: Actor) -> str:
        """A new key, which is shown this once; raises InvalidInput."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidInput(f"密钥名称为 1 到 {LONGEST_NAME} 个字，写明给哪个系统用。")
        if not scopes:
            raise InvalidInput("请至少选一项权限。")
        identifier, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        key, now = f"{PREFIX}{identifier}_{secret}", self._clock.now()
        named = sorted(scope.value for scope in scopes)
        async with self._db.write() as session:
            session.add(
                ApiKeyRow(
                    id=identifier,
                    name=name,
                    key_hash=_hash(key),
                    scopes=named,
                    created_at=now,
                    created_by_name=actor.name,
                )
            )
            record_deed(
                session,
                now,
                actor,
                "api_key_issued",
                "api_key",
                identifier,
                name=name,
                scopes=named,
            )
        return key

    async def revoke(self, identifier: str, actor: Actor) -> None:
        """The key opens nothing from now on; raises NotFound."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await session.get(ApiKeyRow, identifier)
            if row is None or row.revoked_at is not None:
                raise NotFound("没有这个密钥，或已经停用。")
            row.revoked_at = now
            record_deed(session, now, actor, "api_key_revoked", "api_key", identifier)

    async def list_keys(self) -> Sequence[ApiKey]:
        """Every key, those in force first, the newest first."""
        query = select(ApiKeyRow).order_by(
            ApiKeyRow.revoked_at.is_not(None), ApiKeyRow.created_at.desc()
        )
        async with self._db.read() as session:
            return [_to_key(row) for row in await session.scalars(query)]

    async def find(self, key: str) -> ApiKey | None:
        """The key in force that this text is."""
        identifier = key.removeprefix(PREFIX).partition("_")[0]
        if not key.startswith(PREFIX) or len(identifier) != _ID_BYTES * 2:
            return None
        async with self._db.read() as session:
            row = await session.get(ApiKeyRow, identifier)
        fits = hmac.compare_digest(row.key_hash if row else "", _hash(key))
        return _to_key(row) if row and fits and row.revoked_at is None else None


def read_scopes(raw: Collection[str]) -> frozenset[Scope]:
    """The scopes with these names; raises InvalidInput."""
    try:
        return frozenset(Scope(each) for each in raw)
    except ValueError:
        raise InvalidInput(f"权限应取自：{'、'.join(Scope)}。") from None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _to_key(row: ApiKeyRow) -> ApiKey:
    scopes = frozenset(Scope(each) for each in row.scopes)
    return ApiKey(row.id, row.name, scopes, row.created_at, row.created_by_name, row.revoked_at)
