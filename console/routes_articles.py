"""Articles: what stands, what is being written, what another person should look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise

from aiohttp import web

from console.context import ConsoleContext
from console.door import Door, Visitor
from console.errors import NotAllowed
from console.intake import read_file, read_form, read_json, read_number, read_seq
from console.models import Right
from console.pages import Pages
from conversations.models import Sender
from hotline.audit import Actor
from hotline.clock import CITY_ZONE, to_city
from hotline.errors import Conflict, HotlineError, InvalidInput, NotFound
from hotline.privacy import mask_text
from kb.article_files import read_articles_file, write_articles
from kb.difference import Change, compare_texts
from kb.draft_store import ArticleVersionRow
from kb.editing import LONGEST_TEXT, TEMPLATE, check_text
from kb.models import article_from_data, article_to_markdown
from kb.pages import render_markdown
from kb.prefill import begin_article, renew_review
from kb.reminder_store import ReminderRow
from kb.trials import OUTCOME_NAMES

_MOST_VERSIONS = 20
_MOST_RATINGS = 10
_LOOK_BACK = 40
_LOOK_FIRST = "请看过下面的对照，勾选“我看过了，仍要发布”再发布。"
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


class GetsWorse(Conflict):
    """Publishing would make questions of the saved set come out worse."""

    code = "gets_worse"


def article_routes(context: ConsoleContext, door: Door, pages: Pages) -> list[web.RouteDef]:
    """The addresses under /console/kb."""
    handlers = ArticlePages(context, pages)
    write, publish = Right.WRITE_ARTICLES, Right.PUBLISH_ARTICLES
    draft = "/console/kb/drafts/{id}"
    return [
        web.get("/console/kb", door.page(handlers.show_all, write)),
        web.get("/console/kb/export/{format}", door.page(handlers.export, write)),
        web.get("/console/kb/new", door.page(handlers.show_new, write)),
        web.post("/console/kb/new", door.page(handlers.begin, write)),
        web.post("/console/api/kb/imports", door.api(handlers.take_in, write)),
        web.get("/console/api/kb/waiting", door.api(handlers.count_waiting, write)),
        web.post(
            "/console/api/conversations/{id}/articles", door.api(handlers.begin_from_reply, write)
        ),
        web.get(draft, door.page(handlers.show_draft, write)),
        web.get(f"{draft}/score", door.page(handlers.show_score, write)),
        web.post(f"{draft}/{{deed}}", door.page(handlers.decide, write)),
        web.get("/console/kb/{slug}", door.page(handlers.show, write)),
        web.post("/console/kb/{slug}/renew", door.page(handlers.renew, write)),
        web.post("/console/kb/{slug}/noted", door.page(handlers.take_note, write)),
        web.post("/console/kb/{slug}/withdraw", door.page(handlers.withdraw, publish)),
    ]


class ArticlePages:
    """Handlers of /console/kb."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._editorial = context.editorial
        self._editing = context.editorial.editing
        self._conversations = context.conversations
        self._accounts = context.accounts
        self._clock = context.clock
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
            reminders=await self._reminders(visitor),
        )

    async def _reminders(self, visitor: Visitor) -> list[ReminderRow]:
        names = [each.name for each in await self._accounts.list_operators()]
        account = visitor.account
        publishes = account.may(Right.PUBLISH_ARTICLES)
        return await self._editorial.reminders.unseen(account.name, names, publishes)

    async def count_waiting(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/api/kb/waiting: how much in the knowledge base waits for this operator."""
        counts = {
            "gaps": await self._editorial.gaps.count(),
            "corrections": await self._editorial.corrections.count(),
            "reminders": len(await self._reminders(visitor)),
        }
        return web.json_response(counts)

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

    async def take_in(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/api/kb/imports?name=…: the body is a file of articles; each waits for review."""
        name, data = await read_file(request)
        read = await asyncio.to_thread(read_articles_file, name, data)
        note = f"从 {name} 导入"
        begun = await self._editing.take_in(read.articles, visitor.account.actor, note)
        unchanged = len(read.articles) - len(begun)
        told = (
            f"{len(begun)} 篇已提交审核，{unchanged} 篇没有变化，{len(read.problems)} 篇没有导入。"
        )
        return web.json_response({"message": told, "problems": read.problems}, status=201)

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/{slug}: the article, and what each version changed."""
        article, row = await self._editing.get(request.match_info["slug"])
        versions = await self._editing.versions(article.slug)
        counts, ratings = await self._editorial.ratings.of_article(article.slug)
        return self._pages.render(
            "kb_article.html",
            visitor=visitor,
            article=article,
            row=row,
            body=render_markdown(article.body),
            changes=_compare_versions(versions[:_MOST_VERSIONS]),
            counts=counts,
            ratings=[each for each in ratings if not each.helpful][:_MOST_RATINGS],
        )

    async def renew(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/{slug}/renew: a draft that says it was looked at today and is right."""
        article, _ = await self._editing.get(request.match_info["slug"])
        text = renew_review(article, to_city(self._clock.now()).date())
        draft = await self._editing.begin(text, visitor.account.actor, "复核，内容没有变化")
        return _go(f"/console/kb/drafts/{draft}")

    async def take_note(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/{slug}/noted: the reminder about this article was read."""
        slug = request.match_info["slug"]
        await self._editorial.reminders.mark_seen(slug, visitor.account.actor)
        return _go("/console/kb")

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

    async def begin_from_reply(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/api/conversations/{id}/articles {seq}: a draft from an operator's reply."""
        seq = read_seq((await read_json(request)).get("seq"))
        said = await self._conversations.timeline(
            request.match_info["id"], max(seq - _LOOK_BACK, 0)
        )
        reply = next((each for each in said if each.seq == seq), None)
        if reply is None or reply.sender is not Sender.OPERATOR:
            raise InvalidInput("只能从坐席的答复起草。")
        asked = [
            mask_text(each.text)
            for each in said
            if each.seq < seq and each.sender is Sender.RESIDENT and each.text
        ]
        text = begin_article(
            asked[-1:] or [reply.text],
            await self._editing.slugs(),
            to_city(self._clock.now()).date(),
            visitor.account.name,
            mask_text(reply.text),
        )
        actor = visitor.account.actor
        draft = await self._editing.begin(text, actor, f"来自{reply.operator_name}对市民的答复")
        return web.json_response({"location": f"/console/kb/drafts/{draft}"}, status=201)

    async def show_draft(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/drafts/{id}"""
        return await self._draft_page(read_number(request), visitor)

    async def show_score(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/kb/drafts/{id}/score: what publishing it would change on the saved set."""
        draft = await self._editing.get_draft(read_number(request))
        score = await self._editorial.trials.score(check_text(draft.text))
        titles = {each.slug: each.title for each in self._editorial.knowledge.all()}
        part = request.headers.get("HX-Request") == "true"
        return self._pages.render(
            "_kb_score.html" if part else "kb_score.html",
            visitor=visitor,
            draft=draft,
            score=score,
            titles=titles,
            outcome_names=OUTCOME_NAMES,
        )

    async def decide(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/drafts/{id}/save, submit, publish, return, drop"""
        number, form = read_number(request), await read_form(request)
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
            await self._publish(number, form, actor)
        elif deed == "return":
            await editing.send_back(number, form.get("reason", ""), actor)
        elif deed == "drop":
            await editing.drop(number, actor)
        else:
            raise NotFound

    async def _publish(self, number: int, form: dict[str, str], actor: Actor) -> None:
        """Publish, unless it makes a saved question worse and nobody said that this is meant."""
        draft = await self._editing.get_draft(number)
        score = await self._editorial.trials.score(check_text(draft.text))
        if score.worse and form.get("worse") != "1":
            raise GetsWorse(f"发布后题集里有 {score.worse} 题会变差，{_LOOK_FIRST}")
        await self._editing.publish(number, actor, _read_moment(form.get("publish_at", "")))
        await self._editorial.trials.keep_score(number, draft.slug, score, actor)
        await self._editorial.knowledge.refresh()  # here at once, in other processes soon

    async def withdraw(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """POST /console/kb/{slug}/withdraw"""
        slug, form = request.match_info["slug"], await read_form(request)
        await self._editing.withdraw(slug, form.get("reason", ""), visitor.account.actor)
        await self._editorial.knowledge.refresh()
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


def _read_moment(raw: str) -> datetime | None:
    if not raw:
        return None
    try:
        return datetime.fromisoformat(raw).replace(tzinfo=CITY_ZONE)
    except ValueError:
        raise InvalidInput("发布时间不对，请重新选择。") from None


def _go(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
