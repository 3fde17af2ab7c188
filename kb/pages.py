"""An article's own readable page, and articles as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import nh3
from aiohttp import web
from markdown_it import MarkdownIt

from kb.errors import ArticleNotFound
from kb.models import Article, article_to_data
from kb.place_pages import setup_places
from kb.place_service import Places
from kb.service import Knowledge

HERE = Path(__file__).parent
_PUBLIC = (
    "slug",
    "title",
    "answer",
    "body",
    "authority",
    "jurisdiction",
    "sources",
    "review_by",
    "reviewed_on",
    "tags",
)


def render_markdown(text: str) -> str:
    """HTML that is safe to show: Markdown without raw HTML, then an allow-list of tags."""
    return nh3.clean(
        MarkdownIt("commonmark", {"html": False}).enable("table").render(text),
        tags={
            "p",
            "ul",
            "ol",
            "li",
            "strong",
            "em",
            "h2",
            "h3",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "blockquote",
            "br",
        },
        attributes={},
    )


def public_data(article: Article) -> dict[str, Any]:
    """What anybody may read of an article."""
    data = article_to_data(article)
    return {key: data[key] for key in _PUBLIC}


def setup_knowledge(app: web.Application, knowledge: Knowledge, places: Places) -> None:
    """Add `/kb/{slug}`, `/api/v1/articles` and `/api/v1/places`."""
    setup_places(app, places)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True
    )
    template = environment.get_template("kb/article.html")
    missing = environment.get_template("kb/missing.html")

    async def show(request: web.Request) -> web.Response:
        try:
            article = knowledge.get(request.match_info["slug"])
        except ArticleNotFound as error:
            page = missing.render(message=error.message)
            return web.Response(text=page, content_type="text/html", status=404)
        page = template.render(article=article, body=render_markdown(article.body))
        return web.Response(text=page, content_type="text/html")

    async def list_articles(_: web.Request) -> web.Response:
        rows = [{"slug": a.slug, "title": a.title, "tags": list(a.tags)} for a in knowledge.all()]
        return _json({"articles": rows})

    async def get_article(request: web.Request) -> web.Response:
        return _json(public_data(knowledge.get(request.match_info["slug"])))

    app.add_routes(
        [
            web.get("/kb/{slug}", show),
            web.get("/api/v1/articles", list_articles),
            web.get("/api/v1/articles/{slug}", get_article),
            web.static("/static/kb", HERE / "static"),
        ]
    )


def _json(data: Any) -> web.Response:
    return web.json_response(data, dumps=lambda value: json.dumps(value, ensure_ascii=False))
