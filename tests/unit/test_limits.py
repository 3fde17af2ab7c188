"""Rate limits: what both limiters keep, and what each keeps in its own way."""

from __future__ import annotations

import asyncio
import uuid
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

import hotline.limits
from hotline.errors import RateLimited
from hotline.limits import Limiter, LocalLimiter, RedisLimiter

LONG = 10_000.0
"""Seconds in which no window ends and hardly anything is refilled."""


@pytest.fixture(params=["local", "redis"])
def any_limiter(request: pytest.FixtureRequest) -> Limiter:
    if request.param == "local":
        return LocalLimiter()
    return RedisLimiter(request.getfixturevalue("redis_client"))


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


async def spend_until_refused(limiter: Limiter, key: str, allowed: int, seconds: float) -> int:
    for spent in range(allowed * 3):
        try:
            await limiter.spend(key, allowed, seconds)
        except RateLimited:
            return spent
    return allowed * 3


async def test_as_many_as_allowed_pass_and_not_one_more(any_limiter: Limiter, key: str) -> None:
    assert await spend_until_refused(any_limiter, key, 3, LONG) == 3
    with pytest.raises(RateLimited):
        await any_limiter.spend(key, 3, LONG)


async def test_one_senders_flood_does_not_touch_another(any_limiter: Limiter, key: str) -> None:
    assert await spend_until_refused(any_limiter, key, 2, LONG) == 2
    await any_limiter.spend(f"{key}:other", 2, LONG)


async def test_many_at_the_same_moment_do_not_slip_through(any_limiter: Limiter, key: str) -> None:
    results = await asyncio.gather(
        *(any_limiter.spend(key, 5, LONG) for _ in range(40)), return_exceptions=True
    )
    assert sum(isinstance(result, RateLimited) for result in results) == 35


async def test_who_waits_may_go_on(any_limiter: Limiter, key: str) -> None:
    # whole seconds: Redis forgets by the second
    await spend_until_refused(any_limiter, key, 2, 1)
    await asyncio.sleep(1.05)
    await any_limiter.spend(key, 2, 1)


async def test_odd_keys_are_keys(any_limiter: Limiter, key: str) -> None:
    for odd in ("用户:一", "a b\nc", "*", "x" * 2000):
        assert await spend_until_refused(any_limiter, key + odd, 1, LONG) == 1


async def test_the_local_limiter_refills_little_by_little(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    now = 1000.0
    monkeypatch.setattr("hotline.limits.time", SimpleNamespace(monotonic=lambda: now))
    limiter = LocalLimiter()
    assert await spend_until_refused(limiter, key, 6, 60) == 6
    now += 9.9
    with pytest.raises(RateLimited):
        await limiter.spend(key, 6, 60)
    now += 0.2
    await limiter.spend(key, 6, 60)
    now += 10_000
    assert await spend_until_refused(limiter, key, 6, 60) == 6


async def test_the_local_limiter_forgets_the_oldest_senders_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hotline.limits, "_MOST_KEYS", 10)
    limiter = LocalLimiter()
    for number in range(11):
        await limiter.spend(str(number), 1, LONG)
    await limiter.spend("0", 1, LONG)
    with pytest.raises(RateLimited):
        await limiter.spend("10", 1, LONG)


async def test_processes_share_what_is_spent_in_redis(redis_client: Redis, key: str) -> None:
    first, second = RedisLimiter(redis_client), RedisLimiter(redis_client)
    await first.spend(key, 2, LONG)
    await second.spend(key, 2, LONG)
    for limiter in (first, second):
        with pytest.raises(RateLimited):
            await limiter.spend(key, 2, LONG)


async def test_what_is_counted_in_redis_goes_away_by_itself(redis_client: Redis, key: str) -> None:
    await RedisLimiter(redis_client).spend(key, 2, 30)
    [name] = [name async for name in redis_client.scan_iter(match=f"*{key}*")]
    assert 0 < await redis_client.ttl(name) <= 31
