"""The resident's own words: what they ask, tell and name besides places."""

from __future__ import annotations

import re

from cases.draft import Reading

_THEIRS = re.compile(
    r"(?:广告|喷|印|贴|写|商家|老板|店家?|摊主|对方|他们?|她们?|物业|公司|司机|车主|工地|施工方)[^，,。；;]{0,6}"
    r"(?:电话|手机|号码?|联系方式)[^，,。；;]{0,4}$|(?:喷|印|贴|写)(?:着|了|有)?[^，,。；;]{0,4}$"
)
_OURS = re.compile(r"我[^，,。；;]{0,8}$|本人[^，,。；;]{0,6}$")
_CUE = re.compile(
    r"[，,、；;：:\s]*(?:我|本人)?(?:的|是)?(?:联系|手机|电话|号码?|方式|留)*(?:是|为|：|:)?\s*$"
)

_ANONYMOUS = re.compile(
    r"(?:^|[，,。；;\s])(?:我要|我想|请|要求)?匿名(?:举报|投诉|反映|上报)?[。！!\s]*$"
)
_CALLS_HIMSELF = re.compile(
    r"(?:我|俺|本人|免贵|贵)(?:姓|叫|是|名叫|名字叫)$|(?:联系人|姓名|称呼)(?:是|为|：|:)?$|叫我$"
)
_SECRECY = re.compile(
    r"保密|(?:不要|别|不能|不想让?|请勿)[^，。；]{0,8}(?:透露|泄露|告诉|知道是我|说是我|说出去|我的?(?:信息|身份|姓名|名字))"
)
_NO_SECRECY = re.compile(
    r"(?:不用|不必|不需要|无需|取消)[^，。；]{0,3}保密|保密局|保密(?:单位|工作|协议)"
)
_WISH = re.compile(
    r"^[我想要帮请给您你好，,。\s]*(?:投诉|举报|反映|上报|报案|报修|求助|提|说|有)?(?:一?个|一下|点|条)?"
    r"(?:投诉|举报|举报投诉|投诉举报|反映|上报|问题|情况|事儿?|建议|意见|表扬|挑错|纠错|信息有误|报修|求助|工单)?"
    r"(?:吧|啊|呢|一下|行吗|可以吗|怎么弄)?[。！!？?\s]*$"
)
_QUESTION = re.compile(
    r"[？?]|吗|呢$|怎么|多久|几天|是不是|能不能|可不可以|会不会|什么时候|谁管|归谁|合法"
)
_SPAN = r"(?:好几|几|[一二两三四五六七八九十半]{1,3}|\d{1,3})个?多?(?:天|周|星期|礼拜|月|年)多?"
_LASTS = re.compile(
    rf"(?<=了){_SPAN}(?=[，。！,!；;\s]|$)|{_SPAN}(?=了(?!解)|没|都没|也没|还没|都不|也不)"
)
"""A span stands for a beginning only where something has lasted for it: 三天了, 不是 三天两头."""


def own_phone(reading: Reading) -> str | None:
    """The resident's number in the message; one that stands on an advertisement is not his."""
    for phone in reading.entities:
        if phone["entity"] != "phone":
            continue
        before = reading.text.partition(phone["text"])[0]
        if _OURS.search(before) or not _THEIRS.search(before):
            return str(phone["value"])
    return None


def tell_story(reading: Reading) -> str:
    """The message without the wish for anonymity and without the resident's own number.

    The number is kept sealed, never in plain words.
    """
    text, own = reading.text.strip(), own_phone(reading)
    for phone in reading.entities:
        if phone["entity"] == "phone" and phone["value"] == own:
            before, _, after = text.partition(phone["text"])
            text = _CUE.sub("", before) + after
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


def time_of(reading: Reading, but_not: str = "") -> str | None:
    """When it happened, in his words; none out of the words `but_not`.

    A habit keeps the span it is told with: 最近两个月，每天晚上.
    """
    times = [
        item
        for item in reading.entities
        if item["entity"] == "time" and item["text"] not in but_not
    ]
    lasting = any((item.get("data") or {}).get("kind") == "habit" for item in times)
    return "，".join(str(item["value"]) for item in times[: 2 if lasting else 1]) or None


def lasting_of(text: str) -> str | None:
    """How long it has gone on, where no moment is told: 坏了三天, 半个月没人管."""
    found = _LASTS.search(text)
    return f"已有{found[0]}" if found else None


def asks_secrecy(text: str) -> bool:
    """Whether he wants it kept from others who he is: 要求保密."""
    return bool(_SECRECY.search(text)) and not _NO_SECRECY.search(text)


def is_bare_wish(text: str) -> bool:
    """Whether it only says that there is something to report: 我要投诉."""
    return not text or bool(_WISH.match(text))


def asks(text: str) -> bool:
    """Whether it sounds like a question."""
    return bool(_QUESTION.search(text))


def tells_something(text: str) -> bool:
    """Whether there are Chinese words in it and no question."""
    return bool(re.search(r"[\u4e00-\u9fff]", text)) and not asks(text)
