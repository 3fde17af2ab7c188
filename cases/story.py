"""The resident's own words: what they ask, tell and name besides places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bot.language.sentences import is_letter
from cases.draft import Reading
from cases.letters import times_of_trouble

_THEIRS = re.compile(
    r"(?:广告|喷|印|贴|写|商家|老板|店家?|摊主|对方|他们?|她们?|物业|公司|司机|车主|工地|施工方)[^，,。；;]{0,6}"
    r"(?:电话|手机|号码?|联系方式)[^，,。；;]{0,4}$|(?:不要|别|请勿|勿)打[^，,。；;]{0,10}$|(?:喷|印|贴|写)(?:着|了|有)?[^，,。；;]{0,4}$"
)
_OURS = re.compile(r"我[^，,。；;]{0,8}$|本人[^，,。；;]{0,6}$")
_CUE = re.compile(
    r"\s+(?:(?:at|on|is|my|phone|number|mobile|tel)[.:]?\s*)+$|[，,、；;：:\s]*(?:我|本人)?(?:的|是)?(?:联系|手机|电话|号码?|方式|留)*(?:是|为|：|:)?\s*$"
)

_ANONYMOUS = re.compile(
    r"(?:^|[，,。；;\s])(?:我要|我想|请|要求)?匿名(?:举报|投诉|反映|上报)?[。！!\s]*$"
)
_CALLS_HIMSELF = re.compile(
    r"(?:我|俺|本人|免贵|贵)(?:姓|叫|是|名叫|名字叫)$|(?:联系人|姓名|称呼)(?:是|为|：|:)?$|叫我$"
)
_NOT_ANONYMOUS = re.compile(
    r"匿名(?:干|是什么|什么|吗|怎么|了吗|可以吗|行吗|能)|(?:别|不|不要|不用|取消|说)匿名"
)
_SECRECY = re.compile(
    r"保密|(?:不要|别|不能|不想让?|请勿)[^，。；]{0,8}(?:透露|泄露|告诉|知道是我|说是我|说出去|我的?(?:信息|身份|姓名|名字))"
)
_NO_SECRECY = re.compile(
    r"(?:不用|不必|不需要|无需|取消)[^，。；]{0,3}保密|保密局|保密(?:单位|工作|协议)"
)
_WISH = re.compile(
    r"^(?:那么?)?(?:顺便|顺带|顺道|也|就)?[我想要帮请给您你好也就，,。\s]*(?:投诉|举报|反映|上报|报案|报修|求助|提|说|有)?(?:一?个|一下|点|条)?"
    r"(?:投诉|举报|举报投诉|投诉举报|反映|上报|报|登记|问题|情况|事儿?|建议|意见|表扬|挑错|纠错|信息有误|报修|求助|工单)?"
    r"(?:吧|啊|呢|一下|行吗|可以吗|怎么弄)?[。！!？?\s]*$"
    r"|^还有(?:[一两二三几]?[件个]|别的)(?:事儿?|问题|情况)?(?:要(?:报|说|反映))?[。！!\s]*$|^(?:帮帮(?:我|忙)|帮个忙|我需要帮助|求助你们)[吧啊。！!\s]*$"
)
_ADDS = re.compile(
    r"^(?:我|请|麻烦|再|还|想|要|给|帮我?|在?刚才那?[个件]?|对了)*[，,\s]*补充(?:(?:一下|几句|一点|点儿?|说明|情况|内容|信息)+|(?=[，,、：:\s]|$))"
    r"|^(?:对了)?[，,\s]*(?:刚才|刚刚|我)*(?:忘了?记?说|没说[清全明]|漏说)了?(?=[，,、\s]|$)"
)
_QUESTION = re.compile(
    r"[？?]|吗|呢$|怎么|多久|几天|是不是|能不能|可不可以|会不会|什么时候|哪些|哪种|哪类|谁管|归谁|合法|几点(?:能|可以|才|开|关|[上下]班)"
)
_SPAN = r"(?:好几|几|[一二两三四五六七八九十半]{1,3}|\d{1,3})个?多?(?:天|周|星期|礼拜|月|年)多?"
_ALWAYS = re.compile(r"一直(?=都|在|这么|这样|就|锁|堆|停|占|没|不|有)|长期|常年|老是|总是")
CLAUSE = re.compile(r"[^，,。；;！!？?\n]+")
_LONGEST_TIME = 20
_SLIP = re.compile(
    r"^[，,、。；;\s]*(?:不对|[哦噢啊呃]*不是?|错了|应该是|是|改成|更正(?:为|一下)?)+[，,、。：:；;\s]*"
)
_LASTS = re.compile(
    rf"(?<=了){_SPAN}(?=[，。！,!；;\s]|$)|{_SPAN}(?=了(?!解)|没|都没|也没|还没|都不|也不)"
)
"""A span stands for a beginning only where something has lasted for it: 三天了, 不是 三天两头."""


_TAKES_BACK = re.compile(
    r"不对|[哦噢啊呃]+不是?|不是[，,、\s]|错了|[说写记]错|(?<![一-龥])不[，,、\s]|应该是|改成|更正"
)
"""Between two values: what came before was a slip."""


def last_meant(text: str, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Those of `items` in `text` that he does not take back: 昨儿个，不对，前儿个."""
    first = 0
    for index, (one, other) in enumerate(pairwise(items), start=1):
        begins = text.find(one["text"]) + len(one["text"])
        if _TAKES_BACK.search(text, begins, text.find(other["text"], begins)):
            first = index
    return items[first:]


