"""Questions nobody could answer: what residents ask, and what is to be written about it."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_form, read_number
from console.models import Right
from console.pages import Pages
from hotline.errors import HotlineError, InvalidInput, NotFound
from kb import gaps as gap_states
from kb.editorial import Editorial
from kb.models import Article

STATE_NAMES = {
    gap_states.OPEN: "待写",
    gap_states.DRAFTED: "已起草",
    gap_states.MERGED: "已并入条目",
    gap_states.DISMISSED: "不写",
}
_NEAR = 5


def gap_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/gaps."""
    handlers = GapPages(context.editorial, pages)
    write = Right.WRITE_ARTICLES
    return [
        web.get("/console/gaps", door.page(handlers.show_all, write)),
        web.get("/console/gaps/{id}", door.page(handlers.show, write)),
        web.post("/console/gaps/{id}/{deed}", door.page(handlers.decide, write)),
    ]


class GapPages:
    """Handlers of /console/gaps."""

    def __init__(self, editorial: Editorial, pages: Pages) -> None:
        self._editorial = editorial
        self._pages = pages

    async def show_all(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/gaps?state="""
        state = request.query.get("state", gap_states.OPEN)
        if state not in STATE_NAMES:
            raise NotFound
        gaps = await self._editorial.gaps.listed(state)
        return self._pages.render(
            "gaps.html", visitor=visitor, gaps=gaps, state=state, state_names=STATE_NAMES
        )

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/gaps/{id}"""
        return await self._page(read_number(request), visitor)

    async def decide(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/gaps/{id}/draft, merge, join, dismiss and reopen"""
        number, form = read_number(request), await read_form(request)
        try:
            address = await self._do(request.match_info["deed"], number, form, visitor)
        except NotFound:
            raise
        except HotlineError as error:
            return await self._page(number, visitor, error)
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})

    async def _do(self, deed: str, number: int, form: dict[str, str], visitor: Visitor) -> str:
        """Do it; returns where to go."""
        gaps, actor = self._editorial.gaps, visitor.account.actor
        if deed == "draft":
            return f"/console/kb/drafts/{await gaps.write_draft(number, actor)}"
        if deed == "merge":
            chosen = [value for name, value in form.items() if name.startswith("question_")]
            slug = form.get("other", "").strip() or form.get("slug", "")
            if not slug:
                raise InvalidInput("请选择并入哪一篇。")
            return f"/console/kb/drafts/{await gaps.merge(number, slug, chosen, actor)}"
        if deed == "join":
            into = form.get("into", "")
            if not into.isdecimal() or len(into) > 9:
                raise InvalidInput("请选择并到哪一组。")
            await gaps.join(number, int(into), actor)
            return f"/console/gaps/{into}"
        if deed == "dismiss":
            await gaps.dismiss(number, form.get("reason", ""), actor)
        elif deed == "reopen":
            await gaps.reopen(number, actor)
        else:
            raise NotFound
        return "/console/gaps"

    async def _page(
        self, number: int, visitor: Visitor, error: HotlineError | None = None
    ) -> web.Response:
        gap = await self._editorial.gaps.get(number)
        others = [each for each in await self._editorial.gaps.listed() if each.row.id != number]
        return self._pages.render(
            "gap.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            gap=gap,
            near=await self._near(gap.row.title),
            others=others,
            state_names=STATE_NAMES,
            error=error,
        )

    async def _near(self, question: str) -> list[Article]:
        """The articles that come closest: one of them may only lack this way of asking."""
        found = await self._editorial.trials.look(question)
        return [self._editorial.knowledge.get(hit.slug) for hit in found.hits[:_NEAR]]
