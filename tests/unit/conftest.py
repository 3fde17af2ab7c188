"""A Redis to test against, where there is one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from tests.conftest import skip_unless_required


@pytest.fixture
def redis_url() -> str:
    """The configured test server; skips where there is none."""
    url = os.environ.get("HOTLINE_TEST_REDIS", "")
    if not url:
        skip_unless_required("redis", "HOTLINE_TEST_REDIS is not set")
    return url


@pytest.fixture
async def redis_client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A connection of its own to the test server; tests use keys nobody else has."""
    client = redis.asyncio.from_url(redis_url)
    yield client
    await client.aclose()
