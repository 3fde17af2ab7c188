"""What strangers try at the telephone's doors: refused or ended with a reason, nothing left open."""

from __future__ import annotations

import asyncio
import json
import uuid

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError, web
from twilio.request_validator import RequestValidator

from hotline.app import Product
from hotline.clock import FakeClock
from hotline.settings import Settings
from telephony.models import Arrival, CallView, Line
from telephony.twilio import relay
from tests.phone import ACCOUNT, BASE, TOKEN, Phone, sign, with_phone
from tests.product import (
    Client,
    bot,
    first_articles,
    open_client,
    run_product,
    serve_product,
    settings,
)
from tests.unit.test_phone_calls import phone, product, provider

VOICE = "/telephony/twilio/voice"


async def arrive(product: Product, line: Line = Line.RELAY) -> CallView:
    sid = f"CA{uuid.uuid4().hex}"
    return await product.telephony.calls.arrive(Arrival(sid, "13812345678", "", line))


def socket_headers(call_id: str) -> tuple[str, dict[str, str]]:
    path = f"/telephony/twilio/relay?call={call_id}"
    return path, {"X-Twilio-Signature": sign("wss" + BASE.removeprefix("https") + path, {})}


def setup_frame(call: CallView) -> str:
    return json.dumps({"type": "setup", "callSid": call.sid, "accountSid": ACCOUNT})


def test_published_signature_vector() -> None:
    """From Twilio's own documentation of webhook security."""
    validator = RequestValidator("12345")
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert validator.validate(url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


async def test_without_settings_there_is_no_telephone(settings: Settings) -> None:
    async with open_client(settings) as client:
        assert (await client.post(VOICE)).status == 404
        ready = await (await client.get("/readyz")).json()
        assert ready["channels"]["telephony"] == "off"


@pytest.mark.parametrize("signature", [None, "", "AAAA", "é", "x" * 5000])
async def test_forged_and_missing_signatures(phone: Phone, signature: str | None) -> None:
    form = {"CallSid": "CA1", "AccountSid": ACCOUNT}
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    for name in (
        "voice",
        "turn?call=1&turn=0",
        "operator-key?leg=1",
        "recording?call=1",
        "fallback",
    ):
        response = await phone.client.post(f"/telephony/twilio/{name}", data=form, headers=headers)
        assert response.status == 403


async def test_a_changed_field_breaks_the_signature(phone: Phone) -> None:
    form = {"CallSid": "CA1", "AccountSid": ACCOUNT, "From": "+8613800000000"}
    headers = {"X-Twilio-Signature": sign(BASE + VOICE, form)}
    changed = {**form, "From": "+8613900000000"}
    assert (await phone.client.post(VOICE, data=changed, headers=headers)).status == 403


async def test_a_signature_for_another_host_does_not_count(phone: Phone) -> None:
    form = {"CallSid": "CA1", "AccountSid": ACCOUNT}
    headers = {
        "X-Twilio-Signature": sign("https://evil.test" + VOICE, form),
        "Host": "evil.test",
        "X-Forwarded-Host": "evil.test",
    }
    assert (await phone.client.post(VOICE, data=form, headers=headers)).status == 403


async def test_another_account_signed_with_our_token(phone: Phone) -> None:
    form = {"CallSid": "CA1", "AccountSid": "AC" + "9" * 32}
    headers = {"X-Twilio-Signature": sign(BASE + VOICE, form)}
    assert (await phone.client.post(VOICE, data=form, headers=headers)).status == 403


async def test_malformed_bodies(phone: Phone) -> None:
    for body, kind, status in (
        (b"{}", "application/json", 400),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(500)), "application/x-www-form-urlencoded", 400),
        (b"CallSid=1&CallSid=2", "application/x-www-form-urlencoded", 400),
        (b"a=\xff\xfe", "application/x-www-form-urlencoded", 400),
    ):
        response = await phone.client.post(
            VOICE, data=body, headers={"Content-Type": kind, "X-Twilio-Signature": "AAAA"}
        )
        assert response.status == status, body[:20]


async def test_replayed_webhooks_do_nothing_twice(phone: Phone, product: Product) -> None:
    await phone.dial()
    action = phone.action
    await phone.say("路灯坏了")
    answers = await asyncio.gather(*(phone.post(action, SpeechResult="路灯坏了") for _ in range(5)))
    assert len({"".join(each.itertext()) for each in answers}) == 1
    assert len(product.bot.turns) == 1
    await phone.hang_up()
    await phone.post("status", CallStatus="completed")
    assert (await phone.post(action, SpeechResult="再来")).find("Gather") is not None
    assert len(product.bot.turns) == 1


