"""A case's neighbours and persons: likely duplicates, followers, the contact for a reason."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy import select

from cases.followers_store import followers_of
from cases.lifecycle import OVER
from cases.models import Case
from cases.store import CaseRow
from console.context import ConsoleContext
from console.door import Visitor
from console.models import Right
from console.pages import Pages


async def read_people(context: ConsoleContext, case: Case, visitor: Visitor) -> dict[str, Any]:
    """What _case_near.html and _case_people.html show."""
    query = select(CaseRow).where(CaseRow.merged_into == case.case_number)
    async with context.db.read() as session:
        followers = await followers_of(session, case.case_number)
        merged = (await session.scalars(query.order_by(CaseRow.case_number))).all()
    open_still = case.status not in OVER
    return {
        "near": await context.nearby.find_for(case.case_number) if open_still else [],
        "followers": followers,
        "merged": merged,
        "can_merge": open_still and visitor.account.may(Right.MOVE_CASES),
        "contact": None,
    }


class HotSpotPages:
    """Handler of /console/hot-spots."""

    def __init__(self, context: ConsoleContext, pages: Pages) -> None:
        self._c = context
        self._pages = pages

    async def show(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """GET /console/hot-spots: where reports pile up."""
        return self._pages.render(
            "hot_spots.html",
            visitor=visitor,
            spots=await self._c.nearby.hot_spots(),
            unread=await self._c.reminders.count_unread(None),
        )
