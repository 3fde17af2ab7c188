"""What each message does to a report being told: fills, mends, leads away, or is not understood."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language import answers
from bot.language.numbers import read_digits
from cases.categories import UNSORTED, find_by_name, get_category
from cases.choosing import infer_category
from cases.draft import SELF_HARM, Detour, Draft, Outcome, Reading, Slot
from cases.mending import mend, replace_named
from cases.models import CaseKind
from cases.placing import move_place, place_of
from cases.story import own_phone, tell_story

_PEOPLE_IN_DANGER = frozenset({"fire", "medical", "police", "rescue", "traffic", SELF_HARM})
"""No category of street matters fits these; smoke in a stairwell is not 楼道堆物."""
_STORY_ASKED = (None, Slot.DESCRIPTION)
_LONGEST_PLACE = 60
_SHORTEST_STORY = 6
_FEW = 4
"""So few characters beside a fact say nothing more: 是…的, 就在…."""
_MOST_MISSES = 2


def begin(reading: Reading, kind: CaseKind) -> Outcome:
    """Start a report with everything its first message already tells."""
    draft = Draft(kind=kind.value, emergency=reading.emergency)
    if reading.emergency or not _is_bare_wish(reading.text.strip()):
        draft = replace(draft, description=tell_story(reading))
    return _absorb(draft, reading, asked=None)


def advance(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome:
    """What `reading` changes in `draft`, when `asked` was the last question."""
    if reading.emergency and not draft.emergency:
        return _turn_urgent(draft, reading)
    if not reading.text and (reading.attachment_ids or asked is not Slot.LOCATION):
        return _take_shared(draft, asked, reading)
    detour = _find_detour(draft, asked, reading)
    if detour is not None:
        return Outcome(draft, detour=detour)
    mended = mend(draft, asked, reading)
    if mended is not None:
        return mended
    if asked is None:
        return _absorb(draft, reading, asked)
    return _FILLERS[asked](draft, reading)


def _turn_urgent(draft: Draft, reading: Reading) -> Outcome:
    """Danger named in the middle of anything: what is left to ask is the place."""
    told = [draft.description, tell_story(reading)]
    draft = replace(
        draft,
        kind=draft.kind if draft.is_problem else CaseKind.HELP.value,
        description="\n".join(filter(None, told)),
        emergency=reading.emergency,
        changing=False,
        misses=0,
    )
    outcome = _absorb(draft, reading, asked=None)
    human = Detour.HUMAN if answers.wants_human(reading.text) else None
    return replace(outcome, detour=human)


def _take_shared(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome:
    """A picture or a position without a word."""
    moved = reading.shared_location is not None and draft.location is not None
    if moved and (place := place_of(reading)) is not None:
        draft = move_place(draft, place)
    outcome = _absorb(draft, reading, asked)
    return replace(outcome, changed=(Slot.LOCATION, *outcome.changed)) if moved else outcome


# --- what the first message and volunteered facts fill ---------------------------------------


def _absorb(draft: Draft, reading: Reading, asked: Slot | None) -> Outcome:
    changed: list[Slot] = []
    if draft.location is None and (place := place_of(reading)) is not None:
        draft, changed = replace(draft, location=place), [*changed, Slot.LOCATION]
    if draft.occurred is None and (time := reading.first("time")) is not None:
        draft, changed = replace(draft, occurred=str(time["value"])), [*changed, Slot.OCCURRED]
    if draft.phone is None and (phone := own_phone(reading)) is not None:
        draft = replace(draft, phone=phone, anonymous=False)
        changed.append(Slot.CONTACT)
    elif draft.phone is None and "匿名" in reading.text:
        draft, changed = replace(draft, anonymous=True), [*changed, Slot.CONTACT]
    if draft.contact_name is None and (person := reading.first("person")) is not None:
        draft = replace(draft, contact_name=str(person["value"]))
    names_a_thing = draft.emergency not in _PEOPLE_IN_DANGER
    if names_a_thing and not draft.category and draft.description and asked in _STORY_ASKED:
        draft = infer_category(draft, reading.categories)
    if reading.attachment_ids:
        draft = replace(draft, attachment_ids=(*draft.attachment_ids, *reading.attachment_ids))
    return Outcome(draft, changed=tuple(changed))


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
    if asked is not Slot.CONFIRMED and _is_bare_wish(text):
        return Detour.CHITCHAT  # 我要投诉, pressed or said once more in the middle of it
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
        found = reading.first("phone") or _read_landline(text)
        return found is not None or answers.is_anonymous(text)
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
    volunteered = _absorb(draft, reading, Slot.CONFIRMED)
    if volunteered.changed:
        return volunteered
    misses = draft.misses + 1
    return Outcome(replace(draft, misses=misses), missed=True, wants_human=misses >= _MOST_MISSES)


def _refine(draft: Draft, reading: Reading) -> Outcome | None:
    """No answer to the question, but news about something told before: a closer time or place."""
    text = reading.text
    if _QUESTION_MARK.search(text) or len(text) > _LONGEST_PLACE:
        return None
    time, place, phone = reading.first("time"), place_of(reading), own_phone(reading)
    if place is not None and draft.location is not None:
        return Outcome(move_place(draft, place), changed=(Slot.LOCATION,))
    if time is not None and draft.occurred is not None:
        return Outcome(replace(draft, occurred=str(time["value"])), changed=(Slot.OCCURRED,))
    if phone is not None:
        known = replace(draft, phone=phone, anonymous=False)
        return Outcome(known, changed=(Slot.CONTACT,))
    if "匿名" in text:
        return Outcome(replace(draft, phone=None, anonymous=True), changed=(Slot.CONTACT,))
    return None


def _is_bare_fact(reading: Reading) -> bool:
    """Nothing but a place, a time or a number: it tells no new story."""
    told = sum(len(item["text"]) for item in reading.entities if item["entity"] != "person")
    anonymous = answers.is_anonymous(reading.text)
    return anonymous or (told > 0 and len(reading.text) - told <= _FEW)


def _hit(draft: Draft, reading: Reading, slot: Slot) -> Outcome:
    outcome = _absorb(replace(draft, misses=0), reading, slot)
    return replace(outcome, changed=tuple(dict.fromkeys((slot, *outcome.changed))))


def _fill_description(draft: Draft, reading: Reading) -> Outcome:
    story = tell_story(reading)
    if (len(story) < _SHORTEST_STORY and not reading.categories) or _is_bare_wish(story):
        return _miss(draft, reading)
    told = infer_category(replace(draft, description=story), reading.categories)
    return _hit(told, reading, Slot.DESCRIPTION)


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
    if len(text) < _SHORTEST_STORY or _is_bare_fact(reading):
        return _miss(draft, reading)
    draft = replace(draft, description=f"{draft.description}\n{tell_story(reading)}", offered=())
    draft = infer_category(draft, reading.categories)
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
    return _hit(move_place(draft, place), reading, Slot.LOCATION)


def _could_be_place(reading: Reading) -> bool:
    text = reading.text
    if answers.is_unknown(text) or answers.is_affirm(text) or answers.is_deny(text):
        return False
    if _QUESTION_MARK.search(text) or not re.search(r"[\u4e00-\u9fff]", text):
        return False
    return reading.intent == "inform" or bool(_PLACE_WORDS.search(text))


_PLACE_WORDS = re.compile(
    r"[路街巷道区楼号门口站桥村里院园店旁边侧东西南北河山庙坊营庄]|胡同|对面|附近|广场|市场|学校|医院|大厦"
)


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
        told = replace(draft.retold(Slot.OCCURRED, words), occurred=words)
        return _hit(told, reading, Slot.OCCURRED)
    if answers.is_unknown(text) or draft.misses:
        return _hit(replace(draft, occurred="未说明"), reading, Slot.OCCURRED)
    if 1 < len(text) <= 20 and not answers.is_affirm(text) and not answers.is_deny(text):
        return _hit(replace(draft, occurred=text), reading, Slot.OCCURRED)
    return _miss(draft, reading)


def _fill_contact(draft: Draft, reading: Reading) -> Outcome:
    found = reading.first("phone")
    phone = str(found["value"]) if found else _read_landline(reading.text)
    if phone is not None:
        return _hit(replace(draft, phone=phone, anonymous=False), reading, Slot.CONTACT)
    if answers.is_anonymous(reading.text) or answers.is_unknown(reading.text):
        return _hit(replace(draft, anonymous=True), reading, Slot.CONTACT)
    return _miss(draft, reading)


def _read_landline(text: str) -> str | None:
    """A city number without its area code: the question was for a number, so eight digits do."""
    digits = read_digits(text)
    return digits if re.fullmatch(r"[2-8][0-9]{7}", digits) else None


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
    if _is_bare_fact(reading):
        return _miss(draft, reading)
    if len(reading.text) >= _SHORTEST_STORY and reading.intent in ("report_case", "inform"):
        story = f"{draft.description}\n{tell_story(reading)}"
        added = replace(draft, description=story, misses=0)
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
