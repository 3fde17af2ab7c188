"""API keys of other systems: list, issue, revoke; for administrators."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from hotline.api_keys import SCOPE_NAMES, ApiKeys, Scope, read_scopes
from hotline.errors import HotlineError


class KeyPages:
    """Handlers of /console/keys."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._keys = ApiKeys(context.db, context.clock)
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/keys"""
        return await self._page(visitor)

    async def issue(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/keys: the new key is shown once."""
        form = await read_form(request)
        name = form.get("name", "")
        chosen = [scope.value for scope in Scope if form.get(scope.value) == "1"]
        try:
            key = await self._keys.issue(name, read_scopes(chosen), visitor.account.actor)
        except HotlineError as error:
            return await self._page(visitor, error, name=name, chosen=chosen)
        return await self._page(visitor, key=key, key_name=name)

    async def revoke(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/keys/{id}/revoke"""
        try:
            await self._keys.revoke(request.match_info["id"], visitor.account.actor)
        except HotlineError as error:
            return await self._page(visitor, error)
        raise web.HTTPSeeOther("/console/keys")

    async def _page(
        self,
        visitor: Visitor,
        error: HotlineError | None = None,
        *,
        name: str = "",
        chosen: list[str] | None = None,
        key: str = "",
        key_name: str = "",
    ) -> web.Response:
        return self._pages.render(
            "keys.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            keys=await self._keys.list_keys(),
            scope_names=SCOPE_NAMES,
            error=error,
            name=name,
            chosen=chosen or [],
            key=key,
            key_name=key_name,
        )


def key_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The routes of the page."""
    keys, right = KeyPages(context, pages), Right.MANAGE_OPERATORS
    return [
        web.get("/console/keys", door.page(keys.show, right)),
        web.post("/console/keys", door.page(keys.issue, right)),
        web.post("/console/keys/{id}/revoke", door.page(keys.revoke, right)),
    ]
