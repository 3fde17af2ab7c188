"""Cases to find, to read and to take through their steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from cases.dispatch import Proposal
from cases.finding import Found, read_search
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
from cases.models import AREA_CLASSES, CLOCK_NAMES, STATUS_NAMES, URGENCY_NAMES, CaseKind, Urgency
from console.context import ConsoleContext
from console.door import Visitor
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from console.pictures import send_picture
from console.routes_case_people import read_people
from hotline.clock import CITY_ZONE
from hotline.errors import HotlineError, InvalidInput, NotFound

_MOST = 50
LONGEST_UNIT, LONGEST_NOTE = 64, 1000
_SPLIT = re.compile(r"[、,，;；\s]+")
_CASE_NUMBER = re.compile(r"20\d{11,14}")
_FILTERS = ("q", "status", "kind", "unit", "category", "overdue", "open", "emergency", "order")


class CasePages:
    """Handlers of /console/cases."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show_list(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/cases?q=&status=…: a page of cases; a whole number leads to its case."""
        asked = {key: request.query.get(key, "").strip() for key in _FILTERS}
        words = asked["q"]
        number = request.query.get("number", "").strip()
        if number or _CASE_NUMBER.fullmatch(words):
            case = await self._c.cases.get(number or words)
            raise web.HTTPSeeOther(f"/console/cases/{case.case_number}")
        error: HotlineError | None = None
        found = Found(())
        try:
            wanted = read_search({**asked, "after": request.query.get("after", "")})
            found = await self._c.cases.find(replace(wanted, limit=_MOST))
        except HotlineError as wrong:
            error = wrong
        return self._pages.render(
            "cases.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            error=error,
            cases=found.cases,
            asked=asked,
            next=_name_next(asked, found.next) if found.next else "",
            filtered=any(asked.values()),
            first=bool(request.query.get("after")),
            now=self._c.clock.now(),
            unread=await self._c.reminders.count_unread(None),
            STATUS_NAMES=STATUS_NAMES,
            CaseKind=CaseKind,
            URGENCY_NAMES=URGENCY_NAMES,
        )

    async def show_one(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/cases/{number}"""
        return await self._page(request, visitor)

    async def show_photo(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/cases/{number}/photos/{photo}: one that a unit added."""
        photo = await self._c.photos.get(request.match_info["number"], request.match_info["photo"])
        opened = self._c.media.open_photo(
            photo.sha256, photo.content_type, request.query.get("size", "")
        )
        return await send_picture(request, opened)

    async def act(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/cases/{number}/steps: one deed of the lifecycle table."""
        number, form = request.match_info["number"], await read_form(request)
        try:
            order = read_order(form)
            if order.deed is Deed.DISPATCH:
                order = _say_why(order, await self._c.dispatching.propose(number))
            await self._c.workflow.act(number, order, visitor.account.actor, part_of(visitor))
        except HotlineError as error:
            return await self._page(request, visitor, error)
        raise web.HTTPSeeOther(f"/console/cases/{number}")

    async def show_contact(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/cases/{number}/contact {reason}: the number in full, this once; audited."""
        number, form = request.match_info["number"], await read_form(request)
        try:
            reason, actor = form.get("reason", ""), visitor.account.actor
            contact = await self._c.contacts.reveal(number, reason, actor)
        except HotlineError as error:
            return await self._page(request, visitor, error)
        return await self._page(request, visitor, contact=contact)

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
        self,
        request: web.Request,
        visitor: Visitor,
        error: HotlineError | None = None,
        **shown: object,
    ) -> web.Response:
        case = await self._c.cases.get(request.match_info["number"])
        possible: tuple[Transition, ...] = ()
        if visitor.account.may(Right.MOVE_CASES):
            possible = find_possible(
                case.status, case.kind, case.emergency is not None, part_of(visitor)
            )
        proposal = await self._c.dispatching.propose(case.case_number) if possible else None
        names: list[str] = []
        helpers: list[str] = []
        if proposal is not None or case.helper_ids:
            book = await self._c.dispatching.book()
            names = [unit.name for unit in book.units if unit.enabled]
            helpers = [unit.name for unit in book.units if unit.id in case.helper_ids]
        return self._pages.render(
            "case.html",
            status=error.status if error else HTTPStatus.OK,
            visitor=visitor,
            case=case,
            clocks=await self._c.cases.clocks(case.case_number),
            photos=await self._c.photos.of(case.case_number),
            now=self._c.clock.now(),
            possible=possible,
            requests=await self._c.workflow.open_requests(case.case_number),
            error=error,
            proposal=proposal,
            unit_names=names,
            helpers=helpers,
            unread=await self._c.reminders.count_unread(None),
            **{**await read_people(self._c, case, visitor), **shown},
            Need=Need,
            Deed=Deed,
            BY_DEED=BY_DEED,
            STATUS_NAMES=STATUS_NAMES,
            CLOCK_NAMES=CLOCK_NAMES,
            URGENCY_NAMES=URGENCY_NAMES,
            AREA_CLASSES=AREA_CLASSES,
        )


def _name_next(asked: Mapping[str, str], after: str) -> str:
    chosen = {key: value for key, value in asked.items() if value}
    return f"?{urlencode({**chosen, 'after': after})}"


def _say_why(order: Order, proposal: Proposal | None) -> Order:
    """The order with the rule that proposed its unit, or that it departs from the proposal."""
    if proposal is None or proposal.unit is None:
        return order
    if proposal.unit.name == order.unit_name:
        return replace(order, because=proposal.reason)
    return replace(order, because=f"未按推荐（{proposal.unit.name}）派遣")


def part_of(visitor: Visitor) -> Part:
    """In what part the visitor acts on cases."""
    if visitor.account.unit_id is not None:
        return Part.UNIT
    return Part.SUPERVISOR if visitor.account.may(Right.RULE_CASES) else Part.DESK


def read_order(form: Mapping[str, str]) -> Order:
    """The deed a form asks for; raises InvalidInput."""
    try:
        deed, version = Deed(form.get("deed", "")), int(form.get("version", ""))
        raw = form.get("until", "")
        until = datetime.fromisoformat(raw).replace(tzinfo=CITY_ZONE) if raw else None
        urgency = Urgency(form["urgency"]) if form.get("urgency") else None
    except (ValueError, OverflowError):
        raise InvalidInput("提交的内容不完整，请刷新页面后再试。") from None
    area_class = form.get("area_class", "")
    if area_class and area_class not in AREA_CLASSES:
        raise InvalidInput("区域类别应是 A、B 或 C。")
    unit_name, helpers = form.get("unit_name", "").strip(), form.get("helper_names", "")
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
        tuple(name for name in _SPLIT.split(helpers[:LONGEST_NOTE]) if name),
        urgency,
        area_class or None,
    )
