"""Attacks on the Open311 door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from defusedxml.ElementTree import fromstring

from cases.open311.routes import _POSTS_PER_MINUTE
from hotline.app import Product
from tests.contract.test_open311 import (
    FORM,
    KEY,
    Client,
    bot,
    client,
    filed,
    first_articles,
    listed,
    post,
    product,
    settings,
)


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY + "x", "钥匙", "%00"])
async def test_a_missing_or_foreign_key_files_nothing(client: Client, key: str) -> None:
    response = await post(client, api_key=key)
    assert response.status == 403
    assert (await response.json())[0]["code"] == 403
    assert await listed(client) == []


async def test_an_operators_or_residents_token_is_no_key(client: Client) -> None:
    opened = await (await client.post("/api/v1/conversations")).json()
    response = await client.post(
        "/open311/v2/requests.json",
        data={**FORM, "api_key": opened["token"]},
        headers={"Authorization": f"Bearer {opened['token']}"},
    )
    assert response.status == 403


async def test_xml_injection_stays_text(client: Client) -> None:
    words = "</address><status>closed</status><!-- & ]]> \x00\x08\ud7ff"
    number = await filed(client, address_string="海淀区" + words.replace("\x00", ""))
    body = await (await client.get(f"/open311/v2/requests/{number}.xml")).read()
    root = fromstring(body)
    assert root.findtext("request/status") == "open"
    assert "</address>" in (root.findtext("request/address") or "")


async def test_an_external_entity_is_never_parsed(client: Client) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'
    response = await client.post(
        "/open311/v2/requests.xml", data=bomb, headers={"Content-Type": "text/xml"}
    )
    assert response.status == 415
    assert "root:" not in await response.text()


async def test_a_huge_body_is_refused_while_it_comes(client: Client) -> None:
    response = await client.post(
        "/open311/v2/requests.json",
        data=b"description=" + b"x" * 1_000_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status == 413
    assert (await response.json())[0]["code"] == 413


async def test_a_thousand_fields_are_refused(client: Client) -> None:
    many = "&".join(f"attribute[{each}]=x" for each in range(1000))
    response = await client.post(
        "/open311/v2/requests.json",
        data=many.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status == 400


async def test_bytes_that_are_no_text_are_refused(client: Client) -> None:
    for body in (b"description=%FF%FE", b"description=\xff\xfe", b"\x00\x01"):
        response = await client.post(
            "/open311/v2/requests.json",
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert response.status in (400, 403)


async def test_ssrf_by_media_url_calls_nobody(client: Client) -> None:
    called: list[str] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append("called")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    number = await filed(client, media_url=f"http://127.0.0.1:{port}/latest/meta-data")
    await client.get(f"/open311/v2/requests/{number}.json")
    await asyncio.sleep(0.05)
    server.close()
    await server.wait_closed()
    assert called == []


@pytest.mark.parametrize(
    "words", ["' OR 1=1 --", "20261122%", "1;DROP TABLE cases", "../../etc/passwd", "\u202e"]
)
async def test_sql_in_a_filter_finds_nothing(client: Client, words: str) -> None:
    number = await filed(client)
    assert await listed(client, service_request_id=words) == []
    assert await listed(client, service_code=words) == []
    assert await listed(client) == [number]


async def test_a_key_that_floods_is_slowed_down(client: Client) -> None:
    statuses = [(await post(client, description="")).status for _ in range(_POSTS_PER_MINUTE + 5)]
    assert statuses[0] == 400
    assert statuses[-1] == 429


async def test_personal_data_is_not_in_the_database_file_in_the_clear(
    client: Client, product: Product
) -> None:
    await filed(client, description="油烟很大")
    file = product.settings.data_dir / "hotline.db"
    data = b"".join(path.read_bytes() for path in file.parent.glob("hotline.db*"))
    for words in ("13912345678", "xiaoming@example.com", "王小明", "picture.jpg"):
        assert words.encode() not in data
