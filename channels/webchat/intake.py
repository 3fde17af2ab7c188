"""Reads what the web chat posts: JSON or multipart, bounded and checked before anything is kept."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web

from conversations.models import SharedLocation
from hotline.errors import InvalidInput, TooLarge
from hotline.settings import Settings

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_ID = 128
_LONGEST_LABEL = 200
_JSON_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came; nothing about it is believed yet."""

    kind: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """One posted message."""

    client_message_id: str
    text: str = ""
    location: SharedLocation | None = None
    upload: Upload | None = None


async def read_posted(request: web.Request, settings: Settings) -> Posted:
    """The posted message; raises InvalidInput or TooLarge with what is wrong."""
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, settings)
    if (request.content_length or 0) > _JSON_BYTES:
        raise TooLarge
    body = await request.content.read(_JSON_BYTES + 1)
    if len(body) > _JSON_BYTES:
        raise TooLarge
    try:
        data = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise InvalidInput("内容不是合法的 JSON 文本。") from None
    if not isinstance(data, dict):
        raise InvalidInput("内容应是一个 JSON 对象。")
    location = _read_location(data["location"]) if data.get("location") is not None else None
    text = read_text(data.get("text", ""), settings)
    if not text and location is None:
        raise InvalidInput("消息是空的，请输入内容。")
    return Posted(_read_id(data.get("client_message_id")), text, location)


def read_text(value: object, settings: Settings) -> str:
    """The text without control characters and lone surrogates; raises when it is too long."""
    if not isinstance(value, str):
        raise InvalidInput("text 应是文字。")
    text = _CONTROL.sub("", value.encode("utf-8", "ignore").decode("utf-8")).strip()
    if len(text) > settings.max_message_chars:
        raise TooLarge(f"一条消息最多 {settings.max_message_chars} 个字，请分几次发送。")
    return text


def _read_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable():
        raise InvalidInput(f"client_message_id 应是 1 到 {_LONGEST_ID} 个字符的文字。")
    return value


def _read_location(value: object) -> SharedLocation:
    if not isinstance(value, dict):
        raise InvalidInput("location 应含 lat、lon。")
    numbers: list[float] = []
    for key, bound in (("lat", 90.0), ("lon", 180.0)):
        number = value.get(key)
        fits = isinstance(number, int | float) and not isinstance(number, bool)
        if not fits or not math.isfinite(float(number)) or abs(float(number)) > bound:  # type: ignore[arg-type]  # checked just before
            raise InvalidInput(f"location.{key} 应是 -{bound:g} 到 {bound:g} 之间的数字。")
        numbers.append(float(number))  # type: ignore[arg-type]  # checked above
    label = value.get("label") or ""
    if not isinstance(label, str):
        raise InvalidInput("location.label 应是文字。")
    return SharedLocation(numbers[0], numbers[1], _CONTROL.sub("", label)[:_LONGEST_LABEL])


async def _read_multipart(request: web.Request, settings: Settings) -> Posted:
    fields: dict[str, str] = {}
    upload: Upload | None = None
    most = settings.max_upload_megabytes * 1024 * 1024
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise InvalidInput
            if part.name in ("image", "audio"):
                upload = Upload(part.name, part.filename or part.name, await _read_part(part, most))
            elif part.name in ("client_message_id", "text"):
                fields[part.name] = (await _read_part(part, _JSON_BYTES)).decode("utf-8", "ignore")
    except (ValueError, AssertionError, RuntimeError):
        raise InvalidInput("上传的内容不完整，请重新发送。") from None
    if upload is None:
        raise InvalidInput("没有收到文件，请重新选择。")
    text = read_text(fields.get("text", ""), settings)
    return Posted(_read_id(fields.get("client_message_id")), text, upload=upload)


async def _read_part(part: Any, most: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        data += chunk
        if len(data) > most:
            raise TooLarge(f"文件太大，最多 {most // (1024 * 1024)} MB，请压缩后再发。")
    return bytes(data)
