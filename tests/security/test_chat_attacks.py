"""Attacks against the chat API: identities that are not one's own, and messages made to harm."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

from channels.webchat.intake import read_text
from conversations.bot import ScriptedBot
from hotline.errors import TooLarge
from hotline.settings import Settings
from tests.product import Client, Visitor, open_conversation
from tests.raw_http import make_request, send_raw

CONNECTOR = Path(__file__).parents[2] / "bot" / "components" / "connector.py"


async def error_of(response: Any, status: int) -> dict[str, str]:
    """The error object of an answer that must have this status."""
    assert response.status == status, await response.text()
    error: dict[str, str] = (await response.json())["error"]
    return error


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


# --- whose conversation it is ---------------------------------------------------------------


async def test_a_token_of_another_conversation_opens_nothing(
    client: Client, visitor: Visitor
) -> None:
    other = await open_conversation(client)
    thief = Visitor(client, visitor.conversation_id, other.token)
    await error_of(await thief.post({"client_message_id": "k", "text": "让我看看"}), 401)
    for door in ("events", "socket", "attachments/" + "0" * 32):
        await error_of(await client.get(f"{thief.path}/{door}", headers=thief.headers), 401)
    assert [event["sender"] for event in await visitor.events()] == ["bot"]


@pytest.mark.parametrize("door", ["events", "socket", "attachments/" + "0" * 32])
@pytest.mark.parametrize("name", ["token", "access_token", "Authorization"])
async def test_a_token_in_the_address_is_not_looked_at(
    client: Client, visitor: Visitor, door: str, name: str
) -> None:
    # addresses end up in logs, histories and Referer headers
    response = await client.get(f"{visitor.path}/{door}", params={name: visitor.token})
    await error_of(response, 401)


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x", "Bearer é", "\udcff"],
)
async def test_a_malformed_authorization_is_refused(
    client: Client, visitor: Visitor, value: str
) -> None:
    authorization = value.format(token=visitor.token)
    request = make_request("GET", f"{visitor.path}/events", {"Authorization": authorization})
    answer = await send_raw(client, request)
    assert (answer.status, answer.error["code"]) == (401, "unauthenticated")


async def test_bytes_that_are_no_text_in_a_token_are_refused(
    client: Client, visitor: Visitor
) -> None:
    headers = {"Authorization": "Bearer \udcff\udcfe"}
    answer = await send_raw(client, make_request("GET", f"{visitor.path}/events", headers))
    assert (answer.status, answer.error["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "identity", ["0" * 32, "1", "x" * 4000, "%00", "%ED%A0%80", "..%2f..%2fetc", "' OR 1=1 --"]
)
async def test_conversation_ids_cannot_be_probed(
    client: Client, visitor: Visitor, identity: str
) -> None:
    other = await open_conversation(client)
    foreign = await client.get(f"{visitor.path}/events", headers=other.headers)
    target = f"/api/v1/conversations/{identity.replace(' ', '%20')}/events"
    unknown = await send_raw(client, make_request("GET", target, other.headers))
    assert (unknown.status, json.loads(unknown.body)) == (foreign.status, await foreign.json())


async def test_a_resident_cannot_speak_as_somebody_else(visitor: Visitor) -> None:
    await visitor.post(
        {
            "client_message_id": "k",
            "text": "我是领导",
            "sender": "operator",
            "operator_name": "局长",
            "in_reply_to": "x",
            "buttons": [{"title": "点我", "payload": "点我"}],
            "case": {"case_number": "2026112200001"},
        }
    )
    said = next(event for event in await visitor.events() if event["text"] == "我是领导")
    assert said["sender"] == "resident"
    assert not {"operator_name", "buttons", "case"} & set(said)


# --- the same message again -----------------------------------------------------------------


async def test_a_replayed_message_is_answered_once_with_the_same_answer(
    visitor: Visitor, bot: ScriptedBot
) -> None:
    body = {"client_message_id": "replayed", "text": "登记一下"}
    answers = await asyncio.gather(*(visitor.post(body) for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    bodies = [await answer.json() for answer in answers]
    assert all(answer == bodies[0] for answer in bodies)
    assert len(bot.turns) == 1


async def test_a_replayed_id_with_other_words_changes_nothing(
    visitor: Visitor, bot: ScriptedBot
) -> None:
    first = await visitor.say("第一句", "one")
    again = await visitor.say("换了一句", "one")
    assert again == first
    assert [turn.text for turn in bot.turns] == ["第一句"]


async def test_the_same_message_id_in_two_conversations_is_two_messages(
    client: Client, visitor: Visitor
) -> None:
    other = await open_conversation(client)
    assert (await visitor.say("甲", "same"))[0]["text"] == "收到：甲"
    assert (await other.say("乙", "same"))[0]["text"] == "收到：乙"


@pytest.mark.parametrize(
    "key", [None, "", 7, ["k"], "x" * 129, "a\nb", "a\x00b", "\ud800", "\u202e"], ids=ascii
)
async def test_a_message_without_a_proper_id_is_refused(visitor: Visitor, key: object) -> None:
    error = await error_of(await visitor.post({"client_message_id": key, "text": "你好"}), 400)
    assert error["code"] == "invalid_input"


# --- broken bodies --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "   \n\t ", "\u3000", "\x00\x01\x1f", "\udfff\ud800", None, 5, {"a": 1}, ["x"]],
    ids=ascii,
)
async def test_a_message_without_words_is_refused(
    visitor: Visitor, bot: ScriptedBot, text: object
) -> None:
    error = await error_of(await visitor.post({"client_message_id": "k", "text": text}), 400)
    assert is_chinese(error["message"])
    assert not bot.turns


@pytest.mark.parametrize("characters", [2001, 20_000, 100_000])
async def test_a_book_is_refused_as_too_large(
    visitor: Visitor, bot: ScriptedBot, characters: int
) -> None:
    response = await visitor.post({"client_message_id": "k", "text": "长" * characters})
    error = await error_of(response, 413)
    assert error["code"] == "too_large"
    assert is_chinese(error["message"])
    assert not bot.turns


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe\x80" * 100,
        b"\xff\xd8\xff\xe0JFIF",
        b"{",
        b'{"text": "a"',
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"not json",
        b'{"client_message_id": "k", "text": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        '{"client_message_id": "k", "text": "全角"}'.encode("gb18030"),
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_a_broken_body_is_refused_in_words(visitor: Visitor, body: bytes) -> None:
    response = await visitor.post(data=body, headers={"Content-Type": "application/json"})
    error = await error_of(response, 400)
    assert is_chinese(error["message"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", "client_message_id=k&text=hi"),
        ("text/xml", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><text>&b;</text>"),
        ("image/png", "\x89PNG\r\n\x1a\n"),
        ("multipart/form-data", "--x\r\n"),
        ("multipart/form-data; boundary=x", "nothing of it"),
        ("multipart/mixed; boundary=x", "--x\r\n\r\n--x--\r\n"),
    ],
)
async def test_a_wrong_content_type_is_refused(visitor: Visitor, kind: str, body: str) -> None:
    response = await visitor.post(data=body.encode("latin-1"), headers={"Content-Type": kind})
    assert response.status in (400, 415), await response.text()
    assert is_chinese((await response.json())["error"]["message"])


async def test_a_body_that_claims_to_be_compressed_and_is_not_is_refused(
    client: Client, visitor: Visitor
) -> None:
    headers = {**visitor.headers, "Content-Encoding": "gzip"}
    request = make_request("POST", f"{visitor.path}/messages", headers, b"this is no gzip at all")
    assert (await send_raw(client, request)).status == 400


async def test_a_message_that_comes_in_many_small_pieces_is_read_whole(
    client: Client, visitor: Visitor
) -> None:
    body = json.dumps({"client_message_id": "k", "text": "慢" * 1000}).encode()
    request = make_request("POST", f"{visitor.path}/messages?wait=5", visitor.headers, body)
    cuts = [request[at : at + 2500] for at in range(0, len(request), 2500)]
    answer = await send_raw(client, *cuts, pause=0.02)
    assert answer.status == 200
    assert json.loads(answer.body)["replies"][0]["text"] == "收到：" + "慢" * 1000


async def test_an_endless_chunked_body_is_cut(client: Client, visitor: Visitor) -> None:
    headers = {**visitor.headers, "Transfer-Encoding": "chunked"}
    head = make_request("POST", f"{visitor.path}/messages", headers)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    assert (await send_raw(client, head, *[chunk] * 6)).status == 413


# --- words made to harm ---------------------------------------------------------------------


async def test_nul_control_characters_and_half_characters_are_taken_out(
    visitor: Visitor, bot: ScriptedBot
) -> None:
    await visitor.say("占道\x00经营\x1b[31m\ud83d停车\udc00\x7f")
    assert bot.turns[0].text == "占道经营[31m停车"


@given(text=st.text(st.characters(), max_size=2100))
@checking(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_what_is_kept_is_storable_text(text: str) -> None:
    limits = Settings()
    try:
        kept = read_text(text, limits)
    except TooLarge:
        assert len(text) > limits.max_message_chars
        return
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert kept == kept.strip()
    assert len(kept) <= limits.max_message_chars


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "</script><svg/onload=alert(1)>",
        "{{7*7}} ${7*7} <%= 7*7 %>",
        "[点我](javascript:alert(1))",
    ],
)
async def test_html_and_script_come_back_as_the_same_text(visitor: Visitor, words: str) -> None:
    response = await visitor.post({"client_message_id": "k", "text": words})
    assert response.content_type == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert (await response.json())["replies"][0]["text"] == f"收到：{words}"


@pytest.mark.parametrize(
    "words", ["'; DROP TABLE conversations; --", "' OR '1'='1", "1); DELETE FROM messages; --"]
)
async def test_sql_is_only_words(visitor: Visitor, words: str) -> None:
    assert (await visitor.say(words, words))[0]["text"] == f"收到：{words}"
    assert len(await visitor.events()) == 3


@pytest.mark.parametrize(
    "place",
    [
        {"lat": 91, "lon": 0},
        {"lat": 39.9, "lon": -180.1},
        {"lat": "39.9", "lon": "116.4"},
        {"lat": True, "lon": False},
        {"lat": float("nan"), "lon": 116.4},
        {"lat": float("inf"), "lon": 116.4},
        {"lat": 10**400, "lon": 116.4},
        {"lat": 39.9},
        {"lat": 39.9, "lon": 116.4, "label": {"a": 1}},
        [39.9, 116.4],
        "39.9,116.4",
    ],
    ids=lambda place: str(place)[:40],
)
async def test_a_place_that_is_none_is_refused(visitor: Visitor, place: object) -> None:
    response = await visitor.post({"client_message_id": "k", "location": place})
    await error_of(response, 400)


async def test_a_place_name_is_cut_and_cleaned(visitor: Visitor, bot: ScriptedBot) -> None:
    label = "\ud800天安门\x00\x1b" + "长" * 500
    place = {"lat": 39.9, "lon": 116.4, "label": label}
    response = await visitor.post({"client_message_id": "k", "location": place})
    assert response.status == 200
    kept = bot.turns[0].location
    assert kept is not None
    assert kept.label == "天安门" + "长" * 197


# --- commands of the dialogue engine --------------------------------------------------------


def plain_text_of_connector() -> Callable[[dict[str, Any]], str]:
    """`plain_text` alone: the module around it imports Rasa, which takes many seconds."""
    tree = ast.parse(CONNECTOR.read_text("utf-8"))
    function = next(
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "plain_text"
    )
    names: dict[str, Any] = {"Any": Any, "Dict": dict, "Text": str}
    exec(compile(ast.Module([function], []), str(CONNECTOR), "exec"), names)
    plain_text: Callable[[dict[str, Any]], str] = names["plain_text"]
    return plain_text


COMMANDS = [
    "/restart",
    "/session_start",
    "/back",
    '/report_case{"draft": 1}',
    ' \n\t/inform{"draft": {"confirmed": true}}',
    "\u3000/restart",
    "\x1f/restart",
    "//restart",
]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_slash_command_reaches_the_engine_as_plain_words(words: str) -> None:
    # the engine itself strips before it looks for the slash
    assert not plain_text_of_connector()({"message": words}).lstrip().startswith("/")


@pytest.mark.parametrize("words", COMMANDS)
def test_a_slash_command_as_the_name_of_a_place_reaches_the_engine_as_plain_words(
    words: str,
) -> None:
    body = {"message": "", "metadata": {"location": {"lat": 1, "lon": 1, "label": words}}}
    assert not plain_text_of_connector()(body).lstrip().startswith("/")


async def test_a_slash_command_is_kept_as_it_was_written(
    visitor: Visitor, bot: ScriptedBot
) -> None:
    await visitor.say("/restart")
    assert bot.turns[0].text == "/restart"
    assert (await visitor.say("还在吗"))[0]["text"] == "收到：还在吗"
