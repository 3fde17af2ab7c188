"""The question asked just before: what a short one after it leaves out, and what is filed of it.

那罚多少, after whether grilling in the street is allowed, asks what grilling in the street costs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet

from actions.turn import count_turns
from bot.language.scope import tells_of_trouble
from cases.categories import UNSORTED
from cases.draft import Reading
from cases.story import is_bare_wish

_SLOT = "asked"
_FRESH_TURNS = 2
"""Asked longer ago, it is another matter."""
_LEANS_BACK = re.compile(
    r"^(?:[哦噢嗯啊]+|好的?|行|谢谢您?|知道了|明白了?|这样啊?|对了)*[，,。、\s]*"
    r"(?:那(?!边|里|儿|个(?!呢))|要是|如果|换成|这(?:个|种|样)?(?:归|要|得|能|可|算|罚|是|有)|还有呢|具体)"
)
_ASKS = re.compile(
    r"[？?]|呢[。]?$|吗|多少|几(?:点|天|号|次|年|块|个)|多久|谁|哪|啥|什么|怎么|咋|能不能|可不可以|用不用|要不要|罚|算不算"
)
_SHORT, _LONGEST = 7, 24
_LIKELY = 0.6
_TAKES_UP = re.compile(
    r"^(?:那|那么|那就|就|能|可以|既然|顺便|顺带|这[个件]?事?儿?|行|好的?|嗯|吧)+[，,\s]*(?=我|你|给|帮|投诉|举报|反映|报|登记|要)"
)
_WISH = re.compile(
    r"^(?:我|你|您|们|给|帮|就|要|想|请|来|替)*(?:投诉|举报|反映|上报|登记|报)(?:一下|他们?|它|这个|个|了|吧|上)*"
)
_OF_THOSE = re.compile(
    r"(?:我)?(?:就)?(?:要|想)?(?:投诉|举报)(?:一下)?(?:这个|那个|这家|那家)?(?:物业|他们|店家?|老板|工地|施工方|公司|邻居|饭店)[吧了。！!]*"
)
"""那我要投诉物业, who were asked about before."""


def keep_question(tracker: Tracker, reading: Reading, whole: str, slug: str | None) -> EventType:
    """Remember the turn's question and the article that answered it.

    `whole` is the question with what it left out; what it leaned on stays the root of both.
    """
    before = _read(tracker)
    leans = before is not None and whole != reading.text
    kept: dict[str, Any] = {
        "turn": count_turns(tracker),
        "slug": slug,
        "whole": whole,
        "root": before["root"] if before is not None and leans else asdict(reading),
    }
    return SlotSet(_SLOT, kept)


def _read(tracker: Tracker) -> Mapping[str, Any] | None:
    kept = tracker.get_slot(_SLOT)
    fresh = kept and 0 < count_turns(tracker) - kept["turn"] <= _FRESH_TURNS
    return kept if fresh else None


def _tells_its_own(wish: str) -> bool:
    """那我要举报，医院东门好几辆黑车趴活: what it is about is said."""
    return tells_of_trouble(wish) or re.search("有人|好几|有个|一直|天天", wish) is not None


def last_answer(tracker: Tracker) -> str | None:
    """The slug of the article that answered it."""
    return (tracker.get_slot(_SLOT) or {}).get("slug")


def complete(tracker: Tracker, question: str) -> str | None:
    """The question with what was asked before it, where it leaves that out; else None."""
    before = _read(tracker)
    if before is None or len(question) > _LONGEST or not _ASKS.search(question):
        return None
    if len(question) > _SHORT and not (_LEANS_BACK.search(question) or question.endswith("呢")):
        return None
    return f"{before['whole']}，{question}"


def _is_of_matter(asked: Reading) -> bool:
    """Whether the question was about a problem that can be filed: 半夜施工可以投诉吗."""
    code, _, likely = next(iter(asked.categories), (UNSORTED, "", 0.0))
    return code != UNSORTED and likely >= _LIKELY


def is_half_a_question(text: str) -> bool:
    """大型犬呢: it asks the same of something else."""
    return len(text) <= _SHORT and re.search("呢[？?。]?$", text) is not None


def take_up(tracker: Tracker, reading: Reading) -> Reading | None:
    """What was asked before, to be filed: 那我要投诉, with the place told beside it; None where the
    turn tells its own matter.
    """
    kept, lead = _read(tracker), _TAKES_UP.match(reading.text)
    if kept is None or lead is None:
        return None
    before = Reading(**kept["root"])
    wish = reading.text[lead.end() :]
    place = reading.first("location")
    if _OF_THOSE.fullmatch(wish) and tells_of_trouble(before.text):
        told = f"{before.text}\n{reading.text}"
        return replace(before, text=told, intent="report_case", emergency=reading.emergency)
    if is_bare_wish(wish) and (tells_of_trouble(before.text) or _is_of_matter(before)):
        return replace(before, intent="report_case", emergency=reading.emergency)
    if place is None or not _WISH.match(wish) or _tells_its_own(wish):
        return None
    return replace(
        before,
        text=f"{before.text}\n{reading.text}",
        intent="report_case",
        entities=reading.entities,
        emergency=reading.emergency,
    )
