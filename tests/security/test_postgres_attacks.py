"""Attacks that SQLite shrugs off and PostgreSQL answers with an error: NUL, half characters,
numbers beyond the column."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conversations.bot import ScriptedBot
from hotline.db import Database
from hotline.settings import Settings
from tests.product import Client, Visitor
from tests.raw_http import make_request, send_raw
from tests.security.test_upload_attacks import attachment_of, encode


@pytest.fixture
async def settings(settings: Settings, postgres_url: str) -> Settings:
    """The product on a PostgreSQL database of its own."""
    return replace(settings, database_url=postgres_url)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/conversations/%00/events", 401),
        ("/api/v1/conversations/a%00b/socket", 401),
        ("{conversation}/attachments/%00", 404),
        ("{conversation}/events?after=999999999999", 200),
        ("{conversation}/events?after=2147483648", 200),
    ],
)
async def test_an_address_the_database_cannot_look_for_finds_nothing(
    client: Client, visitor: Visitor, path: str, status: int
) -> None:
    target = path.format(conversation=visitor.path)
    answer = await send_raw(client, make_request("GET", target, visitor.headers))
    assert answer.status == status
    if status == 200:
        assert json.loads(answer.body) == {"events": []}


async def test_words_the_database_cannot_hold_are_cleaned_first(
    visitor: Visitor, bot: ScriptedBot
) -> None:
    place = {"lat": 39.9, "lon": 116.4, "label": "天\x00安\ud800门"}
    body = {"client_message_id": "k", "text": "占\x00道\ud800", "location": place}
    assert (await visitor.post(body)).status == 200
    location = bot.turns[0].location
    assert bot.turns[0].text == "占道"
    assert location is not None
    assert location.label == "天安门"


async def test_a_file_name_the_database_cannot_hold_is_cleaned_first(
    client: Client, visitor: Visitor
) -> None:
    parts = (
        b'name="client_message_id"\r\n\r\nk',
        b"name=image; filename*=utf-8''a%00b.jpg\r\n\r\n" + encode("JPEG"),
    )
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    headers = {**visitor.headers, "Content-Type": "multipart/form-data; boundary=x"}
    request = make_request("POST", f"{visitor.path}/messages?wait=5", headers, body + b"--x--\r\n")
    assert (await send_raw(client, request)).status == 200
    assert (await attachment_of(visitor))["name"] == "ab.jpg"
