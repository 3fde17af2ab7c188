"""Calls that people lead: their transcripts taken in, read, and laid before the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.language.models import Understanding
from cases.service import Cases
from hotline.audit import Actor, record_deed
from hotline.clock import Clock, iso
from hotline.db import Database
from hotline.errors import InvalidInput, NotFound, TooLarge, Unavailable
from hotline.privacy import Vault
from kb.service import Knowledge
from telephony import store
from telephony.call import Call
from telephony.models import CallStatus, Line
from telephony.reading import (
    RESIDENT,
    SPEAKERS,
    Evidence,
    Field,
    Order,
    Segment,
    check_order,
    read_order,
)
from telephony.store import CallRow, SegmentRow

PROVIDER = "desk"
MOST_SEGMENTS = 500
_LONGEST_TEXT = 2000
_LONGEST_ID = 64
_MOST_IN_CALL = 5000
_LONGEST_CALL_MS = 24 * 3600 * 1000
_SIMILAR_AMONG = 200

Reader = Callable[[str, datetime], Understanding]
"""Reads one sentence as the assistant does; runs in a thread."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A call with its segments and what was made of them."""

    id: str
    external_id: str
    started_at: datetime
    ended_at: datetime | None
    segments: tuple[Segment, ...]
    report: Mapping[str, Any]


