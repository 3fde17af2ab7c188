"""Tells everybody whom a case concerns about its step, and owes them the call-back at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cases.call_backs_store import cancel_call_backs, plan_call_backs
from cases.followers_store import listeners_of
from cases.lifecycle import Deed
from cases.models import STATUS_NAMES, CaseStatus
from cases.notices import write_notice
from cases.store import CaseRow
from hotline.clock import iso

Tell = Callable[[AsyncSession, str, str, Mapping[str, Any] | None], Awaitable[None]]
"""Puts a message to the resident of a conversation into the running transaction."""


async def inform(
    session: AsyncSession, tell: Tell | None, case: CaseRow, deed: Deed, now: datetime
) -> None:
    """Once the deed is done, in its transaction: messages, and the call-backs it begins or ends."""
    if deed is Deed.CLOSE:
        await plan_call_backs(session, case, now, await listeners_of(session, case))
    elif deed is Deed.REOPEN:
        await cancel_call_backs(session, case.case_number, now)
    if tell is None or case.erased_at is not None:
        return
    for conversation_id, known_as, _ in await listeners_of(session, case):
        text = write_notice(deed, known_as, case.unit_name, case.due_at)
        if text:
            await tell(session, conversation_id, text, {"case": _describe(case, known_as)})


def _describe(case: CaseRow, known_as: str) -> dict[str, Any]:
    """The card beside the message: also what a channel's own notice of progress is filled from."""
    return {
        "case_number": known_as,
        "status": case.status,
        "status_name": STATUS_NAMES[CaseStatus(case.status)],
        "category_code": case.category_code,
        "category_name": case.category_name,
        "due_at": iso(case.due_at) if case.due_at else None,
    }
