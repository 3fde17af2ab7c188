"""The figures of cases as a page: bars, tables, and the formula beside every rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from cases.statistics import RATES, work_out
from cases.statistics_service import DIMENSIONS, Line, Period, Statistics
from console.door import Door, Visitor
from console.models import Right
from console.pages import Pages
from hotline.errors import HotlineError

WIDTH, HEIGHT = 960, 180
_MOST_LINES = 100
SHOWN = ("registered", "open", "closed", "late", "reworked", "returned", "deferred", "reopened")
IN_TABLE = (
    "response",
    "solution",
    "satisfaction",
    "timely_file",
    "timely_handle",
    "timely_case",
    "rework",
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the picture's units."""

    x: float
    width: float
    height: float
    closed_height: float
    told: str


def draw_days(days: Sequence[Line], period: Period) -> tuple[Bar, ...]:
    """A bar for each day with cases, where it stands in the period; the closed ones within it."""
    most = max((line.figures["registered"] for line in days), default=0) or 1
    step = WIDTH / ((period.until - period.since).days + 1)
    return tuple(
        Bar(
            (date.fromisoformat(line.name) - period.since).days * step,
            max(step - 2, 1),
            line.figures["registered"] / most * HEIGHT,
            line.figures["closed"] / most * HEIGHT,
            f"{line.name}：登记 {line.figures['registered']:.0f} 件，办结 {line.figures['closed']:.0f} 件",
        )
        for line in days
    )


class StatisticsPages:
    """Handler of /console/statistics."""

    def __init__(self, statistics: Statistics, pages: Pages) -> None:
        self._statistics = statistics
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/statistics?by=&since=&until="""
        error: HotlineError | None = None
        by = request.query.get("by") or "unit"
        try:
            period = self._statistics.read_period(request.query)
            lines = await self._statistics.count(by, period)
        except HotlineError as refused:
            error, by = refused, "unit"
            period = self._statistics.read_period({})
            lines = await self._statistics.count(by, period)
        days = await self._statistics.count("day", period)
        total = await self._statistics.count("total", period)
        figures = total.lines[0].figures if total.lines else {}
        return self._pages.render(
            "statistics.html",
            error.status if error else 200,
            visitor=visitor,
            error=error,
            by=by,
            dimensions={key: name for key, name in DIMENSIONS.items() if key != "total"},
            period=period,
            counted_at=lines.counted_at,
            figures=figures,
            shown=SHOWN,
            rates=[(rate, work_out(figures)[rate.key], figures) for rate in RATES],
            columns=[rate for rate in RATES if rate.key in IN_TABLE],
            lines=[(line, work_out(line.figures)) for line in lines.lines[:_MOST_LINES]],
            more=max(len(lines.lines) - _MOST_LINES, 0),
            bars=draw_days(days.lines, period),
            width=WIDTH,
            height=HEIGHT,
        )


def setup_statistics(
    app: web.Application, statistics: Statistics, door: Door, pages: Pages
) -> None:
    """Add the page."""
    handler = StatisticsPages(statistics, pages)
    app.router.add_get("/console/statistics", door.page(handler.show, Right.READ_CASES))
