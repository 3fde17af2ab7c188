"""The resident's own words as the case keeps them, and whose telephone number is in them."""

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
    """The message without the resident's own number: it is kept sealed, never in plain words."""
    text, own = reading.text.strip(), own_phone(reading)
    for phone in reading.entities:
        if phone["entity"] == "phone" and phone["value"] == own:
            before, _, after = text.partition(phone["text"])
            text = _CUE.sub("", before) + after
    return text.strip("，,、；; \n")