def _own_phones(reading: Reading) -> list[Mapping[str, Any]]:
    """The resident's numbers; one that stands on an advertisement is not his."""
    found = []
    for phone in reading.entities:
        if phone["entity"] == "phone":
            before = reading.text.partition(phone["text"])[0]
            if _OURS.search(before) or not _THEIRS.search(before):
                found.append(phone)
    return found


def own_phone(reading: Reading) -> str | None:
    """The resident's number in the message, the last one if he corrects himself."""
    meant = last_meant(reading.text, _own_phones(reading))
    return str(meant[0]["value"]) if meant else None


def tell_story(reading: Reading) -> str:
    """The message without the wish for anonymity and without the resident's own numbers.

    They are kept sealed, never in plain words; nor is one that he took back.
    """
    text, own = reading.text.strip(), _own_phones(reading)
    slips = own[: len(own) - len(last_meant(reading.text, own))]
    for phone in own[: len(slips) + 1]:
        before, _, after = text.partition(phone["text"])
        text = _CUE.sub("", before) + (_SLIP.sub("", after) if phone in slips else after)
    text = re.sub(r"(?<=[。！？；，])[，,、]+", "", text)
    return _ANONYMOUS.sub("", text).strip("，,、；; \n")


def own_name(reading: Reading) -> str | None:
    """The resident's own name: said as his, or beside his number; not whom he tells of."""
    text, phone = reading.text, reading.first("phone")
    for person in reading.entities:
        if person["entity"] != "person":
            continue
        before, _, after = text.partition(person["text"])
        beside = phone is not None and (
            before.rstrip("，,、。 ").endswith(phone["text"])
            or after.lstrip("，,、。 电话手机号码是：:").startswith(phone["text"])
        )
        if beside or _CALLS_HIMSELF.search(before):
            return str(person["value"])
    return None


def _told_times(reading: Reading) -> list[Mapping[str, Any]]:
    """The times of the matter: not 刚才 in 刚才我说错了, nor the hours in which he can be called."""
    found = []
    for item in reading.entities:
        if item["entity"] == "time":
            after = reading.text.partition(item["text"])[2]
            speaks = item["text"] in _JUST_NOW and _OF_SPEAKING.match(after)
            speaks = speaks or (item["text"] in ("今天", "今儿") and _OF_WRITING.match(after))
            age = item["text"] == "今年" and _OF_AGE.match(after)
            if not (speaks or age or _OF_CALLING.match(after)):
                found.append(item)
    return found


