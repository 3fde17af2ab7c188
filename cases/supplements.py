"""What the resident adds to his own case after it was filed: words, and a place it lacked."""

from __future__ import annotations

from dataclasses import asdict

from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import OVER
from cases.models import CaseStatus, Location
from cases.store import CaseRow, CaseStepRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import mask_text

_LONGEST = 500


class Supplements:
    """The use case around adding."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(
        self, case_number: str, words: str, actor: Actor, place: Location | None = None
    ) -> None:
        """Write the words into the case's history, and `place` where its own has no district.

        Raises CaseNotFound, or IllegalMove when the case is over.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            case = await session.get(CaseRow, case_number, with_for_update=True)
            if case is None:
                raise CaseNotFound
            if CaseStatus(case.status) in OVER:
                raise IllegalMove("这张工单已经结束，不能再补充。")
            if place is not None and not (case.location or {}).get("district_code"):
                case.location = asdict(place)
                case.district_code = place.district_code
                case.subdistrict_code = place.subdistrict_code
            # the version stays: an operator's open form is not outdated by a word more
            case.updated_at = now
            note = f"市民补充：{mask_text(words)[:_LONGEST]}"
            session.add(
                CaseStepRow(
                    case_number=case_number,
                    at=now,
                    status=case.status,
                    actor_name=actor.name,
                    note=note,
                )
            )
            record_deed(session, now, actor, "case_supplemented", "case", case_number)
