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
from cases.categories import UNSORTED
from cases.draft import Draft, Reading
from cases.errors import CaseNotFound, IllegalMove
from cases.lifecycle import OVER
from cases.mending import words_taken_back
from cases.models import Case, Location
from cases.placing import move_place, place_of
from cases.story import asks, is_bare_wish, own_phone
from hotline.audit import Actor

_EMPTY = re.compile(
    r"[我你您想要请麻烦再还给帮刚才对了补充说明反映一下点句几些个情况内容信息资料忘记没清全漏"
    r"地点址时间电话号码类别写记填错不需修改换成的是有，,。！!：:\s]+"
)
_URGES = re.compile(
    r"催(?!收|费|缴|款|债|婚)|(?:还是|还|都说|根本|压根|一直|仍然?)?没(?:有)?(?:给)?(?:解决|处理好?|修好|弄好|办好)(?!吗|么)|没(?:有)?人(?:来|管)(?!吗|么)|(?:根本|压根)没动|还(?:是)?没(?:有)?(?:人)?(?:来|收|修|清|管|亮|拆|弄|换|拖|盖|好|通|办|处理|解决)(?!吗|么)|怎么没人管|加急|(?:怎么|咋)还(?:没|不)(?:有)?(?:人)?(?:来|管|处理)|还没人(?:来|管|处理)|急死(?:了|我)|快(?:点|一点|些)儿?(?:办|处理|来|解决|派|[啊吧呀不行]|[，,。！!\s]|$)|(?:赶紧|赶快|尽快|抓紧)(?:办|处理|来|解决|派)"
)


def _who(tracker: Tracker) -> Actor:
    return Actor("resident", conversation_id(tracker), "市民")


async def add_to_case(
    tracker: Tracker,
    case: Case,
    reading: Reading,
    *,
    place: Location | None = None,
    moves: bool = False,
    phone: str | None,
) -> bool:
    """Write the resident's words into the case; False when it takes none any more."""
    number, who = case.case_number, _who(tracker)
    try:
        await services().supplements.add(
            number, reading.text, who, place=place, moves=moves, phone=phone
        )
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


_PLACE_SLIP = re.compile(
    r"(?:其实|实际|应该)(?:是)?在|(?:地[址点方儿]|位置|门牌|楼号)[^，。]{0,4}(?:[写说填记报]?错|不对|改|更正|应该是|是)|不(?:是|在)[^，。]{1,12}[，,]?\s*(?:而?是|应该是|在)"
    r"|^(?:应该是|是)[^，。]{2,20}[，,]?不是"
)


def says_slip(text: str) -> bool:
    """Whether it says that the place told before was wrong: 其实在知春路8号."""
    return _PLACE_SLIP.search(text) is not None


def new_place(reading: Reading, case: Case) -> Location | None:
    """Where it is after all, if he says that the place of the case is wrong: 是61号不是52号."""
    place = place_of(reading, but_not=words_taken_back(reading.text))
    if place is None or asks(reading.text):
        return None
    if reading.intent != "correct_slot" and not says_slip(reading.text):
        return None
    told = Draft(location=asdict(case.location) if case.location else None)
    return to_location(move_place(told, place))


_GOES_ON = re.compile(
    r"更[大多严厉重深宽]|越来越|(?:大|小|多|少|重|轻|停|灭|退|散|深|宽)了|还在(?!办)|(?:已经|都|刚)[^，。]{0,3}(?:修|盖|清|拖|搬|弄|换|拆|处理)[^，。]{0,2}了|有人来了|又(?:开始|来了|着|冒|漏|塌|裂)|蔓延|控制不住|裂缝|现在没"
)
_BRIEFLY = 24


def tells_of_change(reading: Reading) -> bool:
    """Whether it only says how what was just told goes on: 坑更大了, 好像烟小了, 又来了."""
    brief = len(reading.text) <= _BRIEFLY and place_of(reading) is None
    return brief and _GOES_ON.search(reading.text) is not None and not asks(reading.text)


_OF_THE_SAME = re.compile("不是新的?|就是?(?:刚才|刚刚|方才)那|还是(?:刚才那|那件|这件)")
_LIKELY = 0.5


def refers_back(text: str) -> bool:
    """不是新的事，就是刚才那个树: he means the case just filed."""
    return len(text) <= _BRIEFLY and _OF_THE_SAME.search(text) is not None


def says_nothing_new(reading: Reading) -> bool:
    """Whether it tells of no matter of its own: 刚刮完大风, 就是刚才那个树."""
    if refers_back(reading.text):
        return True
    code, _, likely = next(iter(reading.categories), (UNSORTED, "", 0.0))
    plain = code != UNSORTED and likely >= _LIKELY
    return reading.intent == "report_case" and not plain and not is_bare_wish(reading.text)


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
    phone = new_phone(reading)
    moves = place is not None
    if not await add_to_case(tracker, case, reading, place=place, moves=moves, phone=phone):
        return False
    response = "utter_added" if phone is None else "utter_added_phone"
    dispatcher.utter_message(
        response="utter_added_place" if place is not None else response,
        case_number=case.case_number,
        last_four=(phone or "")[-4:],
        place=describe_place(asdict(place)) if place is not None else "",
    )
    return True


_ASKS_WHEN = re.compile(
    r"(?:今[天晚儿]|明[天早儿]|现在|马上|什么时候|啥时候|多久|几点)[^，。]{0,4}(?:能|会|可以)?(?:有人)?(?:来|到|处理|解决|修)|(?:要|得|还要|还得)多久|(?:什么时候|啥时候)[^，。]{0,3}(?:管|好)|(?:到底|得|要)几天|几天(?:能|会|可以)|(?i:how long will|when will)"
)


def asks_when(text: str) -> bool:
    """Whether he wants to know when somebody comes: 今晚能来吗."""
    return len(text) <= _BRIEFLY and _ASKS_WHEN.search(text) is not None


def urges(text: str) -> bool:
    """Whether he wants his case to go faster."""
    return _URGES.search(text) is not None


async def hurry_filed(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """没人来, 还是没解决, said of the case filed last in this conversation; False without one."""
    if not urges(said(tracker)) or len(said(tracker)) > _BRIEFLY:
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
