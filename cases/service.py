"""What can be done with cases, each deed in one transaction with its audit entry."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, case, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from cases import store
from cases.categories import get_category
from cases.clock_store import Rules, clocks_of, first_clocks, read_rules_and_areas
from cases.dispatch import Book
from cases.errors import CaseNotFound
from cases.filing_store import CaseRows, insert_case
from cases.finding import Found, Search, name_place
from cases.finding_store import LISTED, find_rows
from cases.lifecycle import OVER
from cases.models import (
    Case,
    CaseClock,
    CaseKind,
    CaseStatus,
    Location,
    NewCase,
    Person,
    Step,
    Urgency,
)
from cases.nearby import Sighting, marks_of
from cases.nearby_store import mark_rows
from cases.open311.intake import Wanted
from cases.open311.store import find_public
from cases.words_store import facets_of, words_of, words_row
from hotline.audit import Actor, deed_row, record_deed
from hotline.clock import Clock, to_city
from hotline.db import Database
from hotline.limits import Limiter
from hotline.privacy import Vault

# looked up rather than called: a list makes hundreds
_KINDS = {each.value: each for each in CaseKind}
_STATUSES = {each.value: each for each in CaseStatus}
_URGENCIES = {each.value: each for each in Urgency}
_read_listed = attrgetter(*LISTED)
_KEY_TRIES = 5
_ACCEPTED = "已受理登记"
_URGENT_FOR = timedelta(hours=2)
"""Later on, what a resident says is no longer said in that danger."""
_KEY_TRY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Contact:
    """The person behind a case, in the clear."""

    name: str | None
    phone: str | None


class Cases:
    """The use cases around cases."""

    def __init__(self, db: Database, clock: Clock, vault: Vault, limiter: Limiter) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._limiter = limiter

    async def file(self, new: NewCase, actor: Actor) -> Case:
        """File a case; the same idempotency key again gives the case filed first."""
        # reading names of places is work for the processor: not while the database is held
        told = Sighting(new.category_code, new.description, new.location)
        marks = await asyncio.to_thread(marks_of, told)
        try:
            return await self._db.look_then_write(
                lambda session: read_rules_and_areas(session, self._clock.now()),
                lambda session, in_force: self._file(session, new, actor, marks, *in_force),
            )
        except IntegrityError:
            # the same key filed at the same moment elsewhere: that one counts
            async with self._db.read() as session:
                row = await store.find_by_key(session, new.idempotency_key)
                if row is None:
                    raise
                return await self._to_case(session, row)

    async def _file(
        self,
        session: AsyncSession,
        new: NewCase,
        actor: Actor,
        marks: Sequence[str],
        rules: Rules,
        areas: Book,
    ) -> Case:
        now = self._clock.now()
        category = get_category(new.category_code) if new.category_code else None
        area_class = areas.class_of(new.location)
        name = category.name if category else None
        place = new.location or Location("")
        words = words_of(new.description, new.location, name) + facets_of(
            new.category_code, place.district_code, place.subdistrict_code, new.channel
        )
        case = self._new_row(new, name, area_class, now)

        def build(number: str) -> CaseRows:
            case.case_number = number
            step = store.CaseStepRow(
                case_number=number,
                at=now,
                status=case.status,
                actor_name=actor.name,
                note=_ACCEPTED,
            )
            filed = deed_row(now, actor, "case_filed", "case", number, kind=new.kind.value)
            rows = [
                case,
                *mark_rows(number, now, marks),
                step,
                filed,
                *first_clocks(case, now, rules),
            ]
            return rows, words_row(session, number, words)

        day = to_city(now).strftime("%Y%m%d")
        number = await insert_case(session, day, new.idempotency_key, build)
        if number is None:
            earlier = await store.find_by_key(session, new.idempotency_key)
            assert earlier is not None  # cases are not deleted
            return await self._to_case(session, earlier)
        case.case_number = number
        return self._plain(case, (Step(now, CaseStatus.ACCEPTED, actor.name, _ACCEPTED),))

    def _new_row(
        self, new: NewCase, name: str | None, area_class: str | None, now: datetime
    ) -> store.CaseRow:
        urgency = new.urgency or (Urgency.CRITICAL if new.emergency else Urgency.NORMAL)
        place = new.location
        return store.CaseRow(
            idempotency_key=new.idempotency_key,
            kind=new.kind.value,
            category_code=new.category_code,
            category_name=name,
            status=CaseStatus.ACCEPTED.value,
            emergency=new.emergency,
            description=new.description,
            location=asdict(place) if place else None,
            district_code=place.district_code if place else None,
            subdistrict_code=place.subdistrict_code if place else None,
            occurred_text=new.occurred_text,
            anonymous=new.phone is None,
            phone_sealed=self._vault.lock(new.phone) if new.phone else None,
            phone_blind=self._vault.blind(new.phone) if new.phone else None,
            name_sealed=self._vault.lock(new.contact_name) if new.contact_name else None,
            submission_sealed=self._seal(new.submission),
            channel=new.channel,
            conversation_id=new.conversation_id,
            attachment_ids=list(new.attachment_ids),
            helper_ids=[],
            urgency=urgency.value,
            area_class=area_class,
            created_at=now,
            updated_at=now,
            version=1,
            weight=1,
            confidential=new.confidential,
        )

    async def get(self, case_number: str) -> Case:
        """The case with its history; raises CaseNotFound."""
        async with self._db.read() as session:
            row = await store.read_case(session, case_number)
            if row is None:
                raise CaseNotFound
            return await self._to_case(session, row)

    async def latest_of(self, conversation_id: str) -> Case | None:
        """The case filed last in a conversation; None when there is none."""
        async with self._db.read() as session:
            number = await store.latest_number_of(session, conversation_id)
        return await self.get(number) if number else None

    async def of_conversation(self, conversation_id: str, most: int = 20) -> Sequence[Case]:
        """The cases filed in a conversation, the newest first, without their histories."""
        query = (
            select(store.CaseRow)
            .where(store.CaseRow.conversation_id == conversation_id)
            .order_by(store.CaseRow.case_number.desc())
            .limit(most)
        )
        async with self._db.read() as session:
            return [self._plain(row, ()) for row in await session.scalars(query)]

    async def urgent_of(self, conversation_id: str) -> Case | None:
        """The case filed last in a conversation if it is an emergency, new and not over."""
        case = await self.latest_of(conversation_id)
        if case is None or case.emergency is None or case.status in OVER:
            return None
        return case if self._clock.now() - case.created_at <= _URGENT_FOR else None

    async def clocks(self, case_number: str) -> Sequence[CaseClock]:
        """Every clock the case has had, oldest first."""
        async with self._db.read() as session:
            return [row.to_clock() for row in await clocks_of(session, case_number)]

    async def check_key(self, case_number: str, last_four: str) -> bool:
        """Whether `last_four` ends the phone the case was filed with.

        Tries are counted per case; too many raise RateLimited, so four digits cannot be guessed.
        """
        await self._limiter.spend(f"case-key:{case_number}", _KEY_TRIES, _KEY_TRY_SECONDS)
        async with self._db.read() as session:
            row = await session.get(store.CaseRow, case_number)
        if row is None:
            raise CaseNotFound
        phone = self._vault.unlock(row.phone_sealed) if row.phone_sealed else ""
        return bool(phone) and hmac.compare_digest(phone[-4:].encode(), last_four.encode())

    async def of_unit(self, unit_id: int, most: int = 200) -> Sequence[Case]:
        """The open cases of a unit, the most urgent first, then the soonest due."""
        degrees = {Urgency.CRITICAL.value: 0, Urgency.URGENT.value: 1}
        query = (
            select(store.CaseRow)
            .where(store.CaseRow.unit_id == unit_id, store.CaseRow.closed_at.is_(None))
            .order_by(case(degrees, value=store.CaseRow.urgency, else_=2), store.CaseRow.due_at)
            .limit(most)
        )
        async with self._db.read() as session:
            return [self._plain(row, ()) for row in await session.scalars(query)]

    async def recent(self, limit: int = 50) -> Sequence[Case]:
        """The newest cases, without their histories."""
        query = select(store.CaseRow).order_by(store.CaseRow.created_at.desc()).limit(limit)
        async with self._db.read() as session:
            return [self._plain(row, ()) for row in await session.scalars(query)]

    async def find(self, search: Search) -> Found:
        """One page of the cases that fit, without their histories; raises InvalidInput."""
        blind = self._vault.blind(search.phone) if search.phone else None
        async with self._db.read() as session:
            rows = await find_rows(session, search, blind, self._clock.now())
        cases = [self._listed(row) for row in rows[: search.limit]]
        more = len(rows) > search.limit
        return Found(cases, name_place(search, cases[-1]) if more else "")

    async def find_public(self, wanted: Wanted) -> Sequence[Case]:
        """The cases that may be published and are asked for, the newest first."""
        async with self._db.read() as session:
            return [self._plain(row, ()) for row in await find_public(session, wanted)]

    async def get_submission(self, case_number: str) -> Mapping[str, str]:
        """What the filing system sent besides; personal, so for those who may see that."""
        async with self._db.read() as session:
            row = await session.get(store.CaseRow, case_number)
        if row is None:
            raise CaseNotFound
        found: Mapping[str, str] = (
            json.loads(self._vault.unlock(row.submission_sealed)) if row.submission_sealed else {}
        )
        return found

    async def contacts(self, cases: Sequence[Case]) -> Mapping[str, Contact]:
        """The persons behind cases, by number; whoever asks must have it audited."""
        row = store.CaseRow
        query = select(row.case_number, row.name_sealed, row.phone_sealed).where(
            row.case_number.in_([case.case_number for case in cases])
        )
        async with self._db.read() as session:
            found = (await session.execute(query)).all()
        open_ = self._vault.unlock
        return {
            each.case_number: Contact(
                open_(each.name_sealed) if each.name_sealed else None,
                open_(each.phone_sealed) if each.phone_sealed else None,
            )
            for each in found
        }

    async def reveal_contact(self, case: Case, actor: Actor) -> Contact:
        """The person behind one case; audited."""
        async with self._db.write() as session:
            now = self._clock.now()
            record_deed(
                session, now, actor, "personal_data_revealed", "case", case.case_number, what="api"
            )
        return (await self.contacts([case]))[case.case_number]

    async def record_export(
        self, actor: Actor, conditions: Mapping[str, str], personal: bool
    ) -> None:
        """Write down who takes cases away, and with what; searched phones are not kept."""
        named = sorted(conditions.keys() - {"format", "personal"})
        async with self._db.write() as session:
            record_deed(
                session,
                self._clock.now(),
                actor,
                "cases_exported",
                "case",
                "*",
                conditions=named,
                personal=personal,
            )

    async def number_under(self, idempotency_key: str) -> str | None:
        """The number of the case filed under this key."""
        async with self._db.read() as session:
            row = await store.find_by_key(session, idempotency_key)
        return row.case_number if row else None

    def _seal(self, submission: Mapping[str, str] | None) -> str | None:
        text = json.dumps(submission, ensure_ascii=False) if submission else ""
        return self._vault.lock(text) if text else None

    async def _to_case(self, session: AsyncSession, row: store.CaseRow | Row[Any]) -> Case:
        steps = await store.steps_of(session, row.case_number)
        history = tuple(
            Step(
                step.at,
                _STATUSES[step.status],
                step.actor_name,
                step.note,
                step.deed,
                _STATUSES[step.before] if step.before else None,
            )
            for step in steps
        )
        return self._plain(row, history)

    def _plain(self, row: store.CaseRow | Row[Any], history: tuple[Step, ...]) -> Case:
        return replace(
            self._listed(_read_listed(row)),
            unit_id=row.unit_id,
            helper_ids=tuple(row.helper_ids),
            area_class=row.area_class,
            deferred_until=row.deferred_until,
            attachment_ids=tuple(row.attachment_ids),
            history=history,
        )

    def _listed(self, shown: Sequence[Any]) -> Case:
        """What a list shows of a case, from the LISTED columns."""
        # taken apart at once: a list has twelve hundred values, each looked up by name otherwise
        (
            number, kind, code, category, status, emergency, description,
            location, occurred, anonymous, phone, name, channel,
            conversation_id, limit_name, due_at, created_at, updated_at, version, unit,
            urgency, paused_at, merged_into, weight, confidential,
        ) = shown  # fmt: skip
        return Case(
            case_number=number,
            kind=_KINDS[kind],
            category_code=code,
            category_name=category,
            status=_STATUSES[status],
            emergency=emergency,
            description=description,
            location=Location(**location) if location else None,
            occurred_text=occurred,
            anonymous=anonymous,
            person=Person(name, phone, self._vault.unlock),
            channel=channel,
            conversation_id=conversation_id,
            limit_name=limit_name,
            due_at=due_at,
            created_at=created_at,
            updated_at=updated_at,
            version=version,
            unit_name=unit,
            urgency=_URGENCIES[urgency],
            paused_at=paused_at,
            merged_into=merged_into,
            weight=weight,
            confidential=confidential,
        )
