"""Places: what is there, files to take in with a look beforehand, and the way back."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_file, read_number
from console.models import Right
from console.pages import Pages
from hotline.errors import HotlineError, InvalidInput, NotFound
from hotline.tables import MOST_BYTES
from kb.place_files import Usual, write_places
from kb.place_service import Places
from kb.places import KIND_NAMES, PlaceKind

_SHOWN = 200
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def place_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/places."""
    handlers = PlacePages(context.places, pages)
    read, manage = Right.READ_CASES, Right.MANAGE_PLACES
    one = "/console/places/imports/{id}"
    return [
        web.get("/console/places", door.page(handlers.show, read)),
        web.get("/console/places/export/{format}", door.page(handlers.export, read)),
        web.post("/console/api/places/imports", door.api(handlers.upload, manage)),
        web.get(one, door.page(handlers.show_import, manage)),
        web.post(f"{one}/{{deed}}", door.page(handlers.decide, manage)),
    ]


class PlacePages:
    """Handlers of /console/places."""

    def __init__(self, places: Places, pages: Pages) -> None:
        self._places = places
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/places?kind=&text="""
        return await self._page(request, visitor)

    async def export(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/places/export/csv and …/xlsx"""
        ending = request.match_info["format"]
        if ending not in _TYPES:
            raise NotFound
        headers = {
            "Content-Type": _TYPES[ending],
            "Content-Disposition": f'attachment; filename="places.{ending}"',
        }
        return web.Response(body=write_places(self._places.all(), ending), headers=headers)

    async def upload(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/api/places/imports?name=…: the body is the file; tells the preview's address."""
        name, data = await read_file(request)
        query = request.query
        preview = await self._places.preview(
            name,
            data,
            _read_usual(request),
            visitor.account.actor,
            replaces=query.get("replaces") == "1",
        )
        return web.json_response({"location": f"/console/places/imports/{preview.id}"}, status=201)

    async def show_import(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/places/imports/{id}"""
        found = await self._places.get_import(read_number(request))
        return self._pages.render(
            "place_import.html", visitor=visitor, it=found, kind_names=KIND_NAMES, shown=_SHOWN
        )

    async def decide(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/places/imports/{id}/confirm, …/drop and …/undo"""
        number, deed = read_number(request), request.match_info["deed"]
        try:
            if deed == "confirm":
                await self._places.confirm(number, visitor.account.actor)
            elif deed == "drop":
                await self._places.drop(number)
            elif deed == "undo":
                await self._places.undo(number, visitor.account.actor)
            else:
                raise NotFound
        except HotlineError as error:
            return await self._page(request, visitor, error)
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/console/places"})

    async def _page(
        self, request: web.Request, visitor: Visitor, error: HotlineError | None = None
    ) -> web.Response:
        await self._places.refresh()
        kind, text = request.query.get("kind", ""), request.query.get("text", "").strip()
        fitting = [
            place
            for place in self._places.all()
            if kind in ("", place.kind.value)
            and text in f"{place.name}{place.address}{place.district}{place.subdistrict}"
        ]
        return self._pages.render(
            "places.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            error=error,
            places=fitting[:_SHOWN],
            fitting=len(fitting),
            total=len(self._places.all()),
            kind=kind,
            text=text,
            kind_names=KIND_NAMES,
            imports=await self._places.recent_imports(),
            most_megabytes=MOST_BYTES // 1024 // 1024,
        )


def _read_usual(request: web.Request) -> Usual:
    query = request.query
    try:
        kind = PlaceKind(query["kind"]) if query.get("kind") else None
        checked_on = date.fromisoformat(query["checked_on"]) if query.get("checked_on") else None
    except ValueError:
        raise InvalidInput("类型或核对日期不对，请重新选择。") from None
    return Usual(kind, query.get("source", "").strip()[:160], checked_on, query.get("gcj02") == "1")
