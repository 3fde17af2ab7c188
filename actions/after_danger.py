"""After an urgent case was filed: what is said next belongs to it, until he is safe again.

A place goes to the case that lacks it, more words to its history; that there was no danger is
written down for the operator. Who wanted to die is never told that small talk is not done here.
What has been said already is read from the case itself.
"""

from __future__ import annotations

import re
from dataclasses import asdict

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.after_filing import add_to_case, new_place
from actions.services import services
from actions.similar import to_location
from actions.turn import conversation_id, read_turn
from actions.wording import describe_place
from bot.language import answers
from bot.language.all_clear import is_over
from cases.afterwards import new_phone, says_nothing_new, tells_of_change
from cases.draft import SELF_HARM, Draft, Reading
from cases.models import Case, Location
from cases.placing import place_of
from cases.story import asks
from cases.supplements import ADDED, Anew

_SHORT, _BRIEF = 24, 6
_ASKS_WHO_COMES = re.compile(
    r"(?:通知|联系|叫)(?:了|过)?(?:消防|警察|派出所|救护车|急救|物业|人)[^，。]{0,3}(?:吗|么|没有?)|(?:派|会有|有没有|有)(?:人|车)[^，。]{0,2}来?(?:吗|么|没有?|不)?(?=[？?。]|$)|(?:谁|你们)(?:会|能|要)?来(?:救|吗|不|么)"
    r"|(?:多久|几点|什么时候|啥时候|多长时间)[^，。]{0,4}(?:来人|(?:到|来)(?=[？?吗呢。]|$))"
)
_CALLS_FOR_HELP = re.compile(r"(?:别问了|快点?)[，,]?(?:快)?(?:派人)?来")
_ASKS_IN_ENGLISH = re.compile(
    r"(?:is|will|when)\b[^.?]{0,30}\bcom(?:e|ing)\b|someone is coming", re.IGNORECASE
)
_ASKS_WHAT_TO_DO = re.compile(
    r"(?:^|我|现在|这|那|该|了|[，,])(?:可|又)?(?:怎么|咋)(?:办|做|弄)(?=[啊呀呢吧哪？?。！!]|$)|(?:现在|我|该|能)(?:该|应该|要|能)?(?:干|做)(?:嘛|啥|什么|点啥)"
    r"|(?:还能|能不能|可不可以|要不要|用不用)[^，。]{0,10}(?:回|进|出|开|关|守|救|动|抬|扶|做|等|走|楼)"
    r"|然后呢|接下来|不(?:知道|会)(?:怎么|咋)?(?:关|弄|办|处理)|(?i:what (?:should|shall|do|can) (?:i|we) do)"
)
_SPEAKS_OF_DANGER = re.compile(
    r"受伤|报(?:了|过)?警|打(?:了|过|完)?(?:1[12][0-9]|电话)|救护车|消防|流血|出血|昏|醒|喘|呼吸|被困|着火|冒烟|火花|气味|漏气|砸|摔|断了"
)


async def belongs_to_urgent(
    dispatcher: CollectingDispatcher, tracker: Tracker, *, others: bool
) -> bool:
    """Deal with a message that belongs to the urgent case just filed; False when it does not.

    `others`: nothing else understands the message, so that whatever it says is taken.
    """
    reading = read_turn(tracker)
    if answers.wants_human(reading.text) or not reading.text:
        return False
    case = await services().cases.urgent_of(conversation_id(tracker))
    if case is None or (case.emergency != SELF_HARM and _is_denied(case)):
        return False
    denied = is_over(reading.text)
    place = None if denied or _has_place(case) else _place(reading)
    moved = None if denied or place is not None else new_place(reading, case)
    told_where = place is not None and reading.intent in ("inform", "correct_slot")
    short, elsewhere = len(reading.text) <= _SHORT, _has_place(case) and _place(reading)
    others = others or (case.emergency == SELF_HARM and len(reading.text) <= _BRIEF)
    asked = _choose_answer(reading.text) if short and not elsewhere else None
    speaks = short and not elsewhere and _SPEAKS_OF_DANGER.search(reading.text)
    goes_on = short and not elsewhere and says_nothing_new(reading)
    more = asked or speaks or goes_on or tells_of_change(reading) or _is_the_same(reading, case)
    if not (denied or told_where or moved or others or more):
        return False
    phone = new_phone(reading)
    place = moved or place
    anew = Anew(place, moves=moved is not None, phone=phone)
    if not await add_to_case(tracker, case, reading, anew):
        return False
    said = "utter_urgent_moved" if moved else _choose_reply(case, denied, told_where)
    if asked and said == "utter_urgent_added":
        said = asked
    elif phone is not None and said == "utter_urgent_added":
        said = "utter_added_phone"
    where = describe_place(asdict(place)) if place else ""
    dispatcher.utter_message(
        response=said, case_number=case.case_number, place=where, last_four=(phone or "")[-4:]
    )
    return True


def _choose_answer(text: str) -> str | None:
    """To a question that everybody in danger asks: will somebody come, what shall I do."""
    calls = _CALLS_FOR_HELP.search(text) or _ASKS_IN_ENGLISH.search(text)
    if calls or (_ASKS_WHO_COMES.search(text) and asks(text)):
        return "utter_urgent_who_comes"
    return "utter_urgent_what_to_do" if _ASKS_WHAT_TO_DO.search(text) else None


def _choose_reply(case: Case, denied: bool, told_where: bool) -> str:
    if told_where:
        return "utter_urgent_placed"
    if case.emergency == SELF_HARM:
        return "utter_self_harm_stay"
    return "utter_danger_over" if denied else "utter_urgent_added"


def _is_denied(case: Case) -> bool:
    """Whether he has said already that there is no danger."""
    notes = (step.note for step in case.history if step.note.startswith(ADDED))
    told = [note.removeprefix(ADDED) for note in notes]
    return any(map(is_over, told))


def _is_the_same(reading: Reading, case: Case) -> bool:
    """The same danger once more, without another place, is no second case."""
    return reading.emergency is not None and (not _has_place(case) or _place(reading) is None)


def _has_place(case: Case) -> bool:
    return case.location is not None and case.location.district_code is not None


def _place(reading: Reading) -> Location | None:
    place = place_of(reading)
    return to_location(Draft(location=place)) if place is not None else None
