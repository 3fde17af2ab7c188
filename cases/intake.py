"""Reads a case that another system files as JSON; raises InvalidInput naming the field."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from bot.language.emergency import detect_emergency
from bot.language.phones import read_phones
from cases.models import CaseKind, Location, NewCase
from hotline.errors import InvalidInput

LONGEST_DESCRIPTION = 4000
_LONGEST_FIELD = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_CODES = ("district_code", "subdistrict_code")


def read_new_case(body: Mapping[str, Any], caller_id: str) -> NewCase:
    """The case; its idempotency key counts within the caller's own."""
    key = body.get("idempotency_key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput("idempotency_key 应是 1 到 64 个可见字符，同一工单重发时不变。")
    description = _text(body, "description", LONGEST_DESCRIPTION)
    if not description:
        raise InvalidInput("缺少 description：请说明发生了什么。")
    kind = body.get("kind", CaseKind.COMPLAINT.value)
    if kind not in list(CaseKind):
        raise InvalidInput(f"kind 应取自：{'、'.join(CaseKind)}。")
    phone = _text(body, "phone")
    phones = read_phones(phone) if phone else []
    if phone and not phones:
        raise InvalidInput("phone 应是一个完整的电话号码。")
    # a digest keeps callers' keys apart and within the column
    own = hashlib.sha256(f"{caller_id}:{key}".encode()).hexdigest()
    return NewCase(
        idempotency_key=f"api:{own}",
        kind=CaseKind(kind),
        category_code=_text(body, "category_code") or None,
        description=description,
        location=_read_location(body.get("location")),
        occurred_text=_text(body, "occurred_text") or None,
        phone=str(phones[0].value) if phones else None,
        contact_name=_text(body, "contact_name", 40) or None,
        channel="api",
        emergency=detect_emergency(description),
    )


def _text(body: Mapping[str, Any], name: str, longest: int = _LONGEST_FIELD) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} 应是文字。")
    text = _CONTROL.sub("", value).strip()
    if len(text) > longest:
        raise InvalidInput(f"{name} 最多 {longest} 个字。")
    return text


def _read_location(raw: object) -> Location | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise InvalidInput("location 应是一个对象，至少有 raw_text。")
    words = _text(raw, "raw_text")
    if not words:
        raise InvalidInput("location 缺少 raw_text：请写明在哪里。")
    for name in _CODES:
        code = _text(raw, name, 12)
        if code and not (code.isascii() and code.isdigit()):
            raise InvalidInput(f"{name} 应是行政区划代码。")
    lat, lon = _degrees(raw, "lat", 90), _degrees(raw, "lon", 180)
    if (lat is None) != (lon is None):
        raise InvalidInput("lat 和 lon 要一起给出。")
    names = ("district", "subdistrict", "landmark", *_CODES)
    known = {name: _text(raw, name) or None for name in names}
    return Location(words, lat=lat, lon=lon, **known)


def _degrees(raw: Mapping[str, Any], name: str, most: int) -> float | None:
    value = raw.get(name)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or abs(value) > most:
        raise InvalidInput(f"{name} 应是 -{most} 到 {most} 之间的度数（WGS84）。")
    return float(value)
