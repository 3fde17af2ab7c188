"""What a message tells besides the answer to the question: every fact that is not known yet."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language import answers
from cases.choosing import infer_category
from cases.draft import SELF_HARM, Draft, Outcome, Reading, Slot
from cases.models import CaseKind
from cases.placing import place_of
from cases.story import (
    CLAUSE,
    asks_secrecy,
    lasting_of,
    own_name,
    own_phone,
    time_of,
    wishes_anonymity,
)

PEOPLE_IN_DANGER = frozenset({"fire", "medical", "police", "rescue", "traffic", SELF_HARM})
"""No category of street matters fits these; smoke in a stairwell is not 楼道堆物."""
_STORY_ASKED = (None, Slot.DESCRIPTION)
_SHORT = 20

_DAY_ALONE = re.compile(
    "(?:大?前|昨|今)(?:天|日|儿个?)|(?:上|这)?(?:周|星期|礼拜)[一二三四五六日天]"
)
_CLOCK = re.compile("凌晨|早|上午|中午|下午|傍晚|晚|夜|半夜|[0-9一二三四五六七八九十两]+点")


def absorb(draft: Draft, reading: Reading, asked: Slot | None) -> Outcome:
    """Take every fact in the message that is not known yet."""
    changed: list[Slot] = []
    if not draft.confidential and asks_secrecy(reading.text):
        draft, changed = replace(draft, confidential=True), [Slot.SECRECY]
    if draft.location is None and (place := place_of(reading)) is not None:
        draft, changed = replace(draft, location=place), [*changed, Slot.LOCATION]
    if (time := _find_time(draft, reading)) is not None:
        draft, changed = replace(draft, occurred=time), [*changed, Slot.OCCURRED]
    if draft.phone is None and (phone := own_phone(reading)) is not None:
        draft = replace(draft, phone=phone, anonymous=False)
        changed.append(Slot.CONTACT)
    elif draft.phone is None and _stays_unnamed(reading, asked):
        draft, changed = replace(draft, anonymous=True), [*changed, Slot.CONTACT]
    if draft.contact_name is None and (name := own_name(reading)) is not None:
        draft, changed = replace(draft, contact_name=name), [*changed, Slot.CONTACT]
    names_a_thing = draft.emergency not in PEOPLE_IN_DANGER
    if names_a_thing and not draft.category and draft.description and asked in _STORY_ASKED:
        draft = infer_category(draft, reading.categories)
    if reading.photo_position and draft.location is None:
        draft = replace(draft, photo_position=reading.photo_position)
    if reading.attachment_ids:
        draft = replace(draft, attachment_ids=(*draft.attachment_ids, *reading.attachment_ids))
    return Outcome(draft, changed=tuple(changed))


def _find_time(draft: Draft, reading: Reading) -> str | None:
    """When it happened, if that is news: what was not known, or the clock of a day told before."""
    time = time_of(reading) or lasting_of(reading.text)
    if time is None or draft.kind == CaseKind.SUGGESTION.value:
        return None
    if draft.occurred is None:
        return time
    joins = _DAY_ALONE.fullmatch(draft.occurred) and _CLOCK.match(time)
    return f"{draft.occurred}{time}" if joins else None


def _stays_unnamed(reading: Reading, asked: Slot | None) -> bool:
    if wishes_anonymity(reading.text):
        return True
    if asked is Slot.CONTACT:
        return len(reading.text) <= _SHORT and answers.refuses_contact(reading.text)
    # 物业不给修 refuses no number
    return any(_NO_NUMBER.fullmatch(each.strip()) for each in CLAUSE.findall(reading.text))


_NUMBER = "(?:电话|手机号?|号码|联系方式)"
_NO_NUMBER = re.compile(
    rf"(?:我|我在[^，。]{{1,4}})?没有?(?:国内)?(?:的)?{_NUMBER}|我?的?{_NUMBER}(?:我)?(?:就|也)?(?:不|别|甭)(?:想|方便|用|愿意)?(?:留|给|要|说)?了?(?:吧|啊)?"
    rf"|我?就?(?:不|别|甭)(?:想|方便|用|愿意)?(?:留(?:{_NUMBER})?|(?:给|要|用){_NUMBER})了?(?:吧|啊)?"
)
