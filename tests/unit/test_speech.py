"""Turning recordings into words: bounds, a recogniser that hangs, decoding."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conversations.speech import Transcript
from hotline.errors import HotlineError, InvalidInput, UnsupportedMedia
from telephony.pauses import Samples, cut
from telephony.repairing import repair
from telephony.sound import listen, split_sides
from telephony.speech import (
    NUMBER_PROMPT,
    PROMPT,
    PhraseRecogniser,
    SpeechFailed,
    WhisperRecogniser,
    choose_prompt,
    decode_sound,
)
from tests.phone import Phone
from tests.unit.test_phone_calls import (
    first_articles,
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
    repair("朝阳期有人站道经营")  # words and names are read once; not within the half second
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


def talk(*pieces: tuple[float, float], rate: int = 8000, hiss: int = 25) -> Samples:
    """Seconds of silence and of a voice in turn, on a hissing line."""
    noise = np.random.default_rng(7)
    parts = []
    for quiet, loud in pieces:
        tone = np.sin(np.arange(int(loud * rate)) / rate * 2 * np.pi * 220) * 6000
        parts += [np.zeros(int(quiet * rate)), tone]
    whole = np.concatenate([*parts, np.zeros(rate)])
    return (whole + noise.normal(0, hiss, len(whole))).astype(np.int16)


def stereo(left: Samples, right: Samples) -> bytes:
    size = max(len(left), len(right))
    sides = [np.pad(each, (0, size - len(each))) for each in (left, right)]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.stack(sides, axis=1).astype("<i2").tobytes())
    return out.getvalue()


class Noting:
    """A recogniser that notes what it was asked and numbers what it hears."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def transcribe(self, audio: bytes, content_type: str, asked: str = "") -> Transcript:
        self.asked.append(asked)
        return Transcript(f"第{len(self.asked)}句", None)


@pytest.mark.parametrize("hiss", [0, 25, 300])
def test_speech_is_cut_at_its_pauses(hiss: int) -> None:
    found = list(cut(talk((1.0, 2.0), (0.4, 1.0), (1.5, 0.8), (2.0, 0.05), hiss=hiss), 8000))
    # a breath of 0.4 s joins, 1.5 s part; a click is nothing
    assert [round(each.start_ms / 500) for each in found] == [2, 11]
    assert [round((each.end_ms - each.start_ms) / 500) for each in found] == [8, 3]
    assert all(len(each.samples) == (each.end_ms - each.start_ms) * 8 for each in found)


def test_nobody_speaks_for_ever_without_being_cut() -> None:
    found = list(cut(talk((0.5, 65.0)), 8000))
    assert [(each.end_ms - each.start_ms) <= 28_000 for each in found] == [True] * 3


async def test_a_recording_becomes_a_talk_in_order() -> None:
    resident = talk((3.0, 1.5), (3.0, 2.0))
    operator = talk((0.5, 1.5), (3.5, 1.0))
    recogniser = Noting()
    segments = await listen(recogniser, stereo(resident, operator))
    assert [each.speaker for each in segments] == ["operator", "resident"] * 2
    assert segments[2].start_ms > segments[1].end_ms - 500
    assert recogniser.asked == ["", "第1句", "第1句", "第3句"]


async def test_a_live_line_is_read_phrase_by_phrase() -> None:
    sound = talk((0.5, 1.0), (1.5, 1.0)).astype("<i2").tobytes()

    async def frames() -> AsyncIterator[bytes]:
        for at in range(0, len(sound), 333):  # never a whole frame
            yield sound[at : at + 333]

    heard = [each async for each in PhraseRecogniser(Noting()).listen(frames(), "请讲")]
    assert heard == [(Transcript("第1句", None), True), (Transcript("第2句", None), True)]


def test_after_a_question_for_a_number_digits_are_expected() -> None:
    assert choose_prompt("请留一个联系电话") == NUMBER_PROMPT
    assert choose_prompt("请问在什么地方") == choose_prompt("") == PROMPT


def test_what_is_no_recording_is_refused() -> None:
    sides, rate = split_sides(make_wav())
    assert ([name for name, _ in sides], rate) == (["resident", "operator"], 8000)
    for broken in (b"", b"RIFF", b"x" * 100, make_wav()[:30]):
        with pytest.raises(InvalidInput):
            split_sides(broken)
    assert [len(side) for _, side in split_sides(make_wav()[:50])[0]] == [1, 1]  # cut short


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("朝阳期望京街道", "朝阳区望京街道"),
        ("同舟齐有人露天烧烤", "通州区有人露天烧烤"),
        ("说的是景山后街", "说的是景山后街"),
        ("海淀区学院路", "海淀区学院路"),
        ("昌平区毁龙官的小区", "昌平区回龙观的小区"),
        ("西城区、夜盘南街的电线杆", "西城区、月坛南街的电线杆"),
        ("丰台区方中路路边", "丰台区方庄路路边"),
        ("丰台区毁龙官的小区", "丰台区毁龙官的小区"),
        ("朝阳区团结湖中路的暖气", "朝阳区团结湖中路的暖气"),
        ("朝阳区东坝中路8号院", "朝阳区东坝中路8号院"),
    ],
)
def test_place_names_lost_on_a_narrow_line(heard: str, meant: str) -> None:
    assert repair(heard) == meant
