"""What a resident says of the case he has just filed: more of it, a slip in it, please hurry."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.services import services
from actions.turn import conversation_id, last_deed, read_turn
from cases.draft import Reading
from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import OVER
from cases.models import Case, Location
from cases.story import own_phone
from hotline.audit import Actor

_EMPTY = re.compile(
    r"[我你您想要请麻烦再还给帮刚才对了补充说明反映一下点句几些个情况内容信息资料忘记没清全漏"
    r"地点址时间电话号码类别写记填错不需修改换成的是有，,。！!：:\s]+"
)
_URGES = re.compile(
    r"催(?!收|费|缴|款|债|婚)|加急|(?:怎么|咋)还(?:没|不)(?:有)?(?:人)?(?:来|管|处理)|还没人(?:来|管|处理)|急死(?:了|我)|快(?:点|一点|些)儿?(?:办|处理|来|解决|派|[啊吧呀不行]|[，,。！!\s]|$)|(?:赶紧|赶快|尽快|抓紧)(?:办|处理|来|解决|派)"
)


def _who(tracker: Tracker) -> Actor:
    return Actor("resident", conversation_id(tracker), "市民")


async def add_to_case(
    tracker: Tracker,
    case: Case,
    reading: Reading,
    *,
    place: Location | None = None,
    phone: str | None,
) -> bool:
    """Write the resident's words into the case; False when it takes none any more."""
    number, who = case.case_number, _who(tracker)
    try:
        await services().supplements.add(number, reading.text, who, place=place, phone=phone)
    except (CaseNotFound, IllegalMove):
        return False
    return True


_MINE = re.compile(
    "我的?(?:电话|手机|号)|改[成为]|换[成为]|[写填说报记留]错|更新|正确|应该是|(?:忘了?说|补充)[^，。]{0,4}(?:电话|手机|号)|可以打|联系我|打给我|留(?:一?个)?(?:电话|手机|号)"
)
_OTHERS = re.compile("挪车|车[上主]|邻居|房东|物业|老板|店|司机|施工|广告")
_RELATIVES = re.compile(
    "(?:我|他|她)(?:老伴|[爸妈哥姐弟妹]|儿子|女儿|媳妇|老公|爱人|邻居)[^，。]{0,3}(?:电话|手机|号)"
)
_BARE = 8


def new_phone(reading: Reading) -> str | None:
    """The number he wants to be called on from now on; not one that he only tells of."""
    phone = own_phone(reading)
    if phone is None or _RELATIVES.search(reading.text):
        return None
    if _MINE.search(reading.text):
        return phone
    bare = len(re.sub(r"[0-9\s\-]", "", reading.text)) <= _BARE
    return phone if bare and not _OTHERS.search(reading.text) else None


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
    if not _EMPTY.sub("", reading.text) and own_phone(reading) is None:
        dispatcher.utter_message(response="utter_add_what", case_number=case.case_number)
        return True
    phone = new_phone(reading)
    if not await add_to_case(tracker, case, reading, phone=phone):
        return False
    dispatcher.utter_message(
        response="utter_added" if phone is None else "utter_added_phone",
        case_number=case.case_number,
        last_four=(phone or "")[-4:],
    )
    return True


def urges(text: str) -> bool:
    """Whether he wants his case to go faster."""
    return _URGES.search(text) is not None


async def urge_case(dispatcher: CollectingDispatcher, tracker: Tracker, case: Case) -> bool:
    """Remind whoever has the case, and say so; False, and nothing said, where it is over."""
    try:
        now = await services().urging.urge(case.case_number, _who(tracker))
    except (CaseNotFound, IllegalMove):
        return False
    said = "utter_urged" if now else "utter_urged_already"
    dispatcher.utter_message(response=said, case_number=case.case_number)
    return True
