"""Reads what a client posts or asks for, bounded and checked; raises InvalidInput in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from bot.language.emergency import detect_emergency
from bot.language.gazetteer import Division, Gazetteer, load_gazetteer
from bot.language.phones import read_phones
from cases.categories import get_category
from cases.models import CaseKind, Location, NewCase
from cases.open311.models import ATTRIBUTES
from hotline.clock import CITY_ZONE
from hotline.errors import InvalidInput, TooLarge, UnsupportedMedia

MOST_BYTES = 64 * 1024
MOST_FIELDS = 60
SPAN = timedelta(days=90)
MOST_IDS = 100
_LONGEST: Mapping[str, int] = {
    "description": 4000,
    "address_string": 200,
    "media_url": 1000,
    "attribute[occurred]": 200,
}
_USUAL_LONGEST = 120
_KEPT_APART = ("email", "device_id", "account_id", "media_url")
"""Kept sealed with the case: who sent it and what is to be looked at."""
_ON_THE_MAP = "地图上的位置"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are asked for; `numbers` overrides the rest."""

    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    open: bool | None = None


async def read_fields(request: web.Request) -> dict[str, str]:
    """The posted form; the last of equal names counts."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("请用 application/x-www-form-urlencoded 提交。")
    body = bytearray()
    while chunk := await request.content.read(MOST_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge
    try:
        pairs = parse_qsl(
            body.decode("ascii"), max_num_fields=MOST_FIELDS, encoding="utf-8", errors="strict"
        )
    except ValueError:
        raise InvalidInput("提交的内容应是 UTF-8 的表单，最多 60 项。") from None
    fields = {name: "".join(filter(_is_text, value)).strip() for name, value in pairs}
    for name, value in fields.items():
        longest = _LONGEST.get(name, _USUAL_LONGEST)
        if len(value) > longest:
            raise InvalidInput(f"{name[:40]} 最多 {longest} 个字。")
    return fields


def _is_text(character: str) -> bool:
    return character.isprintable() or character in "\n\t"


def read_case(fields: Mapping[str, str], idempotency_key: str) -> NewCase:
    """The case a form asks for; raises InvalidInput or UnknownCategory."""
    code = fields.get("service_code", "")
    if not code:
        raise InvalidInput("缺少 service_code。")
    get_category(code)
    description = fields.get("description", "")
    if not description:
        raise InvalidInput("缺少 description：请说明发生了什么。")
    _check_media(fields.get("media_url", ""))
    names = {f"attribute[{each.code}]" for each in ATTRIBUTES}
    known = names | {f"{name}[]" for name in names}
    for name in fields:
        if name.startswith("attribute") and name not in known:
            raise InvalidInput(f"这项服务没有属性 {name[:40]}。")
    return NewCase(
        idempotency_key=idempotency_key,
        kind=_read_kind(_attribute(fields, "kind")),
        category_code=code,
        description=description,
        location=read_location(fields),
        occurred_text=_attribute(fields, "occurred") or None,
        phone=_read_phone(fields.get("phone", "")),
        contact_name=_join_names(fields.get("first_name", ""), fields.get("last_name", "")),
        channel="open311",
        emergency=detect_emergency(description),
        submission={name: fields[name] for name in _KEPT_APART if fields.get(name)} or None,
    )


def _attribute(fields: Mapping[str, str], code: str) -> str:
    return fields.get(f"attribute[{code}]") or fields.get(f"attribute[{code}][]", "")


def _read_kind(raw: str) -> CaseKind:
    allowed = next(each for each in ATTRIBUTES if each.code == "kind").values
    if raw and raw not in {key for key, _ in allowed}:
        raise InvalidInput("attribute[kind] 应取自服务定义里的 values。")
    return CaseKind(raw) if raw else CaseKind.COMPLAINT


def _read_phone(raw: str) -> str | None:
    if not raw:
        return None
    found = read_phones(raw)
    if not found:
        raise InvalidInput("phone 应是一个完整的电话号码。")
    return str(found[0].value)


def _join_names(first: str, last: str) -> str | None:
    if first.isascii() and last.isascii():
        return f"{first} {last}".strip()[:40] or None
    return (last + first)[:40] or None


def _check_media(raw: str) -> None:
    try:
        address = urlsplit(raw)
        valid = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:
        valid = False
    if raw and not valid:
        raise InvalidInput("media_url 应是 http 或 https 地址。")


def read_location(fields: Mapping[str, str]) -> Location:
    """Where it is: coordinates, an address, or the code of a district or subdistrict."""
    lat, lon = _read_degrees(fields, "lat", 90), _read_degrees(fields, "long", 180)
    address, address_id = fields.get("address_string", ""), fields.get("address_id", "")
    if (lat is None) != (lon is None):
        raise InvalidInput("lat 和 long 要一起给出。")
    if lat is None and not address and not address_id:
        raise InvalidInput("缺少位置：请给出 lat 和 long，或 address_string，或 address_id。")
    division = _find_division(address)
    if address_id:
        division = _divisions().get(address_id)
        if division is None:
            raise InvalidInput("address_id 应是本市区、街道或乡镇的代码。")
    named = "".join(filter(None, (division.district, division.subdistrict))) if division else ""
    return Location(
        raw_text=address or named or _ON_THE_MAP,
        lat=lat,
        lon=lon,
        **(division.as_data() if division else {}),  # type: ignore[arg-type]
    )


@cache
def _gazetteer() -> Gazetteer:
    return load_gazetteer()


@cache
def _divisions() -> Mapping[str, Division]:
    """Every division by its code."""
    found: dict[str, Division] = {}
    for name in _gazetteer().names:
        named = _gazetteer().look_up(name)
        for each in named.divisions if named else ():
            found[each.subdistrict_code or each.district_code] = each
    return found


def _find_division(address: str) -> Division | None:
    """The closest division that the names in an address agree on."""
    best: Division | None = None
    for hit in _gazetteer().find(address, lambda *_: True):
        fitting = [each for each in hit.divisions if best is None or each.lies_in(best)]
        if len(fitting) == 1:
            best = fitting[0]
    return best


def _read_degrees(fields: Mapping[str, str], name: str, most: int) -> float | None:
    raw = fields.get(name, "")
    if not raw:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise InvalidInput(f"{name} 应是 -{most} 到 {most} 之间的度数（WGS84）。")
    return value


def read_wanted(query: Mapping[str, str], now: datetime) -> Wanted:
    """The filters of GET requests; the span is 90 days, unless ids are given."""
    numbers = _read_list(query.get("service_request_id", ""))
    if numbers:
        return Wanted(numbers=numbers)
    codes = _read_list(query.get("service_code", ""))
    statuses = set(_read_list(query.get("status", "")))
    if statuses - {"open", "closed"}:
        raise InvalidInput("status 应是 open 或 closed。")
    since, until = (_read_moment(query, name) for name in ("start_date", "end_date"))
    if until is None:
        until = min(since + SPAN, now) if since else now
    since = since or until - SPAN
    if until - since > SPAN:
        raise InvalidInput("start_date 和 end_date 相隔不能超过 90 天。")
    wanted = None if len(statuses) != 1 else "open" in statuses
    return Wanted((), codes, since, until, wanted)


def _read_list(raw: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(each.strip() for each in raw.split(",") if each.strip()))
    if len(items) > MOST_IDS or any(len(each) > _USUAL_LONGEST for each in items):
        raise InvalidInput(f"一次最多查 {MOST_IDS} 项。")
    return items


def _read_moment(query: Mapping[str, str], name: str) -> datetime | None:
    raw = query.get(name, "").strip()
    if not raw:
        return None
    try:
        # a + in a query string arrives as a space
        moment = datetime.fromisoformat(raw.replace(" ", "+"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)
        moment = moment.astimezone(UTC)
        _ = moment - 2 * SPAN, moment + 2 * SPAN
    except (ValueError, OverflowError):
        raise InvalidInput(f"{name} 应是带时区的时间，如 2026-11-22T08:00:00+08:00。") from None
    return moment
