"""What rules settle before the classifier is heard."""

from __future__ import annotations

import pytest

from bot.language.models import Intent
from bot.language.settle import settle_intents

_UNSURE = [Intent("ask_policy", 0.6), Intent("chitchat", 0.2)]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("你们是干什么的", "chitchat"),
        ("请问这是什么热线", "chitchat"),
        ("96310是干嘛的", "chitchat"),
        ("这个公众号有什么用", "chitchat"),
        ("王八蛋", "out_of_scope"),
        ("转人工", "request_human"),
        ("对对对", "affirm"),
        ("先不报了", "deny"),
        ("你们管什么时候收垃圾", "ask_policy"),
        ("这是什么规定", "ask_policy"),
    ],
)
def test_short_messages_are_settled_by_what_they_are(text: str, intent: str) -> None:
    assert settle_intents(text, _UNSURE, (), None)[0].name == intent


def test_danger_is_filed_whatever_the_words_sound_like() -> None:
    assert settle_intents("你们是干什么的，着火了", _UNSURE, (), "fire")[0].name == "report_case"