class Transcripts:
    """The use cases around transcribed calls."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        cases: Cases,
        knowledge: Knowledge,
        reader: Reader | None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._cases = cases
        self._knowledge = knowledge
        self._reader = reader

    async def add(
        self,
        external_id: str,
        segments: Sequence[Segment],
        actor: Actor,
        *,
        final: bool = False,
        started_at: datetime | None = None,
    ) -> Transcript:
        """Take in segments; those with a known id replace what stood there. Read the call anew."""
        if not 0 < len(external_id) <= 128 or not external_id.isprintable():
            raise InvalidInput("通话编号应为 1 到 128 个字符。")
        try:
            call_id = await self._keep(external_id, segments, actor, final, started_at)
        except IntegrityError:
            # sent twice at the same moment: the second time everything is there
            call_id = await self._keep(external_id, segments, actor, final, started_at)
        return await self._read(call_id)

    async def _keep(
        self,
        external_id: str,
        segments: Sequence[Segment],
        actor: Actor,
        final: bool,
        started_at: datetime | None,
    ) -> str:
        now = self._clock.now()
        async with self._db.write() as session:
            row = await store.find_call(session, PROVIDER, external_id)
            if row is None:
                row = self._new_row(external_id, started_at or now)
                session.add(row)
                await session.flush()
                record_deed(session, now, actor, "transcript_opened", "call", row.id)
            known = {
                each.external_id: each
                for each in await session.scalars(
                    select(SegmentRow).where(SegmentRow.call_id == row.id)
                )
            }
            if len(known.keys() | {each.id for each in segments}) > _MOST_IN_CALL:
                raise TooLarge(f"一通电话最多 {_MOST_IN_CALL} 段。")
            for segment in segments:
                kept = known.get(segment.id)
                if kept is None:
                    kept = SegmentRow(call_id=row.id, external_id=segment.id)
                    session.add(kept)
                    known[segment.id] = kept
                kept.speaker, kept.text = segment.speaker, segment.text
                kept.start_ms, kept.end_ms = segment.start_ms, segment.end_ms
            row.seen_at = now
            if final and row.ended_at is None:
                row.ended_at, row.status, row.end_reason = now, CallStatus.ENDED.value, "completed"
            return row.id

    def _new_row(self, external_id: str, started_at: datetime) -> CallRow:
        return CallRow(
            id=store.new_id(),
            provider=PROVIDER,
            sid=external_id,
            line=Line.NONE.value,
            status=CallStatus.OPERATOR.value,
            direction="inbound",
            memory=Call().to_json(),
            acts=[],
            pending=[],
            started_at=started_at,
            answered_at=started_at,
            seen_at=self._clock.now(),
        )

    async def _read(self, call_id: str) -> Transcript:
        transcript = await self._load(call_id)
        order, similar, answers = await self._make_order(transcript.segments)
        report = {
            **order.to_json(),
            "answers": answers,
            "similar": similar,
            **({"check": transcript.report["check"]} if "check" in transcript.report else {}),
        }
        async with self._db.write(durable=False) as session:
            row = await session.get_one(CallRow, call_id)
            row.report = self._seal(report)
        return await self._load(call_id)

    async def _make_order(
        self, segments: Sequence[Segment]
    ) -> tuple[Order, list[dict[str, Any]], list[dict[str, Any]]]:
        reader, now = self._reader, self._clock.now()
        if reader is None:
            raise Unavailable("理解模型还没有就绪，请稍后再试。")
        last: list[Understanding] = []

        def understand(text: str) -> Understanding:
            found = reader(text, now)
            last.append(found)
            return found

        order = await asyncio.to_thread(read_order, segments, understand)
        asked = [each for each in last if each.intent.name in ("ask_policy", "report_case")]
        answers = await asyncio.to_thread(self._suggest, asked[-1:] or last[-1:])
        return order, await self._similar(order), answers

    def _suggest(self, asked: Sequence[Understanding]) -> list[dict[str, Any]]:
        found = []
        for each in asked:
            for hit in self._knowledge.search(each.normalised, each.embedding, 3).hits:
                article = self._knowledge.get(hit.slug)
                found.append(
                    {"slug": hit.slug, "title": hit.title, "score": round(hit.score, 3),
                     "answer": article.answer}
                )  # fmt: skip
        return found

    async def _similar(self, order: Order) -> list[dict[str, Any]]:
        category, place = order.value("category"), order.value("location")
        if category is None:
            return []
        found = []
        for case in await self._cases.recent(_SIMILAR_AMONG):
            if case.category_code != category.code:
                continue
            codes = (
                (case.location.subdistrict_code, case.location.district_code)
                if case.location
                else ()
            )
            near = bool(place and place.code and place.code in codes)
            found.append(
                (near, {"case_number": case.case_number, "status": case.status_name,
                        "created_at": iso(case.created_at), "same_place": near})
            )  # fmt: skip
        found.sort(key=lambda each: not each[0])
        return [each for _, each in found[:5]]

    async def check(self, external_id: str, written: Mapping[str, str], actor: Actor) -> Transcript:
        """The operator's order against the call; what is missing and what contradicts."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, external_id)
        if row is None:
            raise NotFound
        transcript = await self._load(row.id)
        order = _to_order(transcript.report)
        findings = [asdict(each) for each in check_order(order, written)]
        async with self._db.write() as session:
            mine = await session.get_one(CallRow, row.id)
            mine.report = self._seal({**transcript.report, "check": findings})
            record_deed(
                session, self._clock.now(), actor, "order_checked", "call", row.id,
                findings=len(findings),
            )  # fmt: skip
        return await self._load(row.id)

    async def get(self, external_id: str) -> Transcript:
        """By the outer system's id; raises NotFound."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, external_id)
        if row is None:
            raise NotFound
        return await self._load(row.id)

    async def finish(self, external_id: str) -> None:
        """The call is over; no-op when it was never taken in, or is over already."""
        now = self._clock.now()
        async with self._db.write() as session:
            row = await store.find_call(session, PROVIDER, external_id)
            if row is not None and row.ended_at is None:
                row.ended_at, row.status, row.end_reason = now, CallStatus.ENDED.value, "completed"

    async def id_of(self, external_id: str) -> str | None:
        """Our id for the call with the outer system's id; None when it was never taken in."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, external_id)
        return row.id if row is not None else None

    async def is_final(self, external_id: str) -> bool:
        """Whether the call was taken in to its end."""
        async with self._db.read() as session:
            row = await store.find_call(session, PROVIDER, external_id)
        return row is not None and row.ended_at is not None and row.report is not None

    async def open(self, call_id: str, actor: Actor) -> Transcript:
        """For the desk; that it was looked at is written down."""
        transcript = await self._load(call_id)
        async with self._db.write() as session:
            record_deed(session, self._clock.now(), actor, "transcript_read", "call", call_id)
        return transcript

    async def recent(self, limit: int = 100) -> Sequence[Transcript]:
        """The newest first, without their segments."""
        query = (
            select(CallRow)
            .where(CallRow.provider == PROVIDER)
            .order_by(CallRow.started_at.desc())
            .limit(limit)
        )
        async with self._db.read() as session:
            rows = (await session.scalars(query)).all()
        return [self._to_transcript(row, ()) for row in rows]

    async def _load(self, call_id: str) -> Transcript:
        query = (
            select(SegmentRow)
            .where(SegmentRow.call_id == call_id)
            .order_by(SegmentRow.start_ms, SegmentRow.id)
        )
        async with self._db.read() as session:
            row = await session.get(CallRow, call_id)
            if row is None or row.provider != PROVIDER:
                raise NotFound
            segments = tuple(
                Segment(s.external_id, s.speaker, s.text, s.start_ms, s.end_ms)
                for s in await session.scalars(query)
            )
        return self._to_transcript(row, segments)

    def _to_transcript(self, row: CallRow, segments: tuple[Segment, ...]) -> Transcript:
        return Transcript(
            row.id, row.sid, row.started_at, row.ended_at, segments, self._open(row.report or {})
        )

    def _seal(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """The report as stored: the caller's number sealed."""
        fields = [
            {**each, "value": self._vault.lock(each["value"]), "sealed": True}
            if each["name"] == "phone"
            else dict(each)
            for each in report.get("fields", ())
        ]
        check = [
            {**each, "said": "", "written": ""} if each["field"] == "phone" else dict(each)
            for each in report.get("check", ())
        ]
        return {
            **_plain_json(report),
            "fields": fields,
            **({"check": check} if "check" in report else {}),
        }

    def _open(self, report: Mapping[str, Any]) -> dict[str, Any]:
        fields = [
            {
                **{k: v for k, v in each.items() if k != "sealed"},
                "value": self._vault.unlock(each["value"]),
            }
            if each.get("sealed")
            else dict(each)
            for each in report.get("fields", ())
        ]
        return {**report, "fields": fields} if report else {}


def read_segments(raw: object) -> list[Segment]:
    """Segments as the API takes them; raises InvalidInput naming the first that is wrong."""
    if not isinstance(raw, list) or not raw:
        raise InvalidInput("segments 应是非空的列表。")
    if len(raw) > MOST_SEGMENTS:
        raise TooLarge(f"一次最多 {MOST_SEGMENTS} 段。")
    return [_read_segment(item, number) for number, item in enumerate(raw, 1)]


def _read_segment(item: object, number: int) -> Segment:
    if not isinstance(item, dict):
        raise InvalidInput(f"第 {number} 段应是一个对象。")
    text, speaker = item.get("text"), item.get("speaker")
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise InvalidInput(f"第 {number} 段的 text 应是不超过 {_LONGEST_TEXT} 字的文字。")
    if speaker not in SPEAKERS:
        raise InvalidInput(f"第 {number} 段的 speaker 应是 {'、'.join(SPEAKERS)} 之一。")
    times = []
    for key in ("start_ms", "end_ms"):
        value = item.get(key)
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or not 0 <= value <= _LONGEST_CALL_MS
        ):
            raise InvalidInput(f"第 {number} 段的 {key} 应是毫秒数。")
        times.append(value)
    if times[1] < times[0]:
        raise InvalidInput(f"第 {number} 段的结束早于开始。")
    own = item.get("id", f"{times[0]}-{speaker}")
    if not isinstance(own, str) or not 0 < len(own) <= _LONGEST_ID or not own.isprintable():
        raise InvalidInput(f"第 {number} 段的 id 应是 1 到 {_LONGEST_ID} 个字符。")
    clean = text.encode("utf-8", "ignore").decode().replace("\x00", "").strip()
    return Segment(own, str(speaker), clean, times[0], times[1])


def _to_order(report: Mapping[str, Any]) -> Order:
    fields = tuple(
        Field(f["name"], f["label"], f["value"], f.get("code"),
              tuple(Evidence(**each) for each in f.get("evidence", ())))
        for f in report.get("fields", ())
    )  # fmt: skip
    return Order(
        kind=report.get("kind", ""),
        purpose=report.get("purpose", ""),
        mood=report.get("mood", ""),
        emergency=report.get("emergency"),
        unit=report.get("unit"),
        fields=fields,
        missing=tuple(report.get("missing", ())),
        summary=tuple(report.get("summary", ())),
    )


def _plain_json(report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in report.items()
    }


__all__ = ["RESIDENT", "Transcript", "Transcripts", "read_segments"]
