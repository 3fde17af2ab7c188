"""Corrections of a report at any time: 不是三号是四号, 地点说错了, 类别应该是油烟."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.language.numbers import NUMBER, view_digits
from cases.categories import find_by_name, get_category
from cases.choosing import find_called, find_meant, infer_category
from cases.draft import Draft, Outcome, Reading, Slot
from cases.models import CaseKind
from cases.placing import (
    find_words,
    move_place,
    place_clauses,
    place_of,
    swap_in_place,
    swap_words,
    units_like,
)
from cases.story import own_phone, tell_story, time_of, wishes_anonymity

_WORD = r"[^，,。；;！!？?\s]"
_PAIRS = (
    # 不是三号，是四号
    re.compile(
        rf"不(?:是|叫|在)(?P<old>{_WORD}{{1,25}}?)[，,。；;\s]*(?:而?是|应该是|应是|在|叫)(?P<new>{_WORD}{{1,30}})"
    ),
    # 不是E2，E1口
    re.compile(rf"不是(?P<old>{_WORD}{{1,12}})[，,]\s*(?P<new>{_WORD}{{1,12}})$"),
    # 是四号，不是三号
    re.compile(
        rf"(?:应该是|应是|其实是|说的是|是|在|叫)(?P<new>{_WORD}{{1,30}}?)[，,。；;\s]*(?:而)?不(?:是|叫|在)(?P<old>{_WORD}{{1,25}})"
    ),
    # 三号改成四号
    re.compile(
        rf"(?:把|将)?(?P<old>{_WORD}{{1,20}}?)(?:改成|改为|换成|改)(?P<new>{_WORD}{{1,30}})"
    ),
)
_SOFT_TAIL = "的了啊吧呀哈呢"
_NO_BUT = re.compile(
    rf"^[哎唉噢哦呀嗯，,\s]*(?:(?:不对|不是|(?:说|写|记|听|弄|打)?错了?|更正(?:一下)?)[，,。；;\s]*)+"
    rf"(?:应该是|应是|应为|是|改成)?(?P<new>[甲乙丙丁]?{NUMBER}[\u4e00-\u9fff]{{1,2}}?)[{_SOFT_TAIL}]*[。！!\s]*$"
)
_CHANGED = r"(?:改|换|错|不对|有误|应该|应是|应为)"


def _about(nouns: str, english: str = "(?!)") -> re.Pattern[str]:
    return re.compile(
        rf"(?i:\b(?:{english})\s(?:is|was|should)\b)|"
        rf"(?:改|换|修改|更正|错).{{0,4}}(?:{nouns})|(?:{nouns}).{{0,6}}{_CHANGED}|(?:{nouns})(?:少|漏|不全|没写全)"
    )


_CHANGE_WORDS = {
    Slot.LOCATION: _about("地点|地址|位置|地方", "place|address|location"),
    Slot.OCCURRED: _about("时间", "time"),
    Slot.CATEGORY: _about("类别|类型|分类"),
    Slot.DESCRIPTION: _about("描述|内容|说法"),
    Slot.CONTACT: _about("电话|号码|手机|联系方式|尾号", "phone|number"),
}
_TOLD_WORDS = {
    Slot.LOCATION: re.compile("(?:地点|地址|位置|地方)(?:是|在|为|：)"),
    Slot.OCCURRED: re.compile("时间(?:是|为|：)"),
    Slot.CONTACT: re.compile("(?:电话|号码|手机号?)(?:是|为|：)"),
}
"""How another item is told beside the one that is named as wrong."""
_CATEGORY_IS = re.compile(
    rf"(?:应该是|应该归到?|应该算|应是|应为|归到|改成|改为|换成|是)(?P<name>{_WORD}{{2,14}})$"
)
_COMPLAINS_AFTER_ALL = re.compile(
    "不是(?:建议|表扬|夸|提建议)|(?:我|这)(?:这)?(?:是|要)(?:投诉|举报|反映问题)|是投诉|反话"
)
_LONGEST_REQUEST = 15
"""A longer message that only happens to hold 位置 and 改 tells a story."""


def mend(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome | None:
    """Apply a correction of something said before; None when the message is none."""
    corrects = reading.intent == "correct_slot"
    if asked is Slot.DESCRIPTION and not corrects:
        return None
    if not draft.is_problem and _COMPLAINS_AFTER_ALL.search(reading.text):
        # 不是建议，是投诉: the words stay, what they are changes
        turned = replace(draft, kind=CaseKind.COMPLAINT.value, changing=False, misses=0)
        sorted_anew = infer_category(turned, reading.categories)
        return Outcome(sorted_anew, changed=(Slot.CATEGORY,))
    patched = _patch(draft, reading)
    if patched is not None:
        return patched
    named = [slot for slot, words in _CHANGE_WORDS.items() if words.search(reading.text)]
    if named:
        # 地点不对，是松榆东里，时间是上周六
        named += [slot for slot, words in _TOLD_WORDS.items() if words.search(reading.text)]
    if not named and not (corrects and asked is not Slot.DESCRIPTION):
        return None
    outcome = replace_named(draft, named, reading)
    if outcome is None or outcome.changed or corrects or len(reading.text) <= _LONGEST_REQUEST:
        return outcome
    return None


_SWITCHES = re.compile(
    r"(?:不|先不|别|先别|不想)(?:报|投诉|举报|反映|说)[^，,。]{1,12}?了?[，,。\s]*(?:改成?|先|还是|我要|就|我)?(?:报|投诉|举报|反映|说)(?P<one>.+)"
    r"|^(?:算了|不对|那)?[，,\s]*(?:改成|改为|换成|还是|改)(?:(?:投诉|举报|反映|报)(?P<other>.+)|按(?P<third>.+?)(?:报|来|算|登记)吧?$)"
)


def switch_matter(draft: Draft, reading: Reading) -> Outcome | None:
    """算了不报油烟了，报他家噪音: what it is about changes, and all that was told stays."""
    match = _SWITCHES.search(reading.text.rstrip("。！! "))
    if match is None or not draft.is_problem or not draft.description:
        return None
    story = f"{draft.description}\n{tell_story(reading)}"
    told = replace(draft, description=story, category=None, offered=(), similar=None, misses=0)
    meant = find_meant((match["one"] or match["other"] or match["third"]).rstrip(_SOFT_TAIL))
    if meant is not None and meant != draft.category:
        told = replace(told, category=meant)
    else:
        told = infer_category(
            told, [each for each in reading.categories if each[0] != draft.category]
        )
    changed = (Slot.DESCRIPTION, Slot.CATEGORY) if told.category else (Slot.DESCRIPTION,)
    return Outcome(told, changed=changed)


def replace_named(draft: Draft, named: Sequence[Slot], reading: Reading) -> Outcome | None:
    """Take new values from the message; what is named without a value is asked again."""
    changed: list[Slot] = []
    taken_back = words_taken_back(reading.text)
    place, time = place_of(reading, taken_back), time_of(reading, taken_back)
    phone = own_phone(reading)
    if place is not None and _concerns(Slot.LOCATION, named, draft.location is not None):
        if Slot.LOCATION in named:
            place["raw_text"] = place_clauses(reading, str(place["raw_text"]))
        draft, changed = move_place(draft, place, replaces=bool(named)), [Slot.LOCATION]
    if time is not None and _concerns(Slot.OCCURRED, named, draft.occurred is not None):
        draft = replace(draft.retold(Slot.OCCURRED, time, draft.occurred), occurred=time)
        changed.append(Slot.OCCURRED)
    if phone is not None and _concerns(Slot.CONTACT, named, True):
        draft = replace(draft, phone=phone, anonymous=False)
        changed.append(Slot.CONTACT)
    elif (tail := _new_tail(draft, named, reading.text)) is not None:
        draft, changed = replace(draft, phone=tail), [*changed, Slot.CONTACT]
    elif wishes_anonymity(reading.text) and (draft.phone or not named):
        draft, changed = replace(draft, phone=None, anonymous=True), [*changed, Slot.CONTACT]
    resorted = _sort_again(draft, named, reading)
    if resorted is not None:
        draft = resorted
        changed += [Slot.CATEGORY] if draft.category else []
    elif not changed:
        if not named:
            return None
        if named == [Slot.DESCRIPTION] and len(reading.text) > _LONGEST_REQUEST:
            # he tells himself what is wrong with it
            return _retell(replace(draft, changing=False), reading, but_not=None)
        for slot in named:
            draft = draft.without(slot)
    return Outcome(replace(draft, changing=False), changed=tuple(changed))


_TAIL = re.compile(
    r"(?:最后|后|末|尾号?)(?:[一两二三四1-4]个?[位码数])?(?:数|号)?(?:应该)?是?\s*([0-9]{1,6})(?![0-9])"
)


def _new_tail(draft: Draft, named: Sequence[Slot], text: str) -> str | None:
    """The number with other last digits: 电话写错了，最后是0001."""
    match = _TAIL.search(view_digits(text).text)
    about = Slot.CONTACT in named or "号码" in text or "电话" in text
    if draft.phone is None or match is None or not about or len(match[1]) >= len(draft.phone):
        return None
    return draft.phone[: -len(match[1])] + match[1]


def _concerns(slot: Slot, named: Sequence[Slot], known: bool) -> bool:
    return slot in named if named else known


def _sort_again(draft: Draft, named: Sequence[Slot], reading: Reading) -> Draft | None:
    """类别应该是…: by name, else by what the words mean, else as choices."""
    match = _CATEGORY_IS.search(reading.text.rstrip("。！! "))
    if match is None or not draft.is_problem:
        return None
    name = match["name"].rstrip(_SOFT_TAIL)
    category = find_called(name) if Slot.CATEGORY in named else find_by_name(name)
    if category is not None:
        return replace(draft, category=category.code)
    if Slot.CATEGORY not in named:
        return None
    return infer_category(replace(draft, category=None, offered=()), reading.categories)


# --- 不是这个，是那个 -----------------------------------------------------------------------------


def _patch(draft: Draft, reading: Reading) -> Outcome | None:
    """Put the new words where the old ones stand."""
    for old, new in _read_pairs(draft, reading.text):
        outcome = _swap(draft, reading, old, new)
        if outcome is not None:
            return outcome
    return None


def _read_pairs(draft: Draft, text: str) -> Iterator[tuple[str, str]]:
    for pattern in _PAIRS:
        if match := pattern.search(text):
            yield match["old"], match["new"].rstrip(_SOFT_TAIL)
    if match := _NO_BUT.search(text):
        # 不对，是29号: it takes the place of the one number with the same unit
        for told in ((draft.location or {}).get("raw_text"), draft.occurred):
            standing = units_like(match["new"], str(told or ""))
            if len(standing) == 1:
                yield standing[0], match["new"]


def _lengthen_place(draft: Draft, old: str) -> Draft:
    """The place up to where the story tells it, when it was read short of `old`: 三号 of 三号楼, or
    the road alone.
    """
    place, story = draft.location or {}, draft.description or ""
    told = str(place.get("raw_text") or "")
    begins, words = story.find(told), find_words(old, story)
    ends = begins + len(told)
    if told and begins >= 0 and words is not None and words[0] <= ends < words[1]:
        return replace(draft, location={**place, "raw_text": story[begins : words[1]]})
    return draft


def _swap(draft: Draft, reading: Reading, old: str, new: str) -> Outcome | None:
    draft = _lengthen_place(draft, old)
    if draft.location and find_words(old, draft.location["raw_text"]):
        moved = swap_in_place(draft, reading, old, new)
        return Outcome(replace(moved, changing=False), changed=(Slot.LOCATION,))
    if draft.occurred and find_words(old, draft.occurred):
        occurred = swap_words(old, new, draft.occurred)
        draft = replace(draft.retold(Slot.OCCURRED, occurred, draft.occurred), occurred=occurred)
        return Outcome(replace(draft, changing=False), changed=(Slot.OCCURRED,))
    if draft.phone and old.isdigit() and new.isdigit() and old in draft.phone:
        phone = new if len(new) >= 7 else draft.phone.replace(old, new)
        return Outcome(replace(draft, phone=phone, changing=False), changed=(Slot.CONTACT,))
    category = find_by_name(new) if draft.is_problem else None
    meant = find_meant(new) if reading.intent == "correct_slot" and draft.is_problem else None
    if category is None and meant not in (None, draft.category):
        story = f"{draft.description}\n{tell_story(reading)}"
        told = replace(draft, category=meant, description=story, changing=False, misses=0)
        return Outcome(told, changed=(Slot.DESCRIPTION, Slot.CATEGORY))
    if category is not None:
        sorted_again = replace(draft, category=category.code, changing=False)
        return Outcome(sorted_again, changed=(Slot.CATEGORY,))
    name = get_category(draft.category).name if draft.category else ""
    sorted_so = len(old) > 1 and old in name
    told_so = bool(draft.description) and old in str(draft.description)
    if sorted_so or (told_so and reading.intent == "correct_slot"):
        return _retell(draft, reading, but_not=draft.category if sorted_so else None)
    return None


def _retell(draft: Draft, reading: Reading, but_not: str | None) -> Outcome:
    """不是满了，是桶坏了: the story itself was told wrong; both stand, and the category follows, which
    is not the one `but_not`.
    """
    story = f"{draft.description}\n{tell_story(reading)}"
    told = replace(draft, description=story, changing=False, misses=0)
    if but_not is not None:
        told = replace(told, category=None, offered=())
    told = infer_category(told, [each for each in reading.categories if each[0] != but_not])
    resorted = (Slot.CATEGORY,) if told.category != draft.category else ()
    return Outcome(told, changed=(Slot.DESCRIPTION, *resorted))


def words_taken_back(text: str) -> str:
    """What stands for the slip in 不是61号是52号; empty without one."""
    match = next((m for pattern in _PAIRS[:3] if (m := pattern.search(text))), None)
    return match["old"] if match else ""
