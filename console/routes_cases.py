"""Cases to read."""

from __future__ import annotations

from aiohttp import web

from console.context import ConsoleContext
from console.door import Visitor
from console.pages import Pages

_MOST = 50


class CasePages:
    """Handlers of /console/cases."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show_recent(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/cases; with ?number= straight to that case."""
        number = request.query.get("number", "").strip()
        if number:
            case = await self._c.cases.get(number)
            raise web.HTTPSeeOther(f"/console/cases/{case.case_number}")
        cases, now = await self._c.cases.recent(_MOST), self._c.clock.now()
        return self._pages.render("cases.html", visitor=visitor, cases=cases, now=now)

    async def show_one(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/cases/{number}"""
        case = await self._c.cases.get(request.match_info["number"])
        return self._pages.render("case.html", visitor=visitor, case=case, now=self._c.clock.now())
