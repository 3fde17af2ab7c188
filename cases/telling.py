"""What each message does to a report being told: fills, mends, leads away, or is not understood."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language import answers
from bot.language.all_clear import denies_danger
from bot.language.emergency import detect_emergency
from bot.language.insults import is_mere_insult
from bot.language.numbers import read_digits
from bot.language.scope import tells_of_trouble
from bot.language.settle import complains_of_staff
from bot.language.tongues import detect_language
from cases.absorbing import PEOPLE_IN_DANGER, absorb
from cases.categories import UNSORTED
from cases.confirming import (
    CHANGE_WORDS,
    KEEP_WORDS,
    SPEAKS_OF_DRAFT,
    add_words,
    fill_change,
    fill_confirmed,
    says_hand_in,
)
from cases.draft import SELF_HARM, Detour, Draft, Outcome, Reading, Slot
from cases.filling import FILLERS as BEFORE_THE_END
from cases.filling import UNSAID, read_landline
from cases.hazards import is_hazard
from cases.mending import mend, switch_matter
from cases.models import CaseKind
from cases.placing import move_place, place_of
from cases.story import (
    added_words,
    asks,
    asks_secrecy,
    is_bare_wish,
    own_name,
    speaks_of_adding,
    tell_story,
)

FILLERS = {**BEFORE_THE_END, Slot.CONFIRMED: fill_confirmed, Slot.CHANGE: fill_change}


_CALLED = re.compile(
    r"(?:已经|刚|都|我|早)*(?:报(?:了|过)?警了?|打(?:了|过|完)(?:110|119|120|电话)|叫(?:了|过)(?:救护车|120|消防|警察))"
)
_IN_BETWEEN = frozenset(Slot) - {Slot.WANTED, Slot.DESCRIPTION, Slot.CHANGE}


def begin(reading: Reading, kind: CaseKind) -> Outcome:
    """Start a report with everything its first message already tells."""
    draft = Draft(kind=kind.value, doubtful=reading.doubtful, emergency=reading.emergency)
    if complains_of_staff(reading.text) and not tells_of_trouble(reading.text):
        draft = replace(draft, category=UNSORTED)  # no matter of the street: a person sorts it
    if reading.emergency or not is_bare_wish(reading.text.strip()):
        draft = replace(draft, description=tell_story(reading))
    outcome = absorb(draft, reading, asked=None)
    told = outcome.draft
    foreign = detect_language(told.description or "") is not None
    trap = is_hazard(told.description or "")
    if told.category is None and told.offered and (trap or foreign):
        # nobody is asked which sign was on the cover that is gone, nor to choose in Chinese
        return replace(outcome, draft=replace(told, category=told.offered[0][0], offered=()))
    return outcome


def advance(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome:
    """What `reading` changes in `draft`, when `asked` was the last question."""
    if reading.emergency and not draft.emergency:
        return _turn_urgent(draft, reading)
    if draft.emergency and draft.emergency != SELF_HARM and denies_danger(reading.text):
        return Outcome(_calm(draft), detour=Detour.NO_DANGER)
    if asked is not None and _asks_why(asked, reading.text):
        return Outcome(draft, detour=Detour.WHY_CONTACT)
    if not reading.text and (reading.attachment_ids or asked is not Slot.LOCATION):
        return _take_shared(draft, asked, reading)
    if draft.emergency and (called := _find_called(reading.text)):
        rest = reading.text.replace(called, "").strip("，,。！! ")
        where = place_of(reading) is not None or _NAMES_A_PLACE.search(rest) is not None
        if asked is not Slot.LOCATION or not where:
            return add_words(draft, reading, tell_story(reading))
        draft = replace(draft, description=f"{draft.description}\n{called}")
        reading = replace(reading, text=rest, intent="inform")
    if (switched := switch_matter(draft, reading)) is not None:
        return switched
    detour = _find_detour(draft, asked, reading)
    if detour is not None:
        return Outcome(draft, detour=detour)
    words = answers.trim(reading.text)
    if asked is not None and says_hand_in(reading) and (kept := draft.put_back(asked)) is not None:
        # 提交 instead of another category: as it was
        return Outcome(replace(kept, confirmed=True))
    if asked is not None and words in KEEP_WORDS and (kept := draft.put_back(asked)) is not None:
        return Outcome(kept)
    if draft.description and asked is not Slot.CHANGE and words in CHANGE_WORDS:
        return Outcome(replace(draft, changing=True, misses=0))
    if draft.description and asked in _IN_BETWEEN and speaks_of_adding(reading.text):
        added = added_words(tell_story(reading))
        if added:
            return add_words(draft, reading, added)
        return Outcome(replace(draft, changing=True, misses=0))
    turns = draft.kind == CaseKind.PRAISE.value and reading.intent == "report_case"
    if turns and reading.confidence >= _OTHER and len(reading.text) > _SHORT_REPLY:
        return _turn_to_complaint(draft, reading)  # 呵呵，真辛苦: it was no praise
    if (enough := _leave_open(draft, asked, reading)) is not None:
        return enough
    if asked is Slot.WANTED and _tells_another(reading):
        return begin(reading, CaseKind(draft.kind))
    corrects = asked is Slot.SIMILAR and len(reading.text) > _SHORT_REPLY
    if corrects and (mended := mend(draft, asked, reading)) is not None and mended.changed:
        return mended
    if asked in (Slot.WANTED, Slot.SIMILAR):
        return FILLERS[asked](draft, reading)
    if not draft.confidential and asks_secrecy(reading.text) and len(reading.text) <= _SHORT:
        return absorb(replace(draft, misses=0), reading, asked)
    mended = mend(draft, asked, reading)
    if mended is not None:
        return replace(mended, draft=_add_person(mended.draft, reading))
    if asked is None:
        return absorb(draft, reading, asked)
    return FILLERS[asked](draft, reading)


def _add_person(draft: Draft, reading: Reading) -> Draft:
    """我姓陈，别告诉他是我举报的 beside a number that mends another."""
    return replace(
        draft,
        confidential=draft.confidential or asks_secrecy(reading.text),
        contact_name=draft.contact_name or own_name(reading),
    )


def _leave_open(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome | None:
    """提交 before all is asked: no more questions than the place."""
    handed_in = says_hand_in(reading)
    if asked is Slot.CATEGORY and (handed_in or answers.is_affirm(reading.text)):
        # neither says which: a person sorts it
        return Outcome(replace(draft, category=UNSORTED, offered=(), misses=0), changed=(asked,))
    if asked is Slot.OCCURRED and handed_in:
        return Outcome(replace(draft, occurred=UNSAID, misses=0), changed=(asked,))
    if asked is Slot.CONTACT and handed_in:
        return Outcome(replace(draft, anonymous=True, misses=0), changed=(asked,))
    return None


def _turn_to_complaint(draft: Draft, reading: Reading) -> Outcome:
    """What was told beside the praise stays told."""
    outcome = begin(reading, CaseKind.COMPLAINT)
    new = outcome.draft
    told = replace(
        new,
        location=new.location or draft.location,
        occurred=new.occurred or draft.occurred,
        phone=new.phone or draft.phone,
        anonymous=new.anonymous or draft.anonymous,
        contact_name=new.contact_name or draft.contact_name,
        confidential=new.confidential or draft.confidential,
        attachment_ids=(*draft.attachment_ids, *new.attachment_ids),
        description="\n".join(filter(None, [draft.description, new.description])),
    )
    return replace(outcome, draft=told)


def _calm(draft: Draft) -> Draft:
    """What was told before the alarm; else the trouble itself, for which there may be cause."""
    if draft.calm:
        return Draft.from_json(draft.calm)
    if not tells_of_trouble(draft.description or ""):
        return Draft(kind=draft.kind)
    return replace(draft, kind=CaseKind.COMPLAINT.value, emergency=None, misses=0)


def _asks_why(asked: Slot, text: str) -> bool:
    if asked not in (Slot.CONTACT, Slot.CONFIRMED) and len(text) > _SHORT_QUESTION:
        return False  # 物业怎么打电话都没人接 is a story
    return answers.asks_why_contact(text) and not answers.refuses_contact(
        _UP_TO_QUESTION.sub("", text)
    )


_UP_TO_QUESTION = re.compile(
    r"[^，,。；;！!？?\s]*(?:不(?:给|留)[^，,。；;]{0,4}(?:行不行|行吗|可以吗|成吗))[^，,。]*"
)


def _find_called(text: str) -> str | None:
    """The words that help was called, unless he wants a person or gives up."""
    if answers.wants_human(text) or answers.is_cancel(text):
        return None
    called = _CALLED.search(text)
    return called[0] if called else None


def speaks_of_form(draft: Draft, reading: Reading) -> bool:
    """Whether it is about the questions and the summary, so that a danger heard in it by its sound
    alone is none: 电话不给，你们要电话干啥; 把那几个字去了，交.
    """
    text = reading.text
    at_the_end = draft.missing() in (Slot.CONTACT, Slot.CONFIRMED, Slot.CHANGE)
    about = (
        SPEAKS_OF_DRAFT.search(text)
        or answers.asks_why_contact(text)
        or answers.refuses_contact(text)
    )
    return at_the_end and bool(about) and detect_emergency(text) is None


def _turn_urgent(draft: Draft, reading: Reading) -> Outcome:
    """Danger named in the middle of anything: what is left to ask is the place."""
    told = [draft.description, tell_story(reading)]
    draft = replace(
        draft,
        calm=draft.to_json() if draft.description else None,
        kind=draft.kind if draft.is_problem else CaseKind.HELP.value,
        description="\n".join(filter(None, told)),
        doubtful=False,
        emergency=reading.emergency,
        category=None if reading.emergency in PEOPLE_IN_DANGER else draft.category,
        changing=False,
        misses=0,
    )
    outcome = absorb(draft, reading, asked=None)
    human = Detour.HUMAN if answers.wants_human(reading.text) else None
    return replace(outcome, detour=human)


def _take_shared(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome:
    """A picture or a position without a word."""
    moved = reading.shared_location is not None and draft.location is not None
    if moved and (place := place_of(reading)) is not None:
        draft = move_place(draft, place)
    outcome = absorb(draft, reading, asked)
    return replace(outcome, changed=(Slot.LOCATION, *outcome.changed)) if moved else outcome


# --- what is not about the report ---------------------------------------------------------------

_SURE, _PLAIN = 0.5, 0.85
_SHORT, _SHORT_REPLY, _SHORT_QUESTION = 20, 8, 12
_OTHER = 0.6
_NAMES_A_PLACE = re.compile(
    r"^(?:我们?|就|是|人)*(?:在)?[^，。]{1,14}(?:[路街巷道区号村店桥院]|胡同|广场|市场|学校|医院|小卖部|门口|地铁站?)"
)
_FEW_SIGNS = 3
"""More signs than this, most of them digits, were meant as a telephone number."""


_HERE = re.compile(r"我(?:现在)?(?:就)?在(?:这|那)|我的?位置")
_NOT_FILED = re.compile(
    r"(?:我)?(?:这)?(?:不用|不要|不是(?:要|来)?|别|甭|没(?:想|要))(?:让|叫)?(?:你|您)?(?:给我|帮我|替我)?登记(?![成为错在人])"
)
"""不用登记，就是夸夸你."""
_OF_THEM = re.compile("他们?|她们?|人家|物业|老板|店[家里]|对方|邻居|工地")
"""他们说有许可证 is told, not asked."""
_OF_A_CASE = re.compile("工单|那件|单子|单号|上次|之前|昨天")


def _find_detour(draft: Draft, asked: Slot | None, reading: Reading) -> Detour | None:
    text = reading.text
    if answers.wants_human(text):
        return Detour.HUMAN
    if _NOT_FILED.match(text):
        return Detour.CANCEL
    if answers.is_cancel(text) and not (asked is Slot.CONTACT and answers.is_anonymous(text)):
        return Detour.CANCEL
    if answers.takes_back_case(text):
        return Detour.CHECK_CASE if _OF_A_CASE.search(text) else Detour.CANCEL
    if is_another_matter(draft, reading):
        return Detour.ANOTHER
    if _fits(draft, asked, reading):
        return None
    if asked is Slot.DESCRIPTION and not _interrupts(reading):
        return None  # a story may sound like anything
    if reading.intent == "request_human" and reading.confidence >= _SURE:
        return Detour.HUMAN
    told_of_them = _OF_THEM.match(text) is not None and not asks(text)
    if (
        reading.intent == "ask_policy"
        and not told_of_them
        and (asks(text) or reading.confidence >= 0.8)
    ):
        return Detour.QUESTION
    if reading.intent == "check_case" and reading.confidence >= _SURE:
        return Detour.CHECK_CASE
    if reading.intent in ("find_office", "find_market") and reading.confidence >= 0.7:
        return Detour.FIND_PLACE
    if asked is Slot.LOCATION and _HERE.search(text):
        return None
    if asked not in (Slot.CONFIRMED, Slot.DESCRIPTION) and is_bare_wish(text):
        return Detour.CHITCHAT  # 我要投诉, pressed or said once more in the middle of it
    if reading.intent == "chitchat" and reading.confidence >= _SURE:
        # a thank-you for the case just filed: nothing more is wanted
        return Detour.CANCEL if asked is Slot.WANTED else Detour.CHITCHAT
    if reading.intent == "out_of_scope" and is_mere_insult(text):
        return Detour.CHITCHAT  # answered as ill temper, and the report goes on
    if reading.intent == "out_of_scope" and reading.confidence >= 0.7:
        return Detour.OUT_OF_SCOPE
    return None


_BESIDES = re.compile(
    r"^(?:[哦噢对了嗯哎唉欸诶啊]+)?[，,、\s]*(?:还有|另外|此外|顺便|顺带|除了这个|除此之外"
    r"|[二三四2-4][、.．][^，。]|[^，。]{0,6}还有(?:人|个|一[个条处]|辆|堆)|(?:我)?(?:还|再)(?:想|要|得)?(?:跟|给|向)?(?:你|您|你们)?(?:反映|投诉|举报|报|说)(?:一|另)?[个件下])"
)


def is_another_matter(draft: Draft, reading: Reading) -> bool:
    """Whether he turns to a matter of another kind: 另外，我们小区还有人占消防通道."""
    if draft.category is None or draft.emergency or not _BESIDES.search(reading.text):
        return False
    code, _, likely = next(iter(reading.categories), (UNSORTED, "", 0.0))
    told = len(reading.text) > _SHORT_REPLY  # 还有苍蝇 belongs to the heap
    other = told and code not in (UNSORTED, draft.category) and likely >= _OTHER
    return other and reading.intent == "report_case" and reading.confidence >= _SURE


def _tells_another(reading: Reading) -> bool:
    """Whether the message is a report of its own."""
    plain = reading.intent == "report_case" and reading.confidence >= _PLAIN
    return plain and len(reading.text) > _SHORT_REPLY


def _interrupts(reading: Reading) -> bool:
    """Before anything is told: a plain question or greeting, and not the story itself."""
    if len(reading.text) > _SHORT:
        return False
    if asks(reading.text) and reading.confidence >= _SURE:
        return reading.intent == "ask_policy"
    return reading.confidence >= _PLAIN and reading.intent in ("chitchat", "request_human")


def _fits(draft: Draft, asked: Slot | None, reading: Reading) -> bool:
    """Whether the message plainly answers the question."""
    text = reading.text
    if reading.shared_location is not None:
        return True
    if asked is Slot.LOCATION and draft.photo_position and len(text) <= _SHORT and "照片" in text:
        return True
    if asked is Slot.LOCATION:
        return reading.first("location") is not None and not asks(text)
    if asked is Slot.WANTED:
        return answers.is_affirm(text) or answers.is_deny(text)
    if asked is Slot.SIMILAR or asks_secrecy(text):
        return len(text) <= _SHORT
    if asked is Slot.DISTRICT:
        return reading.first("location") is not None or answers.is_unknown(text)
    if asked is Slot.OCCURRED:
        return reading.first("time") is not None and not asks(text)
    if asked is Slot.CONTACT:
        found = reading.first("phone") or read_landline(text)
        tried = 2 * len(read_digits(text)) > len(text) > _FEW_SIGNS
        return found is not None or tried or answers.refuses_contact(text)
    if asked is Slot.CONFIRMED:
        words = answers.trim(text) in (KEEP_WORDS | CHANGE_WORDS)
        return words or answers.is_affirm(text) or answers.is_deny(text) or answers.is_back(text)
    if asked in (Slot.CATEGORY, Slot.CHANGE):
        return len(text) <= 12 and not asks(text)
    return False
