"""The desk's pages and their parts."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cases.models import Case
from console.context import ConsoleContext
from console.desk import WAIT_GOAL, Desk, Folder
from console.door import Visitor
from console.models import Right
from console.pages import Pages
from conversations.models import Holder


class DeskPages:
    """Handlers of /console, /console/lists and /console/conversations/{id}."""

    def __init__(self, context: ConsoleContext, desk: Desk, pages: Pages) -> None:
        self._c = context
        self._desk = desk
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console, GET /console/conversations/{id}: the whole page, or its stage only."""
        values = await self._stage(request.match_info.get("id"), visitor)
        if request.headers.get("HX-Request") == "true":
            return self._pages.render("_stage.html", visitor=visitor, **values)
        lists = await self._desk.lists(visitor.account.id)
        goal = int(WAIT_GOAL.total_seconds())
        most = self._c.settings.max_message_chars
        return self._pages.render(
            "desk.html", visitor=visitor, lists=lists, goal=goal, most_chars=most, **values
        )

    async def show_lists(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/lists"""
        lists = await self._desk.lists(visitor.account.id)
        return self._pages.render("_lists.html", visitor=visitor, lists=lists)

    async def show_folder(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/conversations/{id}/folder: what changes around the messages."""
        values = await self._stage(request.match_info["id"], visitor)
        return self._pages.render("_folder.html", visitor=visitor, **values)

    async def _stage(self, conversation_id: str | None, visitor: Visitor) -> dict[str, Any]:
        if conversation_id is None:
            return {"folder": None}
        folder = await self._desk.folder(conversation_id)
        cases: list[Case] = [await self._c.cases.get(number) for number in folder.case_numbers]
        now = self._c.clock.now()
        return {"folder": folder, "cases": cases, "now": now, **_standing(folder, visitor)}


def _standing(folder: Folder, visitor: Visitor) -> dict[str, bool]:
    """What this operator may do with the conversation now."""
    conversation, account = folder.conversation, visitor.account
    held = conversation.holder is Holder.OPERATOR
    mine = held and conversation.operator_id == account.id
    open_to_all = conversation.holder in (Holder.BOT, Holder.QUEUE)
    return {
        "mine": mine,
        "may_take": open_to_all or (held and not mine and account.may(Right.TAKE_FROM_OTHERS)),
        "may_reveal": mine or account.may(Right.REVEAL_ANY),
    }
