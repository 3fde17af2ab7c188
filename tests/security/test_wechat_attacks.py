"""Attacks on /wechat and /wecom, each named after what is tried."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from sqlalchemy import func, select

from channels.tencent.crypto import Envelope, sign
from channels.tencent.fake.wechat import ACCOUNT, FakeWeChat
from channels.tencent.store import InboundRow
from channels.tencent.xml import cdata, read_xml, write_xml
from conversations.bot import ScriptedBot
from conversations.models import Reply
from hotline.settings import Settings
from tests.channels.running import AES_KEY, APPID, TOKEN, WeChatRun, running_wechat

EVE = "oEve000001"


@pytest.fixture
async def run(settings: Settings) -> AsyncIterator[WeChatRun]:
    async with running_wechat(settings) as running:
        yield running


def text_message(content: str = "你好", message_id: int = 1) -> str:
    return write_xml(
        {
            "ToUserName": ACCOUNT,
            "FromUserName": EVE,
            "CreateTime": int(time.time()),
            "MsgType": "text",
            "Content": content,
            "MsgId": message_id,
        }
    )


async def send(run: WeChatRun, body: str | bytes, query: Mapping[str, str]) -> tuple[int, str]:
    data = body.encode() if isinstance(body, str) else body
    async with aiohttp.ClientSession() as http:
        async with http.post(run.fake.gateway, params=dict(query), data=data) as response:
            return response.status, await response.text()


async def kept(run: WeChatRun) -> int:
    async with run.product.db.read() as session:
        return int(await session.scalar(select(func.count()).select_from(InboundRow)) or 0)


def sealed(run: WeChatRun, plain: str, envelope: Envelope) -> tuple[str, dict[str, str]]:
    """A delivery sealed with another envelope, signed rightly throughout."""
    stamp, nonce, body = str(int(time.time())), "nonce", envelope.seal(plain)
    return write_xml({"ToUserName": ACCOUNT, "Encrypt": body}), {
        "signature": sign(TOKEN, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "msg_signature": sign(TOKEN, stamp, nonce, body),
    }


@pytest.mark.parametrize("name", ["signature", "msg_signature"])
@pytest.mark.parametrize("value", ["", "0" * 40, "签名", "a" * 5000])
async def test_wrong_signature(run: WeChatRun, name: str, value: str) -> None:
    body, query = run.fake.wrap(text_message())
    assert (await send(run, body, {**query, name: value}))[0] == 403
    assert await kept(run) == 0


async def test_no_query_at_all(run: WeChatRun) -> None:
    assert (await send(run, text_message(), {}))[0] == 403


async def test_stale_signature(run: WeChatRun) -> None:
    for stamp in (str(int(time.time()) - 3600), str(int(time.time()) + 3600), "", "9" * 30, "-1"):
        body, query = run.fake.wrap(text_message())
        query |= {"timestamp": stamp, "signature": sign(TOKEN, stamp, query["nonce"])}
        assert (await send(run, body, query))[0] == 403
    assert await kept(run) == 0


async def test_replayed_delivery_changes_nothing(run: WeChatRun) -> None:
    body, query = run.fake.wrap(text_message())
    first = await send(run, body, query)
    assert first[0] == 200
    assert "收到" in run.fake.unwrap(first[1])
    for _ in range(5):
        assert await send(run, body, query) == (200, "success")
    assert await kept(run) == 1


async def test_plain_words_under_a_replayed_signature(settings: Settings) -> None:
    async with running_wechat(settings, mode="plain") as run:
        body, query = run.fake.wrap(text_message())
        assert (await send(run, body, query))[0] == 200
        forged = text_message("伪造", message_id=2)
        assert (await send(run, forged, query))[0] == 403
        assert await kept(run) == 1


async def test_plain_words_where_sealed_ones_are_due(run: WeChatRun) -> None:
    _, query = run.fake.wrap(text_message())
    assert (await send(run, text_message(), query))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE xml [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>',
        '<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml>&b;</xml>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>',
        "<xml>" + "<a/>" * 500 + "</xml>",
        "<html/>",
        "",
        "not xml",
        b"\xff\xfe\x00",
        "<xml><Encrypt>" + "<b>" * 300,
    ],
)
async def test_document_types_and_entity_bombs(run: WeChatRun, body: str | bytes) -> None:
    _, query = run.fake.wrap(text_message())
    assert (await send(run, body, query))[0] == 400
    inside, query = run.fake.wrap(body if isinstance(body, str) else "x")
    assert (await send(run, inside, query))[0] == 400
    assert await kept(run) == 0


async def test_foreign_appid(run: WeChatRun) -> None:
    foreign = Envelope(TOKEN, AES_KEY, "wx_another_account")
    assert (await send(run, *sealed(run, text_message(), foreign)))[0] == 400


async def test_bad_padding_and_broken_ciphertext(run: WeChatRun) -> None:
    stamp, nonce = str(int(time.time())), "n"
    for body in ("", "AAAA", "=" * 64, base64.b64encode(bytes(64)).decode(), "中" * 10):
        query = {
            "signature": sign(TOKEN, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "msg_signature": sign(TOKEN, stamp, nonce, body),
        }
        delivery = write_xml({"ToUserName": ACCOUNT, "Encrypt": body})
        assert (await send(run, delivery, query))[0] == 400


async def test_five_megabytes(run: WeChatRun) -> None:
    body, query = run.fake.wrap(text_message("大" * 2_000_000))
    assert (await send(run, body, query))[0] == 413
    assert await kept(run) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "text"},
        {"FromUserName": EVE, "ToUserName": ACCOUNT, "CreateTime": "x", "MsgType": "text"},
        {"FromUserName": "o" * 500, "ToUserName": ACCOUNT, "CreateTime": 1, "MsgType": "text"},
        {
            "FromUserName": EVE,
            "ToUserName": ACCOUNT,
            "CreateTime": 1,
            "MsgType": "location",
            "MsgId": 5,
            "Location_X": "nan",
            "Location_Y": "1e999",
        },
    ],
)
async def test_malformed_deliveries(run: WeChatRun, fields: dict[str, str | int]) -> None:
    body, query = run.fake.wrap(write_xml(fields))
    assert (await send(run, body, query))[0] == 400


async def test_cdata_end_in_a_reply(settings: Settings) -> None:
    words = "a]]>b<script>&\x00\x0b]]]]>"
    bot = ScriptedBot(lambda _: [Reply(words)])
    async with running_wechat(settings, bot) as run:
        await run.say(EVE, "]]>")
        assert run.bubbles(EVE)[0]["text"] == "a]]>b<script>&]]]]>"
    root = read_xml(f"<xml><A>{cdata(words)}</A></xml>")
    assert root.findtext("A") == "a]]>b<script>&]]]]>"


async def test_one_resident_floods(settings: Settings) -> None:
    bot = ScriptedBot(lambda turn: [Reply("收到")])
    async with running_wechat(settings, bot, messages_per_minute=3) as run:
        for n in range(6):
            await run.say(EVE, f"{n}")
        assert len(bot.turns) <= 4
        assert "太快" in run.bubbles(EVE)[-1]["text"]


async def test_personal_words_stay_out_of_the_log(
    run: WeChatRun, capfd: pytest.CaptureFixture[str]
) -> None:
    await run.say(EVE, "我叫李雷，电话13812345678")
    await send(run, "<xml>李雷</xml>", {})
    run.fake.faults.fail_next = [40003]
    out = "".join(capfd.readouterr())
    assert "李雷" not in out
    assert EVE not in out
    assert "13812345678" not in out


async def test_wecom_refuses_the_same(settings: Settings) -> None:
    from tests.channels.test_wecom import running_wecom

    async with running_wecom(settings, ScriptedBot(lambda _: [Reply("好")])) as (_, fake):
        async with aiohttp.ClientSession() as http:
            envelope = Envelope("token", AES_KEY, "another")
            body = envelope.seal("<xml/>")
            stamp = str(int(time.time()))
            for query, data, status in (
                ({}, "<xml><Encrypt>x</Encrypt></xml>", 403),
                ({}, "<xml></xml>", 400),
                ({}, "<!DOCTYPE a><xml/>", 400),
                (
                    {
                        "msg_signature": sign("token", stamp, "n", body),
                        "timestamp": stamp,
                        "nonce": "n",
                    },
                    f"<xml><Encrypt>{body}</Encrypt></xml>",
                    400,
                ),
            ):
                async with http.post(fake.gateway, params=query, data=data) as response:
                    assert response.status == status


def test_the_fake_seals_as_the_account_does() -> None:
    fake = FakeWeChat("", TOKEN, APPID, "s", AES_KEY)
    body, query = fake.wrap(text_message())
    inside = read_xml(body).findtext("Encrypt") or ""
    envelope = Envelope(TOKEN, AES_KEY, APPID)
    assert envelope.is_signed(query["msg_signature"], query["timestamp"], query["nonce"], inside)
