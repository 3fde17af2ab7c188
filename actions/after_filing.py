"""What a resident says of the case he has just filed: more of it, a slip in it, please hurry."""

from __future__ import annotations

import re
from dataclasses import asdict

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.similar import to_location
from actions.turn import conversation_id, last_deed, read_turn, said
from actions.wording import describe_place
from cases.afterwards import hurries, new_phone, new_time, says_slip
from cases.draft import Draft, Reading
from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import OVER
from cases.mending import words_taken_back
from cases.models import Case, Location
from cases.placing import move_place, place_of
from cases.story import asks, own_phone
from cases.supplements import Anew
from hotline.audit import Actor

_EMPTY = re.compile(
    r"[我你您想要请麻烦再还给帮刚才对了补充说明反映一下点句几些个情况内容信息资料忘记没清全漏"
    r"地点址时间电话号码类别写记填错不需修改换成的是有，,。！!：:\s]+"
)


def _who(tracker: Tracker) -> Actor:
    return Actor("resident", conversation_id(tracker), "市民")


async def add_to_case(tracker: Tracker, case: Case, reading: Reading, anew: Anew) -> bool:
    """Write the resident's words into the case; False when it takes none any more."""
    try:
        await services().supplements.add(case.case_number, reading.text, _who(tracker), anew)
    except (CaseNotFound, IllegalMove):
        return False
    return True


def new_place(reading: Reading, case: Case) -> Location | None:
    """Where it is after all, if he says that the place of the case is wrong: 是61号不是52号."""
    place = place_of(reading, but_not=words_taken_back(reading.text))
    if place is None or asks(reading.text):
        return None
    if reading.intent != "correct_slot" and not says_slip(reading.text):
        return None
    told = Draft(location=asdict(case.location) if case.location else None)
    return to_location(move_place(told, place))


def follows_filing(tracker: Tracker) -> bool:
    """Whether a case has just been filed or added to: what says nothing else is said of it."""
    return last_deed(tracker) in ("action_submit_report", "action_mend_nothing")


async def belongs_to_filed(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Write the message into the case filed last in this conversation, or ask what to write.

    False when there is no such case that takes it.
    """
    reading = read_turn(tracker)
    case = await services().cases.latest_of(conversation_id(tracker))
    if case is None or case.status in OVER or not reading.text or reading.attachment_ids:
        return False
    place = new_place(reading, case)
    if place is None and not _EMPTY.sub("", reading.text) and own_phone(reading) is None:
        dispatcher.utter_message(response="utter_add_what", case_number=case.case_number)
        return True
    phone, time = new_phone(reading), new_time(reading)
    anew = Anew(place, moves=place is not None, phone=phone, occurred=time)
    if not await add_to_case(tracker, case, reading, anew):
        return False
    response = "utter_added" if phone is None else "utter_added_phone"
    if time is not None:
        response = "utter_added_time"
    dispatcher.utter_message(
        response="utter_added_place" if place is not None else response,
        time=time or "",
        case_number=case.case_number,
        last_four=(phone or "")[-4:],
        place=describe_place(asdict(place)) if place is not None else "",
    )
    return True


async def hurry_filed(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """没人来, 还是没解决, said of the case filed last in this conversation; False without one."""
    if not hurries(said(tracker)):
        return False
    case = await services().cases.latest_of(conversation_id(tracker))
    if case is None:
        return False
    if case.status in OVER:
        dispatcher.utter_message(response="utter_not_solved", case_number=case.case_number)
        return True
    return await urge_case(dispatcher, tracker, case)


async def urge_case(dispatcher: CollectingDispatcher, tracker: Tracker, case: Case) -> bool:
    """Remind whoever has the case, and say so; False, and nothing said, where it is over."""
    try:
        now = await services().urging.urge(case.case_number, _who(tracker))
    except (CaseNotFound, IllegalMove):
        return False
    response = "utter_urged" if now else "utter_urged_already"
    dispatcher.utter_message(response=response, case_number=case.case_number)
    return True
