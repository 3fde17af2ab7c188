"""Articles: what stands, what is being written, what another person should look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.errors import NotAllowed
from console.intake import read_form
from console.models import Right
from console.pages import Pages
from hotline.clock import CITY_ZONE, Clock, to_city
from hotline.errors import HotlineError, InvalidInput, NotFound
from kb.article_files import write_articles
from kb.difference import Change, compare_texts
from kb.draft_store import ArticleVersionRow
from kb.editing import LONGEST_TEXT, TEMPLATE, Editing, check_text
from kb.models import article_from_data, article_to_markdown
from kb.pages import render_markdown

_MOST_VERSIONS = 20
_TYPES = {
    "zip": "application/zip",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_STANDING_NAMES = {
    "review": "该复核了",
    "soon": "30 天内要复核",
    "expired": "已到期，不再用于回答",
    "waiting": "还没到生效日期",
    "withdrawn": "已下线",
}


def article_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/kb."""
    handlers = ArticlePages(Editing(context.db, context.clock), context.clock, pages)
    write, publish = Right.WRITE_ARTICLES, Right.PUBLISH_ARTICLES
    draft = "/console/kb/drafts/{id}"
    return [
        web.get("/console/kb", door.page(handlers.show_all, write)),
        web.get("/console/kb/export/{format}", door.page(handlers.export, write)),
        web.get("/console/kb/new", door.page(handlers.show_new, write)),
        web.post("/console/kb/new", door.page(handlers.begin, write)),
        web.get(draft, door.page(handlers.show_draft, write)),
        web.post(f"{draft}/{{deed}}", door.page(handlers.decide, write)),
        web.get("/console/kb/{slug}", door.page(handlers.show, write)),
        web.post("/console/kb/{slug}/withdraw", door.page(handlers.withdraw, publish)),
    ]


class ArticlePages:
    """Handlers of /console/kb."""

    def __init__(self, editing: Editing, clock: Clock, pages: Pages) -> None:
        self._editing = editing
        self._clock = clock
        self._pages = pages

    async def show_all(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb?text=&standing="""
        text, standing = request.query.get("text", "").strip(), request.query.get("standing", "")
        listed = await self._editing.list_articles(to_city(self._clock.now()).date())
        counts = {name: sum(each.standing == name for each in listed) for name in _STANDING_NAMES}
        fitting = [
            each
            for each in listed
            if standing in ("", each.standing)
            and text in f"{each.article.title}{each.article.slug}{'、'.join(each.article.tags)}"
        ]
        return self._pages.render(
            "kb.html",
            visitor=visitor,
            listed=fitting,
            total=len(listed),
            counts=counts,
            standing=standing,
            text=text,
            standing_names=_STANDING_NAMES,
            drafts=await self._editing.drafts(),
        )

    async def export(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/export/zip, …/csv and …/xlsx"""
        ending = request.match_info["format"]
        if ending not in _TYPES:
            raise NotFound
        listed = await self._editing.list_articles(to_city(self._clock.now()).date())
        headers = {
            "Content-Type": _TYPES[ending],
            "Content-Disposition": f'attachment; filename="articles.{ending}"',
        }
        articles = [each.article for each in listed]
        return web.Response(body=write_articles(articles, ending), headers=headers)

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/{slug}: the article, and what each version changed."""
        article, row = await self._editing.get(request.match_info["slug"])
        versions = await self._editing.versions(article.slug)
        return self._pages.render(
            "kb_article.html",
            visitor=visitor,
            article=article,
            row=row,
            body=render_markdown(article.body),
            changes=_compare_versions(versions[:_MOST_VERSIONS]),
        )

    async def show_new(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/new?of=SLUG: a new article, or the next version of one."""
        text = TEMPLATE
        if request.query.get("of"):
            article, _ = await self._editing.get(request.query["of"])
            text = article_to_markdown(article)
        return self._form(visitor, text)

    async def begin(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/new"""
        form = await read_form(request)
        text, note = form.get("text", ""), form.get("note", "")
        try:
            draft = await self._editing.begin(text, visitor.account.actor, note)
        except HotlineError as error:
            return self._form(visitor, text, note, error)
        return _go(f"/console/kb/drafts/{draft}")

    async def show_draft(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/drafts/{id}"""
        return await self._draft_page(_read_id(request), visitor)

    async def decide(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/drafts/{id}/save, submit, publish, return, drop"""
        number, form = _read_id(request), await read_form(request)
        try:
            await self._do(request.match_info["deed"], number, form, visitor)
        except NotFound:
            raise
        except HotlineError as error:
            return await self._draft_page(number, visitor, error, form.get("text"))
        return _go(f"/console/kb/drafts/{number}")

    async def _do(self, deed: str, number: int, form: dict[str, str], visitor: Visitor) -> None:
        actor, editing = visitor.account.actor, self._editing
        if deed in ("publish", "return") and not visitor.account.may(Right.PUBLISH_ARTICLES):
            raise NotAllowed
        if deed == "save":
            await editing.save(number, form.get("text", ""), form.get("note", ""), actor)
        elif deed == "submit":
            await editing.save(number, form.get("text", ""), form.get("note", ""), actor)
            await editing.submit(number, actor)
        elif deed == "publish":
            await editing.publish(number, actor, _read_moment(form.get("publish_at", "")))
        elif deed == "return":
            await editing.send_back(number, form.get("reason", ""), actor)
        elif deed == "drop":
            await editing.drop(number, actor)
        else:
            raise NotFound

    async def withdraw(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/{slug}/withdraw"""
        slug, form = request.match_info["slug"], await read_form(request)
        await self._editing.withdraw(slug, form.get("reason", ""), visitor.account.actor)
        return _go(f"/console/kb/{slug}")

    async def _draft_page(
        self,
        number: int,
        visitor: Visitor,
        error: HotlineError | None = None,
        entered: str | None = None,
    ) -> web.Response:
        draft = await self._editing.get_draft(number)
        return self._pages.render(
            "kb_draft.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            draft=draft,
            article=check_text(draft.text),
            text=draft.text if entered is None else entered,
            changes=await self._editing.compare_draft(draft),
            mine=draft.author_id == visitor.account.id,
            error=error,
            longest=LONGEST_TEXT,
        )

    def _form(
        self, visitor: Visitor, text: str, note: str = "", error: HotlineError | None = None
    ) -> web.Response:
        return self._pages.render(
            "kb_new.html",
            error.status if error else HTTPStatus.OK,
            visitor=visitor,
            text=text,
            note=note,
            error=error,
            longest=LONGEST_TEXT,
        )


def _compare_versions(
    versions: Sequence[ArticleVersionRow],
) -> list[tuple[ArticleVersionRow, list[Change]]]:
    """Each version with what it changed; of the first nothing is shown."""
    texts = [article_to_markdown(article_from_data(row.data, row.slug)) for row in versions]
    changes = [compare_texts(old, new) for new, old in pairwise(texts)]
    return list(zip(versions, [*changes, []], strict=False))


def _read_id(request: web.Request) -> int:
    raw = request.match_info["id"]
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        raise NotFound
    return int(raw)


def _read_moment(raw: str) -> datetime | None:
    if not raw:
        return None
    try:
        return datetime.fromisoformat(raw).replace(tzinfo=CITY_ZONE)
    except ValueError:
        raise InvalidInput("发布时间不对，请重新选择。") from None


def _go(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
