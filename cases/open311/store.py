"""The statements behind GET requests: only what may be public, in bounded spans."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.categories import UNSORTED
from cases.open311.intake import Wanted
from cases.open311.models import NEVER_PUBLIC, PUBLIC_KINDS
from cases.store import CaseRow
from hotline.clock import to_city

MOST_ROWS = 1000


async def find_public(session: AsyncSession, wanted: Wanted) -> Sequence[CaseRow]:
    """The newest 1000 at most."""
    row = CaseRow
    query = select(row).where(
        row.kind.in_([kind.value for kind in PUBLIC_KINDS]),
        row.emergency.is_(None) | row.emergency.not_in(NEVER_PUBLIC),
        row.erased_at.is_(None),
    )
    if wanted.numbers:
        query = query.where(row.case_number.in_(wanted.numbers))
    if wanted.codes:
        named = row.category_code.in_(wanted.codes)
        query = query.where(
            named | row.category_code.is_(None) if UNSORTED in wanted.codes else named
        )
    if wanted.open is not None:
        query = query.where(row.closed_at.is_(None) if wanted.open else row.closed_at.is_not(None))
    if wanted.since and wanted.until:
        # numbers begin with their day: the span walks the primary key
        query = query.where(
            row.case_number >= f"{to_city(wanted.since):%Y%m%d}",
            row.case_number < f"{to_city(wanted.until):%Y%m%d}~",
            row.created_at.between(wanted.since, wanted.until),
        )
    query = query.order_by(row.case_number.desc()).limit(MOST_ROWS)
    return (await session.scalars(query)).all()
