"""Written sentences as speech: repeatable, sounding alike, nothing kept of the writing."""

import re

from pypinyin import lazy_pinyin

from bot.language.augmentation import add_speech, is_picked

_PAIRS = [
    ("我要投诉，楼下3号院的烧烤太呛了！", "report_case"),
    ("好", "affirm"),
    ("请问路边能不能摆摊？我在朝阳", "ask_policy"),
]


def test_the_same_sentence_always_gives_the_same_noise() -> None:
    assert add_speech(_PAIRS, 1) == add_speech(_PAIRS, 1)


def test_short_answers_are_left_out_and_labels_stay() -> None:
    assert [label for _, label in add_speech(_PAIRS, 1)] == ["report_case", "ask_policy"]


def test_only_one_in_so_many_is_spoken() -> None:
    pairs = [(f"{number}号楼门口的路灯不亮了", "report_case") for number in range(1000)]
    assert 70 <= len(add_speech(pairs, 10)) <= 130


def test_a_new_sentence_changes_nothing_for_the_others() -> None:
    texts = [f"{number}号楼门口的路灯不亮了" for number in range(200)]
    picked = [text for text in texts if is_picked(text, 8)]
    assert [text for text in ["新的一句", *texts] if is_picked(text, 8)][-len(picked) :] == picked


def test_speech_has_no_punctuation_and_no_written_digits() -> None:
    for text, _ in add_speech(_PAIRS, 1):
        assert not re.search(r"[，。！？0-9 ]", text)


def test_words_heard_wrong_sound_like_the_right_ones() -> None:
    (spoken, _), *_ = add_speech(_PAIRS, 1)
    sound = "".join(lazy_pinyin(spoken))
    for word in ("tousu", "shaokao", "sanhao"):
        assert word in sound
