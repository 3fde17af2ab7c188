"""Fetches pictures and recordings before they expire, and reads out what recordings say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from channels.tencent.amr import decode_amr, is_amr
from channels.tencent.api import BUSY
from channels.tencent.errors import ApiFailed
from channels.tencent.line import Line
from channels.tencent.models import Kind
from channels.tencent.store import InboundRow
from conversations.media import Media
from conversations.models import Button, Reply
from conversations.speech import Recogniser
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

_PAUSES = (0.5, 2.0, 5.0)
_LEAST_CONFIDENCE = 0.35
_HUMAN = (Button("转人工", "人工"),)
NO_EARS = Reply("语音收到了，但我还听不了语音。请打字告诉我，或转人工。", buttons=_HUMAN)
NOT_HEARD = Reply("这段语音我没有听清。请再说一遍，或打字告诉我。", buttons=_HUMAN)
NO_PICTURE = Reply("图片没有收到。请重新发一次，或打字说明。", buttons=_HUMAN)
NO_SOUND = Reply("语音没有收到。请重新发一次，或打字告诉我。", buttons=_HUMAN)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as it goes into the timeline; `answer` is said when the bot cannot use it."""

    text: str = ""
    attachment_ids: Sequence[str] = ()
    answer: Reply | None = None


class Attachments:
    """Files of one channel's residents."""

    def __init__(self, line: Line, media: Media, recogniser: Recogniser | None) -> None:
        self._line = line
        self._media = media
        self._recogniser = recogniser

    async def fetch(self, row: InboundRow, conversation_id: str) -> Fetched:
        """The picture or recording of a delivery; never raises for a bad or lost file."""
        kind = Kind(row.kind)
        data = await self._download(str(row.body.get("media_id", "")))
        if kind is Kind.IMAGE:
            return await self._keep_picture(conversation_id, data)
        return await self._keep_recording(conversation_id, data, str(row.body.get("heard", "")))

    async def forget(self, digest: str) -> None:
        """Delete a file nobody refers to."""
        await self._media.forget_file(digest)

    async def _download(self, media_id: str) -> tuple[bytes, str] | None:
        for pause in (*_PAUSES, None):
            try:
                return await self._line.fetch_media(media_id)
            except ApiFailed as error:
                log.warning("media.not_fetched", errcode=error.errcode)
                if error.errcode not in BUSY or pause is None:
                    return None
            await asyncio.sleep(pause)
        return None

    async def _keep_picture(self, conversation_id: str, data: tuple[bytes, str] | None) -> Fetched:
        if data is None:
            return Fetched("［图片］", answer=NO_PICTURE)
        try:
            kept = await self._media.keep_image(conversation_id, "picture", data[0])
        except HotlineError as error:
            return Fetched("［图片］", answer=Reply(error.message, buttons=_HUMAN))
        return Fetched(attachment_ids=(kept.id,))

    async def _keep_recording(
        self, conversation_id: str, data: tuple[bytes, str] | None, heard: str
    ) -> Fetched:
        if data is None:
            return Fetched(heard) if heard else Fetched("［语音］", answer=NO_SOUND)
        sound, content_type = data
        if is_amr(sound):
            try:
                sound, content_type = await asyncio.to_thread(decode_amr, sound), "audio/wav"
            except HotlineError:
                content_type = "audio/amr"
        kept = await self._keep_sound(conversation_id, sound, content_type)
        if heard:
            return Fetched(heard, kept)
        unread = "" if kept else "［语音］"
        if self._recogniser is None:
            return Fetched(unread, kept, NO_EARS if kept else NO_SOUND)
        try:
            transcript = await self._recogniser.transcribe(sound, content_type)
        except HotlineError as error:
            log.warning("voice.not_read", code=error.code)
            return Fetched(unread, kept, NOT_HEARD)
        sure = transcript.confidence is None or transcript.confidence >= _LEAST_CONFIDENCE
        if not transcript.text.strip() or not sure:
            return Fetched(transcript.text.strip() or unread, kept, NOT_HEARD)
        return Fetched(transcript.text.strip(), kept)

    async def _keep_sound(
        self, conversation_id: str, sound: bytes, content_type: str
    ) -> Sequence[str]:
        """The recording's id; none when the storage is away: its words are still worth reading."""
        try:
            kept = await self._media.keep_audio(conversation_id, "recording", sound, content_type)
        except HotlineError as error:
            log.error("voice.not_kept", code=error.code)
            return ()
        return (kept.id,)
