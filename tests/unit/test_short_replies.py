"""Small readings inside actions: the last four digits, noise, what small talk deserves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actions.chitchat import choose_reply
from actions.fallback import is_noise
from actions.progress import read_key
from actions.wording import describe_draft
from bot.language import answers
from cases.draft import Draft


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


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("Yes, please!", answers.is_affirm),
        ("Submit", answers.is_affirm),
        ("That’s right.", answers.is_affirm),
        ("not yet", answers.is_deny),
        ("no phone", answers.is_anonymous),
        ("I’d rather not say", answers.is_anonymous),
        ("I don't know", answers.is_unknown),
        ("never mind", answers.is_cancel),
        ("Go back", answers.is_back),
    ],
)
def test_who_writes_english_may_answer_in_it(said: str, reading: Callable[[str], bool]) -> None:
    readings = {answers.is_affirm, answers.is_deny, answers.is_cancel, answers.is_back}
    assert reading(said)
    assert not any(other(said) for other in readings - {reading})


@pytest.mark.parametrize(
    ("said", "known", "shown"),
    [
        (
            "昌平回龙观龙泽苑",
            {"district": "昌平区", "subdistrict": "回龙观街道", "landmark": "龙泽苑"},
            "昌平区回龙观龙泽苑",
        ),
        ("朝阳公园南门", {"district": "朝阳区"}, "朝阳区朝阳公园南门"),
        ("大兴区黄村站", {"district": "大兴区", "subdistrict": "兴丰街道"}, "大兴区兴丰街道黄村站"),
        ("朝阳", {"district": "朝阳区"}, "朝阳区"),
    ],
)
def test_a_place_is_read_back_with_its_district_once(
    said: str, known: dict[str, str], shown: str
) -> None:
    place = {"raw_text": said, "subdistrict": None, **known}
    fields = dict(describe_draft(Draft(location=place))["fields"])
    assert fields["地点"] == shown
