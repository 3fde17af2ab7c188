"""The tables behind cases: limits, working days, units, special areas, dispatch rules; reminders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from cases.categories import find_by_name, get_category
from cases.dispatch import MODE_NAMES, Facts, Proposal
from cases.divisions import load_divisions, name_division, read_division
from cases.models import Location
from cases.reminder_store import REMINDER_NAMES
from cases.sheet_list import RULES, SHEETS, UNITS
from cases.sheets import Sheet
from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from hotline.clock import CITY_ZONE, to_city
from hotline.errors import HotlineError, InvalidInput, NotFound
from hotline.tables import MOST_BYTES, check_size

_SHOWN = 200
_LONGEST = 200
_CHUNK = 64 * 1024
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def sheet_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses of every table, and of the supervisors' reminders."""
    read, manage = Right.READ_CASES, Right.MANAGE_CASE_TABLES
    reminders = ReminderPages(context, pages)
    routes = [
        web.get("/console/reminders", door.page(reminders.show, read)),
        web.post("/console/reminders", door.page(reminders.mark_read, Right.RULE_CASES)),
    ]
    for sheet in SHEETS.values():
        handlers = SheetPages(context, pages, sheet)
        path = f"/console/{sheet.name}"
        routes += [
            web.get(path, door.page(handlers.show, read)),
            web.post(path, door.page(handlers.add, manage)),
            web.get(f"{path}/export/{{format}}", door.page(handlers.export, read)),
            web.post(f"/console/api/{sheet.name}/import", door.api(handlers.upload, manage)),
            web.get(f"{path}/{{id}}", door.page(handlers.show_row, read)),
            web.post(f"{path}/{{id}}", door.page(handlers.change, manage)),
            web.post(f"{path}/{{id}}/delete", door.page(handlers.delete, manage)),
        ]
    return routes


