"""Joining a case that somebody else filed: his words and pictures are added, its weight rises."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from cases.errors import IllegalMove
from cases.followers_store import CaseFollowerRow
from cases.lifecycle import OVER
from cases.models import CaseStatus
from cases.store import lock_case, write_beside
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault, mask_text

_JOINED = "又有一位市民反映，共 {weight} 人次"


@dataclass(frozen=True, slots=True)
class Follower:
    """Who joins, with what he tells and shows."""

    conversation_id: str
    channel: str
    words: str = ""
    attachment_ids: tuple[str, ...] = ()
    phone: str | None = None


class Followers:
    """The use cases around following."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    async def join(self, case_number: str, who: Follower, actor: Actor) -> None:
        """Follow the case; a second time only adds words and pictures.

        Raises CaseNotFound, or IllegalMove when the case is over.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            case = await lock_case(session, case_number)
            if CaseStatus(case.status) in OVER:
                raise IllegalMove("这张工单已经结束，不能再关注。")
            query = select(CaseFollowerRow).where(
                CaseFollowerRow.case_number == case_number,
                CaseFollowerRow.conversation_id == who.conversation_id,
            )
            row = await session.scalar(query)
            if row is not None:
                row.words = "\n".join(filter(None, [row.words, mask_text(who.words)]))
                row.attachment_ids = [*row.attachment_ids, *who.attachment_ids]
                return
            session.add(
                CaseFollowerRow(
                    case_number=case_number,
                    conversation_id=who.conversation_id,
                    channel=who.channel,
                    phone_sealed=self._vault.lock(who.phone) if who.phone else None,
                    phone_blind=self._vault.blind(who.phone) if who.phone else None,
                    words=mask_text(who.words),
                    attachment_ids=list(who.attachment_ids),
                    joined_at=now,
                )
            )
            if case.conversation_id != who.conversation_id:
                case.weight += 1
            write_beside(session, case, now, actor.name, _JOINED.format(weight=case.weight))
            record_deed(session, now, actor, "case_joined", "case", case_number)
