"""What the resident adds to his own case after it was filed: words, a place it lacked, a number."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from cases.errors import IllegalMove
from cases.lifecycle import OVER
from cases.models import CaseStatus, Location
from cases.reminder_store import ReminderKind, remind
from cases.store import lock_case, write_beside
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault, mask_text

ADDED = "市民补充："
"""So begins the line of history."""
_LONGEST = 500
_REMINDED = 40


@dataclass(frozen=True, slots=True)
class Anew:
    """What of a case is told anew; None leaves it as it is."""

    place: Location | None = None
    """Counts where the case's own has no district, or where the old one was wrong (`moves`)."""
    moves: bool = False
    phone: str | None = None
    occurred: str | None = None


_NOTHING = Anew()


class Supplements:
    """The use case around adding."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    async def add(
        self,
        case_number: str,
        words: str,
        actor: Actor,
        anew: Anew = _NOTHING,
    ) -> None:
        """Write the words into the case's history and remind the unit that has the case.

        What is told `anew` counts from now on. Raises CaseNotFound, or IllegalMove when the case is
        over.
        """
        place, phone, occurred = anew.place, anew.phone, anew.occurred
        now = self._clock.now()
        told = mask_text(words)[:_LONGEST]
        async with self._db.write() as session:
            case = await lock_case(session, case_number)
            if CaseStatus(case.status) in OVER:
                raise IllegalMove("这张工单已经结束，不能再补充。")
            unplaced = not (case.location or {}).get("district_code")
            if place is not None and (anew.moves or unplaced):
                case.location = asdict(place)
                case.district_code = place.district_code
                case.subdistrict_code = place.subdistrict_code
            if phone is not None:
                case.phone_sealed, case.phone_blind = (
                    self._vault.lock(phone),
                    self._vault.blind(phone),
                )
                case.anonymous = False
            if occurred is not None:
                case.occurred_text = occurred
            write_beside(session, case, now, actor.name, ADDED + told)
            if case.unit_id is not None:
                short = told[:_REMINDED]
                remind(session, now, ReminderKind.SUPPLEMENTED, case_number, short, case.unit_id)
            record_deed(
                session, now, actor, "case_supplemented", "case", case_number,
                phone=phone is not None, place=place is not None, time=occurred is not None,
            )  # fmt: skip
