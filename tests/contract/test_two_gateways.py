"""Two gateways on one PostgreSQL: what one publishes, both say within a second; what expires is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from conversations.bot import ScriptedBot
from hotline.app import Product
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.settings import Settings
from kb.models import article_to_markdown
from kb.testing import TinyEmbedder
from tests.contract.test_editing import ANNA, BORIS
from tests.contract.test_knowledge import DOGS
from tests.product import (  # fixtures too
    Client,
    echo,
    first_articles,
    run_product,
    serve_product,
    settings,
)

QUESTION = DOGS.questions[0]
__all__ = ["first_articles", "settings"]


@pytest.fixture
async def gateways(
    settings: Settings, postgres_url: str, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[list[tuple[Product, Client]]]:
    async with AsyncExitStack() as stack:
        opened = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            own = replace(settings, data_dir=folder, database_url=postgres_url)
            product = await stack.enter_async_context(run_product(own, ScriptedBot(echo), clock))
            opened.append((product, await stack.enter_async_context(serve_product(product))))
        yield opened


async def before_long(agree: Callable[[], Awaitable[bool]]) -> None:
    # a second on a quiet machine (benchmarks/growth.py tells); tests share theirs with others
    async with asyncio.timeout(6):
        while not await agree():
            await asyncio.sleep(0.02)


async def told(client: Client) -> str | None:
    """The answer this gateway gives in its article, None when it has none."""
    response = await client.get(f"/api/v1/articles/{DOGS.slug}")
    return (await response.json())["answer"] if response.status == 200 else None


def found(product: Product) -> str | None:
    """What its search answers with."""
    return product.knowledge.search(QUESTION, TinyEmbedder().embed([QUESTION])[0]).answer


async def test_what_one_publishes_both_say_and_what_expires_both_forget(
    gateways: list[tuple[Product, Client]], clock: FakeClock
) -> None:
    (one, first), (two, second) = gateways
    editing = one.editorial.editing
    for answer in ("第一种说法。", "第二种说法。"):
        text = article_to_markdown(replace(DOGS, answer=answer, valid_to=date(2026, 11, 22)))
        draft = await editing.begin(text, ANNA)
        await editing.submit(draft, ANNA)
        await editing.publish(draft, BORIS)

        async def agree(answer: str = answer) -> bool:
            return [await told(first), await told(second)] == [answer, answer]

        await before_long(agree)
        assert [found(one), found(two)] == [DOGS.slug, DOGS.slug]

    clock.advance(timedelta(hours=14))  # past midnight in the city

    async def gone() -> bool:
        return [await told(first), await told(second)] == [None, None]

    await before_long(gone)
    assert DOGS.slug not in (found(one), found(two))


async def test_a_question_noted_by_one_is_drafted_at_the_other(
    gateways: list[tuple[Product, Client]],
) -> None:
    (one, _), (two, _) = gateways
    nothing = replace(
        one.knowledge.search(QUESTION, TinyEmbedder().embed([QUESTION])[0]), answer=None
    )
    await one.editorial.gaps.note("养鸡归谁管", "webchat", nothing, None)
    [gap] = await two.editorial.gaps.listed()
    draft = await two.editorial.gaps.write_draft(gap.row.id, ANNA)
    assert "养鸡归谁管" in (await one.editorial.editing.get_draft(draft)).text
    assert await one.editorial.gaps.count() == 0
