"""What each message does to a report being told: fills, mends, leads away, or is not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.language import answers
from cases.categories import UNSORTED, find_by_name, get_category
from cases.draft import Detour, Draft, Outcome, Reading, Slot
from cases.mending import mend, place_of, replace_named
from cases.models import CaseKind

TAKE_CATEGORY = 0.55
"""Above this confidence the first category is taken without asking."""
OFFER_CATEGORY = 0.05
"""Below this confidence a category is not even offered."""
MOST_OFFERED = 3
_LONGEST_PLACE = 60
_SHORTEST_STORY = 6
_MOST_MISSES = 2


def begin(reading: Reading, kind: CaseKind) -> Outcome:
    """Start a report with everything its first message already tells."""
    draft = Draft(kind=kind.value, emergency=reading.emergency)
    story = reading.text.strip()
    if not _is_bare_wish(story) or reading.emergency:
        draft = replace(draft, description=story)
    return _absorb(draft, reading, asked=None)


def advance(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome:
    """What `reading` changes in `draft`, when `asked` was the last question."""
    if reading.emergency and not draft.emergency:
        draft = replace(draft, emergency=reading.emergency)
        if draft.description and reading.text not in draft.description:
            draft = replace(draft, description=f"{draft.description}\n{reading.text}")
    if reading.attachment_ids and not reading.text:
        return _absorb(draft, reading, asked)
    detour = _find_detour(draft, asked, reading)
    if detour is not None:
        return Outcome(draft, detour=detour)
    mended = mend(draft, asked, reading)
    if mended is not None:
        return mended
    if asked is None:
        return _absorb(draft, reading, asked)
    return _FILLERS[asked](draft, reading)


# --- what the first message and volunteered facts fill ---------------------------------------


def _absorb(draft: Draft, reading: Reading, asked: Slot | None) -> Outcome:
    changed: list[Slot] = []
    if draft.location is None and (place := place_of(reading)) is not None:
        draft, changed = replace(draft, location=place), [*changed, Slot.LOCATION]
    if draft.occurred is None and (time := reading.first("time")) is not None:
        draft, changed = replace(draft, occurred=str(time["value"])), [*changed, Slot.OCCURRED]
    if draft.phone is None and (phone := reading.first("phone")) is not None:
        draft = replace(draft, phone=str(phone["value"]), anonymous=False)
        changed.append(Slot.CONTACT)
    elif draft.phone is None and "匿名" in reading.text:
        draft, changed = replace(draft, anonymous=True), [*changed, Slot.CONTACT]
    if draft.contact_name is None and (person := reading.first("person")) is not None:
        draft = replace(draft, contact_name=str(person["value"]))
    if draft.category is None and draft.description and asked in (None, Slot.DESCRIPTION):
        draft = _infer_category(draft, reading.categories)
    if reading.attachment_ids:
        draft = replace(draft, attachment_ids=(*draft.attachment_ids, *reading.attachment_ids))
    return Outcome(draft, changed=tuple(changed))


def _infer_category(draft: Draft, ranking: Sequence[tuple[str, str, float]]) -> Draft:
    ranked = [item for item in ranking if item[0] != UNSORTED]
    if not ranked:
        return draft
    code, _, confidence = ranked[0]
    if confidence >= TAKE_CATEGORY:
        return replace(draft, category=code, offered=())
    offered = tuple((c, n) for c, n, p in ranked[:MOST_OFFERED] if p >= OFFER_CATEGORY)
    return replace(draft, offered=offered or tuple((c, n) for c, n, _ in ranked[:MOST_OFFERED]))


_WISH = re.compile(
    r"^[我想要帮请给您你好，,。\s]*(?:投诉|举报|反映|上报|报案|报修|求助|提|说|有)?(?:一?个|一下|点|条)?"
    r"(?:投诉|举报|举报投诉|投诉举报|反映|上报|问题|情况|事儿?|建议|意见|表扬|报修|求助|工单)?(?:吧|啊|呢|一下|行吗|可以吗|怎么弄)?[。！!？?\s]*$"
)


def _is_bare_wish(text: str) -> bool:
    return not text or bool(_WISH.match(text))


# --- what is not about the report ---------------------------------------------------------------

_QUESTION_MARK = re.compile(
    r"[？?]|吗|呢$|怎么|多久|几天|是不是|能不能|可不可以|会不会|什么时候|谁管|归谁|合法"
)
_SURE = 0.5


def _find_detour(draft: Draft, asked: Slot | None, reading: Reading) -> Detour | None:
    text = reading.text
    if answers.wants_human(text):
        return Detour.HUMAN
    if answers.is_cancel(text) and not (asked is Slot.CONTACT and answers.is_anonymous(text)):
        return Detour.CANCEL
    if asked is Slot.DESCRIPTION or _fits(asked, reading):
        return None
    if reading.intent == "request_human" and reading.confidence >= _SURE:
        return Detour.HUMAN
    asks = bool(_QUESTION_MARK.search(text))
    if reading.intent == "ask_policy" and (asks or reading.confidence >= 0.8):
        return Detour.QUESTION
    if reading.intent == "check_case" and reading.confidence >= _SURE:
        return Detour.CHECK_CASE
    if reading.intent in ("find_office", "find_market") and reading.confidence >= 0.7:
        return Detour.FIND_PLACE
    if reading.intent == "chitchat" and reading.confidence >= _SURE:
        return Detour.CHITCHAT
    if reading.intent == "out_of_scope" and reading.confidence >= 0.7:
        return Detour.OUT_OF_SCOPE
    return None


def _fits(asked: Slot | None, reading: Reading) -> bool:
    """Whether the message plainly answers the question."""
    text = reading.text
    if reading.shared_location is not None:
        return True
    if asked is Slot.LOCATION:
        return reading.first("location") is not None and not _QUESTION_MARK.search(text)
    if asked is Slot.DISTRICT:
        return reading.first("location") is not None or answers.is_unknown(text)
    if asked is Slot.OCCURRED:
        return reading.first("time") is not None and not _QUESTION_MARK.search(text)
    if asked is Slot.CONTACT:
        return reading.first("phone") is not None or answers.is_anonymous(text)
    if asked is Slot.CONFIRMED:
        return answers.is_affirm(text) or answers.is_deny(text)
    if asked in (Slot.CATEGORY, Slot.CHANGE):
        return len(text) <= 12 and not _QUESTION_MARK.search(text)
    return False


# --- answers to each question ---------------------------------------------------------------------


def _miss(draft: Draft, reading: Reading) -> Outcome:
    refined = _refine(draft, reading)
    if refined is not None:
        return refined
    misses = draft.misses + 1
    return Outcome(replace(draft, misses=misses), missed=True, wants_human=misses >= _MOST_MISSES)


def _refine(draft: Draft, reading: Reading) -> Outcome | None:
    """No answer to the question, but news about something told before: a closer time or place."""
    text = reading.text
    if _QUESTION_MARK.search(text) or len(text) > _LONGEST_PLACE:
        return None
    time, place = reading.first("time"), place_of(reading)
    if place is not None and draft.location is not None:
        kept = {k: v for k, v in draft.location.items() if v is not None and place.get(k) is None}
        return Outcome(replace(draft, location={**place, **kept}), changed=(Slot.LOCATION,))
    if time is not None and draft.occurred is not None:
        return Outcome(replace(draft, occurred=str(time["value"])), changed=(Slot.OCCURRED,))
    return None


def _hit(draft: Draft, reading: Reading, slot: Slot) -> Outcome:
    outcome = _absorb(replace(draft, misses=0), reading, slot)
    return replace(outcome, changed=tuple(dict.fromkeys((slot, *outcome.changed))))


def _fill_description(draft: Draft, reading: Reading) -> Outcome:
    story = reading.text.strip()
    if (len(story) < _SHORTEST_STORY and not reading.categories) or _is_bare_wish(story):
        return _miss(draft, reading)
    return _hit(replace(draft, description=story), reading, Slot.DESCRIPTION)


def _fill_category(draft: Draft, reading: Reading) -> Outcome:
    text = answers.trim(reading.text)
    by_name = find_by_name(text) or next(
        (
            get_category(code)
            for code, name in draft.offered
            if name in text or (len(text) > 1 and text in name)
        ),
        None,
    )
    if by_name is not None:
        return _hit(replace(draft, category=by_name.code, offered=()), reading, Slot.CATEGORY)
    others = {"其他", "都不是", "其它", "别的", "不是", "没有", "以上都不是", "都不对"}
    if text in others or answers.is_unknown(text) or draft.misses:
        # twice unsure: a person sorts it; the resident is not kept any longer
        return _hit(replace(draft, category=UNSORTED, offered=()), reading, Slot.CATEGORY)
    draft = replace(draft, description=f"{draft.description}\n{reading.text}", offered=())
    draft = _infer_category(draft, reading.categories)
    if draft.category is None:
        return _miss(draft, reading)
    return _hit(draft, reading, Slot.CATEGORY)


def _fill_location(draft: Draft, reading: Reading) -> Outcome:
    place = place_of(reading)
    text = reading.text.strip()
    if place is None and 2 <= len(text) <= _LONGEST_PLACE and _could_be_place(reading):
        place = {"raw_text": text}
    if place is None:
        return _miss(draft, reading)
    if (
        reading.shared_location is None
        and len(text) <= _LONGEST_PLACE
        and place["raw_text"] in text
    ):
        place["raw_text"] = text  # 就在27号对面的胡同里: keep all of his words
    return _hit(replace(draft, location=place), reading, Slot.LOCATION)


def _could_be_place(reading: Reading) -> bool:
    text = reading.text
    if answers.is_unknown(text) or answers.is_affirm(text) or answers.is_deny(text):
        return False
    return bool(re.search(r"[\u4e00-\u9fff]", text)) and not _QUESTION_MARK.search(text)


def _fill_district(draft: Draft, reading: Reading) -> Outcome:
    place = dict(draft.location or {})
    found = reading.first("location")
    if found is not None and found["data"].get("district_code"):
        for key in ("district", "district_code", "subdistrict", "subdistrict_code"):
            place[key] = found["data"].get(key) or place.get(key)
        if found["text"] not in place["raw_text"]:
            place["raw_text"] = found["text"] + place["raw_text"]
    # asked once only: a case without a district is still a case
    return _hit(replace(draft, location=place, district_asked=True), reading, Slot.DISTRICT)


def _fill_occurred(draft: Draft, reading: Reading) -> Outcome:
    time = reading.first("time")
    text = reading.text.strip()
    if time is not None:
        words = text if len(text) <= 20 else str(time["value"])
        return _hit(replace(draft, occurred=words), reading, Slot.OCCURRED)
    if answers.is_unknown(text) or draft.misses:
        return _hit(replace(draft, occurred="未说明"), reading, Slot.OCCURRED)
    if 1 < len(text) <= 20 and not answers.is_affirm(text) and not answers.is_deny(text):
        return _hit(replace(draft, occurred=text), reading, Slot.OCCURRED)
    return _miss(draft, reading)


def _fill_contact(draft: Draft, reading: Reading) -> Outcome:
    phone = reading.first("phone")
    if phone is not None:
        return _hit(
            replace(draft, phone=str(phone["value"]), anonymous=False), reading, Slot.CONTACT
        )
    if answers.is_anonymous(reading.text) or answers.is_unknown(reading.text):
        return _hit(replace(draft, anonymous=True), reading, Slot.CONTACT)
    return _miss(draft, reading)


def _fill_confirmed(draft: Draft, reading: Reading) -> Outcome:
    if answers.is_affirm(reading.text) or (
        reading.intent == "affirm" and reading.confidence >= _SURE and len(reading.text) <= 12
    ):
        return Outcome(replace(draft, confirmed=True, misses=0))
    if answers.trim(reading.text) in ("修改", "改", "要改", "改一下") or answers.is_back(
        reading.text
    ):
        return Outcome(replace(draft, changing=True, misses=0))
    if answers.is_deny(reading.text) or reading.intent == "deny":
        return Outcome(replace(draft, changing=True, misses=0))
    if len(reading.text) >= _SHORTEST_STORY and reading.intent in ("report_case", "inform"):
        added = replace(draft, description=f"{draft.description}\n{reading.text}", misses=0)
        outcome = _absorb(added, reading, Slot.CONFIRMED)
        return replace(outcome, changed=(Slot.DESCRIPTION, *outcome.changed))
    return _miss(draft, reading)


def _fill_change(draft: Draft, reading: Reading) -> Outcome:
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
    return outcome or _miss(draft, reading)


_FILLERS = {
    Slot.DESCRIPTION: _fill_description,
    Slot.CATEGORY: _fill_category,
    Slot.LOCATION: _fill_location,
    Slot.DISTRICT: _fill_district,
    Slot.OCCURRED: _fill_occurred,
    Slot.CONTACT: _fill_contact,
    Slot.CONFIRMED: _fill_confirmed,
    Slot.CHANGE: _fill_change,
}
