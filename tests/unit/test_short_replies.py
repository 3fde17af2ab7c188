"""Small readings inside actions: the last four digits, noise, what small talk deserves."""

from __future__ import annotations

import pytest

from actions.chitchat import choose_reply
from actions.fallback import is_noise
from actions.progress import read_key


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("8000", "8000"),
        ("后四位是八零零零", "8000"),
        ("尾号8000", "8000"),
        ("13800138000", "8000"),
        ("不用", None),
        ("80001", None),
        ("800", None),
    ],
)
def test_the_key_is_four_digits_alone_or_the_end_of_a_number(said: str, key: str | None) -> None:
    assert read_key(said) == key


@pytest.mark.parametrize("text", ["？？？", "。", "asdfghjkl", "12345", "／restart"])
def test_noise_has_nothing_to_understand(text: str) -> None:
    assert is_noise(text)


@pytest.mark.parametrize("text", ["吵", "where is it", "👍", "OK的"])
def test_words_and_pictures_are_no_noise(text: str) -> None:
    assert not is_noise(text)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("你好", "utter_greet"),
        ("帮助", "utter_menu"),
        ("你都能干什么", "utter_menu"),
        ("你们什么都干不了", "utter_insult"),
        ("你是机器人吗", "utter_identity"),
        ("谢谢啊", "utter_thanks"),
        ("今儿天不错", "utter_smalltalk"),
    ],
)
def test_small_talk_gets_its_own_reply(text: str, reply: str) -> None:
    assert choose_reply(text) == reply
