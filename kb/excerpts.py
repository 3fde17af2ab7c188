"""The sentence of an article that a short further question asks for: 那周末呢, 谁管, 罚多少."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kb.models import Article

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_FACETS = (
    (re.compile("罚|多少钱|几块|价|费|收钱"), re.compile(r"罚|\d\s*元|万元|免费|不收")),
    (
        re.compile("几点|什么时候|啥时候|时间|多晚|多早"),
        re.compile(r"[\d一二三四五六七八九十两]+\s*[点时]|小时|全天|上午|下午|晚上"),
    ),
    (re.compile("几天|多久|多长"), re.compile(r"[天日月年]内?|小时|工作日")),
    (re.compile("带什么|带啥|材料|手续"), re.compile("带|身份证|材料|证明|照片")),
)
_ASKS_WHO = re.compile("谁|归哪|哪[个儿里]?(?:管|部门|单位|家)|找哪|去哪")
_LEANS_BACK = re.compile("那|这|要是|如果|他|它")
_FACET_WORDS = re.compile(
    "罚款?|多少钱?|几块|价格?|费用?|收钱|几点|时候|时间|多久|几天|材料|手续|部门|单位|负责"
    "|大概|具体|最高|最低|首次|第一次|违反|违规|周末|早上|晚上|上午|下午|夜里|开门|关门|开始|以后|以前|地址|电话"
    "|投诉|举报|咋样|后果|到底|一般|现在"
)
_EMPTY = frozenset(
    "那呢吗啊呀么要是如果的了我你您他它们这有没是在能不会可以什么谁怎哪多少几就还也都给和去办行吧一个"
)


def find_excerpt(article: Article, question: str) -> str | None:
    """The words of the article that answer the question; None where none plainly do."""
    if names_other(article, question):
        return None
    if _ASKS_WHO.search(question):
        return article.authority or None
    sentences = [each[0].strip() for each in _SENTENCE.finditer(article.answer)]
    for asked, told in _FACETS:
        if asked.search(question):
            return _join([each for each in sentences if told.search(each)])
    named = set(_pairs(question))
    held = [each for each in sentences if named & set(_pairs(each))]
    return _join(held)


def names_other(article: Article, question: str) -> bool:
    """Whether the question names something of which the article says nothing: 养鸡罚多少."""
    if _LEANS_BACK.match(question):
        return False
    told = " ".join((article.title, article.answer, article.authority, *article.questions))
    named = list(_pairs(_FACET_WORDS.sub("，", question)))
    return bool(named) and not any(pair in told for pair in named)


def _join(sentences: Sequence[str]) -> str | None:
    return re.sub(r"[；;]$", "。", "".join(sentences)) or None


def _pairs(text: str) -> Iterator[str]:
    """Neighbouring characters that say something: 周末, not 那周."""
    for one, other in pairwise(text):
        if "一" <= one <= "龥" and "一" <= other <= "龥" and not {one, other} & _EMPTY:
            yield one + other
