"""Places as JSON."""

from __future__ import annotations

import json
import math

from aiohttp import web

from hotline.errors import InvalidInput
from kb.place_service import Places
from kb.place_telling import describe_place
from kb.places import PlaceKind, Where

_MOST = 50
_LONGEST = 40


def setup_places(app: web.Application, places: Places) -> None:
    """Add `/api/v1/places`."""

    async def find(request: web.Request) -> web.Response:
        kinds = _read_kinds(request.query.get("kind"))
        where = Where(
            lat=_read_degrees(request, "lat", 90),
            lon=_read_degrees(request, "lon", 180),
            district=request.query.get("district", "")[:_LONGEST],
            subdistrict=request.query.get("subdistrict", "")[:_LONGEST],
        )
        if (where.lat is None) != (where.lon is None) or not where.is_known:
            raise InvalidInput("请给出 lat 和 lon，或者 district、subdistrict。")
        found = places.find(kinds, where, only_open=request.query.get("open") == "1")
        rows = [describe_place(near) for near in found.places[:_MOST]]
        return web.json_response(
            {"places": rows}, dumps=lambda value: json.dumps(value, ensure_ascii=False)
        )

    app.add_routes([web.get("/api/v1/places", find)])


def _read_kinds(raw: str | None) -> tuple[PlaceKind, ...]:
    if raw is None:
        return tuple(PlaceKind)
    try:
        return (PlaceKind(raw),)
    except ValueError:
        raise InvalidInput("kind 应是 market、breakfast、team 或 office。") from None


def _read_degrees(request: web.Request, name: str, most: int) -> float | None:
    raw = request.query.get(name)
    if raw is None:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise InvalidInput(f"{name} 应是 -{most} 到 {most} 之间的度数。")
    return value
