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


LIKELY = [CategoryGuess(code, code, 0.3) for _, code in _WORDS.values()]
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
    parts = find_parts(text, MIXED, LIKELY, read)
    assert [part.text for part in parts][: len(told)] == told[: len(parts)]
    assert len(parts) >= 2
    assert all(text[part.start : part.end] == part.text for part in parts)


@pytest.mark.parametrize(
    ("text", "told", "sure"),
    [
        (
            "望京西园四区垃圾桶满了没人收，还有北门的路灯一直不亮。",
            ["望京西园四区垃圾桶满了没人收", "北门的路灯一直不亮"],
            True,
        ),
        (
            "楼下饭馆天天支着烧烤炉子，门口的路灯也一直不亮",
            ["楼下饭馆天天支着烧烤炉子", "门口的路灯也一直不亮"],
            False,
        ),
        (
            "垃圾桶满得往外流汤，桥上路灯瞎了半个月，两样一块儿修修",
            ["垃圾桶满得往外流汤", "桥上路灯瞎了半个月，两样一块儿修修"],
            True,
        ),
        (
            "公园里有人摆摊卖气球，还有人支着烧烤炉子",
            ["公园里有人摆摊卖气球", "还有人支着烧烤炉子"],
            False,
        ),
        (
            "喂你好就是我们这门口垃圾堆成山了然后还有那个路灯也不亮",
            ["喂你好就是我们这门口垃圾堆成山了", "路灯也不亮"],
            True,
        ),
    ],
)
def test_two_matters_are_told_apart_where_both_are_plain(
    text: str, told: list[str], sure: bool
) -> None:
    parts = find_parts(text, MIXED, LIKELY, read)
    assert [part.text for part in parts] == told
    assert all(text[part.start : part.end] == part.text for part in parts)
    assert [part.sure for part in parts] == [True, sure]


@pytest.mark.parametrize(
    "text",
    [
        "楼下天天有人烧烤，而且那烧烤的烟特别大",
        "门口的路灯一直不亮，还有点害怕走夜路",
        "路灯坏了半个月，孩子回家也得打着手机，垃圾都看不见",
        "摆摊的占了便道，我骑车也绕不过去",
        "单元门刚刷的漆，第二天就让摆摊的糊上了",
        "路口只剩，3.5米宽，摆摊的还在往外挪",
    ],
)
def test_what_came_of_a_matter_is_none_of_its_own(text: str) -> None:
    assert find_parts(text, MIXED, LIKELY, read) == ()


def test_what_only_a_piece_sounds_like_is_no_matter() -> None:
    text = "楼下饭馆天天支着烧烤炉子，门口的路灯也一直不亮"
    whole = [CategoryGuess("06029", "06029", 0.97), CategoryGuess("06027", "06027", 0.02)]
    assert find_parts(text, MIXED, whole, read) == ()


def test_a_long_list_costs_no_more_than_a_few_looks() -> None:
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> list[PieceReading]:
        asked.extend(texts)
        return read(texts)

    find_parts("两件事，" + "旁边也有摆摊，" * 16, MIXED, LIKELY, counting)
    assert 0 < len(asked) <= 12


def test_a_question_beside_a_report() -> None:
    parts = find_parts("路边这样合法吗？我家门口天天有人摆摊占道。", MIXED, LIKELY, read)
    assert [part.intent for part in parts] == ["ask_policy", "report_case"]


def test_the_question_of_an_angry_report_is_no_matter_of_its_own() -> None:
    text = "扫地的合法吗？我家门口天天有人摆摊占道。"
    assert find_parts(text, SURE, LIKELY, read) == ()
    assert len(find_parts(text, MIXED, LIKELY, read)) == 2


def test_where_nothing_is_reported_nothing_is_cut_on_a_guess() -> None:
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> list[PieceReading]:
        asked.extend(texts)
        return read(texts)

    thanks = [Intent("give_praise", 0.98), Intent("report_case", 0.01)]
    assert find_parts("谢谢你们把垃圾清走了，还有路灯也修好了。", thanks, LIKELY, counting) == ()
    assert not asked


def test_a_question_that_goes_on_is_no_report() -> None:
    assert find_parts("路边这样合法吗？垃圾呢？", MIXED, LIKELY, read) == ()


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
    assert find_parts(text, MIXED, LIKELY, read) == ()


ASKING = [Intent("ask_policy", 0.9), Intent("report_case", 0.05)]


def test_a_question_on_something_else_is_told_from_the_report_beside_it() -> None:
    parts = find_parts("门口有人烧烤，合法摆摊怎么办理", ASKING, LIKELY, read)
    assert [(part.text, part.intent) for part in parts] == [
        ("门口有人烧烤", "report_case"),
        ("合法摆摊怎么办理", "ask_policy"),
    ]


@pytest.mark.parametrize(
    "text", ["门口有人烧烤，这合法吗", "门口有人烧烤，归谁管合法吗", "我想在门口烧烤，摆摊合法吗"]
)
def test_a_question_on_the_trouble_itself_makes_no_report(text: str) -> None:
    assert find_parts(text, ASKING, LIKELY, read) == ()


def test_what_is_demanded_is_no_matter_of_its_own() -> None:
    text = "楼下天天有人烧烤。我要求：第一，把烧烤的撤走；第二，把垃圾清走"
    assert find_parts(text, MIXED, LIKELY, read) == ()
