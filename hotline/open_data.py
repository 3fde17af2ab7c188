"""Open data: what the city publishes as files, each with its size, day of change and downloads.

Files are made from what is in force, and made again after some minutes; a file counts as changed
on the day its content did.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import jinja2
from aiohttp import web
from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, mapped_column

from cases.categories import load_categories
from cases.statistics import RATES, suppress
from cases.statistics_service import Period, Statistics
from hotline.clock import Clock, iso, to_city
from hotline.db import Base, Database
from hotline.errors import NotFound
from hotline.tables import write_csv
from kb.pages import public_data
from kb.place_files import write_places
from kb.place_service import Places
from kb.service import Knowledge

FRESH = timedelta(minutes=10)
_CSV, _JSON = "text/csv", "application/json"
_PAGE = jinja2.Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>开放数据 · {{ city }} 96310</title>
<link rel="icon" type="image/svg+xml" href="/static/kb/icon.svg">
<link rel="stylesheet" href="/static/kb/article.css"></head>
<body><main><p class="place">{{ city }}城市管理热线</p><h1>开放数据</h1>
<p class="answer">下列文件可以自由下载使用，不含任何个人信息。</p>
<ul>{% for file in files %}
<li><a href="{{ file.url }}">{{ file.title }}（{{ file.name }}）</a><br>{{ file.description }}<br>
{{ file.kilobytes }} KB，更新于 {{ file.day }}，下载 {{ file.downloads }} 次</li>
{% endfor %}</ul>
<p>也可以通过接口取用：<a href="/api/openapi.json">接口说明</a></p>
<p><a href="/">返回对话</a></p></main></body></html>"""
)


class OpenFileRow(Base):
    """A published file: when its content last changed and how often it was fetched."""

    __tablename__ = "open_files"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime]
    downloads: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file and how it is made."""

    name: str
    title: str
    description: str
    content_type: str
    make: Callable[[], Awaitable[bytes]]


class OpenData:
    """Handlers of /api/v1/open-data and the page /open-data."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        knowledge: Knowledge,
        places: Places,
        statistics: Statistics,
        city_name: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._places = places
        self._statistics = statistics
        self._city_name = city_name
        self._kept: dict[str, tuple[datetime, bytes]] = {}
        self._lock = asyncio.Lock()
        made = (
            ("places.csv", "便民点和办事机构", "菜市场、早餐点、执法队、办事机构。", _CSV, self._make_places),
            ("articles.json", "知识条目", "有效条目的全文、依据和核对日期。", _JSON, self._make_articles),
            ("categories.csv", "问题类别", "类别代码、名称、大类和来源。", _CSV, self._make_categories),
            (
                "statistics.csv",
                "办理情况",
                "近 12 个月各区、各类登记和办结件数与各项比率；少于 5 件的不列，不足 10 件的不算比率。",
                _CSV,
                self._make_statistics,
            ),
        )  # fmt: skip
        self._datasets: Mapping[str, Dataset] = {each[0]: Dataset(*each) for each in made}

    def setup(self, app: web.Application) -> None:
        """Add the routes."""
        app.add_routes(
            [
                web.get("/open-data", self.show),
                web.get("/api/v1/open-data", self.list_files),
                web.get("/api/v1/open-data/{name}", self.download),
            ]
        )

    async def show(self, _: web.Request) -> web.Response:
        """GET /open-data: the list for people."""
        page = _PAGE.render(city=self._city_name, files=await self._describe())
        return web.Response(text=page, content_type="text/html")

    async def list_files(self, _: web.Request) -> web.Response:
        """GET /api/v1/open-data"""
        names = ("name", "title", "description", "url", "bytes", "changed_at", "downloads")
        rows = [{name: row[name] for name in names} for row in await self._describe()]
        return web.json_response(
            {"files": rows}, dumps=lambda value: json.dumps(value, ensure_ascii=False)
        )

    async def download(self, request: web.Request) -> web.Response:
        """GET /api/v1/open-data/{name}: the file; counted."""
        dataset = self._datasets.get(request.match_info["name"])
        if dataset is None:
            raise NotFound("没有这个文件。")
        data, _ = await self._current(dataset)
        async with self._db.write(durable=False) as session:
            await session.execute(
                update(OpenFileRow)
                .where(OpenFileRow.name == dataset.name)
                .values(downloads=OpenFileRow.downloads + 1)
            )
        return web.Response(
            body=data,
            content_type=dataset.content_type,
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="{dataset.name}"'},
        )

    async def _describe(self) -> list[dict[str, Any]]:
        rows = []
        for dataset in self._datasets.values():
            data, row = await self._current(dataset)
            rows.append(
                {
                    "name": dataset.name,
                    "title": dataset.title,
                    "description": dataset.description,
                    "url": f"/api/v1/open-data/{dataset.name}",
                    "bytes": len(data),
                    "kilobytes": max(round(len(data) / 1024), 1),
                    "changed_at": iso(row.changed_at),
                    "day": to_city(row.changed_at).date(),
                    "downloads": row.downloads,
                }
            )
        return rows

    async def _current(self, dataset: Dataset) -> tuple[bytes, OpenFileRow]:
        async with self._lock:
            now = self._clock.now()
            made_at, data = self._kept.get(dataset.name, (None, b""))
            if made_at is None or now - made_at > FRESH:
                data = await dataset.make()
                self._kept[dataset.name] = (now, data)
                await self._note(dataset.name, data, now)
            async with self._db.read() as session:
                row = await session.get(OpenFileRow, dataset.name)
        assert row is not None
        return data, row

    async def _note(self, name: str, data: bytes, now: datetime) -> None:
        digest = hashlib.sha256(data).hexdigest()
        async with self._db.write(durable=False) as session:
            row = await session.get(OpenFileRow, name, with_for_update=True)
            if row is None:
                session.add(OpenFileRow(name=name, sha256=digest, changed_at=now, downloads=0))
            elif row.sha256 != digest:
                row.sha256, row.changed_at = digest, now

    async def _make_places(self) -> bytes:
        return await asyncio.to_thread(write_places, list(self._places.all()), "csv")

    async def _make_articles(self) -> bytes:
        rows = [public_data(article) for article in self._knowledge.all()]
        return json.dumps({"articles": rows}, ensure_ascii=False, indent=1).encode()

    async def _make_categories(self) -> bytes:
        rows = [(e.code, e.kind, e.major, e.name, e.source) for e in load_categories().values()]
        return write_csv(("代码", "性质", "大类", "名称", "来源"), rows)

    async def _make_statistics(self) -> bytes:
        today = to_city(self._clock.now()).date()
        since = date(today.year - 1, today.month, 1)
        rows = []
        for by, told in (("total", "全部"), ("district", "区"), ("major", "大类")):
            figures = await self._statistics.count(by, Period(since, today))
            for line in figures.lines:
                counts, rates = suppress(line.figures)
                if counts["registered"] is not None:
                    numbers = [*counts.values(), *(rates[rate.key] for rate in RATES)]
                    cells = [
                        "" if n is None else f"{n:.4g}" if isinstance(n, float) else str(n)
                        for n in numbers
                    ]
                    rows.append([told, line.key, line.name, *cells])
        head = (
            "划分",
            "代码",
            "名称",
            "登记",
            "办结",
            "回访",
            *(f"{r.name}（{r.formula}）" for r in RATES),
        )
        return write_csv(head, rows)
