"""Cases to read and to take through their steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from cases.dispatch import propose_unit
from cases.lifecycle import (
    BY_DEED,
    Answers,
    Deed,
    Need,
    Order,
    Part,
    Transition,
    find_possible,
)
from cases.models import STATUS_NAMES
from console.context import ConsoleContext
from console.door import Visitor
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from hotline.clock import CITY_ZONE
from hotline.errors import HotlineError, InvalidInput, NotFound

_MOST = 50
LONGEST_UNIT, LONGEST_NOTE = 64, 1000


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
        return await self._page(request, visitor)

    async def act(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/cases/{number}/steps: one deed of the lifecycle table."""
        number, form = request.match_info["number"], await read_form(request)
        try:
            order = read_order(form)
            await self._c.workflow.act(number, order, visitor.account.actor, part_of(visitor))
        except HotlineError as error:
            return await self._page(request, visitor, error)
        raise web.HTTPSeeOther(f"/console/cases/{number}")

    async def decide(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/cases/{number}/requests/{id}: approve it or turn it down."""
        number, form = request.match_info["number"], await read_form(request)
        try:
            if not request.match_info["id"].isdecimal() or len(request.match_info["id"]) > 9:
                raise NotFound
            identifier, approved = int(request.match_info["id"]), form.get("ruling") == "approve"
            note = form.get("note", "")[:LONGEST_NOTE]
            await self._c.workflow.decide(identifier, approved, visitor.account.actor, note)
        except HotlineError as error:
            return await self._page(request, visitor, error)
        raise web.HTTPSeeOther(f"/console/cases/{number}")

    async def _page(
        self, request: web.Request, visitor: Visitor, error: HotlineError | None = None
    ) -> web.Response:
        case = await self._c.cases.get(request.match_info["number"])
        possible: tuple[Transition, ...] = ()
        if visitor.account.may(Right.MOVE_CASES):
            possible = find_possible(
                case.status, case.kind, case.emergency is not None, part_of(visitor)
            )
        return self._pages.render(
            "case.html",
            status=error.status if error else HTTPStatus.OK,
            visitor=visitor,
            case=case,
            now=self._c.clock.now(),
            possible=possible,
            requests=await self._c.workflow.open_requests(case.case_number),
            error=error,
            Need=Need,
            BY_DEED=BY_DEED,
            STATUS_NAMES=STATUS_NAMES,
            proposed_unit=propose_unit(case.location),
        )


def part_of(visitor: Visitor) -> Part:
    """In what part the visitor acts on cases."""
    return Part.SUPERVISOR if visitor.account.may(Right.RULE_CASES) else Part.DESK


def read_order(form: Mapping[str, str]) -> Order:
    """The deed a form asks for; raises InvalidInput."""
    try:
        deed, version = Deed(form.get("deed", "")), int(form.get("version", ""))
        raw = form.get("until", "")
        until = datetime.fromisoformat(raw).replace(tzinfo=CITY_ZONE) if raw else None
    except (ValueError, OverflowError):
        raise InvalidInput("提交的内容不完整，请刷新页面后再试。") from None
    unit_name = form.get("unit_name", "").strip()
    if len(unit_name) > LONGEST_UNIT or len(form.get("note", "")) > LONGEST_NOTE:
        raise InvalidInput(f"单位名称最多 {LONGEST_UNIT} 字，说明最多 {LONGEST_NOTE} 字。")
    answers = None
    if "contacted" in form:
        answers = Answers(*(form.get(key) == "1" for key in ("contacted", "solved", "satisfied")))
    return Order(
        deed,
        version,
        form.get("note", ""),
        unit_name,
        until.astimezone(UTC) if until else None,
        form.get("into", "").strip(),
        answers,
    )
