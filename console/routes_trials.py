"""Hit tests: what a question finds and why, and the saved set that every draft is scored on."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.intake import read_form, read_number
from console.models import Right
from console.pages import Pages
from hotline.errors import HotlineError, InvalidInput
from kb.editorial import Editorial
from kb.explaining import Explained
from kb.trials import OUTCOME_NAMES

_MOST_LINES = 200


def trial_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/trials."""
    handlers = TrialPages(context.editorial, pages)
    write = Right.WRITE_ARTICLES
    return [
        web.get("/console/trials", door.page(handlers.show, write)),
        web.post("/console/trials", door.page(handlers.try_out, write)),
        web.post("/console/trials/questions", door.page(handlers.save, write)),
        web.post("/console/trials/questions/{id}/remove", door.page(handlers.remove, write)),
    ]


class TrialPages:
    """Handlers of /console/trials."""

    def __init__(self, editorial: Editorial, pages: Pages) -> None:
        self._editorial = editorial
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/trials"""
        return await self._page(visitor)

    async def try_out(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/trials {question}: tried, explained, and kept in the history."""
        question = (await read_form(request)).get("question", "")
        try:
            explained = await self._editorial.trials.try_out(question, visitor.account.actor)
        except HotlineError as error:
            return await self._page(visitor, question, error=error)
        return await self._page(visitor, question, explained)

    async def save(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/trials/questions: one question, or lines of 问题 | slug."""
        form, actor = await read_form(request), visitor.account.actor
        try:
            pairs = _read_lines(form["lines"]) if form.get("lines") else [_read_one(form)]
            for question, slug in pairs:
                await self._editorial.trials.save(question, slug, actor)
        except HotlineError as error:
            return await self._page(visitor, form.get("question", ""), error=error)
        return _go()

    async def remove(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/trials/questions/{id}/remove"""
        await self._editorial.trials.remove(read_number(request), visitor.account.actor)
        return _go()

    async def _page(
        self,
        visitor: Visitor,
        question: str = "",
        explained: Explained | None = None,
        error: HotlineError | None = None,
    ) -> web.Response:
        trials = self._editorial.trials
        standing = await trials.standing()
        return self._pages.render(
            "trials.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            question=question,
            it=explained,
            error=error,
            history=await trials.history(),
            standing=standing,
            right=sum(each.grade == 2 for _, each in standing),
            scores=await trials.scores(),
            titles={each.slug: each.title for each in self._editorial.knowledge.all()},
            outcome_names=OUTCOME_NAMES,
        )


def _read_one(form: dict[str, str]) -> tuple[str, str | None]:
    return form.get("question", ""), form.get("slug", "").strip() or None


def _read_lines(raw: str) -> list[tuple[str, str | None]]:
    """Lines of `问题 | slug`; without a slug the question is one that should be declined."""
    lines = [line for line in raw.splitlines() if line.strip()]
    if len(lines) > _MOST_LINES:
        raise InvalidInput(f"一次最多 {_MOST_LINES} 行。")
    pairs = []
    for line in lines:
        question, _, slug = line.replace("｜", "|").partition("|")
        pairs.append((question, slug.strip() or None))
    return pairs


def _go() -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/console/trials"})
