"""The operators' pages about calls: live calls, one call, call-backs, transcribed calls, measures.

The console's door and its page renderer are handed in: doors do not import each other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from conversations.models import Operator
from hotline.audit import Actor
from hotline.clock import CITY_ZONE, Clock, to_city
from hotline.errors import InvalidInput, NotFound
from hotline.privacy import mask_phone
from telephony.chart import draw_hours
from telephony.hearing import is_whole_number
from telephony.looking import CallLists
from telephony.masking import mask_spoken
from telephony.measures import ANSWER_GOAL_SECONDS, CONNECT_GOAL, FORMULAS, by_hour, measure
from telephony.models import ERRAND_NAMES, Errand, plain_number
from telephony.setup import Telephony
from telephony.transcripts import Transcripts
from telephony.transfers import BROWSER
from telephony.twilio.softphone import TOKEN_SECONDS, make_token

HERE = Path(__file__).parent
STATUS_NAMES = {
    "ringing": "接入中", "active": "助手接待", "queued": "排队等人工",
    "operator": "坐席接待", "ended": "已结束",
}  # fmt: skip
REASON_NAMES = {
    "completed": "正常结束", "lost": "断线", "busy": "忙线", "failed": "未接通",
    "no-answer": "无人接听", "canceled": "主叫放弃",
}  # fmt: skip
CALL_BACK_NAMES = {
    "waiting": "待拨", "dialling": "正在拨", "done": "已接通",
    "given_up": "多次未通", "cancelled": "已取消",
}  # fmt: skip
OUTCOME_NAMES = {"last": "最近一次", "solved": "解决", "satisfied": "满意", "remaining": "遗留问题"}


class Account(Protocol):
    """Who is logged in."""

    id: str
    name: str

    @property
    def operator(self) -> Operator: ...

    @property
    def actor(self) -> Actor: ...


_SOFTPHONE_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'; media-src 'self' blob:; "
    "connect-src 'self' https://*.twilio.com wss://*.twilio.com"
)
"""The one page that speaks with the provider from the browser."""

Page = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]


class Door(Protocol):
    """The console's door: login, rights, origin, CSRF."""

    def page(self, handler: Page, right: Any = None) -> Any: ...

    def api(self, handler: Page, right: Any) -> Any: ...


class Renderer(Protocol):
    """The console's pages."""

    def render(self, template: str, status: int = 200, **values: Any) -> web.Response: ...

    def add_templates(self, folder: Path) -> None: ...


FormReader = Callable[[web.Request], Awaitable[Mapping[str, str]]]


