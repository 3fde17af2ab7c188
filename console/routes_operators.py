"""Operators: list, add, disable; for administrators."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from cases.errors import UnknownUnit
from console.context import ConsoleContext
from console.door import Visitor
from console.intake import read_form
from console.live import operator_topic
from console.models import Role
from console.pages import Pages
from hotline.errors import HotlineError, NotFound


class OperatorPages:
    """Handlers of /console/operators."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/operators"""
        return await self._page(visitor)

    async def add(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/operators: the new account's password is shown once."""
        form = await read_form(request)
        login, name = form.get("login", ""), form.get("name", "")
        role, unit = form.get("role", Role.OPERATOR.value), form.get("unit", "").strip()
        try:
            password = await self._c.accounts.add_operator(
                login,
                name,
                role,
                actor=visitor.account.actor,
                unit_id=await self._find_unit(unit) if role == Role.UNIT.value else None,
            )
        except HotlineError as error:
            entered = {"login": login, "name": name, "role": role, "unit": unit}
            return await self._page(visitor, error=error, entered=entered)
        shown = {"name": name, "login": login.strip().casefold(), "password": password}
        return await self._page(visitor, shown=shown)

    async def change(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/operators/{id}/disable, …/enable and …/password"""
        identifier, deed = request.match_info["id"], request.match_info["deed"]
        accounts, actor = self._c.accounts, visitor.account.actor
        shown = None
        try:
            if deed == "disable":
                await accounts.disable(identifier, actor)
            elif deed == "enable":
                await accounts.enable(identifier, actor)
            elif deed == "password":
                account, password = await accounts.reset_password(identifier, actor)
                shown = {"name": account.name, "login": account.login, "password": password}
            else:
                raise NotFound
        except HotlineError as error:
            return await self._page(visitor, error=error)
        self._c.bus.publish(operator_topic(identifier), {"type": "session_ended"})
        if shown is None:
            location = {"Location": "/console/operators"}
            return web.Response(status=HTTPStatus.SEE_OTHER, headers=location)
        return await self._page(visitor, shown=shown)

    async def _find_unit(self, name: str) -> int:
        found = (await self._c.dispatching.book()).unit(name)
        if found is None:
            raise UnknownUnit
        return found.id

    async def _page(
        self,
        visitor: Visitor,
        *,
        error: HotlineError | None = None,
        entered: dict[str, str] | None = None,
        shown: dict[str, str] | None = None,
    ) -> web.Response:
        return self._pages.render(
            "operators.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            operators=await self._c.accounts.list_operators(),
            error=error,
            entered=entered or {"login": "", "name": "", "role": Role.OPERATOR.value, "unit": ""},
            units={unit.id: unit.name for unit in (await self._c.dispatching.book()).units},
            shown=shown,
        )
