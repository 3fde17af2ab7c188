"""Published vectors and other implementations' messages; wechatpy as an oracle."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import wechatpy
from hypothesis import given, settings, strategies
from wechatpy.crypto import WeChatCrypto

from channels.tencent.crypto import AES_KEY_CHARS, Envelope, is_signed, sign
from channels.tencent.errors import BadMessage
from channels.tencent.models import Kind, Part
from channels.tencent.xml import read_xml
from channels.wechat.protocol import read_delivery, write_reply

APPID = "wx0123456789abcdef"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_published_vectors(shared: Path) -> None:
    for vector in json.loads((shared / "fixtures" / "crypto_vectors.json").read_text("utf-8")):
        envelope = Envelope(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
        sealed = vector.get("encrypt") or vector["echostr"]
        stamp, nonce = vector["timestamp"], vector["nonce"]
        assert envelope.is_signed(vector["msg_signature"], stamp, nonce, sealed)
        plain = envelope.open(sealed)
        if "expect_echo" in vector:
            assert plain == vector["expect_echo"]
        else:
            root = read_xml(plain)
            for name, expected in vector["expect_fields"].items():
                assert root.findtext(name) == expected
    assert is_signed("f21891de399b4e33a1a93c9a7b8a8fffb5a443ff", "test", "1410685589", "test")


@pytest.mark.parametrize("folder", ["wechatpy_mp", "wechatpy_mp_events", "wechatpy_wecom"])
def test_other_implementations_messages_read_the_same(shared: Path, folder: str) -> None:
    for path in sorted((shared / "fixtures" / folder).glob("*.xml")):
        text = path.read_text("utf-8")
        theirs = wechatpy.parse_message(text)
        ours, account = read_delivery(text)
        assert (ours.user, account) == (theirs.source, theirs.target), path.name
        if theirs.type == "text":
            assert ours.body["text"] == theirs.content
        elif theirs.type in ("image", "voice", "video"):
            assert ours.body["media_id"] == theirs.media_id
        elif theirs.type == "location":
            expected = tuple(float(item) for item in theirs.location)
            assert (ours.body["lat"], ours.body["lon"]) == expected
            assert ours.body["label"] == theirs.label
        elif theirs.type == "link":
            assert ours.body["title"] == theirs.title
            assert ours.body["url"] == theirs.url
        elif theirs.type == "event" and theirs.event == "click":
            assert (ours.kind, ours.body["key"]) == (Kind.CLICK, theirs.key)


def test_permissions_of_several_lists(shared: Path) -> None:
    path = shared / "fixtures/wechatpy_mp_events/test_template_subscribe_msg_popup_event.xml"
    ours, _ = read_delivery(path.read_text("utf-8"))
    assert ours.kind is Kind.PERMISSION
    assert list(ours.body["permissions"].values()) == ["accept", "reject"]


@settings(max_examples=60, deadline=None)
@given(strategies.text(max_size=300))
def test_sealed_by_us_opened_by_wechatpy_and_back(words: str) -> None:
    words = words.encode("utf-8", "ignore").decode()
    envelope, theirs = Envelope("token", KEY, APPID), WeChatCrypto("token", KEY, APPID)
    sealed = envelope.seal(f"<xml>{words}</xml>")
    signature = sign("token", "1", "n", sealed)
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    assert theirs.decrypt_message(body, signature, "1", "n") == f"<xml>{words}</xml>"


@settings(max_examples=60, deadline=None)
@given(strategies.text(min_size=1, max_size=200))
def test_any_reply_is_well_formed(words: str) -> None:
    xml = write_reply(Part(words), "oU", "gh", datetime(2026, 11, 24, tzinfo=UTC))
    root = read_xml(xml.encode("utf-8", "ignore"))
    assert root.findtext("ToUserName") == "oU"


@settings(max_examples=150, deadline=None)
@given(strategies.binary(max_size=300) | strategies.text(max_size=300))
def test_any_body_is_read_or_refused(body: bytes | str) -> None:
    try:
        read_delivery(body)
    except BadMessage:
        pass


def test_keys_of_another_length_are_refused() -> None:
    for key in ("", "x" * (AES_KEY_CHARS - 1), "中" * AES_KEY_CHARS):
        with pytest.raises(ValueError):  # noqa: PT011 - the class is the point
            Envelope("t", key, APPID)