class CallPages:
    """Handlers of /console/calls."""

    def __init__(
        self,
        telephony: Telephony,
        transcripts: Transcripts,
        lists: CallLists,
        clock: Clock,
        pages: Renderer,
        read_form: FormReader,
    ) -> None:
        self._t = telephony
        self._transcripts = transcripts
        self._lists = lists
        self._clock = clock
        self._pages = pages
        self._read_form = read_form
        pages.add_templates(HERE / "templates")

    def setup(self, app: web.Application, door: Door, serve: Any, supervise: Any) -> None:
        """Add the addresses."""
        at = "/console/calls"
        app.add_routes(
            [
                web.get(at, door.page(self.show_all, serve)),
                web.get(f"{at}/measures", door.page(self.show_measures, serve)),
                web.get(f"{at}/transcripts", door.page(self.show_transcripts, serve)),
                web.get(f"{at}/transcripts/{{id}}", door.page(self.show_transcript, serve)),
                web.get(f"{at}/recordings/{{sid}}", door.page(self.play_recording, supervise)),
                web.get(f"{at}/softphone", door.page(self.show_softphone, serve)),
                web.post("/console/api/calls/softphone", door.api(self.admit_softphone, serve)),
                web.post(f"{at}/line", door.page(self.set_line, serve)),
                web.post(f"{at}/call-backs", door.page(self.book, serve)),
                web.post(f"{at}/call-backs/{{id}}/cancel", door.page(self.cancel, serve)),
                web.get(f"{at}/{{id}}", door.page(self.show_one, serve)),
                web.post(f"{at}/{{id}}/take", door.page(self.take, serve)),
                web.post(f"{at}/{{id}}/recording", door.page(self.set_recording, serve)),
                web.post(f"{at}/{{id}}/third", door.page(self.add_third, serve)),
                web.static("/console/calls-static", HERE / "static"),
            ]
        )

    async def show_all(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls: now, recently, and whom we owe a call."""
        line = await self._t.transfers.line_of(visitor.account.id)
        return self._pages.render(
            "telephony/calls.html",
            visitor=visitor,
            on=self._t.on,
            live=await self._lists.live(),
            recent=await self._lists.recent(),
            call_backs=await self._t.call_backs.recent(50),
            line=("网页话机" if line[0] == BROWSER else mask_phone(line[0]), line[1])
            if line
            else None,
            browser=self._t.in_browser,
            now=self._clock.now(),
            **_NAMES,
        )

    async def show_one(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/{id}: what was said, and what to do."""
        call, said = await self._lists.open(request.match_info["id"], visitor.account.actor)
        return self._pages.render(
            "telephony/call.html",
            visitor=visitor,
            call=call,
            said=[replace(each, text=mask_spoken(each.text)) for each in said],
            recordings=await self._t.recordings.of(call.id),
            transcript_id=await self._transcripts.id_of(call.sid),
            can_record=self._t.on and call.ended_at is None,
            line=await self._t.transfers.line_of(visitor.account.id),
            now=self._clock.now(),
            **_NAMES,
        )

    async def take(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/{id}/take: ring my telephone for this call."""
        await self._t.transfers.take(request.match_info["id"], visitor.account.operator)
        raise web.HTTPSeeOther(f"/console/calls/{request.match_info['id']}")

    async def add_third(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/{id}/third: ring another person into the talk."""
        form = await self._read_form(request)
        number = plain_number(form.get("number", ""))
        if not is_whole_number(number):
            raise InvalidInput("号码应为手机号，或带区号的座机号。")
        await self._t.transfers.add_third(
            request.match_info["id"], visitor.account.operator, number
        )
        raise web.HTTPSeeOther(f"/console/calls/{request.match_info['id']}")

    async def set_recording(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/{id}/recording: on or off for this call."""
        form = await self._read_form(request)
        call_id = request.match_info["id"]
        call = await self._t.calls.get(call_id)
        await self._t.recordings.switch(call, form.get("on") == "yes", visitor.account.actor)
        raise web.HTTPSeeOther(f"/console/calls/{call_id}")

    async def show_softphone(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/softphone: the telephone in the browser, in a window of its own."""
        if not self._t.in_browser:
            raise NotFound("网页话机没有开通：要填写 HOTLINE_TWILIO_API_KEY 和密钥。")
        response = self._pages.render("telephony/softphone.html", visitor=visitor)
        response.headers["Content-Security-Policy"] = _SOFTPHONE_POLICY
        return response

    async def admit_softphone(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/api/calls/softphone: a token for her page, an hour long."""
        if not self._t.in_browser:
            raise NotFound
        token = make_token(self._t.settings, visitor.account.id)
        return web.json_response({"token": token, "seconds": TOKEN_SECONDS})

    async def set_line(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/line: my number, ready or not."""
        form = await self._read_form(request)
        raw = form.get("number", "").strip()
        number: str | None = plain_number(raw) or None
        if form.get("browser") == "yes":
            raw, number = "", BROWSER
        if raw and (number is None or not is_whole_number(number)):
            raise InvalidInput("号码应为手机号，或带区号的座机号。")
        await self._t.transfers.set_line(
            visitor.account.operator, number, form.get("ready") == "yes"
        )
        raise web.HTTPSeeOther("/console/calls")

    async def book(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/call-backs: owe somebody a call."""
        form = await self._read_form(request)
        number = plain_number(form.get("number", ""))
        if not is_whole_number(number):
            raise InvalidInput("号码应为手机号，或带区号的座机号。")
        case_number = form.get("case_number", "").strip()
        if case_number and not (case_number.isascii() and case_number.isdigit()):
            raise InvalidInput("工单号应为数字。")
        await self._t.call_backs.book(
            number,
            Errand.FOLLOW_UP if case_number else Errand.PROMISED,
            when=form.get("when", "")[:40],
            case_number=case_number[:16] or None,
            actor=visitor.account.actor,
        )
        raise web.HTTPSeeOther("/console/calls#call-backs")

    async def cancel(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """POST /console/calls/call-backs/{id}/cancel"""
        await self._t.call_backs.cancel(request.match_info["id"], visitor.account.actor)
        raise web.HTTPSeeOther("/console/calls#call-backs")

    async def play_recording(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/recordings/{sid}: the sound; audited."""
        path = await self._t.recordings.open(request.match_info["sid"], visitor.account.actor)
        if not path.exists():
            raise NotFound
        return web.FileResponse(path, headers={"Content-Type": "audio/wav"})

    async def show_measures(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/measures?day=2026-11-22&days=1"""
        day = _read_day(request.query.get("day"), self._clock.now())
        days = 7 if request.query.get("days") == "7" else 1
        since = day - timedelta(days=days - 1)
        facts = await self._lists.facts(since, day + timedelta(days=1))
        hours = by_hour(facts)
        return self._pages.render(
            "telephony/measures.html",
            visitor=visitor,
            day=to_city(day).date(),
            days=days,
            whole=measure(facts),
            hours=hours,
            chart=draw_hours(hours),
            goals=(ANSWER_GOAL_SECONDS, CONNECT_GOAL),
            formulas=FORMULAS,
        )

    async def show_transcripts(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/transcripts"""
        return self._pages.render(
            "telephony/transcripts.html",
            visitor=visitor,
            transcripts=[
                (each, {f["name"]: f["value"] for f in each.report.get("fields", ())})
                for each in await self._transcripts.recent()
            ],
            **_NAMES,
        )

    async def show_transcript(self, request: web.Request, visitor: Any) -> web.StreamResponse:
        """GET /console/calls/transcripts/{id}: the talk beside what was made of it."""
        found = await self._transcripts.open(request.match_info["id"], visitor.account.actor)
        marks: dict[str, list[tuple[int, int, str]]] = {}
        for item in found.report.get("fields", ()):
            for proof in item.get("evidence", ()):
                mark = (proof["start"], proof["end"], item["label"])
                marks.setdefault(proof["segment_id"], []).append(mark)
        return self._pages.render(
            "telephony/transcript.html",
            visitor=visitor,
            transcript=found,
            pieces={
                s.id: [
                    (mask_spoken(words), label)
                    for words, label in cut_marked(s.text, marks.get(s.id, ()))
                ]
                for s in found.segments
            },
            **_NAMES,
        )


_NAMES: Mapping[str, Any] = {
    "status_names": STATUS_NAMES,
    "reason_names": REASON_NAMES,
    "errand_names": ERRAND_NAMES,
    "call_back_names": CALL_BACK_NAMES,
    "outcome_names": OUTCOME_NAMES,
}


def cut_marked(text: str, marks: Sequence[tuple[int, int, str]]) -> list[tuple[str, str | None]]:
    """The text in pieces, each with the name of the field it proves; the narrowest mark wins."""
    labels: list[str | None] = [None] * len(text)
    for start, end, label in sorted(marks, key=lambda mark: mark[0] - mark[1]):
        for at in range(max(start, 0), min(end, len(text))):
            labels[at] = label
    pieces: list[tuple[str, str | None]] = []
    for character, found in zip(text, labels, strict=True):
        if pieces and pieces[-1][1] == found:
            pieces[-1] = (pieces[-1][0] + character, found)
        else:
            pieces.append((character, found))
    return pieces


def _read_day(raw: str | None, now: datetime) -> datetime:
    try:
        there = (
            datetime.strptime(raw, "%Y-%m-%d").replace(tzinfo=CITY_ZONE) if raw else to_city(now)
        )
    except ValueError:
        raise InvalidInput("日期应写成 2026-11-22。") from None
    return there.replace(hour=0, minute=0, second=0, microsecond=0)
