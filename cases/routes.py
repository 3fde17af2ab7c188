"""Cases over HTTP for other systems and for the console's own pages: /api/v1/cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from cases.categories import get_category, load_categories
from cases.describing import (
    HEADER,
    PERSONAL_HEADER,
    describe_case,
    describe_history,
    stream_rows,
)
from cases.finding import read_search
from cases.intake import read_new_case
from cases.service import Cases
from hotline.api_keys import Admit, Scope
from hotline.clock import Clock, to_city
from hotline.errors import Forbidden, InvalidInput, TooLarge, UnsupportedMedia
from hotline.table_streams import stream_csv, stream_xlsx

MOST_BYTES = 64 * 1024
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS = {"csv": (stream_csv, "text/csv"), "xlsx": (stream_xlsx, _XLSX)}


class CasesApi:
    """Handlers of /api/v1/cases and /api/v1/categories."""

    def __init__(self, cases: Cases, admit: Admit, clock: Clock) -> None:
        self._cases = cases
        self._admit = admit
        self._clock = clock

    def setup(self, app: web.Application) -> None:
        """Add the routes."""
        app.add_routes(
            [
                web.get("/api/v1/categories", self.list_categories),
                web.get("/api/v1/cases", self.find),
                web.post("/api/v1/cases", self.file),
                web.get("/api/v1/cases/export", self.export),
                web.get("/api/v1/cases/{number}", self.get),
            ]
        )

    async def list_categories(self, _: web.Request) -> web.Response:
        """GET /api/v1/categories: for anybody."""
        rows = [
            {"code": each.code, "name": each.name, "kind": each.kind, "major": each.major}
            for each in load_categories().values()
        ]
        return _json({"categories": rows})

    async def find(self, request: web.Request) -> web.Response:
        """GET /api/v1/cases: one page; the conditions are cases.finding's."""
        await self._admit(request, Scope.READ_CASES)
        found = await self._cases.find(read_search(request.query))
        rows = [describe_case(case) for case in found.cases]
        return _json({"cases": rows, "next": found.next or None})

    async def get(self, request: web.Request) -> web.Response:
        """GET /api/v1/cases/{number}; ?personal=1 with the person, which is audited."""
        caller = await self._admit(request, Scope.READ_CASES)
        case = await self._cases.get(request.match_info["number"])
        contact = None
        if _read_personal(request.query):
            _check_personal(caller.scopes)
            contact = await self._cases.reveal_contact(case, caller.actor)
        return _json({"case": describe_case(case, contact), "history": describe_history(case)})

    async def file(self, request: web.Request) -> web.Response:
        """POST /api/v1/cases: files one; the same idempotency_key again files nothing new."""
        caller = await self._admit(request, Scope.FILE_CASES)
        body = await _read_json(request)
        new = read_new_case(body, caller.actor.id)
        if new.category_code:
            get_category(new.category_code)
        case = await self._cases.file(new, caller.actor)
        return _json({"case": describe_case(case)}, status=201)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET /api/v1/cases/export?format=csv|xlsx: every case that fits, as it is read."""
        caller = await self._admit(request, Scope.EXPORT_CASES)
        personal = _read_personal(request.query)
        if personal:
            _check_personal(caller.scopes)
        form = request.query.get("format") or "csv"
        if form not in _FORMATS:
            raise InvalidInput("format 应是 csv 或 xlsx。")
        conditions = {
            name: value for name, value in request.query.items() if name not in ("after", "limit")
        }
        search = read_search(conditions)
        await self._cases.record_export(caller.actor, conditions, personal)
        stream, kind = _FORMATS[form]
        name = f"cases-{to_city(self._clock.now()):%Y%m%d-%H%M}.{form}"
        response = web.StreamResponse(
            headers={
                "Content-Type": kind,
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            }
        )
        header = HEADER + PERSONAL_HEADER if personal else HEADER
        rows = stream_rows(self._cases, search, personal)
        pieces = stream(header, rows)
        first = await anext(pieces)  # a refusal is told before anything is sent
        await response.prepare(request)
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
        return response


def _read_personal(query: Mapping[str, str]) -> bool:
    raw = query.get("personal", "")
    if raw not in ("", "0", "1"):
        raise InvalidInput("personal 应是 0 或 1。")
    return raw == "1"


def _check_personal(scopes: frozenset[Scope]) -> None:
    if Scope.READ_PERSONAL not in scopes:
        raise Forbidden(f"没有“{Scope.READ_PERSONAL.value}”权限，不能查看联系人和电话。")


async def _read_json(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise UnsupportedMedia("请用 application/json 提交。")
    body = bytearray()
    while chunk := await request.content.read(MOST_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidInput("内容不是合法的 JSON 文本。") from None
    if not isinstance(data, dict):
        raise InvalidInput("内容应是一个 JSON 对象。")
    return data


def _json(data: Any, status: int = 200) -> web.Response:
    return web.json_response(
        data, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False)
    )
