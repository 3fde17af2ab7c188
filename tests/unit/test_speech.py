"""Turning recordings into words: bounds, a recogniser that hangs, decoding."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hotline.errors import HotlineError, InvalidInput, UnsupportedMedia
from telephony.repairing import repair
from telephony.sound import split_channels
from telephony.speech import SpeechFailed, WhisperRecogniser, decode_sound
from tests.phone import Phone
from tests.unit.test_phone_calls import (
    first_articles,
    migrated_file,
    phone,
    product,
    provider,
    settings,
)


class SlowModel:
    """Hangs on the first recording until it is let go; understands every other one."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.heard = 0

    def transcribe(self, sound: io.BytesIO, **_: Any) -> tuple[list[Any], None]:
        self.heard += 1
        if self.heard == 1:
            self.gate.wait(30)
        return [SimpleNamespace(text="朝阳期有人站道经营", avg_logprob=-0.1)], None


def make_wav(channels: int = 2, frames: int = 800) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0" * channels * frames)
    return out.getvalue()


async def test_a_stuck_recogniser_stalls_nobody(phone: Phone) -> None:
    model = SlowModel()
    recogniser = WhisperRecogniser(Path(), 0.5, load=lambda _: model)
    stuck = asyncio.create_task(recogniser.transcribe(make_wav(), "audio/wav"))
    await asyncio.sleep(0)
    await phone.dial()
    async with asyncio.timeout(3):
        assert "收到" in await phone.say("路灯坏了")
    with pytest.raises(SpeechFailed):
        await stuck
    heard = await recogniser.transcribe(make_wav(), "audio/wav")
    assert "占道经营" in heard.text
    assert heard.confidence == pytest.approx(0.905, abs=0.01)
    model.gate.set()


async def test_a_recogniser_that_hangs_again_and_again_is_given_up() -> None:
    gate = threading.Event()

    class Hanging:
        def transcribe(self, *_: Any, **__: Any) -> None:
            gate.wait(30)

    recogniser = WhisperRecogniser(Path(), 0.05, load=lambda _: Hanging())
    for _ in range(5):
        with pytest.raises(SpeechFailed):
            await recogniser.transcribe(make_wav(), "audio/wav")
    gate.set()


async def test_empty_and_broken_sound_is_refused() -> None:
    recogniser = WhisperRecogniser(Path(), 1.0, load=lambda _: SlowModel())
    with pytest.raises(UnsupportedMedia):
        await recogniser.transcribe(b"", "audio/wav")
    with pytest.raises(HotlineError):
        await decode_sound(b"#!AMR\nnot sound at all", "audio/amr")


def test_a_recording_is_split_by_sides() -> None:
    (first, _, long), (second, _, _) = split_channels(make_wav())
    assert (first, second, long) == ("resident", "operator", 100)
    for broken in (b"", b"RIFF", b"x" * 100):
        with pytest.raises(InvalidInput):
            split_channels(broken)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("朝阳期望京街道", "朝阳区望京街道"),
        ("同舟齐有人露天烧烤", "通州区有人露天烧烤"),
        ("说的是景山后街", "说的是景山后街"),
        ("海淀区学院路", "海淀区学院路"),
    ],
)
def test_place_names_lost_on_a_narrow_line(heard: str, meant: str) -> None:
    assert repair(heard) == meant
