"""Answers to each question of a report up to its summary."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language import answers
from bot.language.insults import is_annoyed, is_insult
from bot.language.numbers import read_digits
from cases.absorbing import absorb
from cases.categories import UNSORTED, find_by_name, get_category
from cases.choosing import TAKE_CATEGORY, infer_category
from cases.draft import Detour, Draft, Outcome, Reading, Slot, is_coarse
from cases.placing import is_exact, is_vague, move_place, narrows, place_clauses, place_of
from cases.story import (
    CLAUSE,
    asks,
    is_bare_wish,
    own_name,
    own_phone,
    speaks_of_call,
    tell_story,
    tells_something,
    time_clauses,
    time_of,
    wishes_anonymity,
)

_LONGEST_PLACE = 60
_LONGEST_TIME = 12
SHORTEST_STORY = 6
_FEW = 4
"""So few characters beside a fact say nothing more: 是…的, 就在…."""
_MOST_MISSES = 2
LIKE_A_NUMBER = 5
"""So many digits were meant as a telephone number."""
_LIKE_A_PHONE = re.compile("(?<!编号)(?<!编号是)(?:[0-9]{8,}|[幺零一二三四五六七八九]{8,})")
UNSAID = "未说明"
"""When it happened, where he does not know or will not say."""
_PLAIN, _LIKELY = 0.8, 0.5
_TOLD = frozenset({"report_case", "inform", "make_suggestion", "report_error"})


def miss(draft: Draft, reading: Reading) -> Outcome:
    """No answer to the question: perhaps news about something told before, else one more miss."""
    refined = _refine(draft, reading)
    if refined is not None:
        return refined
    volunteered = absorb(draft, reading, Slot.CONFIRMED)
    if volunteered.changed:
        return volunteered
    return _miss_plainly(draft)


def _hear_more(draft: Draft, reading: Reading) -> Outcome:
    """No answer to the question: what it tells of the matter is kept, nothing else of it."""
    outcome = miss(draft, reading)
    if draft.description is None or not _tells_more(reading):
        return outcome
    told = replace(outcome.draft, description=f"{outcome.draft.description}\n{tell_story(reading)}")
    if told.category in (None, UNSORTED):
        told = infer_category(told, reading.categories)
    return replace(outcome, draft=told, changed=(*outcome.changed, Slot.DESCRIPTION), missed=False)


def _tells_more(reading: Reading) -> bool:
    text = reading.text.strip()
    if is_bare_fact(reading) or not tells_something(text) or is_bare_wish(text):
        return False
    if _LIKE_A_PHONE.search(text):
        return False
    if answers.is_affirm(text) or answers.is_deny(text) or answers.is_unknown(text):
        return False
    if answers.is_back(text) or is_insult(text) or is_annoyed(text):
        return False
    return reading.intent in _TOLD or _is_plain(reading)


def _is_plain(reading: Reading) -> bool:
    code, _, likely = next(iter(reading.categories), (UNSORTED, "", 0.0))
    return code != UNSORTED and likely >= _LIKELY


def _miss_plainly(draft: Draft) -> Outcome:
    misses = draft.misses + 1
    return Outcome(replace(draft, misses=misses), missed=True, wants_human=misses >= _MOST_MISSES)


def _refine(draft: Draft, reading: Reading) -> Outcome | None:
    """No answer to the question, but news about something told before: a closer time or place."""
    text = reading.text
    if asks(text) or len(text) > _LONGEST_PLACE:
        return None
    time, place, phone = time_of(reading), place_of(reading), own_phone(reading)
    named = place is not None and (place.get("district_code") or is_exact(place) or narrows(place))
    if place is not None and named and draft.location is not None:
        return Outcome(move_place(draft, place), changed=(Slot.LOCATION,))
    if time is not None and draft.occurred is not None and is_bare_fact(reading):
        return Outcome(replace(draft, occurred=time), changed=(Slot.OCCURRED,))
    if phone is not None:
        name = draft.contact_name or own_name(reading)
        known = replace(draft, phone=phone, anonymous=False, contact_name=name)
        return Outcome(known, changed=(Slot.CONTACT,))
    if wishes_anonymity(text):
        return Outcome(replace(draft, phone=None, anonymous=True), changed=(Slot.CONTACT,))
    return None


def is_bare_fact(reading: Reading) -> bool:
    """Nothing but a place, a time or a number: it tells no new story."""
    if answers.is_anonymous(reading.text):
        return True
    if own_phone(reading) is not None:
        return len(tell_story(reading)) < SHORTEST_STORY
    told = sum(len(item["text"]) for item in reading.entities if item["entity"] != "person")
    return told > 0 and len(reading.text) - told <= _FEW


def _hit(draft: Draft, reading: Reading, slot: Slot) -> Outcome:
    outcome = absorb(replace(draft, misses=0), reading, slot)
    return replace(outcome, changed=tuple(dict.fromkeys((slot, *outcome.changed))))


def _is_story(reading: Reading) -> bool:
    """Long enough to tell something, or short and plain: 太吵了."""
    first = next(iter(reading.categories), (UNSORTED, "", 0.0))
    plain = first[0] != UNSORTED and first[2] >= TAKE_CATEGORY
    return len(reading.text.strip()) >= SHORTEST_STORY or plain


def _fill_description(draft: Draft, reading: Reading) -> Outcome:
    story = tell_story(reading)
    if is_bare_wish(story) or not _is_story(reading):
        return miss(draft, reading)
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
    if text in others or answers.is_unknown(text):
        return _hit(replace(draft, category=UNSORTED, offered=()), reading, Slot.CATEGORY)
    if is_bare_fact(reading) and not draft.misses:
        return miss(draft, reading)
    if tells_something(reading.text) and (_is_story(reading) or _tells_more(reading)):
        draft = replace(draft, description=f"{draft.description}\n{tell_story(reading)}")
        draft = infer_category(draft, reading.categories)
    if draft.category is not None:
        return _hit(draft, reading, Slot.CATEGORY)
    if draft.misses:
        # twice unsure: a person sorts it; the resident is not kept any longer
        return _hit(replace(draft, category=UNSORTED, offered=()), reading, Slot.CATEGORY)
    return miss(draft, reading)


_USE_PHOTO = re.compile(r"照片|图片|拍摄|就用(?:它|这个)|用这个位置")


def _fill_location(draft: Draft, reading: Reading) -> Outcome:
    place = place_of(reading)
    text = reading.text.strip()
    if "匿名" in text and wishes_anonymity(text) and is_bare_fact(reading):
        return Outcome(replace(draft, anonymous=True), changed=(Slot.CONTACT,))
    if place is None and draft.photo_position and _USE_PHOTO.search(text):
        place = {"raw_text": "照片拍摄的位置", **draft.photo_position}
        return _hit(replace(move_place(draft, place), place_settled=True), reading, Slot.LOCATION)
    if place is None and reading.intent == "report_case" and reading.confidence >= _PLAIN:
        # more of the story instead of a place
        return _hear_more(draft, reading)
    if (
        place is None
        and 2 <= len(text) <= _LONGEST_PLACE
        and _could_be_place(reading, draft.misses > 0)
    ):
        place = {"raw_text": text}
    if place is None:
        return _hear_more(draft, reading)
    moved = move_place(draft, place)
    bare = is_coarse(moved.location or {}) and is_bare_fact(reading)
    if bare and not draft.misses:
        return _miss_plainly(moved)  # 海淀区 alone
    if reading.shared_location is None and not bare and place["raw_text"] in text:
        # 就在27号对面的胡同里: keep all of his words that tell where it is
        moved = move_place(draft, {**place, "raw_text": place_clauses(reading, place["raw_text"])})
        moved = _keep_rest(moved, reading, str(place["raw_text"]))
    return _hit(replace(moved, place_settled=True), reading, Slot.LOCATION)


def _keep_rest(draft: Draft, reading: Reading, place: str) -> Draft:
    """The clauses beside the place that tell of the matter: 编号是0123456."""
    where = str((draft.location or {}).get("raw_text") or "")
    told = [place, *(str(item["text"]) for item in reading.entities)]
    rest = [
        clause
        for clause in (each[0].strip() for each in CLAUSE.finditer(reading.text))
        if len(clause) >= _FEW
        and clause not in where
        and not any(words in clause or clause in words for words in told)
        and _tells_more(replace(reading, text=clause, entities=()))
        and not answers.refuses_contact(clause)
    ]
    if not rest or draft.description is None:
        return draft
    return replace(draft, description=f"{draft.description}\n{'，'.join(rest)}")


def _could_be_place(reading: Reading, told_before: bool) -> bool:
    text = reading.text
    if answers.is_unknown(text) or answers.is_affirm(text) or answers.is_deny(text):
        return False
    if not tells_something(text) or (is_vague(text) and not told_before) or _NO_PLACE.search(text):
        return False
    untimed = text
    for item in reading.entities:
        if item["entity"] == "time":
            untimed = untimed.replace(item["text"], "")  # 夜里 is no 里
    if _PLACE_WORDS.search(untimed):
        return True
    # 天天下班点儿 is no place, nor is 卖烧烤的
    return reading.intent == "inform" and not (reading.first("time") or _is_plain(reading))


_NO_PLACE = re.compile(
    "一直|每天|天天|经常|这样|没(?:看|找|听)|阀门|出不[来去]|没出来|叫不应|不知道"
)
_PLACE_WORDS = re.compile(
    r"[路街巷道区楼号门口站桥村里院园店旁边侧东西南北河山庙坊营庄]|胡同|对面|附近|广场|市场|学校|医院|大厦"
)


def _fill_district(draft: Draft, reading: Reading) -> Outcome:
    place = dict(draft.location or {})
    whole = place_of(reading)
    if whole is not None and whole.get("district_code") and is_exact(whole):
        # not the district alone: he has told the place better
        return _hit(move_place(draft, whole), reading, Slot.DISTRICT)
    found = reading.first("location")
    if found is not None and found["data"].get("district_code"):
        for key in ("district", "district_code", "subdistrict", "subdistrict_code"):
            place[key] = found["data"].get(key) or place.get(key)
        if found["text"] not in place["raw_text"]:
            name = found["data"].get("subdistrict") or found["data"]["district"]
            place["raw_text"] = f"{name}{place['raw_text']}"
    # asked once only: a case without a district is still a case
    return _hit(replace(draft, location=place, district_asked=True), reading, Slot.DISTRICT)


_WANTED = re.compile(r"登记|记上|也[要报记]|要的|都[要报记]|不一样|不是一|两[件码回]")
_NOT_WANTED = re.compile(r"不(?!一样|是一)|别(?!的)|甭|算了|(?<!不)一样|(?<!不是)一[件回码]事")
_SAME = re.compile(r"^same\b|就是这|是这[件个]|同一[件个]|我也关注|^关注|^合并")
_NOT_SAME = re.compile(r"\bdifferent\b|\bnot\b|不是|提交|另[外一]|不一样|单独|不同")


def _fill_wanted(draft: Draft, reading: Reading) -> Outcome:
    """In doubt nothing more is filed: the case before holds all his words."""
    text = reading.text.strip()
    if answers.is_affirm(text) or (_WANTED.search(text) and not _NOT_WANTED.search(text)):
        return Outcome(replace(draft, doubtful=False, misses=0))
    if draft.misses or answers.is_deny(text) or _NOT_WANTED.search(text):
        return Outcome(draft, detour=Detour.CANCEL)
    return _miss_plainly(draft)


def _fill_similar(draft: Draft, reading: Reading) -> Outcome:
    text = reading.text.strip()
    apart = replace(draft, similar=None, misses=0)
    if _NOT_SAME.search(text) or answers.is_deny(text):
        return Outcome(apart)
    if draft.similar and (_SAME.search(text) or answers.is_affirm(text)):
        return Outcome(replace(draft, joins=draft.similar["case_number"], misses=0))
    # an answer to a question that comes later: kept, and this one stays open
    if answers.is_anonymous(text) and not draft.anonymous:
        return _hit(replace(draft, anonymous=True), reading, Slot.CONTACT)
    if draft.phone is None and reading.first("phone"):
        return _fill_contact(draft, reading)
    if draft.occurred is None and time_of(reading) is not None:
        return _fill_occurred(draft, reading)
    if draft.misses or answers.is_unknown(text):
        return Outcome(apart)  # in doubt it is filed: two cases can be merged later
    return _hear_more(draft, reading)


def _fill_occurred(draft: Draft, reading: Reading) -> Outcome:
    time = time_of(reading)
    text = reading.text.strip()
    if draft.description and speaks_of_call(text):
        # when he can be reached is no time of the matter
        told = replace(draft, description=f"{draft.description}\n{tell_story(reading)}")
        return Outcome(told, changed=(Slot.DESCRIPTION,))
    if time is not None:
        words = time_clauses(reading) if len(text) <= _LONGEST_PLACE else time
        told = replace(draft.retold(Slot.OCCURRED, words), occurred=words)
        if draft.description and _tells_more(reading) and len(text) - len(words) >= SHORTEST_STORY:
            told = replace(told, description=f"{told.description}\n{tell_story(reading)}")
            if told.category in (None, UNSORTED):
                told = infer_category(told, reading.categories)
        return _hit(told, reading, Slot.OCCURRED)
    tells = tells_something(text) and not answers.is_affirm(text) and not answers.is_deny(text)
    timely = tells and len(text) <= _LONGEST_TIME and _TIMELY.search(text)
    if timely and not is_bare_fact(reading):
        return _hit(replace(draft, occurred=text), reading, Slot.OCCURRED)
    if answers.is_unknown(text):
        return _hit(replace(draft, occurred=UNSAID), reading, Slot.OCCURRED)
    outcome = _hear_more(draft, reading)
    if draft.misses and outcome.draft.occurred is None:
        # asked twice: it is left open
        return replace(
            outcome, draft=replace(outcome.draft, occurred=UNSAID, misses=0), missed=False
        )
    return outcome


_TIMELY = re.compile(
    r"[点天日月年周早晚夜午时刻秒刚总每夏冬春秋季节期后今明昨阵]|最近|现在|眼下|一直|经常|老是|以来|小时|分钟|开始|前儿|前几"
    r"|下班|上班|放学|饭点|平时|偶尔|有时|一会|好久|长期|随时|回回|[一两几]次"
)


def _fill_contact(draft: Draft, reading: Reading) -> Outcome:
    phone = own_phone(reading) or read_landline(reading.text)
    if phone is not None:
        return _hit(replace(draft, phone=phone, anonymous=False), reading, Slot.CONTACT)
    refuses = answers.is_deny(reading.text) and not re.search("对|是|错", reading.text)
    if refuses or answers.refuses_contact(reading.text) or answers.is_unknown(reading.text):
        return _hit(replace(draft, anonymous=True), reading, Slot.CONTACT)
    plate = reading.first("plate") is not None
    if len(read_digits(reading.text)) >= LIKE_A_NUMBER and not plate:
        return miss(draft, reading)  # meant as one, and never written in the open
    return _hear_more(draft, reading)


def read_landline(text: str) -> str | None:
    """A city number without its area code: the question was for a number, so eight digits do."""
    digits = read_digits(text)
    if 3 * len(digits) < 2 * len(text.strip()):
        return None  # 下午三点多，编号是0123456 has eight too
    return digits if re.fullmatch(r"[2-8][0-9]{7}", digits) else None


FILLERS = {
    Slot.WANTED: _fill_wanted,
    Slot.DESCRIPTION: _fill_description,
    Slot.CATEGORY: _fill_category,
    Slot.LOCATION: _fill_location,
    Slot.DISTRICT: _fill_district,
    Slot.SIMILAR: _fill_similar,
    Slot.OCCURRED: _fill_occurred,
    Slot.CONTACT: _fill_contact,
}
