"""Statistics over HTTP: /api/v1/statistics for anybody, with small numbers left out, and
/api/v1/statistics/cases for those who may see all."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from cases.statistics import COUNTS, RATES, suppress, work_out
from cases.statistics_service import DIMENSIONS, Figures, Statistics
from hotline.api_keys import Admit, Scope
from hotline.clock import iso
from hotline.errors import InvalidInput

PUBLIC_DIMENSIONS = ("total", "major", "category", "district", "channel")
FORMULAS = [{"key": rate.key, "name": rate.name, "formula": rate.formula} for rate in RATES]


class StatisticsApi:
    """Handlers of /api/v1/statistics."""

    def __init__(self, statistics: Statistics, admit: Admit) -> None:
        self._statistics = statistics
        self._admit = admit

    def setup(self, app: web.Application) -> None:
        """Add the routes."""
        app.add_routes(
            [
                web.get("/api/v1/statistics", self.publish),
                web.get("/api/v1/statistics/cases", self.tell),
            ]
        )

    async def publish(self, request: web.Request) -> web.Response:
        """GET /api/v1/statistics?by=&since=&until="""
        by = request.query.get("by") or "total"
        if by not in PUBLIC_DIMENSIONS:
            raise InvalidInput(f"by 应取自：{'、'.join(PUBLIC_DIMENSIONS)}。")
        figures = await self._statistics.count(by, self._statistics.read_period(request.query))
        lines = []
        for line in figures.lines:
            counts, rates = suppress(line.figures)
            if counts["registered"] is not None:
                lines.append(
                    {"key": line.key, "name": line.name, "counts": counts, "rates": _round(rates)}
                )
        return _answer(figures, lines)

    async def tell(self, request: web.Request) -> web.Response:
        """GET /api/v1/statistics/cases?by=&since=&until=: every figure, also by unit and day."""
        await self._admit(request, Scope.READ_STATISTICS)
        by = request.query.get("by") or "total"
        if by not in DIMENSIONS:
            raise InvalidInput(f"by 应取自：{'、'.join(DIMENSIONS)}。")
        figures = await self._statistics.count(by, self._statistics.read_period(request.query))
        lines = [
            {
                "key": line.key,
                "name": line.name,
                "counts": {name: int(line.figures[name]) for name in COUNTS},
                "rates": _round(work_out(line.figures)),
            }
            for line in figures.lines
        ]
        return _answer(figures, lines)


def _round(rates: dict[str, float | None]) -> dict[str, float | None]:
    return {key: None if value is None else round(value, 4) for key, value in rates.items()}


def _answer(figures: Figures, lines: list[dict[str, Any]]) -> web.Response:
    body = {
        "by": figures.by,
        "since": figures.period.since.isoformat(),
        "until": figures.period.until.isoformat(),
        "counted_at": iso(figures.counted_at) if figures.counted_at else None,
        "formulas": FORMULAS,
        "lines": lines,
    }
    return web.json_response(body, dumps=lambda value: json.dumps(value, ensure_ascii=False))
