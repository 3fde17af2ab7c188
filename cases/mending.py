"""Corrections of a report at any time: 不是三号是四号, 地点说错了, 类别应该是油烟."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cases.categories import find_by_name
from cases.draft import Draft, Outcome, Reading, Slot

_NOT_BUT = re.compile(
    r"不(?:是|叫|在)(?P<old>[^，,。；;！!？?\s]{1,25}?)[，,。；;\s]*(?:而?是|应该是|应是|在|叫)(?P<new>[^，,。；;！!？?\s]{1,30})"
)
_CHANGE_WORDS = {
    Slot.LOCATION: re.compile(
        r"(?:改|换|修改|更正|错).{0,4}(?:地点|地址|位置|地方)|(?:地点|地址|位置|地方).{0,6}(?:改|错|不对|有误)"
    ),
    Slot.OCCURRED: re.compile(r"(?:改|换|修改|更正|错).{0,4}时间|时间.{0,6}(?:改|错|不对|有误)"),
    Slot.CATEGORY: re.compile(
        r"(?:改|换|修改|更正|错).{0,4}(?:类别|类型|分类)|(?:类别|类型|分类).{0,6}(?:改|错|不对|有误)"
    ),
    Slot.DESCRIPTION: re.compile(
        r"(?:改|换|修改|更正).{0,4}(?:描述|内容|说法|问题)|(?:描述|内容).{0,6}(?:改|错|不对|有误)"
    ),
    Slot.CONTACT: re.compile(
        r"(?:改|换|修改|更正|错).{0,4}(?:电话|号码|手机|联系方式)|(?:电话|号码|手机|联系方式|尾号).{0,6}(?:改|错|不对|有误)"
    ),
}
_CATEGORY_IS = re.compile(
    r"(?:类别|类型|分类)?.{0,4}(?:应该是|应是|改成|换成|是)(?P<name>[^，,。！!？?\s]{2,14})$"
)


def mend(draft: Draft, asked: Slot | None, reading: Reading) -> Outcome | None:
    """Apply a correction of something said before; None when the message is none."""
    patched = _patch(draft, reading.text)
    if patched is not None:
        return patched
    named = [slot for slot, words in _CHANGE_WORDS.items() if words.search(reading.text)]
    if not named and not (reading.intent == "correct_slot" and asked is not Slot.DESCRIPTION):
        return None
    return replace_named(draft, named, reading)


def _patch(draft: Draft, text: str) -> Outcome | None:
    """不是三号是四号: put the new words where the old ones stand."""
    match = _NOT_BUT.search(text)
    if match is None:
        return None
    old, new = match["old"], match["new"].rstrip("的了啊吧呀")
    place = draft.location
    if place and old in place["raw_text"]:
        mended = place["raw_text"].replace(old, new)
        number = new if new.endswith(("号", "号楼", "弄")) and "号" in old else place.get("number")
        described = draft.description and draft.description.replace(old, new)
        location = {**place, "raw_text": mended, "number": number}
        return Outcome(
            replace(draft, location=location, description=described, changing=False),
            changed=(Slot.LOCATION,),
        )
    if draft.occurred and old in draft.occurred:
        occurred = draft.occurred.replace(old, new)
        return Outcome(replace(draft, occurred=occurred, changing=False), changed=(Slot.OCCURRED,))
    if draft.phone and old.isdigit() and new.isdigit() and old in draft.phone:
        phone = new if len(new) >= 7 else draft.phone.replace(old, new)
        return Outcome(replace(draft, phone=phone, changing=False), changed=(Slot.CONTACT,))
    category = find_by_name(new)
    if category is not None:
        return Outcome(
            replace(draft, category=category.code, changing=False), changed=(Slot.CATEGORY,)
        )
    return None


def replace_named(draft: Draft, named: Sequence[Slot], reading: Reading) -> Outcome | None:
    """Take new values from the message; what is named without a value is asked again."""
    changed: list[Slot] = []
    place, time, phone = place_of(reading), reading.first("time"), reading.first("phone")
    if place is not None and draft.location is not None and (not named or Slot.LOCATION in named):
        keep = {k: v for k, v in draft.location.items() if k.startswith("district")}
        kept = keep if not place.get("district_code") else {}
        draft, changed = replace(draft, location={**place, **kept}), [Slot.LOCATION]
    if time is not None and draft.occurred is not None and (not named or Slot.OCCURRED in named):
        draft, changed = replace(draft, occurred=str(time["value"])), [*changed, Slot.OCCURRED]
    if phone is not None and (not named or Slot.CONTACT in named):
        draft = replace(draft, phone=str(phone["value"]), anonymous=False)
        changed.append(Slot.CONTACT)
    elif "匿名" in reading.text and (draft.phone or not named):
        draft, changed = replace(draft, phone=None, anonymous=True), [*changed, Slot.CONTACT]
    match = _CATEGORY_IS.search(reading.text)
    category = find_by_name(match["name"]) if match else None
    if category is not None:
        draft, changed = replace(draft, category=category.code), [*changed, Slot.CATEGORY]
    if changed:
        return Outcome(replace(draft, changing=False), changed=tuple(changed))
    if not named:
        return None
    for slot in named:
        draft = draft.without(slot)
    return Outcome(replace(draft, changing=False))


def place_of(reading: Reading) -> dict[str, Any] | None:
    """The most exact place in a message, as a draft keeps it."""
    if reading.shared_location is not None:
        shared = reading.shared_location
        found = reading.first("location")
        place = dict(found["data"]) if found else {}
        label = shared.get("label") or "市民发送的位置"
        return {**place, "raw_text": label, "lat": shared["lat"], "lon": shared["lon"]}
    found = max(
        (item for item in reading.entities if item["entity"] == "location"),
        key=_precision,
        default=None,
    )
    return {"raw_text": found["text"], **found["data"]} if found else None


def _precision(item: Mapping[str, Any]) -> tuple[int, int]:
    data = item.get("data") or {}
    known = sum(
        bool(data.get(key)) for key in ("district_code", "subdistrict_code", "road", "number")
    )
    return known, len(item["text"])
