"""When words and classifier differ on danger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bot.language.alarm import HARMLESS, Alarm
from bot.language.letters import Letter
from bot.language.models import Intent, Vector
from bot.language.sentences import is_letter

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
    return alarm.detect_many([text], VECTORS, [[Intent(intent, 0.95)]], {})[0]


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
    assert not is_letter(text)
    assert detect(text, 0.2) == "fire"


class Reader:
    """Finds a fire in a sentence by the odds that stand beside it."""

    def __init__(self, odds: dict[str, float]) -> None:
        self.odds = odds

    def rank_many(self, texts: Sequence[str], vectors: Vector) -> list[list[tuple[str, float]]]:
        fires = [self.odds.get(text, 0.0) for text in texts]
        return [[(HARMLESS, 1 - odds), ("fire", odds), ("gas", 0.0)] for odds in fires]


COURTESY = "您好，我在这个小区住了二十多年，邻里之间一直都很和气。"


def search(odds: dict[str, float], intent: str = "report_case") -> str | None:
    """The danger of a letter that ends in the sentences with these odds."""
    told = [COURTESY] * 7 + list(odds)
    letter = Letter(told, np.zeros((len(told), 4), np.float32))
    alarm = Alarm(Reader(odds))  # type: ignore[arg-type]
    intents = [[Intent(intent, 0.99)]]
    return alarm.detect_many(["".join(told)], VECTORS, intents, {0: letter})[0]


@pytest.mark.parametrize(
    ("sentences", "kind"),
    [
        ({"刚才下楼，看见那堆东西的缝里往外透红光。": 0.55}, "fire"),
        ({"下楼，看见那堆东西的缝里往外透红光。": 0.55}, None),
        ({"下楼，看见那堆东西的缝里往外透红光。": 0.7}, "fire"),
        (
            {"下楼，看见那堆东西的缝里往外透红光。": 0.55, "楼上的人下不来，拿被子捂着门。": 0.5},
            "fire",
        ),
        ({"下楼，看见那堆东西的缝里往外透红光。": 0.6, "麻烦你们给个答复。": 0.05}, None),
        ({"有一回下楼，看见那堆东西的缝里往外透红光。": 0.9}, None),
        ({"上个月那场火早灭了，不提了。": 0.6, "缝里往外透红光，楼上下不来。": 0.8}, "fire"),
        ({"刚才缝里往外透红光，火已经灭了。": 0.8}, None),
        ({"去年就闹过，可你们看，那堆东西的缝里往外透红光。": 0.97}, "fire"),
    ],
)
def test_a_letter_is_searched_sentence_by_sentence(
    sentences: dict[str, float], kind: str | None
) -> None:
    assert search(sentences) == kind


@pytest.mark.parametrize(
    ("sentence", "intent", "odds", "kind"),
    [
        ("现在报备一下，第三场里男主角着火了。", "report_case", 0.02, None),
        ("现在报备一下，第三场里男主角着火了。", "report_case", 0.3, "fire"),
        ("是消防员背着她从窗户下来的，前后不到十分钟。", "give_praise", 0.8, None),
        ("是消防员背着她从窗户下来的，前后不到十分钟。", "give_praise", 0.97, "fire"),
    ],
)
def test_words_of_danger_need_a_sentence_like_them_and_thanks_need_all_but_certainty(
    sentence: str, intent: str, odds: float, kind: str | None
) -> None:
    assert search({sentence: odds}, intent) == kind


def test_the_one_vector_of_a_letter_decides_nothing() -> None:
    sentences = [COURTESY] * 8
    text = "".join(sentences)
    alarm = Alarm(Reader({text: 0.8}))  # type: ignore[arg-type]
    letter = Letter(sentences, np.zeros((len(sentences), 4), np.float32))
    assert is_letter(text)
    assert alarm.detect_many([text], VECTORS, [[Intent("report_case", 0.99)]], {0: letter}) == [
        None
    ]


@pytest.mark.parametrize(
    ("harmless", "intent", "kind"),
    [(0.7, "report_case", "medical"), (0.7, "give_praise", None), (0.3, "give_praise", "medical")],
)
def test_who_surely_thanks_cries_for_help_only_when_danger_is_likely(
    harmless: float, intent: str, kind: str | None
) -> None:
    assert detect("叫他没反应", harmless, intent) == kind


@pytest.mark.parametrize(
    "text",
    ["多谢你们这些年照顾，我把后事都安排好了", "再见了，这辈子就这样吧，你们也别费心查了"],
)
def test_no_vote_is_taken_on_a_farewell(text: str) -> None:
    assert detect(text, 0.999, "give_praise") == "self_harm"


@pytest.mark.parametrize("text", ["燃气灶打不着火", "冬天车打不着火了"])
def test_what_does_not_light_is_no_fire(text: str) -> None:
    assert detect(text, 0.3) is None