class SheetPages:
    """Handlers of one table."""

    def __init__(self, context: ConsoleContext, pages: Pages, sheet: Sheet) -> None:
        self._c = context
        self._pages = pages
        self._sheet = sheet
        self._path = f"/console/{sheet.name}"

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET: the table; ?text= narrows it; for dispatch rules also the tester."""
        return await self._page(request, visitor)

    async def show_row(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/{id}: one row to look at or to change."""
        line = await self._c.sheets.get(self._sheet, request.match_info["id"])
        return await self._form(visitor, line.id, line.cells)

    async def add(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST: a new row."""
        cells = await read_form(request)
        try:
            await self._c.sheets.save(self._sheet, None, cells, visitor.account.actor)
        except HotlineError as error:
            return await self._form(visitor, "", cells, error)
        raise web.HTTPSeeOther(self._path)

    async def change(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/{id}: the row as the form has it."""
        line_id, cells = request.match_info["id"], await read_form(request)
        try:
            await self._c.sheets.save(self._sheet, line_id, cells, visitor.account.actor)
        except HotlineError as error:
            return await self._form(visitor, line_id, cells, error)
        raise web.HTTPSeeOther(self._path)

    async def delete(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/{id}/delete"""
        line_id = request.match_info["id"]
        try:
            await self._c.sheets.delete(self._sheet, line_id, visitor.account.actor)
        except InvalidInput as error:
            line = await self._c.sheets.get(self._sheet, line_id)
            return await self._form(visitor, line_id, line.cells, error)
        raise web.HTTPSeeOther(self._path)

    async def export(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/export/csv and …/xlsx"""
        ending = request.match_info["format"]
        if ending not in _TYPES:
            raise NotFound
        headers = {
            "Content-Type": _TYPES[ending],
            "Content-Disposition": f'attachment; filename="{self._sheet.name}.{ending}"',
        }
        body = await self._c.sheets.export(self._sheet, ending)
        return web.Response(body=body, headers=headers)

    async def upload(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/api/…/import?name=…: the body is the file; all rows are taken or none."""
        check_size(request.content_length or 0)
        data = bytearray()
        async for chunk in request.content.iter_chunked(_CHUNK):
            data += chunk
            check_size(len(data))
        name = request.query.get("name", "")[-_LONGEST:].rpartition("/")[2]
        replaces = request.query.get("replaces") == "1"
        taken = await self._c.sheets.take_in(
            self._sheet, name, bytes(data), visitor.account.actor, replaces=replaces
        )
        told = f"added={taken.added}&changed={taken.changed}&removed={taken.removed}"
        return web.json_response({"location": f"{self._path}?{told}"}, status=HTTPStatus.CREATED)

    async def _page(self, request: web.Request, visitor: Visitor) -> web.Response:
        text = request.query.get("text", "").strip()[:_LONGEST]
        lines = await self._c.sheets.lines(self._sheet)
        fitting = [line for line in lines if text in " ".join(line.cells.values())]
        if self._sheet is RULES:
            fitting.sort(key=lambda line: -int(line.cells["priority"]))
        counts = [request.query.get(key, "") for key in ("added", "changed", "removed")]
        taken = counts if all(each.isdecimal() and len(each) < 8 for each in counts) else None
        return self._pages.render(
            "dispatch.html" if self._sheet is RULES else "sheet.html",
            visitor=visitor,
            sheet=self._sheet,
            lines=fitting[:_SHOWN],
            fitting=len(fitting),
            total=len(lines),
            text=text,
            taken=taken,
            fields={column.name: column for column in self._sheet.fields},
            most_megabytes=MOST_BYTES // 1024 // 1024,
            can_delete=self._sheet is not UNITS,
            unread=await self._c.reminders.count_unread(None),
            **(await self._try_out(request) if self._sheet is RULES else {}),
        )

    async def _try_out(self, request: web.Request) -> dict[str, Any]:
        """The tester of dispatch rules: what was asked and what the rules say."""
        asked = {
            key: request.query.get(key, "").strip()[:_LONGEST]
            for key in ("category", "division", "place", "moment")
        }
        proposal: Proposal | None = None
        error: HotlineError | None = None
        area_class = None
        if any(asked.values()):
            try:
                facts = self._read_facts(asked)
                proposal, book = await self._c.dispatching.try_out(facts)
                area_class = book.class_of(facts.location)
            except HotlineError as wrong:
                error = wrong
        now = to_city(self._c.clock.now())
        return {
            "asked": {**asked, "moment": asked["moment"] or f"{now:%Y-%m-%dT%H:%M}"},
            "proposal": proposal,
            "error": error,
            "area_class": area_class,
            "divisions": load_divisions(),
            "MODE_NAMES": MODE_NAMES,
        }

    def _read_facts(self, asked: Mapping[str, str]) -> Facts:
        code = None
        if asked["category"]:
            named = find_by_name(asked["category"])
            code = (named or get_category(asked["category"])).code
        location = None
        if asked["division"] or asked["place"]:
            wanted = asked["division"]
            is_district = wanted.endswith("区") and not wanted.endswith("地区")
            division = read_division(wanted, subdistrict=not is_district)
            district = division[:6]
            location = Location(
                asked["place"] or wanted,
                name_division(district) if district else None,
                district or None,
                name_division(division) if len(division) > 6 else None,
                division if len(division) > 6 else None,
            )
        try:
            moment = datetime.fromisoformat(asked["moment"]).replace(tzinfo=CITY_ZONE)
        except ValueError:
            moment = self._c.clock.now()
        return Facts(code, location, moment)

    async def _form(
        self,
        visitor: Visitor,
        id: str,
        cells: Mapping[str, str],
        error: HotlineError | None = None,
    ) -> web.Response:
        return self._pages.render(
            "sheet_row.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            sheet=self._sheet,
            id=id,
            cells=cells,
            error=error,
            can_delete=self._sheet is not UNITS,
        )


class ReminderPages:
    """Handlers of /console/reminders: what supervisors are reminded of."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/reminders"""
        return self._pages.render(
            "reminders.html",
            visitor=visitor,
            reminders=await self._c.reminders.recent(None),
            unread=await self._c.reminders.count_unread(None),
            REMINDER_NAMES=REMINDER_NAMES,
        )

    async def mark_read(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/reminders: those shown have been read."""
        up_to = (await read_form(request)).get("up_to", "")
        if up_to.isascii() and up_to.isdecimal() and len(up_to) < 10:
            await self._c.reminders.mark_read(None, visitor.account.actor, int(up_to))
        raise web.HTTPSeeOther("/console/reminders")
