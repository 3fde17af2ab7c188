"""Who calls the API: a system with a key, or an operator with her console session."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from console.door import Door
from console.models import Account, Right
from hotline.api_keys import ApiKeys, Caller, Scope
from hotline.audit import Actor
from hotline.errors import Forbidden, Unauthenticated
from hotline.limits import Limiter

CALLS_PER_MINUTE = 600
_RIGHTS: Mapping[Scope, Right] = {
    Scope.READ_CASES: Right.READ_CASES,
    Scope.READ_STATISTICS: Right.READ_CASES,
    Scope.FILE_CASES: Right.MOVE_CASES,
    Scope.EXPORT_CASES: Right.RULE_CASES,
    Scope.READ_PERSONAL: Right.REVEAL_ANY,
}
"""The right of an operator that stands for each scope."""


class ApiDoor:
    """Admits callers of /api/v1 that are not residents."""

    def __init__(self, door: Door, keys: ApiKeys, limiter: Limiter) -> None:
        self._door = door
        self._keys = keys
        self._limiter = limiter

    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        """The caller, who has the scope; raises Unauthenticated, Forbidden or RateLimited."""
        caller = await self._find(request)
        if scope not in caller.scopes:
            raise Forbidden(f"没有“{scope.value}”权限。")
        await self._limiter.spend(f"api:{caller.actor.id}", CALLS_PER_MINUTE, 60)
        return caller

    async def _find(self, request: web.Request) -> Caller:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind:
            key = await self._keys.find(given.strip()) if kind.casefold() == "bearer" else None
            if key is None:
                raise Unauthenticated("接口密钥不对或已停用。")
            return Caller(Actor("system", f"key:{key.id}", key.name), key.scopes)
        visitor = await self._door.admit_script(request)
        return Caller(visitor.account.actor, _scopes_of(visitor.account))


def _scopes_of(account: Account) -> frozenset[Scope]:
    return frozenset(scope for scope, right in _RIGHTS.items() if account.may(right))
