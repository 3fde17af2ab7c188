"""Acts as TwiML, by Twilio's own builders."""

from __future__ import annotations

from collections.abc import Sequence

from twilio.twiml.voice_response import Connect, Dial, Gather, Start, VoiceResponse

from hotline.settings import Settings
from telephony.events import Act, HangUp, Hold, Listen, Say, Wait
from telephony.models import Line
from telephony.twilio.addresses import Addresses

HINTS = (
    "人工,匿名,提交,取消,继续,重复,违法建设,占道经营,店外经营,露天烧烤,油烟,噪音,施工,工地,扬尘,渣土,垃圾,"
    "井盖,路灯,小广告,地锁,停车,燃气,黑车,街道,小区,胡同,大街,路口,号楼,单元,执法队,工单号"
)
"""Words of the field for the recogniser; Twilio takes at most 500 phrases."""
_NAME = "caller-"


class TwiML:
    """Renders what the call model decided."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self._s = settings
        self._at = addresses

    def render(self, acts: Sequence[Act], call_id: str, turn: int, line: Line) -> str:
        """The answer to a webhook; `turn` is the number the next event will carry."""
        response = VoiceResponse()
        listen = next((act for act in acts if isinstance(act, Listen)), None)
        words = [act for act in acts if isinstance(act, Say)]
        inside = self._gather(listen, call_id, turn) if listen is not None else None
        for say in words:
            self._say(inside if inside is not None and say.interruptible else response, say.text)
        if inside is not None:
            response.append(inside)
        elif any(isinstance(act, Hold) for act in acts):
            response.enqueue(
                f"{_NAME}{call_id}",
                action=self._at.of("queue-left", call=call_id),
                wait_url=self._at.of("wait", call=call_id),
            )
        elif any(isinstance(act, HangUp) for act in acts):
            response.hangup()
        else:
            if any(isinstance(act, Wait) for act in acts) or not words:
                response.pause(length=1)
            response.redirect(self._at.of("next", call=call_id, turn=turn))
        return str(response)

    def _gather(self, listen: Listen, call_id: str, turn: int) -> Gather:
        more = {"speech_model": self._s.telephony_speech_model or None}
        return Gather(
            input="dtmf speech",
            action=self._at.of("turn", call=call_id, turn=turn),
            method="POST",
            language=self._s.telephony_language,
            timeout=listen.seconds,
            speech_timeout=self._s.telephony_speech_timeout,
            num_digits=listen.keys,
            finish_on_key="#",
            barge_in=True,
            action_on_empty_result=True,
            hints=HINTS,
            **{key: value for key, value in more.items() if value},
        )

    def _say(self, parent: VoiceResponse | Gather, text: str) -> None:
        parent.say(text, voice=self._s.telephony_voice, language=self._s.telephony_voice_language)

    def connect_relay(self, call_id: str) -> str:
        """Hand the call over to our WebSocket."""
        response, connect = VoiceResponse(), Connect(action=self._at.of("relay-left", call=call_id))
        connect.conversation_relay(
            url=self._at.socket(call=call_id),
            language=self._s.telephony_relay_language,
            voice=self._s.telephony_relay_voice or None,
            hints=HINTS,
            dtmf_detection=True,
            interruptible="any",
        )
        response.append(connect)
        return str(response)

    def wait(self, text: str, call_id: str) -> str:
        """What a waiting caller hears, again and again; a key gets him out."""
        response = VoiceResponse()
        gather = Gather(
            input="dtmf",
            action=self._at.of("wait-key", call=call_id),
            method="POST",
            num_digits=1,
            timeout=1,
        )
        self._say(gather, text)
        response.append(gather)
        if self._s.telephony_music_url:
            response.play(self._s.telephony_music_url)
        else:
            response.pause(length=20)
        response.redirect(self._at.of("wait", call=call_id))
        return str(response)

    def leave_queue(self) -> str:
        """Out of the queue: the Enqueue's own action goes on."""
        response = VoiceResponse()
        response.leave()
        return str(response)

    def whisper(self, lines: Sequence[str], leg_id: str) -> str:
        """To the operator before the caller is connected."""
        response = VoiceResponse()
        gather = Gather(
            input="dtmf",
            action=self._at.of("operator-key", leg=leg_id),
            method="POST",
            num_digits=1,
            timeout=6,
            action_on_empty_result=True,
        )
        self._say(gather, "有市民来电。" + "。".join(lines) + "。接听请按一，不接请按二。")
        response.append(gather)
        return str(response)

    def join(self, call_id: str, *, operator: bool, transcribe: bool = False) -> str:
        """Into the call's conference; it ends when the operator leaves, and a third may join.

        `transcribe`: on the caller's leg, both sides of it are turned into words as they speak.
        """
        response = VoiceResponse()
        if transcribe:
            start = Start()
            start.transcription(
                name=call_id,
                track="both_tracks",
                language_code=self._s.telephony_language,
                partial_results=False,
                hints=HINTS,
                status_callback_url=self._at.of("transcription", call=call_id),
                status_callback_method="POST",
            )
            response.append(start)
        dial = Dial() if operator else Dial(action=self._at.of("conference-left", call=call_id))
        dial.conference(
            f"{_NAME}{call_id}",
            start_conference_on_enter=operator,
            end_conference_on_exit=operator,
            beep="false",
            wait_url="",
        )
        response.append(dial)
        return str(response)

    def bye(self, text: str) -> str:
        """Say it and hang up."""
        response = VoiceResponse()
        self._say(response, text)
        response.hangup()
        return str(response)

    def fall_back(self, number: str) -> str:
        """When we failed: apologise and let a person answer; needs nothing of ours to run."""
        response = VoiceResponse()
        if not number:
            self._say(response, "很抱歉，助手暂时出了问题。请稍后再拨，或拨打幺二三四五。")
            response.hangup()
            return str(response)
        self._say(response, "很抱歉，助手暂时出了问题，正在为您转接人工，请稍等。")
        response.dial(number, caller_id=self._s.twilio_number or None, timeout=30)
        self._say(response, "人工暂时没有接起来。请稍后再拨，或拨打幺二三四五。")
        return str(response)
