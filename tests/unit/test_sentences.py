"""Sentences of a message, and the several matters in one."""

from collections.abc import Sequence

import pytest

from bot.language.models import CategoryGuess, Intent
from bot.language.parts import PieceReading, find_parts
from bot.language.sentences import cut_sentences


def test_sentences_keep_their_places() -> None:
    text = "您好！  楼下烧烤摊天天冒烟。\n希望有人来管，谢谢。"
    sentences = cut_sentences(text)
    assert all(text[s.start : s.end] == s.text for s in sentences)
    assert [s.text for s in sentences][-2:] == ["楼下烧烤摊天天冒烟。", "希望有人来管，谢谢。"]


def test_a_short_end_stays_with_the_sentence_before() -> None:
    assert [s.text for s in cut_sentences("门口有人摆摊占道。快管管！")] == [
        "门口有人摆摊占道。快管管！"
    ]


@pytest.mark.parametrize("text", ["", "。。。", " \n ", "没有标点的一句话"])
def test_a_text_without_ends_is_one_sentence_or_none(text: str) -> None:
    assert len(cut_sentences(text)) == bool(text.strip(" 。\n"))


_WORDS = {
    "烧烤": ("report_case", "06029"),
    "垃圾": ("report_case", "06042"),
    "路灯": ("report_case", "01037"),
    "合法": ("ask_policy", "09006"),
    "摆摊": ("report_case", "09006"),
    "谢谢": ("give_praise", "99999"),
}


MIXED = [Intent("report_case", 0.7), Intent("ask_policy", 0.25)]
SURE = [Intent("report_case", 0.99), Intent("ask_policy", 0.001)]


def read(texts: Sequence[str]) -> list[PieceReading]:
    """A reader that knows a few words; the first found decides."""
    return [_read_one(text) for text in texts]


def _read_one(text: str) -> PieceReading:
    intent, code = next((_WORDS[w] for w in _WORDS if w in text), ("inform", "99999"))
    return Intent(intent, 0.9), [CategoryGuess(code, code, 0.9 if intent != "inform" else 0.1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("楼下烧烤太呛，另外门口垃圾满了", ["楼下烧烤太呛", "门口垃圾满了"]),
        ("两件事，一个是烧烤冒烟，再一个是路灯不亮", ["烧烤冒烟", "路灯不亮"]),
        ("我反映两个问题：1、垃圾没人收；2、路灯坏了", ["垃圾没人收", "路灯坏了"]),
        (
            "门口垃圾满了，还有个事，路灯也不亮，第三个是烧烤",
            ["门口垃圾满了", "路灯也不亮", "烧烤"],
        ),
    ],
)
def test_marked_matters_are_told_apart(text: str, told: list[str]) -> None:
    parts = find_parts(text, MIXED, read)
    assert [part.text for part in parts][: len(told)] == told[: len(parts)]
    assert len(parts) >= 2
    assert all(text[part.start : part.end] == part.text for part in parts)


def test_an_uncertain_mark_counts_where_two_matters_are_plain() -> None:
    text = "望京西园四区垃圾桶满了没人收，还有北门的路灯一直不亮。"
    parts = find_parts(text, MIXED, read)
    assert [part.text for part in parts] == ["望京西园四区垃圾桶满了没人收", "北门的路灯一直不亮"]
    assert all(text[part.start : part.end] == part.text for part in parts)
    assert find_parts("楼下天天有人烧烤，而且那烧烤的烟特别大", MIXED, read) == ()
    assert find_parts("门口的路灯一直不亮，还有点害怕走夜路", MIXED, read) == ()


def test_a_question_beside_a_report() -> None:
    parts = find_parts("路边这样合法吗？我家门口天天有人摆摊占道。", MIXED, read)
    assert [part.intent for part in parts] == ["ask_policy", "report_case"]


def test_the_question_of_an_angry_report_is_no_matter_of_its_own() -> None:
    text = "扫地的合法吗？我家门口天天有人摆摊占道。"
    assert find_parts(text, SURE, read) == ()
    assert len(find_parts(text, MIXED, read)) == 2


def test_where_nothing_is_reported_nothing_is_cut_on_a_guess() -> None:
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> list[PieceReading]:
        asked.extend(texts)
        return read(texts)

    thanks = [Intent("give_praise", 0.98), Intent("report_case", 0.01)]
    assert find_parts("谢谢你们把垃圾清走了，还有路灯也修好了。", thanks, counting) == ()
    assert not asked


def test_a_question_that_goes_on_is_no_report() -> None:
    assert find_parts("路边这样合法吗？垃圾呢？", MIXED, read) == ()


@pytest.mark.parametrize(
    "text",
    [
        "楼下烧烤太呛，另外天天冒烟的还是那家烧烤",
        "第二天早上烧烤还没收",
        "垃圾没人收。孩子老人都受不了。请尽快处理。",
        "另外",
        "还有",
        "",
    ],
)
def test_one_matter_stays_one(text: str) -> None:
    assert find_parts(text, MIXED, read) == ()
