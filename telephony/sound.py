"""Recordings of two people into what each of them said."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np

from conversations.speech import Recogniser
from hotline.errors import InvalidInput
from telephony.reading import OPERATOR, RESIDENT, Segment

_LONGEST_TEXT = 2000


async def listen(recogniser: Recogniser, sound: bytes) -> list[Segment]:
    """One segment a side; raises InvalidInput when it is no recording."""
    segments = []
    for speaker, side, milliseconds in split_channels(sound):
        heard = await recogniser.transcribe(side, "audio/wav")
        if heard.text:
            text = heard.text[:_LONGEST_TEXT]
            segments.append(Segment(f"0-{speaker}", speaker, text, 0, milliseconds))
    return segments


def split_channels(sound: bytes) -> list[tuple[str, bytes, int]]:
    """(speaker, mono WAV, milliseconds) of each side of a recording; raises InvalidInput."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        raise InvalidInput("不是可以读取的 WAV 录音。") from None
    if width != 2 or channels not in (1, 2):
        raise InvalidInput("录音应是 16 位、单声道或双声道的 WAV。")
    samples = np.frombuffer(frames, "<i2").reshape(-1, channels)
    milliseconds = round(len(samples) / rate * 1000)
    sides = (RESIDENT, OPERATOR)[:channels]
    return [
        (speaker, _to_wav(samples[:, side], rate), milliseconds)
        for side, speaker in enumerate(sides)
    ]


def _to_wav(samples: Any, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()
