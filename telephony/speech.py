"""Speech to text with faster-whisper from a model folder: recordings and voice messages.

The package is optional (`speech` in pyproject.toml) and imported when the first recording comes.
Phone lines bring their own recogniser; an on-premises line will need a streaming one, for which
`StreamingRecogniser` is the shape.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import structlog

from conversations.speech import Recogniser, Transcript
from hotline.errors import HotlineError, UnsupportedMedia
from telephony.pauses import Cutter, Stretch
from telephony.repairing import repair
from telephony.sound import to_wav

log = structlog.get_logger(__name__)

PROMPT = (
    "北京城市管理热线九六三一零。投诉举报，违法建设，占道经营，店外经营，无照游商，露天烧烤，油烟，噪音扰民，夜间施工，"
    "工地扬尘，渣土车，垃圾，井盖，路灯，小广告，地锁，停车，街道，小区，胡同，大街，号楼，单元。"
    "东城区、西城区、朝阳区、海淀区、丰台区、石景山区、门头沟区、房山区、通州区、顺义区、昌平区、大兴区、怀柔区、平谷区、密云区、延庆区。"
)
"""Words of the field and the districts: with them the recogniser errs less than half as often on
narrow lines."""
NUMBER_PROMPT = "您的电话号码是多少？一三八零一二三四五六七。"
"""After a question for a number: digits are then written one by one instead of guessed as words."""
_ASKS_NUMBER = re.compile(r"电话|号码|手机|联系方式|工单号|后四位")
_MOST_BYTES = 50 * 1024 * 1024
_AT_ONCE = 1
_LINE_RATE = 8000
_WAV_HEADER = 44
_LOOP = 8
"""So many tokens do not come twice: small models fall into 零零零零… at the end of a number."""
_MOST_STUCK = 3


class SpeechFailed(HotlineError):
    """The recording could not be turned into words in time."""

    code = "speech_failed"
    status = 503
    message = "这段语音没有转写成功，请改用文字。"


class StreamingRecogniser(Protocol):
    """Words while they are spoken: what a line of our own (SIP, AudioSocket) needs."""

    def listen(
        self, audio: AsyncIterator[bytes], asked: str = ""
    ) -> AsyncIterator[tuple[Transcript, bool]]:
        """From 16-bit 8 kHz mono bytes to transcripts; the flag says that one is final."""
        ...


class Voice(Protocol):
    """Text to speech. A line that speaks by itself (Twilio's Say) needs none; one of our own does."""

    async def speak(self, text: str) -> bytes:
        """The words as 16-bit mono WAV."""
        ...


class PhraseRecogniser:
    """A StreamingRecogniser out of one for whole recordings: what was said at each pause."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    async def listen(
        self, audio: AsyncIterator[bytes], asked: str = ""
    ) -> AsyncIterator[tuple[Transcript, bool]]:
        cutter, rest = Cutter(_LINE_RATE), b""
        size = cutter.frame * 2
        async for data in audio:
            rest += data
            while len(rest) >= size:
                frame, rest = np.frombuffer(rest[:size], "<i2"), rest[size:]
                found = cutter.feed(frame)
                if found is not None:
                    yield await self._read(found, asked), True
        last = cutter.end()
        if last is not None:
            yield await self._read(last, asked), True

    async def _read(self, found: Stretch, asked: str) -> Transcript:
        sound = to_wav(found.samples, _LINE_RATE)
        return await self._recogniser.transcribe(sound, "audio/wav", asked)


class WhisperRecogniser:
    """Recogniser by faster-whisper; one recording at a time, each within `seconds`.

    Work runs in threads of its own. A recording that never ends is left behind with its thread and
    a new thread takes the next one, so nobody else waits for it; after some of those it gives up.
    """

    def __init__(
        self, model_dir: Path, seconds: float, load: Callable[[Path], Any] | None = None
    ) -> None:
        self._load = load or _load_model
        self._folder = model_dir
        self._seconds = seconds
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._pool = _new_pool()
        self._stuck = 0
        self._model: Any = None
        self._lock = threading.Lock()

    async def transcribe(self, audio: bytes, content_type: str, asked: str = "") -> Transcript:
        if not audio or len(audio) > _MOST_BYTES:
            raise UnsupportedMedia("语音文件是空的或太大。")
        if self._stuck >= _MOST_STUCK:
            raise SpeechFailed
        async with self._slots:
            sound = await decode_sound(audio, content_type)
            work = asyncio.get_running_loop().run_in_executor(
                self._pool, self._recognise, sound, choose_prompt(asked)
            )
            try:
                async with asyncio.timeout(self._seconds):
                    return await work
            except TimeoutError:
                self._stuck += 1
                self._pool.shutdown(wait=False)
                self._pool = _new_pool()
                log.error("speech.too_slow", seconds=self._seconds)
                raise SpeechFailed from None

    def _recognise(self, sound: bytes, prompt: str) -> Transcript:
        with self._lock:
            if self._model is None:
                self._model = self._load(self._folder)
            model = self._model
        segments, _ = model.transcribe(
            io.BytesIO(sound),
            language="zh",
            initial_prompt=prompt,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=False,
            no_repeat_ngram_size=_LOOP,
        )
        pieces = list(segments)
        text = repair("".join(piece.text for piece in pieces).strip())
        if not pieces:
            return Transcript("", None)
        # the model tells the mean log probability of a piece's tokens
        chances = [2.718281828 ** float(piece.avg_logprob) for piece in pieces]
        return Transcript(text, round(sum(chances) / len(chances), 3))


def choose_prompt(asked: str) -> str:
    """What the recogniser is told to expect after this question."""
    return NUMBER_PROMPT if _ASKS_NUMBER.search(asked) else PROMPT


def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="speech")


def _load_model(folder: Path) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise SpeechFailed("没有安装语音识别（可选依赖 speech）。") from None
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)


async def decode_sound(audio: bytes, content_type: str) -> bytes:
    """16 kHz mono WAV; AMR by sox, because other decoders fail on its silent frames."""
    if "amr" not in content_type and not audio.startswith(b"#!AMR"):
        return audio
    sox = shutil.which("sox")
    if sox is None:
        raise SpeechFailed("没有安装 sox，不能解开 AMR 语音。")
    process = await asyncio.create_subprocess_exec(
        sox, "-t", "amr-nb", "-", "-t", "wav", "-r", "16000", "-c", "1", "-b", "16", "-",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            sound, _ = await process.communicate(audio)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise SpeechFailed from None
    # sox ends well on broken sound too, with a header and nothing after it
    if process.returncode != 0 or len(sound) <= _WAV_HEADER:
        raise UnsupportedMedia("语音文件已损坏，请重新录制。")
    return sound


def open_recogniser(model_dir: str, seconds: float) -> Recogniser | None:
    """The configured recogniser; None when no model folder is set."""
    return WhisperRecogniser(Path(model_dir), seconds) if model_dir else None
