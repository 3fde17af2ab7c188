"""A category called by its name is likelier than one the message is only like."""

from __future__ import annotations

import numpy as np
import pytest

from bot.language.category_words import CategoryWords

LABELS = ("09006", "05003", "06029", "09005")
WORDS = CategoryWords(
    LABELS,
    [
        ("09006", "占道经营", ("摆摊", "占路")),
        ("05003", "门牌", ("门牌号",)),
        ("06029", "露天烧烤", ("烧烤", "油烟")),
        ("09005", "店外经营", ("店外", "占路")),
        ("88888", "不在模型里的", ("无关",)),
    ],
)
EVEN = np.full((1, 4), 0.25, np.float32)


def likeliest(text: str) -> str:
    return LABELS[int(np.argmax(WORDS.weigh(EVEN, [text])[0]))]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("我要投诉方庄路三号有商户占道经营", "09006"),
        ("门口有人烧烤", "06029"),
        ("门口的露天烧烤摆摊", "06029"),
        ("门牌号掉了", "05003"),
    ],
)
def test_the_name_counts_most_and_the_longest_word_is_meant(text: str, code: str) -> None:
    assert likeliest(text) == code


def test_a_name_outweighs_likeness_but_not_certainty() -> None:
    def odds(first: float) -> np.ndarray:
        return np.array([[0.1, first, 0.9 - first, 0.0]], np.float32)

    named = ["商户占道经营"]
    assert np.argmax(WORDS.weigh(odds(0.8), named)[0]) == LABELS.index("09006")
    sure = np.array([[0.001, 0.999, 0, 0]], np.float32)
    assert np.argmax(WORDS.weigh(sure, named)[0]) == LABELS.index("05003")


def test_a_word_of_many_categories_says_less_than_one_of_its_own() -> None:
    shared = WORDS.weigh(EVEN, ["占路"])[0]
    own = WORDS.weigh(EVEN, ["摆摊"])[0]
    assert shared[0] == shared[3] < own[0]


def test_without_words_the_odds_stay_and_always_add_up() -> None:
    odds = np.array([[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]], np.float32)
    weighed = WORDS.weigh(odds, ["这里没有什么", "露天烧烤的油烟"])
    assert weighed[0] == pytest.approx(odds[0])
    assert weighed.sum(axis=1) == pytest.approx([1, 1])
    assert WORDS.weigh(EVEN, [""])[0] == pytest.approx(EVEN[0])
