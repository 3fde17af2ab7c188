"""Attacks on the door itself: floods, forged addresses, sockets, and what errors and logs tell."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from conversations.bot import ScriptedBot
from conversations.models import Reply, Turn
from hotline.app import Product
from hotline.logs import configure_logging
from hotline.settings import Settings
from hotline.web import client_address, network_of
from tests.product import Client, Visitor, open_client, open_conversation
from tests.raw_http import make_request, send_raw

PHONE = "13812345678"
_TELLTALES = ("Traceback", 'File "', ".py", "Error", "Exception", "aiohttp", "sqlalchemy", "None")


def is_told_in_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def assert_tells_nothing(body: str) -> None:
    """No stack trace, no file name, no English words of an exception (a file's 404 is empty)."""
    assert not [telltale for telltale in _TELLTALES if telltale in body], body
    decoded = json.loads(body)["error"]["message"] if body.startswith("{") else body
    assert is_told_in_chinese(decoded) or not body


# --- floods and forged addresses -------------------------------------------------------------


async def test_a_flood_of_messages_is_slowed_down_in_words(
    settings: Settings, bot: ScriptedBot
) -> None:
    async with open_client(replace(settings, messages_per_minute=5), bot) as client:
        visitor, other = await open_conversation(client), await open_conversation(client)
        for number in range(5):
            await visitor.say(f"第{number}句")
        response = await visitor.post({"client_message_id": "k", "text": "还有"})
        assert response.status == 429
        assert int(response.headers["Retry-After"]) > 0
        assert is_told_in_chinese((await response.json())["error"]["message"])
        assert len(bot.turns) == 5
        await other.say("我没有刷屏")


async def open_from(client: Client, forwarded: str | None) -> int:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    response = await client.post("/api/v1/conversations", headers=headers)
    if response.status == 429:
        assert int(response.headers["Retry-After"]) > 0
        assert is_told_in_chinese((await response.json())["error"]["message"])
    return response.status


async def test_without_a_proxy_a_forwarded_address_buys_nothing(settings: Settings) -> None:
    async with open_client(replace(settings, conversations_per_minute=3)) as client:
        statuses = [await open_from(client, f"1.2.3.{number}") for number in range(5)]
    assert statuses == [201, 201, 201, 429, 429]


async def test_behind_a_proxy_only_the_address_it_added_counts(settings: Settings) -> None:
    limits = replace(settings, conversations_per_minute=2, trusted_proxies=1)
    async with open_client(limits) as client:
        forged = [await open_from(client, f"8.8.8.{number}, 1.2.3.4") for number in range(4)]
        neighbour = await open_from(client, "1.2.3.4, 1.2.3.5")
    assert forged == [201, 201, 429, 429]
    assert neighbour == 201


async def test_one_ipv6_subscriber_is_one_sender(settings: Settings) -> None:
    limits = replace(settings, conversations_per_minute=2, trusted_proxies=1)
    async with open_client(limits) as client:
        same = [await open_from(client, f"2408:8207:1:1::{number}") for number in range(4)]
        other = await open_from(client, "2408:8207:1:2::1")
    assert same == [201, 201, 429, 429]
    assert other == 201


@pytest.mark.parametrize(
    ("proxies", "headers", "address"),
    [
        (0, ["9.9.9.9"], "10.0.0.1"),
        (1, [], "10.0.0.1"),
        (1, ["1.2.3.4"], "1.2.3.4"),
        (1, ["9.9.9.9, 1.2.3.4"], "1.2.3.4"),
        (1, ["9.9.9.9", "1.2.3.4"], "1.2.3.4"),
        (1, ["9.9.9.9, not-an-address"], "10.0.0.1"),
        (1, ["9.9.9.9,"], "10.0.0.1"),
        (2, ["9.9.9.9, 1.2.3.4, 5.6.7.8"], "1.2.3.4"),
        (2, ["1.2.3.4"], "10.0.0.1"),
        (1, ["' OR 1=1 --"], "10.0.0.1"),
        (1, ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_the_visitors_address_is_what_the_nearest_proxy_says(
    proxies: int, headers: list[str], address: str
) -> None:
    request = make_mocked_request(
        "GET", "/", headers=CIMultiDict(("X-Forwarded-For", value) for value in headers)
    ).clone(remote="10.0.0.1")
    assert client_address(request, Settings(trusted_proxies=proxies)) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2408:8207::1", "2408:8207::/64"),
        ("unknown", "unknown"),
    ],
)
def test_senders_are_counted_by_what_they_are_given(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "-inf", "1e400", "x", "", "0x10", "1,5"])
async def test_a_wait_that_is_no_number_of_seconds_is_refused(
    visitor: Visitor, bot: ScriptedBot, wait: str
) -> None:
    posted = await visitor.post({"client_message_id": "k", "text": "你好"}, wait=wait)
    polled = await visitor.client.get(
        f"{visitor.path}/events", params={"wait": wait}, headers=visitor.headers
    )
    assert (posted.status, polled.status) == (400, 400)
    assert not bot.turns


async def test_a_huge_wait_does_not_hold_the_answer_back(visitor: Visitor) -> None:
    started = time.monotonic()
    response = await visitor.post({"client_message_id": "k", "text": "你好"}, wait="1e300")
    assert response.status == 200
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("after", ["-1", "1.5", "nan", "x", "²", "9" * 13, "9" * 5000, "0 OR 1"])
async def test_an_after_that_is_no_number_is_refused(visitor: Visitor, after: str) -> None:
    response = await visitor.client.get(
        f"{visitor.path}/events", params={"after": after}, headers=visitor.headers
    )
    assert response.status == 400
    assert_tells_nothing(await response.text())


async def test_a_huge_after_finds_nothing(visitor: Visitor) -> None:
    assert await visitor.events(after=10**12 - 1) == []


# --- sockets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "protocols",
    [(), ("hotline.v1",), ("hotline.v1", "token.wrong"), ("token.",), ("hotline.v1", "bearer.x")],
)
async def test_a_socket_without_the_token_does_not_open(
    visitor: Visitor, protocols: tuple[str, ...]
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await visitor.client.ws_connect(f"{visitor.path}/socket", protocols=protocols)
    assert refused.value.status == 401


async def test_a_socket_never_chooses_the_token_as_its_protocol(visitor: Visitor) -> None:
    socket = await visitor.client.ws_connect(
        f"{visitor.path}/socket", protocols=(f"token.{visitor.token}", "hotline.v1")
    )
    assert socket.protocol == "hotline.v1"
    assert (await socket.receive_json())["seq"] == 1
    await socket.close()


async def test_a_socket_address_without_an_upgrade_is_an_error_in_words(visitor: Visitor) -> None:
    response = await visitor.client.get(f"{visitor.path}/socket", headers=visitor.headers)
    assert response.status == 400
    assert_tells_nothing(await response.text())


async def test_an_upgrade_elsewhere_opens_no_socket(client: Client, visitor: Visitor) -> None:
    for path in (f"{visitor.path}/events", "/", "/healthz"):
        with pytest.raises(WSServerHandshakeError):
            await client.ws_connect(path, headers=visitor.headers)


async def test_another_protocol_on_the_port_gets_no_answer_of_ours(client: Client) -> None:
    for words in (
        b"EHLO evil\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ):
        answer = await send_raw(client, words)
        assert answer.status == 400
        assert b"Traceback" not in answer.body


async def test_an_oversized_frame_closes_the_socket(visitor: Visitor, product: Product) -> None:
    socket = await visitor.client.ws_connect(f"{visitor.path}/socket", headers=visitor.headers)
    await socket.receive_json()
    await socket.send_str("x" * 100_000)
    frame = await asyncio.wait_for(socket.receive(), 5)
    assert frame.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    await visitor.say("还能说话")


@pytest.mark.parametrize("frame", ["not json", "[" * 4000, '{"type": "message", "text": "x"}', ""])
async def test_whatever_comes_over_a_socket_is_not_a_message(
    visitor: Visitor, bot: ScriptedBot, frame: str
) -> None:
    socket = await visitor.client.ws_connect(f"{visitor.path}/socket", headers=visitor.headers)
    await socket.receive_json()
    await socket.send_str(frame)
    await socket.send_bytes(b"\x00\xff")
    await visitor.say("真正的消息")
    assert (await socket.receive_json())["text"] == "真正的消息"
    await socket.close()
    assert [turn.text for turn in bot.turns] == ["真正的消息"]


async def test_a_socket_that_cannot_be_served_is_closed_not_left_mute(
    visitor: Visitor, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise OSError("database away")

    monkeypatch.setattr(product.conversations, "timeline", fail)
    socket = await visitor.client.ws_connect(f"{visitor.path}/socket", headers=visitor.headers)
    frame = await asyncio.wait_for(socket.receive(), 5)
    assert frame.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


# --- what pages and errors tell --------------------------------------------------------------


def pages_of(product_client: Client) -> list[str]:
    """Every page and call without a parameter in its address, and some that do not exist."""
    resources = product_client.app.router.resources() if product_client.app else []
    paths = {resource.canonical for resource in resources if "{" not in resource.canonical}
    return [*sorted(path or "/" for path in paths), "/nowhere", "/api/v1/nowhere", "/kb/nowhere"]


async def test_every_page_carries_the_security_headers(client: Client) -> None:
    paths = pages_of(client)
    assert len(paths) > 10
    for path in paths:
        response = await client.get(path, allow_redirects=False)
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert "Access-Control-Allow-Origin" not in headers, path
        assert "Python" not in headers["Server"], path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/kb/nowhere", 404),
        ("GET", "/api/v1/articles/nowhere", 404),
        ("GET", "/static/webchat/nowhere.js", 404),
        ("GET", "/static/webchat/", 403),
        ("DELETE", "/", 405),
        ("PUT", "/api/v1/conversations", 405),
        ("PATCH", "/healthz", 405),
        ("GET", f"/api/v1/conversations/{'0' * 32}/events", 401),
    ],
)
async def test_a_wrong_address_is_an_error_in_words(
    client: Client, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert response.status == status
    assert_tells_nothing(await response.text())
    if status == 405:
        assert response.headers["Allow"]


@pytest.mark.parametrize("error", [RuntimeError, TimeoutError, KeyError, AssertionError])
async def test_an_unexpected_error_is_an_apology(
    visitor: Visitor, product: Product, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def fail(*_: object) -> None:
        raise error("SELECT password FROM operators")

    monkeypatch.setattr(product.conversations, "accept", fail)
    response = await visitor.post({"client_message_id": "k", "text": "你好"})
    assert response.status == 500
    assert_tells_nothing(await response.text())


async def test_a_request_of_broken_headers_gets_no_stack_trace(client: Client) -> None:
    for broken in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HACK / HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        answer = await send_raw(client, broken)
        assert 400 <= answer.status < 500
        assert b"Traceback" not in answer.body
        assert b".py" not in answer.body


# --- what logs tell --------------------------------------------------------------------------


@pytest.fixture
def logged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, set up as `hotline serve` does it, at its most talkative."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        configure_logging(replace(settings, log_level="DEBUG", log_format="json"))
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_logs_do_not_hold_the_phone_number_that_was_sent(
    logged: io.StringIO, settings: Settings
) -> None:
    def fail(turn: Turn) -> list[Reply]:
        raise RuntimeError(f"cannot answer {turn.text}")

    async with open_client(settings, ScriptedBot(fail)) as client:
        visitor = await open_conversation(client)
        written = (
            PHONE,
            "138 1234 5678",
            "138-1234-5678",
            f"电话是{PHONE}。",
            "11010519491231002X",
        )
        for number, words in enumerate(written):
            response = await visitor.post(
                {"client_message_id": str(number), "text": words}, wait="0.3"
            )
            assert response.status == 200
        await visitor.send_picture(b"no picture", f"{PHONE}.jpg")
        await visitor.post({"client_message_id": PHONE, "text": ""})
    lines = logged.getvalue()
    assert "relay.turn_crashed" in lines
    assert "cannot answer" in lines
    for words in (PHONE, "138 1234 5678", "138-1234-5678", "11010519491231002X"):
        assert words not in lines
    assert visitor.token not in lines


async def test_logs_cannot_be_forged_by_line_breaks(
    logged: io.StringIO, settings: Settings
) -> None:
    def fail(turn: Turn) -> list[Reply]:
        raise RuntimeError(turn.text)

    forged = '\n{"event": "operator.logged_in", "level": "info"}\n'
    async with open_client(settings, ScriptedBot(fail)) as client:
        visitor = await open_conversation(client)
        await visitor.post({"client_message_id": "k", "text": f"a{forged}b"}, wait="0.3")
    events: list[dict[str, Any]] = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert any(event["event"] == "relay.turn_crashed" for event in events)
    assert not any(event["event"] == "operator.logged_in" for event in events)
