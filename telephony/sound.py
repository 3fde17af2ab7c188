"""Recordings of two people into what each of them said, stretch by stretch, in the order of talk."""

from __future__ import annotations

import io
import wave

import numpy as np

from conversations.speech import Recogniser
from hotline.errors import InvalidInput
from telephony.pauses import Samples, cut
from telephony.reading import OPERATOR, RESIDENT, Segment

_LONGEST_TEXT = 2000


async def listen(recogniser: Recogniser, sound: bytes) -> list[Segment]:
    """A segment for each stretch; raises InvalidInput when it is no recording.

    The recogniser is told the words the other side spoke before: an answer to 您的电话是多少 is
    likely a number.
    """
    sides, rate = split_sides(sound)
    said = sorted(
        ((speaker, each) for speaker, side in sides for each in cut(side, rate)),
        key=lambda pair: pair[1].start_ms,
    )
    segments: list[Segment] = []
    asked = ""
    for number, (speaker, each) in enumerate(said):
        heard = await recogniser.transcribe(to_wav(each.samples, rate), "audio/wav", asked)
        if not heard.text:
            continue
        text = heard.text[:_LONGEST_TEXT]
        segments.append(Segment(f"{number}-{speaker}", speaker, text, each.start_ms, each.end_ms))
        if speaker == OPERATOR:
            asked = text
    return segments


def split_sides(sound: bytes) -> tuple[list[tuple[str, Samples]], int]:
    """(speaker, samples) of each side of a WAV, and its rate; raises InvalidInput."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        raise InvalidInput("不是可以读取的 WAV 录音。") from None
    if width != 2 or channels not in (1, 2) or not 8000 <= rate <= 48000:
        raise InvalidInput("录音应是 16 位、单声道或双声道、8 至 48 kHz 的 WAV。")
    whole = len(frames) // (2 * channels) * 2 * channels
    samples = np.frombuffer(frames[:whole], "<i2").reshape(-1, channels)
    return list(zip((RESIDENT, OPERATOR), samples.T, strict=False)), rate


def to_wav(samples: Samples, rate: int) -> bytes:
    """Mono samples as a WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()