_JUST_NOW = ("刚才", "刚刚", "方才", "刚")
_OF_SPEAKING = re.compile(r"[^，,。；;]{0,2}(?:说|讲|报|登记|填|写|看错|弄错|听错|那|地|的地)")
_OF_AGE = re.compile(r"(?:都|快|已经)?[0-9一二三四五六七八九十]{1,4}(?:岁|多?了)")
_OF_WRITING = re.compile(
    r"(?:我)?(?:就|特意|专门|主要)?(?:要|想|来)[^，,。；;]{0,2}(?:说|讲|反映|投诉|举报|写|问)"
)
_OF_CALLING = re.compile(
    r"[^，,。；;！!？?]{0,4}(?:再|才|给我|跟我|和我|方便)?(?:打(?:给我|电话|我)|来电|回电|回访|联系|接(?:得了)?电话|有空|能接)"
)


_CALLS_ME = re.compile(
    r"(?:点|时|以后|之后|以前|上午|下午|晚上|中午|早上|白天|周末|下班)[^，,。；;]{0,4}(?:再|才|方便)?(?:打|来电|回电|联系|接电话)"
)


def speaks_of_call(text: str) -> bool:
    """Whether it says when he can be called: 下午三点以后再打."""
    return len(text) <= _LONGEST_TIME and _CALLS_ME.search(text) is not None


def time_of(reading: Reading, but_not: str = "") -> str | None:
    """When it happened, in his words; none out of the words `but_not`.

    A habit keeps the span it is told with: 最近两个月，每天晚上.
    """
    times = [item for item in _told_times(reading) if item["text"] not in but_not]
    if is_letter(reading.text):
        times = times_of_trouble(reading.text, times)
    times = list(last_meant(reading.text, times))
    lasting = any((item.get("data") or {}).get("kind") == "habit" for item in times)
    words = [str(item["value"]) for item in times[: 2 if lasting else 1]]
    return "，".join(dict.fromkeys(words)) or None


def time_clauses(reading: Reading) -> str:
    """The clauses of a message that tell a time: 中午到一点，天天 without 电话说过了."""
    times = _told_times(reading)
    meant = last_meant(reading.text, times)
    first = reading.text.find(meant[0]["text"]) if meant else 0
    clauses = [
        clause[0]
        for clause in CLAUSE.finditer(reading.text)
        if clause.end() > first and any(item["text"] in clause[0] for item in meant)
    ]
    words = "，".join(clause.strip() for clause in clauses if not asks(clause))
    return words if 0 < len(words) <= _LONGEST_TIME else time_of(reading) or words


def lasting_of(text: str) -> str | None:
    """How long it has gone on, where no moment is told: 坏了三天, 半个月没人管, 一直锁着."""
    found = _LASTS.search(text)
    if found:
        return f"已有{found[0]}"
    always = _ALWAYS.search(text)
    return always[0] if always else None


def wishes_anonymity(text: str) -> bool:
    """Whether he wants to stay unnamed; not who asks what 匿名 is or takes it back."""
    return "匿名" in text and _NOT_ANONYMOUS.search(text) is None


def asks_secrecy(text: str) -> bool:
    """Whether he wants it kept from others who he is: 要求保密."""
    return bool(_SECRECY.search(text)) and not _NO_SECRECY.search(text)


def is_bare_wish(text: str) -> bool:
    """Whether it only says that there is something to report: 我要投诉."""
    return not text or bool(_WISH.match(text))


def speaks_of_adding(text: str) -> bool:
    """Whether it says of itself that it belongs to what was told before: 补充一下，是三号楼."""
    return _ADDS.search(text) is not None and not asks(text)


def added_words(story: str) -> str:
    """What is added, without the word that says so."""
    return _ADDS.sub("", story).strip("，,。、：: \n")


def asks(text: str) -> bool:
    """Whether it sounds like a question."""
    return bool(_QUESTION.search(text))


def tells_something(text: str) -> bool:
    """Whether there are Chinese words in it and no question."""
    return bool(re.search(r"[\u4e00-\u9fff]", text)) and not asks(text)
