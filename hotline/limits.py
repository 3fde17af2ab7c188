"""Rate limits: how often one sender may do one thing."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError

from hotline.errors import RateLimited

log = structlog.get_logger(__name__)

_MOST_KEYS = 50_000


class Limiter(Protocol):
    """Counts deeds by key."""

    async def spend(self, key: str, allowed: int, seconds: float) -> None:
        """Count one deed; raise RateLimited when more than `allowed` fell in `seconds`."""
        ...


class LocalLimiter:
    """A sliding refill per key (token bucket) in this process; memory is bounded."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def spend(self, key: str, allowed: int, seconds: float) -> None:
        now = time.monotonic()
        left, at = self._buckets.pop(key, (float(allowed), now))
        left = min(float(allowed), left + (now - at) * allowed / seconds)
        if left < 1:
            self._buckets[key] = (left, now)
            raise RateLimited
        self._buckets[key] = (left - 1, now)
        while len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)


class RedisLimiter:
    """A fixed window per key in Redis, shared by all processes; per process while Redis is away."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._alone = LocalLimiter()

    async def spend(self, key: str, allowed: int, seconds: float) -> None:
        try:
            count = await self._count(key, seconds)
        except (RedisError, OSError) as error:
            log.warning("limits.redis_away", error=type(error).__name__)
            await self._alone.spend(key, allowed, seconds)
            return
        if count > allowed:
            raise RateLimited

    async def _count(self, key: str, seconds: float) -> int:
        window = int(time.time() // seconds)
        name = f"hotline:limit:{key}:{window}"
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.incr(name)
            pipe.expire(name, int(seconds) + 1)
            count, _ = await pipe.execute()
        return int(count)
