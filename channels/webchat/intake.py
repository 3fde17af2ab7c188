"""Reads what the web chat posts: JSON or multipart, bounded and checked before anything is kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from conversations.models import SharedLocation
from hotline.errors import InvalidInput, TooLarge
from hotline.settings import Settings

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_ID = 128
_LONGEST_LABEL = 200
_JSON_BYTES = 256 * 1024
_MOST_PARTS = 16


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
    try:
        if request.content_type == "multipart/form-data":
            return await _read_multipart(request, settings)
        data = await read_json(request)
    except web.RequestPayloadError:
        raise InvalidInput("收到的内容不完整，请重新发送。") from None
    location = _read_location(data["location"]) if data.get("location") is not None else None
    text = read_text(data.get("text", ""), settings)
    if not text and location is None:
        raise InvalidInput("消息是空的，请输入内容。")
    return Posted(_read_id(data.get("client_message_id")), text, location)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; raises InvalidInput or TooLarge."""
    if (request.content_length or 0) > _JSON_BYTES:
        raise TooLarge
    body = bytearray()
    # one read gives what has arrived so far, which on a slow line is less than the whole
    while chunk := await request.content.read(_JSON_BYTES):
        body += chunk
        if len(body) > _JSON_BYTES:
            raise TooLarge
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or a number of 5,000 digits
        raise InvalidInput("内容不是合法的 JSON 文本。") from None
    if not isinstance(data, dict):
        raise InvalidInput("内容应是一个 JSON 对象。")
    return data


def read_text(value: object, settings: Settings) -> str:
    """The text without control characters and lone surrogates; raises when it is too long."""
    if not isinstance(value, str):
        raise InvalidInput("text 应是文字。")
    text = clean_text(value).strip()
    if len(text) > settings.max_message_chars:
        raise TooLarge(f"一条消息最多 {settings.max_message_chars} 个字，请分几次发送。")
    return text


def clean_text(text: str) -> str:
    """Without control characters, and without half characters, which no UTF-8 can hold."""
    return _CONTROL.sub("", text.encode("utf-8", "ignore").decode("utf-8"))


def _read_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or not value.isprintable():
        raise InvalidInput(f"client_message_id 应是 1 到 {_LONGEST_ID} 个字符的文字。")
    return value


def _read_location(value: object) -> SharedLocation:
    if not isinstance(value, dict):
        raise InvalidInput("location 应含 lat、lon。")
    lat, lon = (_read_degrees(value, key, bound) for key, bound in (("lat", 90), ("lon", 180)))
    label = value.get("label") or ""
    if not isinstance(label, str):
        raise InvalidInput("location.label 应是文字。")
    return SharedLocation(lat, lon, clean_text(label).strip()[:_LONGEST_LABEL])


def _read_degrees(value: dict[str, Any], key: str, bound: int) -> float:
    number = value.get(key)
    # a comparison with NaN is false, so NaN does not fit either
    fits = isinstance(number, int | float) and not isinstance(number, bool)
    if not fits or not -bound <= number <= bound:  # type: ignore[operator]  # checked before
        raise InvalidInput(f"location.{key} 应是 -{bound} 到 {bound} 之间的数字。")
    return float(number)  # type: ignore[arg-type]  # checked before


async def _read_multipart(request: web.Request, settings: Settings) -> Posted:
    most = settings.max_upload_megabytes * 1024 * 1024
    if (request.content_length or 0) > most + _MOST_PARTS * _JSON_BYTES:
        raise _file_too_large(most)
    fields: dict[str, str] = {}
    upload: Upload | None = None
    try:
        reader = await request.multipart()
        for _ in range(_MOST_PARTS):
            part = await reader.next()
            if part is None:
                break
            if not isinstance(part, BodyPartReader):
                raise InvalidInput
            if part.name in ("image", "audio"):
                data = await _read_part(part, most, _file_too_large(most))
                upload = Upload(part.name, clean_text(part.filename or part.name), data)
            else:
                # other fields are read too, and within bounds: skipping would be unbounded
                data = await _read_part(part, _JSON_BYTES, TooLarge())
                fields[part.name or ""] = data.decode("utf-8", "ignore")
        else:
            raise InvalidInput
    except (HttpProcessingError, ValueError, AssertionError, RuntimeError):
        raise InvalidInput("上传的内容不完整，请重新发送。") from None
    if upload is None:
        raise InvalidInput("没有收到文件，请重新选择。")
    text = read_text(fields.get("text", ""), settings)
    return Posted(_read_id(fields.get("client_message_id")), text, upload=upload)


async def _read_part(part: BodyPartReader, most: int, error: TooLarge) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        data += chunk
        if len(data) > most:
            raise error
    return bytes(data)


def _file_too_large(most: int) -> TooLarge:
    return TooLarge(f"文件太大，最多 {most // (1024 * 1024)} MB，请压缩后再发。")
