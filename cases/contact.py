"""Who is behind a case: the number in full, only for a reason and never without a trace."""

from __future__ import annotations

from dataclasses import dataclass

from cases.errors import CaseNotFound, MissingDetail
from cases.store import CaseRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Contact:
    """The person as he left himself; empty where he left nothing."""

    phone: str
    name: str


class Contacts:
    """Opens sealed contact data; the door decides who may ask."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    async def reveal(self, case_number: str, reason: str, actor: Actor) -> Contact:
        """The contact in full; raises CaseNotFound, and MissingDetail without a reason.

        Who looked, when and why is in the audit log before anything is shown.
        """
        reason = reason.strip()[:_LONGEST_REASON]
        if not reason:
            raise MissingDetail("查看完整联系方式需要填写原因。")
        async with self._db.write() as session:
            row = await session.get(CaseRow, case_number)
            if row is None:
                raise CaseNotFound
            record_deed(
                session,
                self._clock.now(),
                actor,
                "personal_data_revealed",
                "case",
                case_number,
                reason=reason,
                confidential=row.confidential,
            )
        return Contact(
            self._vault.unlock(row.phone_sealed) if row.phone_sealed else "",
            self._vault.unlock(row.name_sealed) if row.name_sealed else "",
        )
