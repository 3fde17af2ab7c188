"""When words and classifier differ on danger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bot.language.alarm import HARMLESS, Alarm
from bot.language.models import Intent, Vector

VECTORS = np.zeros((1, 4), np.float32)


class Judge:
    """A classifier that is this sure of no danger."""

    def __init__(self, harmless: float) -> None:
        self.harmless = harmless

    def rank_many(self, texts: Sequence[str], vectors: Vector) -> list[list[tuple[str, float]]]:
        rest = 1 - self.harmless
        ranked = [(HARMLESS, self.harmless), ("fire", rest * 0.6), ("collapse", rest * 0.4)]
        return [sorted(ranked, key=lambda each: -each[1]) for _ in texts]


def detect(text: str, harmless: float, intent: str = "report_case") -> str | None:
    alarm = Alarm(Judge(harmless))  # type: ignore[arg-type]
    return alarm.detect_many([text], VECTORS, [Intent(intent, 0.95)])[0]


@pytest.mark.parametrize(
    ("text", "harmless", "kind"),
    [
        ("垃圾桶里蹿出火来了", 0.985, "fire"),
        ("楼道里好大的煤气味", 0.985, "gas"),
        ("垃圾桶里蹿出火来了", 0.999, None),
        ("墙塌了一块", 0.96, None),
        ("墙塌了一块", 0.9, "collapse"),
        ("他叫也不应", 0.6, "fire"),
        ("他叫也不应", 0.65, "fire"),
        ("他叫也不应", 0.9, None),
        ("虚惊一场，火已经灭了", 0.1, None),
    ],
)
def test_what_costs_lives_is_harder_to_talk_out_of(
    text: str, harmless: float, kind: str | None
) -> None:
    assert detect(text, harmless) == kind


def test_an_english_cry_for_help_is_no_letter() -> None:
    text = "Hello, there is a hissing pipe behind the meter cabinet in our stairwell, it has been "
    text += "getting worse for ten minutes and two of my neighbours already feel very dizzy now."
    assert len(text) > 160
    assert detect(text, 0.2) == "fire"
    letter = "我们这栋楼的情况是这样的，" * 14
    assert detect(letter, 0.2) is None


@pytest.mark.parametrize(
    ("harmless", "intent", "kind"),
    [(0.7, "report_case", "medical"), (0.7, "give_praise", None), (0.3, "give_praise", "medical")],
)
def test_who_surely_thanks_cries_for_help_only_when_danger_is_likely(
    harmless: float, intent: str, kind: str | None
) -> None:
    assert detect("叫他没反应", harmless, intent) == kind
