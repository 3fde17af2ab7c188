"""Attacks on ratings: foreign conversations, numbers that are none, floods, words that are markup."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.bot import ScriptedBot
from conversations.models import Reply, Turn
from hotline.app import Product
from tests.product import (
    Client,
    Visitor,
    client,
    first_articles,
    open_conversation,
    product,
    settings,
)

CITATION = {"slug": "dogs", "title": "遛狗", "source": "依据", "version": 3}


@pytest.fixture
def bot() -> ScriptedBot:
    """Answers everything with one article."""

    def answer(turn: Turn) -> list[Reply]:
        return [Reply("要拴绳。", citations=(CITATION,))]

    return ScriptedBot(answer)


async def ask(visitor: Visitor) -> int:
    response = await visitor.post({"client_message_id": "1", "text": "我13812345678遛狗"})
    return int((await response.json())["replies"][0]["seq"])


async def rate(visitor: Visitor, body: Any, headers: dict[str, str] | None = None) -> int:
    response = await visitor.client.post(
        f"{visitor.path}/ratings",
        json=body,
        headers=visitor.headers if headers is None else headers,
    )
    return response.status


async def test_a_rating_is_traced_to_the_version_and_the_last_one_counts(
    client: Client, product: Product
) -> None:
    visitor = await open_conversation(client)
    seq = await ask(visitor)
    assert await rate(visitor, {"seq": seq, "helpful": True}) == 200
    assert await rate(visitor, {"seq": seq, "helpful": False, "reason": "答非所问"}) == 200
    counts, [row] = await product.editorial.ratings.of_article("dogs")
    assert counts == {3: (0, 1)}
    assert (row.question, row.reason) == ("我138****5678遛狗", "答非所问")


async def test_a_foreign_token_rates_nothing(client: Client) -> None:
    visitor, other = await open_conversation(client), await open_conversation(client)
    seq = await ask(visitor)
    assert await rate(visitor, {"seq": seq, "helpful": True}, other.headers) == 401
    assert await rate(visitor, {"seq": seq, "helpful": True}, {}) == 401


@pytest.mark.parametrize(
    "body",
    [
        {"seq": 1, "helpful": True},
        {"seq": 0, "helpful": True},
        {"seq": -3, "helpful": True},
        {"seq": 2**70, "helpful": True},
        {"seq": True, "helpful": True},
        {"seq": "3", "helpful": True},
        {"seq": 3, "helpful": "yes"},
        {"seq": 3, "helpful": False, "reason": "长" * 301},
        {"seq": 3, "helpful": False, "reason": 7},
        [],
    ],
)
async def test_what_is_no_answer_or_no_rating_is_refused(client: Client, body: Any) -> None:
    visitor = await open_conversation(client)
    await ask(visitor)
    assert await rate(visitor, body) == 400


async def test_half_characters_and_controls_in_a_reason_do_no_harm(
    client: Client, product: Product
) -> None:
    visitor = await open_conversation(client)
    seq = await ask(visitor)
    body = {"seq": seq, "helpful": False, "reason": "坏\ud800\u0000话"}
    assert await rate(visitor, body) == 200
    _, [row] = await product.editorial.ratings.of_article("dogs")
    assert row.reason == "坏话"


async def test_a_flood_of_ratings_is_slowed(client: Client) -> None:
    visitor = await open_conversation(client)
    seq = await ask(visitor)
    answers = [await rate(visitor, {"seq": seq, "helpful": True}) for _ in range(80)]
    assert answers[0] == 200
    assert 429 in answers
