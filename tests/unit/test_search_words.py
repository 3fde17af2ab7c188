"""The words of a knowledge search: tokens, their numbers, what they score."""

from __future__ import annotations

import numpy as np
import pytest

from kb.service import read_articles
from kb.words import (
    SYNONYMS_FILE,
    Postings,
    Scores,
    attain,
    bound_lengths,
    fold,
    number_token,
    number_tokens,
    rate_rarity,
    read_document,
    tokenize,
)


def test_tokens_are_characters_pairs_and_whole_numbers() -> None:
    assert tokenize("能砍树吗 LED96310") == [
        "砍",
        "树",
        "能砍",
        "砍树",
        "树吗",
        "#砍树",
        "led96310",
    ]


def test_names_of_one_thing_share_a_concept() -> None:
    assert "#电动车" in tokenize("电瓶车")
    assert "#电动车" in tokenize("小电驴")


def test_longest_name_at_a_place_wins() -> None:
    tokens = tokenize("有狗屎")
    assert "#狗粪" in tokens
    assert "#犬" not in tokens


def test_digits_inside_a_longer_number_name_nothing() -> None:
    assert "#热线" in tokenize("打12345")
    assert "#热线" not in tokenize("号码13812345678")


def test_fold_ignores_signs_and_case() -> None:
    assert fold("LED 屏，能装吗？") == fold("led屏能装吗")


def test_every_synonym_group_has_several_names() -> None:
    rows = SYNONYMS_FILE.read_text("utf-8").splitlines()[1:]
    assert [row for row in rows if len(row.partition(",")[2].split()) < 2] == []
    assert len({row.partition(",")[0] for row in rows}) == len(rows)


def post(*texts: str) -> Postings:
    return Postings([read_document(text, "") for text in texts])


def score(postings: Postings, words: str) -> Scores:
    numbers = np.unique(number_tokens(words))
    spans = postings.find(numbers)
    found = np.array([span.stop - span.start for span in spans], dtype=np.int64)
    bounds = bound_lengths(postings.lengths, float(postings.lengths.mean()))
    return postings.score(spans, rate_rarity(found, postings.total), bounds)


@pytest.mark.parametrize(
    "text", ["能砍树吗 LED96310", "电瓶车进楼，打12345", "", "😀狗屎a犬", "\ud800狗"]
)
def test_numbers_are_the_tokens(text: str) -> None:
    assert sorted(number_tokens(text).tolist()) == sorted(map(number_token, tokenize(text)))


def test_numbers_are_the_tokens_of_every_shipped_text() -> None:
    for each, _ in read_articles().values():
        for text in (each.answer, each.body, *each.questions):
            assert sorted(number_tokens(text).tolist()) == sorted(
                map(number_token, tokenize(text))
            ), text


def test_tokens_have_numbers_of_their_own() -> None:
    texts = [q for each, _ in read_articles().values() for q in each.questions]
    tokens = {token for text in texts for token in tokenize(text)}
    assert len({number_token(token) for token in tokens}) == len(tokens) > 5_000


def test_rare_words_outweigh_common_ones() -> None:
    scores = score(post("a b", "a c", "a d"), "a c")
    assert scores.argmax() == 1
    assert scores[0] == pytest.approx(scores[2])


def test_a_word_counts_less_in_a_longer_document() -> None:
    short, long = score(post("x y", "x a b c d e f g h"), "x")
    assert short > long > 0


def test_repeating_a_word_saturates() -> None:
    once, often = score(post("x a b c", "x x x x"), "x")
    assert once < often < 3 * once


def test_what_is_told_is_scored_for_those_asked_about() -> None:
    postings = Postings(
        [read_document("狗", "猫"), read_document("猫", "狗"), read_document("", "")]
    )
    spans = postings.find(np.array([ord("猫")], dtype=np.uint64))
    assert postings.count_told(spans) == [1]
    one, bounds = np.ones(1), np.ones(3)
    first, second = postings.score_told(spans, one, bounds, np.array([0, 2]))
    assert first > second == 0


def test_unknown_words_lower_what_is_covered() -> None:
    found = np.array([1, 0])
    attainable, unknown = attain(rate_rarity(found, 2), found, 2)
    assert score(post("a", "b"), "a zebra").max() < attainable / 2
    assert 0.5 < unknown < 1
    found = np.array([1])
    assert attain(rate_rarity(found, 2), found, 2)[1] == 0
    assert attain(np.zeros(0), np.zeros(0, np.int64), 2) == (0.0, 1.0)


def test_postings_of_nothing() -> None:
    spans = Postings([]).find(np.array([1], dtype=np.uint64))
    assert Postings([]).score(spans, np.ones(1), np.zeros(0)).shape == (0,)
