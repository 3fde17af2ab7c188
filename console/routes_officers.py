"""The officers' pages, made for a phone: the cases of one's own unit and nothing else."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby

from aiohttp import web

from cases.errors import CaseNotFound
from cases.lifecycle import BY_DEED, Deed, Need, Part, find_possible
from cases.models import CLOCK_NAMES, STATUS_NAMES, URGENCY_NAMES, Case, CaseStatus, ClockName
from console.context import ConsoleContext
from console.door import Door, Visitor
from console.errors import NotAllowed
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from console.pictures import send_picture
from console.routes_cases import read_order
from hotline.errors import HotlineError, NotFound, TooLarge
from kb.places import map_link

_CHUNK = 64 * 1024
_GROUPS = {
    CaseStatus.DISPATCHED: "待接单",
    CaseStatus.HANDLING: "处置中",
    CaseStatus.DEFERRED: "已挂账",
    CaseStatus.REPORTED: "已反馈，等核查",
    CaseStatus.CHECKING: "已反馈，等核查",
    CaseStatus.FILED: "等重新派遣",
}
_ORDER = tuple(_GROUPS)
_SHOWN_CLOCKS = frozenset({ClockName.CASE, ClockName.HANDLE})


def officer_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/unit."""
    handlers = OfficerPages(context, pages)
    right, one = Right.HANDLE_CASES, "/console/unit/cases/{number}"
    return [
        web.get("/console/unit", door.page(handlers.show_mine, right)),
        web.get(one, door.page(handlers.show_one, right)),
        web.post(f"{one}/steps", door.page(handlers.act, right)),
        web.get(f"{one}/photos/{{photo}}", door.page(handlers.show_photo, right)),
        web.get(f"{one}/attachments/{{attachment}}", door.page(handlers.show_attachment, right)),
        web.post("/console/api/unit/cases/{number}/photos", door.api(handlers.add_photo, right)),
        web.post("/console/unit/reminders", door.page(handlers.mark_read, right)),
    ]


class OfficerPages:
    """Handlers of /console/unit."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show_mine(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/unit: my unit's open cases by what is to be done, the urgent ones first."""
        unit_id = _unit_of(visitor)
        cases = sorted(
            await self._c.cases.of_unit(unit_id), key=lambda case: _ORDER.index(case.status)
        )
        groups = [(name, list(of)) for name, of in groupby(cases, lambda c: _GROUPS[c.status])]
        unit = (await self._c.dispatching.book()).unit_by_id(unit_id)
        return self._pages.render(
            "unit.html",
            visitor=visitor,
            unit=unit,
            groups=groups,
            now=self._c.clock.now(),
            reminders=[
                each for each in await self._c.reminders.recent(unit_id) if not each.read_at
            ],
            URGENCY_NAMES=URGENCY_NAMES,
        )

    async def show_one(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/unit/cases/{number}"""
        return await self._page(request, visitor)

    async def act(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST …/steps: start, report, or ask for a return, an extension or a deferral."""
        case, form = await self._mine(request, visitor), await read_form(request)
        try:
            await self._c.workflow.act(
                case.case_number,
                read_order(form),
                visitor.account.actor,
                Part.UNIT,
                unit_id=_unit_of(visitor),
            )
        except HotlineError as error:
            return await self._page(request, visitor, error)
        raise web.HTTPSeeOther(f"/console/unit/cases/{case.case_number}")

    async def add_photo(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/api/unit/cases/{number}/photos: the body is the picture."""
        case, unit_id = await self._mine(request, visitor), _unit_of(visitor)
        data = bytearray()
        async for chunk in request.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > self._c.settings.max_upload_megabytes * 1024 * 1024:
                raise TooLarge
        digest, content_type, size = await self._c.media.keep_photo(bytes(data))
        await self._c.photos.add(
            case.case_number, digest, content_type, size, visitor.account.actor, unit_id
        )
        return web.json_response(
            {"location": f"/console/unit/cases/{case.case_number}"}, status=HTTPStatus.CREATED
        )

    async def show_photo(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/photos/{photo}?size=small: one that a unit added to this case."""
        case = await self._mine(request, visitor)
        photo = await self._c.photos.get(case.case_number, request.match_info["photo"])
        opened = self._c.media.open_photo(
            photo.sha256, photo.content_type, request.query.get("size", "")
        )
        return await send_picture(request, opened)

    async def show_attachment(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET …/attachments/{attachment}?size=small: one that the resident gave with this case."""
        case, wanted = await self._mine(request, visitor), request.match_info["attachment"]
        if wanted not in case.attachment_ids or case.conversation_id is None:
            raise NotFound
        opened = await self._c.media.open_attachment(
            case.conversation_id, wanted, request.query.get("size", "")
        )
        return await send_picture(request, opened)

    async def mark_read(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/unit/reminders: those shown have been read."""
        up_to = (await read_form(request)).get("up_to", "")
        if up_to.isascii() and up_to.isdecimal() and len(up_to) < 10:
            actor = visitor.account.actor
            await self._c.reminders.mark_read(_unit_of(visitor), actor, int(up_to))
        raise web.HTTPSeeOther("/console/unit")

    async def _mine(self, request: web.Request, visitor: Visitor) -> Case:
        """The case, if it is this unit's or helped by it; another's is not found."""
        case, unit_id = await self._c.cases.get(request.match_info["number"]), _unit_of(visitor)
        if unit_id != case.unit_id and unit_id not in case.helper_ids:
            raise CaseNotFound
        return case

    async def _page(
        self, request: web.Request, visitor: Visitor, error: HotlineError | None = None
    ) -> web.Response:
        case = await self._mine(request, visitor)
        leads = case.unit_id == _unit_of(visitor)
        possible = find_possible(case.status, case.kind, case.emergency is not None, Part.UNIT)
        clocks = await self._c.cases.clocks(case.case_number)
        location = case.location
        return self._pages.render(
            "unit_case.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            case=case,
            leads=leads,
            possible=possible if leads else (),
            error=error,
            clocks=[each for each in clocks if each.name in _SHOWN_CLOCKS and not each.stopped_at],
            photos=await self._c.photos.of(case.case_number),
            requests=await self._c.workflow.open_requests(case.case_number),
            map_url=map_link(location.raw_text, location.raw_text, location.lat, location.lon)
            if location
            else "",
            now=self._c.clock.now(),
            Deed=Deed,
            Need=Need,
            BY_DEED=BY_DEED,
            STATUS_NAMES=STATUS_NAMES,
            CLOCK_NAMES=CLOCK_NAMES,
            URGENCY_NAMES=URGENCY_NAMES,
        )


def _unit_of(visitor: Visitor) -> int:
    if visitor.account.unit_id is None:
        raise NotAllowed
    return visitor.account.unit_id
