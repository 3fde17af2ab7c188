"""What Twilio calls: each webhook is one event of a call, answered with TwiML."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web

from hotline.errors import InvalidInput, TooLarge
from hotline.settings import Settings
from telephony.call_backs import CallBacks
from telephony.events import (
    Act,
    Event,
    Heard,
    Hold,
    NobodyFree,
    Pressed,
    Queued,
    Returned,
    Silent,
    WantsCallBack,
)
from telephony.handover import tell_place
from telephony.listening import Listening
from telephony.models import Arrival, CallStatus, CallView, Line, plain_number
from telephony.reading import OPERATOR, RESIDENT
from telephony.recordings import Recordings
from telephony.service import Calls
from telephony.transfers import FAILED, NO_ANSWER, OVER, REFUSED, Transfers
from telephony.twilio.addresses import Addresses, Signatures
from telephony.twilio.twiml import TwiML

log = structlog.get_logger(__name__)

Form = Mapping[str, str]
Handler = Callable[[web.Request, Form], Coroutine[Any, Any, str]]
_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 200
_MOST_ANSWERED = 2000
_LONGEST_WORDS = 2000
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_LEG_OUTCOMES = {"busy": REFUSED, "failed": FAILED, "no-answer": NO_ANSWER, "canceled": NO_ANSWER}


class Webhooks:
    """Handlers of /telephony/twilio/…; every one is signed."""

    def __init__(
        self,
        settings: Settings,
        calls: Calls,
        transfers: Transfers,
        call_backs: CallBacks,
        recordings: Recordings,
        listening: Listening,
    ) -> None:
        self._s = settings
        self._calls = calls
        self._transfers = transfers
        self._call_backs = call_backs
        self._recordings = recordings
        self._listening = listening
        self.addresses = Addresses(settings)
        self.signatures = Signatures(settings, self.addresses)
        self.twiml = TwiML(settings, self.addresses)
        self._answered: OrderedDict[str, asyncio.Task[str]] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        """Every webhook with its address."""
        handlers: Mapping[str, Handler] = {
            "voice": self.answer,
            "call-back": self.answer_call_back,
            "turn": self.take_turn,
            "next": self.tell_next,
            "wait": self.tell_place,
            "wait-key": self.take_wait_key,
            "queue-left": self.leave_queue,
            "relay-left": self.leave_relay,
            "join": self.join_conference,
            "third": self.join_third,
            "conference-left": self.leave_conference,
            "operator": self.whisper,
            "operator-key": self.take_operator_key,
            "leg": self.note_leg,
            "status": self.note_status,
            "call-back-status": self.note_call_back,
            "recording": self.note_recording,
            "transcription": self.take_transcription,
            "fallback": self.fall_back,
        }
        return [
            web.post(f"/telephony/twilio/{name}", self._signed(handler))
            for name, handler in handlers.items()
        ]

    def _signed(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            form = await _read_form(request)
            self.signatures.check_form(request, form)
            xml = await self._once(request, handler(request, form))
            return web.Response(text=xml, content_type="application/xml", charset="utf-8")

        return handle

    async def _once(self, request: web.Request, answer: Coroutine[Any, Any, str]) -> str:
        """A request Twilio sends again carries the same token and gets the same answer."""
        token = request.headers.get("I-Twilio-Idempotency-Token", "")[:128]
        if not token:
            return await answer
        key = f"{request.path_qs} {token}"
        if key in self._answered:
            answer.close()
            return await asyncio.shield(self._answered[key])
        task = asyncio.ensure_future(answer)
        self._answered[key] = task
        while len(self._answered) > _MOST_ANSWERED:
            self._answered.popitem(last=False)
        # a failure is no answer: when it is sent again, it is tried again
        task.add_done_callback(lambda done: self._forget_failed(key, done))
        return await asyncio.shield(task)

    def _forget_failed(self, key: str, done: asyncio.Task[str]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._answered.pop(key, None)

    # --- the caller ----------------------------------------------------------------------------

    async def answer(self, request: web.Request, form: Form) -> str:
        """A call comes in."""
        arrival = Arrival(
            sid=_need(form, "CallSid"),
            caller=plain_number(form.get("From", "")),
            called=plain_number(form.get("To", "")),
            line=Line(self._s.telephony_line),
        )
        return await self._begin(arrival)

    async def answer_call_back(self, request: web.Request, form: Form) -> str:
        """A call of ours was answered."""
        call_back_id = _need(request.query, "id")
        arrival = Arrival(
            sid=_need(form, "CallSid"),
            caller=await self._call_backs.number_of(call_back_id),
            called=plain_number(form.get("From", "")),
            line=Line(self._s.telephony_line),
            outbound=True,
            call_back_id=call_back_id,
        )
        return await self._begin(arrival)

    async def _begin(self, arrival: Arrival) -> str:
        call = await self._calls.arrive(arrival)
        if call.recording and call.turn == 0:
            await self._recordings.start(call)
        if call.line is Line.RELAY and call.status is CallStatus.RINGING:
            return self.twiml.connect_relay(call.id)
        return await self._play(call, 0, None)

    async def take_turn(self, request: web.Request, form: Form) -> str:
        """Words, keys, or silence."""
        call = await self._calls.get(_need(request.query, "call"))
        return await self._play(call, _turn(request), read_event(form))

    async def tell_next(self, request: web.Request, form: Form) -> str:
        """Without an event of the caller's: what is to be said now."""
        call = await self._calls.get(_need(request.query, "call"))
        turn = _turn(request) if "turn" in request.query else call.turn
        return await self._play(call, turn, None)

    async def _play(self, call: CallView, turn: int, event: Event | None) -> str:
        if call.line is Line.RELAY:
            await self._calls.fall_to_gather(call.id)  # the WebSocket is behind us
        acts = await self._calls.play(call.id, turn, event)
        return self._answer(call, acts, turn + 1)

    def _answer(self, call: CallView, acts: Sequence[Act], turn: int) -> str:
        return self.twiml.render(acts, call.id, turn, call.line)

    # --- waiting for a person ----------------------------------------------------------------------

    async def tell_place(self, request: web.Request, form: Form) -> str:
        """The Enqueue's wait address."""
        call = await self._calls.get(_need(request.query, "call"))
        place = await self._calls.place(call.id)
        return self.twiml.wait(tell_place(place), call.id)

    async def take_wait_key(self, request: web.Request, form: Form) -> str:
        """1: call me back; *: back to the assistant."""
        call_id, digit = _need(request.query, "call"), form.get("Digits", "")
        if digit == "1":
            await self._calls.note(call_id, WantsCallBack())
            return self.twiml.leave_queue()
        if digit == "*":
            await self._calls.note(call_id, Returned())
            return self.twiml.leave_queue()
        return self.twiml.wait("", call_id) if not digit else await self.tell_place(request, form)

    async def leave_queue(self, request: web.Request, form: Form) -> str:
        """The caller left the queue: by a key, or because nobody came; a hang-up needs no words."""
        call = await self._calls.get(_need(request.query, "call"))
        result = form.get("QueueResult", "")
        if result == "hangup":
            return self.twiml.bye("再见。")
        if result in ("queue-full", "error", "system-error"):
            await self._calls.note(call.id, NobodyFree("failed"))
        return await self._play(call, (await self._calls.get(call.id)).turn, None)

    async def join_conference(self, request: web.Request, form: Form) -> str:
        """The caller, brought to the operator."""
        call_id = _need(request.query, "call")
        transcribe = bool(self._s.telephony_transcribe) and await self._recordings.may(call_id)
        return self.twiml.join(call_id, operator=False, transcribe=transcribe)

    async def join_third(self, request: web.Request, form: Form) -> str:
        """A third person answered: into the same talk."""
        call = await self._calls.get(_need(request.query, "call"))
        if call.status is not CallStatus.OPERATOR:
            return self.twiml.bye("通话已经结束。")
        return self.twiml.join(call.id, operator=False)

    async def leave_conference(self, request: web.Request, form: Form) -> str:
        """The operator put the telephone down, or the caller did."""
        call = await self._calls.get(_need(request.query, "call"))
        if call.status is CallStatus.OPERATOR:
            return self.twiml.bye("坐席已经处理完。感谢来电，再见。")
        return await self._play(call, call.turn, None)

    async def leave_relay(self, request: web.Request, form: Form) -> str:
        """The WebSocket session ended: handed off to the queue, or over."""
        call = await self._calls.get(_need(request.query, "call"))
        if call.status is CallStatus.QUEUED:
            place = await self._calls.place(call.id)
            if isinstance(place, Queued):
                acts: tuple[Act, ...] = _HOLD
                return self._answer(call, acts, call.turn)
        if call.ended_at is not None or call.status is CallStatus.OPERATOR:
            return self.twiml.bye("感谢来电，再见。")
        if form.get("SessionStatus") == "failed" or form.get("ErrorCode"):
            # the socket broke, the caller is still there: go on turn by turn
            await self._calls.fall_to_gather(call.id)
            return await self._play(call, call.turn, Silent())
        return self.twiml.bye("感谢来电，再见。")

    # --- the operator ------------------------------------------------------------------------------

    async def whisper(self, request: web.Request, form: Form) -> str:
        """Her telephone was answered."""
        ringing = await self._transfers.whisper(_need(request.query, "leg"))
        if not ringing.open:
            return self.twiml.bye("市民已经挂断。")
        return self.twiml.whisper(ringing.summary, ringing.leg_id)

    async def take_operator_key(self, request: web.Request, form: Form) -> str:
        """1: connect; anything else: refuse."""
        leg_id = _need(request.query, "leg")
        if form.get("Digits") != "1":
            await self._transfers.end_leg(leg_id, REFUSED if form.get("Digits") else NO_ANSWER)
            return self.twiml.bye("好的。")
        call_id = await self._transfers.accept(leg_id)
        if call_id is None:
            await self._transfers.end_leg(leg_id, OVER)
            return self.twiml.bye("这通电话已经由别人接起，或者市民已经挂断。")
        return self.twiml.join(call_id, operator=True)

    async def note_leg(self, request: web.Request, form: Form) -> str:
        """Her leg's status."""
        status = form.get("CallStatus", "")
        if status in _OVER:
            outcome = _LEG_OUTCOMES.get(status, NO_ANSWER)
            await self._transfers.end_leg(_need(request.query, "leg"), outcome)
        return _EMPTY

    # --- what became of it ------------------------------------------------------------------------------

    async def note_status(self, request: web.Request, form: Form) -> str:
        """The call's status."""
        if form.get("CallStatus") in _OVER:
            await self._calls.end(_need(form, "CallSid"), form["CallStatus"])
            await self._listening.finish(_need(form, "CallSid"))
        return _EMPTY

    async def note_call_back(self, request: web.Request, form: Form) -> str:
        """An outbound call's status."""
        status, sid = form.get("CallStatus", ""), _need(form, "CallSid")
        if status == "completed":
            await self._listening.finish(sid)
            await self._calls.end(sid, status)  # which tells whether anybody spoke
            await self._call_backs.note_unreached(_need(request.query, "id"), sid, "silent")
        elif status in _OVER:
            await self._call_backs.note_unreached(_need(request.query, "id"), sid, status)
        return _EMPTY

    async def note_recording(self, request: web.Request, form: Form) -> str:
        """A recording's status."""
        await self._recordings.note(
            _need(request.query, "call"),
            _need(form, "RecordingSid"),
            form.get("RecordingStatus", ""),
            form.get("RecordingDuration", "0"),
        )
        return _EMPTY

    async def take_transcription(self, request: web.Request, form: Form) -> str:
        """What one of them said while the operator talks with the caller."""
        call = await self._calls.get(_need(request.query, "call"))
        words = read_transcription(form)
        if words:
            # the transcribed leg is the caller's: what comes in is his
            speaker = RESIDENT if form.get("Track") == "inbound_track" else OPERATOR
            own = f"t{form.get('SequenceId', '')[:16]}"
            await self._listening.take(call, own, speaker, words)
        return _EMPTY

    async def fall_back(self, request: web.Request, form: Form) -> str:
        """Twilio could not use an answer of ours."""
        log.error("call.fell_back", error=form.get("ErrorCode", "")[:16])
        return self.twiml.fall_back(self._s.telephony_fallback_number)


_EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'


def read_event(form: Form) -> Event:
    """What a Gather brought: keys win over words, nothing is silence."""
    digits, words = form.get("Digits", "").strip(), form.get("SpeechResult", "").strip()
    if digits:
        return Pressed("".join(each for each in digits[:32] if each in "0123456789*#"))
    if not words:
        return Silent()
    return Heard(words[:_LONGEST_WORDS], _read_confidence(form.get("Confidence")))


def read_transcription(form: Form) -> str:
    """The words of a live transcription's event; empty for its other events."""
    if form.get("TranscriptionEvent") != "transcription-content" or form.get("Final") == "false":
        return ""
    try:
        words = json.loads(form.get("TranscriptionData", "")).get("transcript")
    except (ValueError, RecursionError, AttributeError):
        raise InvalidInput from None
    return words.strip()[:_LONGEST_WORDS] if isinstance(words, str) else ""


def _read_confidence(raw: str | None) -> float | None:
    try:
        value = float(raw or "")
    except ValueError:
        return None
    # some recognisers send 0.0 for "not known"
    return value if 0 < value <= 1 else None


async def _read_form(request: web.Request) -> Form:
    if (request.content_length or 0) > _MOST_BYTES:
        raise TooLarge
    if request.content_type != "application/x-www-form-urlencoded":
        raise InvalidInput
    body = bytearray()
    async for chunk in request.content.iter_chunked(8192):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise TooLarge
    return parse_form(bytes(body))


def parse_form(body: bytes) -> Form:
    """The fields; of one sent twice the first counts, as in the signature."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidInput from None
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise InvalidInput  # Twilio sends each field once
        form[name] = value.replace("\x00", "")
    return form


def _need(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value or len(value) > 64 or not value.isprintable():
        raise InvalidInput
    return value


def _turn(request: web.Request) -> int:
    raw = request.query.get("turn", "")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6:
        raise InvalidInput
    return int(raw)


_HOLD: tuple[Act, ...] = (Hold(),)
