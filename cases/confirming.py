"""The end of a report: what is said to its summary, and which item is to be changed."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import compress
from operator import not_

from bot.language import answers
from cases.absorbing import absorb
from cases.categories import UNSORTED
from cases.choosing import find_meant, infer_category
from cases.draft import Draft, Outcome, Reading, Slot
from cases.filling import SHORTEST_STORY, is_bare_fact, miss
from cases.mending import replace_named, words_taken_back
from cases.story import tell_story, tells_something

KEEP_WORDS = frozenset("不改 不用改 不需要改 不变 不用变 不换 不用换 没有要改 保持不变".split())
CHANGE_WORDS = frozenset("修改 改 要改 改一下 有问题 有错 有误 有改动".split())
SPEAKS_OF_DRAFT = re.compile(
    r"内容|(?:地点|地址|时间|类别|类型|电话)(?:没|不|写|错|也|还是|是|里|应该|丢|少)|工单|单子|[写记说填]错"
    r"|没[写记填]|[写记]成|写漏|漏[写记]|少[写记]|删|去掉|字去了|个字|改(?:一下|成|为|掉|[地时类内电])|要改"
)
"""What only the summary can be meant by."""
_SURE, _LIKELY = 0.5, 0.2

_HANDS_IN = re.compile(
    r"(?:现在|直接|帮我|给我)?(?:可以|就)?(?:提交|上报|报上去|报)[了吧啦]*[。！!]*"
)
_PLAINLY_IN = re.compile(
    r"(?:那|行|好|就|算|了|您|你|给我|帮我|直接|现在|赶[快紧]|快|可以|麻烦)*提交(?:上去)?[了吧啦呗嘛呀哈]*|交[吧呗嘛啦]"
)
_WAITS = re.compile("先|等|别")
_DOUBTS = re.compile("不|没|别|错|改|问题|等|先|取消")


def says_hand_in(reading: Reading) -> bool:
    """Hand it in, in that word: 提交吧，辛苦了; 就这样，提交。要是还没人来我找谁."""
    parts = _split(reading.text)
    plain = [_HANDS_IN.fullmatch(part) is not None for part in parts]
    if any(plain) and all(map(answers.is_affirm, compress(parts, map(not_, plain)))):
        return True
    at = next((i for i, part in enumerate(parts) if _PLAINLY_IN.fullmatch(part)), None)
    if at is None:
        return False
    before, after = "".join(parts[:at]), "".join(parts[at + 1 :])
    doubts = _DOUBTS.search(before) or _WAITS.search(after)
    return not (doubts or SPEAKS_OF_DRAFT.search(before + after) or _has_facts(reading))


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[，,。！!、\s]+", text.strip()) if part]


def hands_in(reading: Reading) -> bool:
    """A yes to the summary; what is filed by mistake is hard to take back, so no doubt in it."""
    text = reading.text.strip()
    parts = _split(text)
    if answers.is_affirm(text) or (parts and all(map(answers.is_affirm, parts))):
        return True
    if says_hand_in(reading):
        return True
    sure = reading.intent == "affirm" and reading.confidence >= _SURE
    return sure and len(text) <= 12 and not _DOUBTS.search(text)


def _has_facts(reading: Reading) -> bool:
    return any(item["entity"] in ("location", "time", "phone") for item in reading.entities)


def fill_confirmed(draft: Draft, reading: Reading) -> Outcome:
    """What is said to the summary: hand it in, change something, add something."""
    if hands_in(reading):
        return Outcome(replace(draft, confirmed=True, misses=0))
    if answers.trim(reading.text) in KEEP_WORDS:
        return Outcome(replace(draft, misses=0))
    text = reading.text
    if draft.anonymous and answers.refuses_contact(text):
        return Outcome(replace(draft, misses=0))
    if answers.refuses_contact(text) and _OF_NUMBER.search(text) and len(text) <= _BRIEFLY:
        unnamed = replace(draft, phone=None, anonymous=True, misses=0)
        return Outcome(unnamed, changed=(Slot.CONTACT,))
    if (meant := _I_MEANT.match(text)) and len(text) - meant.end() >= _LEAST_MEANT:
        return _retell(draft, reading, text[meant.end() :])
    if (right := _RATHER.match(text)) and not _has_facts(reading):
        return add_words(draft, reading, f"（更正：{right[1]}）")
    plain = answers.is_back(text) or answers.is_deny(text)
    if not plain and _objects(reading):
        return _retell(draft, reading, tell_story(reading))
    if plain or reading.intent == "deny":
        return Outcome(replace(draft, changing=True, misses=0))
    if is_bare_fact(reading):
        return miss(draft, reading)
    if reading.intent == "correct_slot" or SPEAKS_OF_DRAFT.search(text):
        return Outcome(replace(draft, changing=True, misses=0))
    if _adds(reading):
        return add_words(draft, reading, tell_story(reading))
    return miss(draft, reading)


def _objects(reading: Reading) -> bool:
    """电梯坏了，不是别的: it says what is wrong, so it is not asked which item to change."""
    words = _NO.sub("", reading.text.strip())
    if words == reading.text.strip() and reading.intent not in ("deny", "correct_slot"):
        return False
    told = len(words) >= SHORTEST_STORY and tells_something(words) and not _IS_WRONG.search(words)
    return told and not SPEAKS_OF_DRAFT.search(words) and not _has_facts(reading)


_IS_WRONG = re.compile(r"(?:不对|错了?|有误|不准)[。！!]*$")
_BRIEFLY = 20
_OF_NUMBER = re.compile("电话|号码|手机|联系|匿名|不(?:想)?留")
"""没有, said to the summary, is no wish to take the number back."""
_NO = re.compile(r"^(?:不对?|不是|错了?)[，,\s]*|[，,]?不是(?:别的|其他)(?:的?事?)?[。！!]*$")
_I_MEANT = re.compile(r"(?:不对?[，,\s]*)?我(?:要)?(?:说|反映|投诉|报|讲)的?就?是[，,：:\s]*")
_RATHER = re.compile(r"(?:不对|错了|不是|说错了)[，,\s]+(?:应该)?是?([^，,。]{2,20})[。！!]*$")
_LEAST_MEANT = 3


def _retell(draft: Draft, reading: Reading, words: str) -> Outcome:
    """我说的是路灯不亮: both stand, the category follows what he meant."""
    outcome = add_words(draft, reading, words)
    denied = find_meant(words_taken_back(reading.text))
    likely = [each for each in reading.categories if each[0] != denied]
    sorted_anew = infer_category(replace(outcome.draft, category=None), likely)
    if sorted_anew.category in (None, UNSORTED, draft.category):
        return outcome
    return replace(outcome, draft=sorted_anew, changed=(*outcome.changed, Slot.CATEGORY))


def add_words(draft: Draft, reading: Reading, words: str) -> Outcome:
    """More of the story, with the facts in it."""
    added = replace(draft, description=f"{draft.description}\n{words}", misses=0)
    outcome = absorb(added, reading, Slot.CONFIRMED)
    return replace(outcome, changed=(Slot.DESCRIPTION, *outcome.changed))


_MORE = re.compile("对了|还有|另外|补充|再加|加上|忘了说|刚想起")
_ADDED = frozenset({"report_case", "inform", "make_suggestion", "give_praise", "report_error"})


def _adds(reading: Reading) -> bool:
    """Whether it tells more of the matter: scolding and talk are no part of a case."""
    told = len(reading.text) >= SHORTEST_STORY and tells_something(reading.text)
    code, _, likely = next(iter(reading.categories), (UNSORTED, "", 0.0))
    about = (code != UNSORTED and likely >= _LIKELY) or _has_facts(reading)
    to_us = reading.text.strip().startswith(("你", "您")) and not about
    meant = reading.intent in _ADDED and reading.confidence >= _SURE
    return told and not to_us and (meant or _MORE.match(reading.text) is not None)


def fill_change(draft: Draft, reading: Reading) -> Outcome:
    """Which item is to be changed, or that none is."""
    if _HANDS_IN.fullmatch(reading.text.strip()):
        return Outcome(replace(draft, changing=False, confirmed=True, misses=0))
    if (
        answers.is_affirm(reading.text)
        or answers.is_back(reading.text)
        or answers.is_deny(reading.text)
    ):
        return Outcome(replace(draft, changing=False, misses=0))
    words = {
        "地点": Slot.LOCATION,
        "时间": Slot.OCCURRED,
        "类别": Slot.CATEGORY,
        "内容": Slot.DESCRIPTION,
        "电话": Slot.CONTACT,
    }
    for word, slot in words.items():
        if word in reading.text:
            return Outcome(replace(draft.without(slot), changing=False, misses=0))
    outcome = replace_named(draft, (), reading)
    return outcome or miss(draft, reading)
