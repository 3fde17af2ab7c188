"""The sentence of an article that a further question asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.excerpts import find_excerpt
from kb.service import read_articles

ARTICLE = replace(
    next(iter(read_articles().values()))[0],
    answer="装修只能在工作日八点到十二点、十四点到十八点。周末和法定节假日全天都不行。违反的罚500元到5000元。",
    authority="属地街道（乡镇）综合执法队查处。",
)


@pytest.mark.parametrize(
    ("question", "excerpt"),
    [
        ("那周末呢", "周末和法定节假日全天都不行。"),
        ("罚多少钱", "违反的罚500元到5000元。"),
        ("那谁来管", ARTICLE.authority),
        ("要是他偏偏周日干谁管", ARTICLE.authority),
        ("那小狗呢", None),
        ("养鸡罚多少", None),
    ],
)
def test_the_sentence_that_answers_is_found(question: str, excerpt: str | None) -> None:
    assert find_excerpt(ARTICLE, question) == excerpt
