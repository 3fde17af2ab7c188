"""Who may sit at the desk: accounts, logins and sessions, each deed audited."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from console import store
from console.errors import (
    LastAdmin,
    LoginFailed,
    LoginTaken,
    OperatorNotFound,
    TooManyLogins,
    WrongPassword,
)
from console.models import (
    LONGEST_PASSWORD,
    Account,
    Role,
    check_password,
    read_login,
    read_name,
    read_role,
)
from console.passwords import Passwords, make_password
from hotline.audit import SYSTEM, Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import InvalidInput, RateLimited
from hotline.limits import Limiter
from hotline.privacy import Vault
from hotline.settings import Settings

_WINDOW_SECONDS = 15 * 60.0
_LOGINS_PER_ADDRESS = 20
"""A whole office may share one address: it gets this many times the tries of one login."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh login; the token is shown here once."""

    account: Account
    token: str


class Accounts:
    """The use cases around operators' accounts."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        limiter: Limiter,
        vault: Vault,
        settings: Settings,
        passwords: Passwords | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._vault = vault
        self._settings = settings
        self._passwords = passwords or Passwords()
        self._csrf_key = vault.derive("console csrf")

    # --- logging in and out ------------------------------------------------------------------

    async def log_in(
        self, login: str, password: str, address: str, old_token: str = ""
    ) -> LoggedIn:
        """A new session for the right password; raises LoginFailed or TooManyLogins.

        `old_token` is what the browser held before: it ends, so a token planted in a browser
        never becomes a logged-in one.
        """
        login = login.strip().casefold()
        async with self._db.read() as session:
            row = await store.find_by_login(session, login)
        await self._spend_try(login, row, address)
        stored = row.password_hash if row is not None else None
        fits = await self._passwords.verify(stored, password[:LONGEST_PASSWORD])
        if row is None or not fits or row.disabled_at is not None:
            await self._note_failure(login, row, address)
            raise LoginFailed
        fresh_hash = None
        if self._passwords.is_outdated(row.password_hash):
            fresh_hash = await self._passwords.hash(password)
        return await self._begin_session(row.id, stored, fresh_hash, address, old_token)

    async def _spend_try(self, login: str, row: store.OperatorRow | None, address: str) -> None:
        # a success or a new password starts a new count: the key changes with both
        count = f"{login}:{row.last_login_at}:{row.password_hash}" if row else login
        attempts = self._settings.login_attempts
        try:
            await self._limiter.spend(
                f"login-from:{address}", attempts * _LOGINS_PER_ADDRESS, _WINDOW_SECONDS
            )
            await self._limiter.spend(
                f"login:{self._vault.blind(count)}", attempts, _WINDOW_SECONDS
            )
        except RateLimited:
            raise TooManyLogins from None

    async def _note_failure(self, login: str, row: store.OperatorRow | None, address: str) -> None:
        # what was typed as a login may be a password: kept as a fingerprint only
        target = row.id if row else self._vault.blind(login)[:32]
        actor = Actor("operator", target, row.name if row else "")
        async with self._db.write() as session:
            record_deed(
                session,
                self._clock.now(),
                actor,
                "login_failed",
                "operator",
                target,
                address=address,
            )

    async def _begin_session(
        self,
        operator_id: str,
        checked_hash: str | None,
        fresh_hash: str | None,
        address: str,
        old_token: str,
    ) -> LoggedIn:
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._locked(session, operator_id)
            # disabled, or given another password, while the old one was being checked
            if row.disabled_at is not None or row.password_hash != checked_hash:
                raise LoginFailed
            row.last_login_at = now
            row.password_hash = fresh_hash or row.password_hash
            await store.forget_old_sessions(session, row.id, now)
            if old_token:
                await self._end(session, old_token)
            token = self._add_session(session, row.id)
            account = store.to_account(row)
            record_deed(
                session, now, account.actor, "logged_in", "operator", row.id, address=address
            )
        return LoggedIn(account, token)

    async def find(self, token: str) -> Account | None:
        """Whose living session this token opens."""
        async with self._db.read() as session:
            row = await store.find_session(session, _fingerprint(token), self._clock.now())
        return store.to_account(row) if row is not None else None

    async def log_out(self, token: str) -> None:
        """End the session; a token nobody has is let pass."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await store.find_session(session, _fingerprint(token), now)
            if row is None:
                return
            await self._end(session, token)
            actor = store.to_account(row).actor
            record_deed(session, now, actor, "logged_out", "operator", row.id)

    def csrf_token(self, token: str) -> str:
        """What unsafe requests of this session must carry."""
        return hmac.new(self._csrf_key, _bytes(token), hashlib.sha256).hexdigest()

    def csrf_fits(self, token: str, given: str) -> bool:
        """Whether the request's token belongs to the session's."""
        return hmac.compare_digest(self.csrf_token(token).encode(), _bytes(given))

    # --- accounts ------------------------------------------------------------------------------

    async def add_operator(
        self,
        login: str,
        name: str,
        role: Role | str,
        password: str | None = None,
        actor: Actor = SYSTEM,
        unit_id: int | None = None,
    ) -> str:
        """Add an account; returns its password, made here when none is given.

        `unit_id`: the unit of an account with the role unit, and of no other.
        """
        login, name, role = read_login(login), read_name(name), read_role(role)
        if (role is Role.UNIT) is (unit_id is None):
            raise InvalidInput("承办单位的账号要选择单位，其他账号不选。")
        chosen = password or make_password()
        check_password(chosen, login)
        hashed, now = await self._passwords.hash(chosen), self._clock.now()
        row = store.OperatorRow(
            id=uuid.uuid4().hex,
            login=login,
            name=name,
            role=role.value,
            password_hash=hashed,
            password_generated=password is None,
            created_at=now,
            unit_id=unit_id,
        )
        try:
            async with self._db.write() as session:
                if await store.find_by_login(session, login) is not None:
                    raise LoginTaken
                session.add(row)
                record_deed(
                    session,
                    now,
                    actor,
                    "operator_added",
                    "operator",
                    row.id,
                    role=role.value,
                    unit_id=unit_id,
                )
        except IntegrityError:
            raise LoginTaken from None
        return chosen

    async def list_operators(self) -> Sequence[Account]:
        """Everybody, those who can log in first, by login."""
        query = select(store.OperatorRow).order_by(
            store.OperatorRow.disabled_at.is_not(None), store.OperatorRow.login
        )
        async with self._db.read() as session:
            return [store.to_account(row) for row in await session.scalars(query)]

    async def disable(self, operator_id: str, actor: Actor) -> Account:
        """Shut an account and end its sessions; not one's own, not the last administrator's."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await self._locked(session, operator_id)
            is_admin = row.role == Role.ADMIN.value
            last = is_admin and await store.count_other_admins(session, row.id) == 0
            if last or row.id == actor.id:
                raise LastAdmin
            row.disabled_at = row.disabled_at or now
            await store.revoke_sessions(session, row.id, now)
            record_deed(session, now, actor, "operator_disabled", "operator", row.id)
            return store.to_account(row)

    async def enable(self, operator_id: str, actor: Actor) -> Account:
        """Open a disabled account again."""
        async with self._db.write() as session:
            row = await self._locked(session, operator_id)
            row.disabled_at = None
            record_deed(session, self._clock.now(), actor, "operator_enabled", "operator", row.id)
            return store.to_account(row)

    async def reset_password(self, operator_id: str, actor: Actor) -> tuple[Account, str]:
        """Give the account a made password and end its sessions; returns the password."""
        password = make_password()
        hashed, now = await self._passwords.hash(password), self._clock.now()
        async with self._db.write() as session:
            row = await self._locked(session, operator_id)
            row.password_hash, row.password_generated = hashed, True
            await store.revoke_sessions(session, row.id, now)
            record_deed(session, now, actor, "password_reset", "operator", row.id)
            return store.to_account(row), password

    async def change_password(self, account: Account, current: str, new: str) -> LoggedIn:
        """Change one's own password; every session ends and a new one begins."""
        try:
            await self._limiter.spend(
                f"password:{account.id}", self._settings.login_attempts, _WINDOW_SECONDS
            )
        except RateLimited:
            raise TooManyLogins("尝试次数太多，请 15 分钟后再试。") from None
        async with self._db.read() as session:
            row = await session.get_one(store.OperatorRow, account.id)
        checked = row.password_hash
        if not await self._passwords.verify(checked, current[:LONGEST_PASSWORD]):
            raise WrongPassword
        check_password(new, account.login)
        hashed, now = await self._passwords.hash(new), self._clock.now()
        async with self._db.write() as session:
            row = await self._locked(session, account.id)
            if row.disabled_at is not None or row.password_hash != checked:
                raise WrongPassword
            row.password_hash, row.password_generated = hashed, False
            await store.revoke_sessions(session, row.id, now)
            token = self._add_session(session, row.id)
            record_deed(session, now, account.actor, "password_changed", "operator", row.id)
            return LoggedIn(store.to_account(row), token)

    # --- within a transaction --------------------------------------------------------------------

    async def _locked(self, session: AsyncSession, operator_id: str) -> store.OperatorRow:
        row = await session.get(store.OperatorRow, operator_id, with_for_update=True)
        if row is None:
            raise OperatorNotFound
        return row

    def _add_session(self, session: AsyncSession, operator_id: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session.add(
            store.OperatorSessionRow(
                token_hash=_fingerprint(token),
                operator_id=operator_id,
                created_at=now,
                expires_at=now + timedelta(hours=self._settings.session_hours),
            )
        )
        return token

    async def _end(self, session: AsyncSession, token: str) -> None:
        row = await session.get(store.OperatorSessionRow, _fingerprint(token))
        if row is not None and row.revoked_at is None:
            row.revoked_at = self._clock.now()


def _fingerprint(token: str) -> str:
    return hashlib.sha256(_bytes(token)).hexdigest()


def _bytes(header: str) -> bytes:
    # what comes from a header may hold any byte; it must compare unequal, not fail
    return header.encode("utf-8", "surrogatepass")
