"""What residents say about answers and public information: looked at, and answered."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from aiohttp import web

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import Deed, Order, Part
from cases.workflow import Workflow
from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_form, read_number
from console.models import Right
from console.pages import Pages
from hotline.errors import HotlineError, InvalidInput, NotFound
from kb.corrections import VERDICT_NAMES, Verdict


def correction_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/corrections and /console/ratings."""
    handlers = CorrectionPages(context, pages)
    write = Right.WRITE_ARTICLES
    return [
        web.get("/console/corrections", door.page(handlers.show, write)),
        web.post("/console/corrections/{id}/answer", door.page(handlers.answer, write)),
        web.post("/console/ratings/{id}/seen", door.page(handlers.mark_seen, write)),
    ]


class CorrectionPages:
    """Handlers of /console/corrections and /console/ratings."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._editorial = context.editorial
        self._cases = context.cases
        self._places = context.places
        # the answer to the correction is what the resident is told: the case's own notice is not
        self._workflow = Workflow(context.db, context.clock)
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/corrections"""
        return await self._page(visitor)

    async def answer(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/corrections/{id}/answer {verdict, words}"""
        number, form = read_number(request), await read_form(request)
        actor = visitor.account.actor
        try:
            verdict = _read_verdict(form.get("verdict", ""))
            words = form.get("words", "")
            row = await self._editorial.corrections.answer(number, verdict, words, actor)
        except NotFound:
            raise
        except HotlineError as error:
            return await self._page(visitor, error)
        note = f"纠错{VERDICT_NAMES[verdict]}" + (f"：{row.answer}" if row.answer else "")
        # the case may have gone its own way meanwhile, or have been forgotten
        with suppress(IllegalMove, CaseNotFound):
            case = await self._cases.get(row.case_number)
            order = Order(Deed.ANSWER, case.version, note)
            await self._workflow.act(row.case_number, order, actor, Part.DESK)
        return _go()

    async def mark_seen(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/ratings/{id}/seen"""
        await self._editorial.ratings.mark_seen(read_number(request), visitor.account.actor)
        return _go()

    async def _page(self, visitor: Visitor, error: HotlineError | None = None) -> web.Response:
        waiting, answered = await self._editorial.corrections.listed()
        knowledge = self._editorial.knowledge
        await knowledge.refresh()
        await self._places.refresh()
        return self._pages.render(
            "corrections.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            error=error,
            waiting=waiting,
            answered=answered,
            ratings=await self._editorial.ratings.unseen(),
            titles={each.slug: each.title for each in knowledge.all()},
            versions={each.slug: knowledge.version(each.slug) for each in knowledge.all()},
            place_versions={str(each.id): each.version for each in self._places.all()},
            verdict_names=VERDICT_NAMES,
        )


def _read_verdict(raw: str) -> Verdict:
    try:
        return Verdict(raw)
    except ValueError:
        raise InvalidInput("请选择感谢、采纳或不采纳。") from None


def _go() -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/console/corrections"})
