"""What is said after a case was filed, read from the words alone: a slip in it, news, please hurry."""

from __future__ import annotations

import re

from cases.categories import UNSORTED
from cases.draft import Reading
from cases.mending import words_taken_back
from cases.placing import place_of
from cases.story import asks, is_bare_wish, own_phone, time_of

_BRIEFLY = 24
"""Characters: more tell a matter of their own."""
_LIKELY = 0.5
_URGES = re.compile(
    r"催(?!收|费|缴|款|债|婚)|加急|急死(?:了|我)"
    r"|(?:还是|还|都说|根本|压根|一直|仍然?)?没(?:有)?(?:给)?(?:解决|处理好?|修好|弄好|办好)(?!吗|么)"
    r"|(?<!有)没(?:有)?人(?:来|管)(?!吗|么)|怎么没人管|(?:怎么|咋)还(?:没|不)(?:有)?(?:人)?(?:来|管|处理)"
    r"|(?:根本|压根)没动|还(?:是)?没(?:有)?(?:人)?(?:来|收|修|清|管|亮|拆|弄|换|拖|盖|好|通|办|处理|解决)(?!吗|么)"
    r"|快(?:点|一点|些)儿?(?:办|处理|来|解决|派|[啊吧呀不行]|[，,。！!\s]|$)|(?:赶紧|赶快|尽快|抓紧)(?:办|处理|来|解决|派)"
)


def urges(text: str) -> bool:
    """Whether he wants his case to go faster."""
    return _URGES.search(text) is not None


def hurries(text: str) -> bool:
    """Whether it says no more than that: 没人来, 还是没解决."""
    return len(text) <= _BRIEFLY and urges(text)


_ASKS_WHEN = re.compile(
    r"(?:今[天晚儿]|明[天早儿]|现在|马上|什么时候|啥时候|多久|几点)[^，。]{0,4}(?:能|会|可以)?(?:有人)?(?:来|到|处理|解决|修)|(?:要|得|还要|还得)多久|(?:什么时候|啥时候)[^，。]{0,3}(?:管|好)|(?:到底|得|要)几天|几天(?:能|会|可以)|(?i:how long will|when will)"
)


def asks_when(text: str) -> bool:
    """Whether he wants to know when somebody comes: 今晚能来吗."""
    return len(text) <= _BRIEFLY and _ASKS_WHEN.search(text) is not None


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


_TIME_SLIP = re.compile(
    r"时间[^，。]{0,4}(?:[写说填记报]?错|不对|改|更正|应该是|是)|不是[^，。]{1,10}[，,]?\s*(?:而?是|应该是)"
)


def new_time(reading: Reading) -> str | None:
    """When it happened after all, in his words, if he says that the time told before was wrong."""
    if asks(reading.text) or _TIME_SLIP.search(reading.text) is None:
        return None
    return time_of(reading, words_taken_back(reading.text))


_GOES_ON = re.compile(
    r"更[大多严厉重深宽]|越来越|(?:大|小|多|少|重|轻|停|灭|退|散|深|宽)了|还在(?!办)|(?:已经|都|刚)[^，。]{0,3}(?:修|盖|清|拖|搬|弄|换|拆|处理)[^，。]{0,2}了|有人来了|又(?:开始|来了|着|冒|漏|塌|裂)|蔓延|控制不住|裂缝|现在没"
)


def tells_of_change(reading: Reading) -> bool:
    """Whether it only says how what was just told goes on: 坑更大了, 好像烟小了, 又来了."""
    brief = len(reading.text) <= _BRIEFLY and place_of(reading) is None
    return brief and _GOES_ON.search(reading.text) is not None and not asks(reading.text)


_OF_THE_SAME = re.compile("不是新的?|就是?(?:刚才|刚刚|方才)那|还是(?:刚才那|那件|这件)")


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