@pytest.mark.parametrize("data", ["", "[]", "{", "[" * 5000, '{"transcript": 7}', "null"])
async def test_malformed_transcriptions(phone: Phone, data: str) -> None:
    await phone.dial()
    call = phone.action.split("call=")[1].split("&")[0]
    path = f"/telephony/twilio/transcription?call={call}"
    form = {
        "CallSid": phone.sid,
        "AccountSid": ACCOUNT,
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": data,
    }
    headers = {"X-Twilio-Signature": sign(BASE + path, form)}
    response = await phone.client.post(path, data=form, headers=headers)
    assert response.status == (200 if "transcript" in data else 400)
    unsigned = await phone.client.post(path, data=form)
    assert unsigned.status == 403


async def test_turns_out_of_range(phone: Phone) -> None:
    await phone.dial()
    call = phone.action.split("call=")[1].split("&")[0]
    for turn in ("99", "-1", "a", "9" * 30, "٣"):
        path = f"/telephony/twilio/turn?call={call}&turn={turn}"
        form = {"CallSid": phone.sid, "AccountSid": ACCOUNT, "SpeechResult": "你好"}
        headers = {"X-Twilio-Signature": sign(BASE + path, form)}
        response = await phone.client.post(path, data=form, headers=headers)
        assert response.status in (200, 400, 403)


async def test_socket_without_signature(phone: Phone, product: Product) -> None:
    call = await arrive(product)
    for headers in ({}, {"X-Twilio-Signature": "AAAA"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await phone.client.ws_connect(
                f"/telephony/twilio/relay?call={call.id}", headers=headers
            )
        assert refused.value.status == 403


async def test_a_socket_that_never_speaks_is_closed_with_a_reason(
    phone: Phone, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SETUP_SECONDS", 0.2)
    path, headers = socket_headers((await arrive(product)).id)
    async with phone.client.ws_connect(path, headers=headers) as socket:
        closed = await socket.receive(timeout=3)
        assert (closed.type, closed.data, closed.extra) == (WSMsgType.CLOSE, 1008, "no setup")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([json.dumps({"type": "prompt", "voicePrompt": "喂", "last": True})], 1008),
        ([json.dumps({"type": "setup", "callSid": "CA-other"})], 1008),
        (["[1,2]"], 1008),
        (["x" * 40_000], 1009),
    ],
)
async def test_a_socket_that_begins_wrongly(
    phone: Phone, product: Product, frames: list[str], code: int
) -> None:
    path, headers = socket_headers((await arrive(product)).id)
    async with phone.client.ws_connect(path, headers=headers) as socket:
        for frame in frames:
            await socket.send_str(frame)
        closed = await socket.receive(timeout=3)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, code)


async def test_malformed_audio_and_frames_end_the_session(phone: Phone, product: Product) -> None:
    call = await arrive(product)
    path, headers = socket_headers(call.id)
    async with phone.client.ws_connect(path, headers=headers) as socket:
        await socket.send_str(setup_frame(call))
        assert json.loads((await socket.receive(timeout=3)).data)["type"] == "text"
        for _ in range(5):
            await socket.send_bytes(b"\x7f" * 160)
        closed = await socket.receive(timeout=3)
        assert (closed.data, closed.extra) == (1008, "malformed frames")


async def test_a_caller_who_speaks_long_is_not_taken_for_silent(product: Product) -> None:
    call = await arrive(product)
    session = relay.Session(product.telephony.calls, product.bus, call, web.WebSocketResponse())
    now = asyncio.get_running_loop().time()
    session._due, session._listening = now + 0.1, 6.0
    await session._take_frame({"type": "prompt", "voicePrompt": "我要", "last": False})
    assert session._due >= now + 6.0


async def test_a_relay_call_talks_is_interrupted_and_hands_off(
    phone: Phone, product: Product, clock: FakeClock
) -> None:
    call = await arrive(product)
    path, headers = socket_headers(call.id)
    async with phone.client.ws_connect(path, headers=headers) as socket:

        async def tell(frame: dict[str, object]) -> None:
            await socket.send_str(json.dumps(frame))

        async def hear() -> dict[str, object]:
            return dict(json.loads((await socket.receive(timeout=3)).data))

        await socket.send_str(setup_frame(call))
        assert "城市管理热线" in str((await hear())["token"])
        await tell({"type": "something-new"})
        await tell({"type": "prompt", "voicePrompt": "路上有", "last": False})
        await tell({"type": "prompt", "voicePrompt": "路上有人摆摊", "last": True})
        assert (await hear())["token"] == "收到，路上有人摆摊。"
        await tell({"type": "interrupt", "utteranceUntilInterrupt": "收到，路"})
        await tell({"type": "dtmf", "digit": "0"})
        assert "回电" in str((await hear())["token"])
    entries = await product.conversations.timeline(str(call.conversation_id))
    cut = next(entry for entry in entries if entry.payload.get("whole_text"))
    assert cut.text == "收到，路……"
    assert (await product.telephony.calls.get(call.id)).counts["barge_ins"] == 1
