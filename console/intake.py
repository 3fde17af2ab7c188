"""Reads what the console's pages send: forms, JSON, frames and addresses, bounded and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from hotline.errors import InvalidInput, NotFound, TooLarge, UnsupportedMedia
from hotline.tables import check_size

_BODY_BYTES = 64 * 1024
_MOST_FIELDS = 32
_FORM = web.RequestKey("console_form", dict[str, str])
_LONGEST_ID = 128
_LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# plain path segments only: browsers resolve dots, also encoded ones, and read \\ as /
_NEXT = re.compile(r"/console(?:/[A-Za-z0-9_/-]*)?(?:\?[^\\#\x00-\x20\x7f]*)?")
_NEVER_NEXT = ("/console/login", "/console/logout", "/console/api", "/console/static")
HOME = "/console"


async def read_form(request: web.Request) -> dict[str, str]:
    """The form's fields; read once, however often it is asked for."""
    if _FORM in request:
        return request[_FORM]
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("不支持这种提交方式，请刷新页面后再试。")
    text = (await _read_body(request)).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidInput from None
    request[_FORM] = fields
    return fields


async def read_json(request: web.Request) -> Mapping[str, Any]:
    """The JSON object of the body."""
    if request.content_type != "application/json":
        raise UnsupportedMedia("内容应是 JSON。")
    return read_object(await _read_body(request))


async def _read_body(request: web.Request) -> bytes:
    # the application allows large uploads; what the console reads is small
    body = bytearray()
    async for chunk in request.content.iter_chunked(_BODY_BYTES):
        body += chunk
        if len(body) > _BODY_BYTES:
            raise TooLarge
    return bytes(body)


async def read_file(request: web.Request) -> tuple[str, bytes]:
    """The file that is the body, with its name from `?name=`; refused as soon as it is too large."""
    check_size(request.content_length or 0)
    data = bytearray()
    async for chunk in request.content.iter_chunked(_BODY_BYTES):
        data += chunk
        check_size(len(data))
    return request.query.get("name", "")[-_LONGEST_NAME:].rpartition("/")[2], bytes(data)


def read_object(raw: bytes | str) -> Mapping[str, Any]:
    """The JSON object written there."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput("内容不是合法的 JSON 文本。") from None
    if not isinstance(data, dict):
        raise InvalidInput("内容应是一个 JSON 对象。")
    return data


def read_text(value: object, longest: int) -> str:
    """Text without control characters and lone surrogates, neither empty nor too long."""
    if not isinstance(value, str):
        raise InvalidInput("text 应是文字。")
    text = _CONTROL.sub("", value.encode("utf-8", "ignore").decode("utf-8")).strip()
    if not text:
        raise InvalidInput("内容是空的，请输入后再发送。")
    if len(text) > longest:
        raise TooLarge(f"内容最多 {longest} 个字，请分几次发送。")
    return text


def read_message_id(value: object) -> str:
    """The id that the page gave its message."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable():
        raise InvalidInput(f"client_message_id 应是 1 到 {_LONGEST_ID} 个字符的文字。")
    return value


def read_seq(value: object) -> int:
    """A position in a timeline."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    raise InvalidInput("seq 应是消息序号。")


def read_number(request: web.Request, name: str = "id") -> int:
    """The number in the address; anything else is not found."""
    raw = request.match_info[name]
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        raise NotFound
    return int(raw)


def read_next(raw: str) -> str:
    """Where to go after logging in: a page of this console, whatever was asked for."""
    inside = _NEXT.fullmatch(raw) is not None and not raw.startswith(_NEVER_NEXT)
    return raw if inside else HOME
