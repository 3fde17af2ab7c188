"""Where it is: the place in a message, and how a new one changes the one told before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.language.numbers import NUMBER, read_number
from bot.language.sentences import is_letter
from cases.draft import Draft, Reading, Slot, is_coarse
from cases.letters import is_of_trouble, is_of_writer
from cases.story import CLAUSE

_NUMBER = re.compile(f"({NUMBER})")
_PART = re.compile(rf"[甲乙丙丁]?{NUMBER}(?P<unit>号楼|号院|号|栋|单元|层|室|门|区|弄)")
_HOUSE = re.compile(
    rf"(?P<parts>(?:{_PART.pattern.replace('?P<unit>', '?:')})+)(?:楼[上下道里顶]|[前后东西南北]?门口?|附近|旁边|对面|边上|[前后][面头]|[东西南北]{1, 2}[侧边面头]|里面?|外面?)?"
)
_BESIDE = re.compile(
    r"(?:楼[上下道里]|门口|附近|旁边|对面|边上|[前后][面头]|[东西南北]{1,2}[侧边面头]|里面?|外面?)?$"
)
_EXIT = re.compile(r"[A-Z][0-9]?(?:西北|东北|西南|东南|[东西南北])?(?:出入?|入)?口")
_ADMINISTRATIVE = ("district", "district_code", "subdistrict", "subdistrict_code")
_SHARED = "地图上的位置"


def place_of(reading: Reading, but_not: str = "") -> dict[str, Any] | None:
    """The most exact place in a message, as a draft keeps it; none out of the words `but_not`."""
    if reading.shared_location is not None:
        shared = reading.shared_location
        found = reading.first("location")
        place = dict(found["data"]) if found else {}
        label = shared.get("label") or _SHARED
        return {**place, "raw_text": label, "lat": shared["lat"], "lon": shared["lon"]}
    found = max(
        (
            item
            for item in reading.entities
            if item["entity"] == "location"
            and item["text"] not in but_not
            and not is_vague(item["text"])
        ),
        key=partial(_weigh, reading.text) if is_letter(reading.text) else _precision,
        default=None,
    )
    if found is None:
        return None
    return {"raw_text": _SIGNS.sub("", _stretch(reading, found)), **found["data"]}


_SIGNS = re.compile(r"[（）()。！!？?\n]")


def _weigh(letter: str, item: Mapping[str, Any]) -> tuple[bool, bool, bool, int, int]:
    """A place that can be found before a mere district, where the trouble is told before where its
    writer works, then the more exact.
    """
    found = not is_coarse({**(item.get("data") or {}), "raw_text": item["text"]})
    own, trouble = is_of_writer(item["text"], letter), is_of_trouble(item["text"], letter)
    return found, not own, trouble, *_precision(item)


def _stretch(reading: Reading, found: Mapping[str, Any]) -> str:
    """From where to where: 二单元到四单元之间, of which the second is `found`."""
    for item in reading.entities:
        for joined in (f"{item['text']}{word}{found['text']}" for word in _UP_TO):
            if item["entity"] == "location" and joined in reading.text:
                return joined
    return str(found["text"])


_UP_TO = ("到", "至", "和", "与", "跟", "、")


def place_clauses(reading: Reading, place: str) -> str:
    """The clauses of a message that tell where it is: the one with `place` in it, and those behind
    that go on telling it; without 地点是 before it and without what is only talk.
    """
    text = reading.text.strip()
    at = text.find(place)
    clauses = [each[0].strip() for each in CLAUSE.finditer(text) if each.end() > at]
    if not clauses or place not in clauses[0]:
        return place
    first, *others = clauses
    told = [place if _holds_talk(first.replace(place, "")) else _LEADS_IN.sub("", first)]
    for clause in others:
        if not _GOES_ON.search(clause) or _holds_talk(clause):
            break
        told.append(clause)
    return "，".join(told)


def _holds_talk(clause: str) -> bool:
    return len(clause) > _LONGEST_CLAUSE or _TALKS.search(clause) is not None


_LONGEST_CLAUSE = 20
_LEADS_IN = re.compile(
    r"^(?:[嗯啊哦呃那个这就]|地[方点址儿]|位置|具体)*(?:(?:就)?(?:是在|在|是|改[成为]|应该是))(?=[\u4e00-\u9fffA-Za-z0-9])"
)
_GOES_ON = re.compile(
    r"[路街巷道区楼号门口站桥村里院园店旁边侧东西南北]|胡同|对面|附近|广场|市场|学校|医院|大厦|工地|[后前]面|底下|挨着"
)
_TALKS = re.compile(
    r"[您你]|我(?!们)|知道|说过|说了|别|名字|反正|电话|天天|每天|早上|晚上|夜里|凌晨|提交|另[开外]|[0-9]{7}|谢谢|赶[快紧]|问"
)


def is_vague(words: str) -> bool:
    """Whether only the one who says them can find the way by these words: 就在我家楼下."""
    return _VAGUE.fullmatch(words) is not None


_VAGUE = re.compile(
    r"(?:就|是)?在?(?:我们?|俺们?|咱们?)?(?:家|小区|单位|公司|楼|院子?|[这那](?:儿|里|边|块儿?)?)?的?"
    r"(?:楼[上下道里]|门口|附近|旁边|对面|隔壁|里面?|外面?|边上|大街上|路上|街上|马路上)*[。！!]*"
)


def _precision(item: Mapping[str, Any]) -> tuple[int, int]:
    data = item.get("data") or {}
    known = sum(
        bool(data.get(key)) for key in ("district_code", "subdistrict_code", "road", "number")
    )
    return known, len(item["text"])


def move_place(draft: Draft, new: Mapping[str, Any], *, replaces: bool = False) -> Draft:
    """The draft with the place replaced, or made closer when `new` is only a part of one or, unless
    he says that it `replaces` the old one, has no name.
    """
    old = draft.location
    if old is None:
        return replace(draft, location=dict(new)).retold(Slot.LOCATION, str(new["raw_text"]))
    place = _join(old, new, replaces=replaces)
    moved = replace(draft, location=place)
    words, told = str(place["raw_text"]), str(old["raw_text"])
    if is_coarse(old) or told in words or words != new["raw_text"]:
        return moved  # told more closely, not taken back
    return moved.retold(Slot.LOCATION, words, told)


def _join(
    old: Mapping[str, Any], new: Mapping[str, Any], *, replaces: bool = False
) -> dict[str, Any]:
    told, words = str(old["raw_text"]), str(new["raw_text"])
    if words == _SHARED:
        return {**old, "lat": new["lat"], "lon": new["lon"]}
    if new.get("district_code") and not is_exact(new):
        district = str(old.get("district") or "")
        bare = told.removeprefix(district) if district else told
        bare = "" if is_coarse(old) else bare
        name = f"{new['district']}{new.get('subdistrict') or ''}"
        return {**old, **_known(new, _ADMINISTRATIVE), "raw_text": name + bare}
    if _EXIT.fullmatch(words) and _EXIT.search(told):
        return {**old, "raw_text": _EXIT.sub(words, told, count=1)}  # 国贸站E2口, and then E1口
    closer = _HOUSE.fullmatch(words)
    if closer is not None:
        # 幸福小区门口, and then 3号楼楼下 of it
        for part in _PART.finditer(words):
            same = units_like(part[0], told)
            told = swap_words(same[0], part[0], told) if len(same) == 1 else _append(told, part[0])
        return {**old, "raw_text": _beside(told, closer), "number": closer["parts"]}
    if is_coarse(old) and old.get("subdistrict_code") and not is_exact(new) and told not in words:
        # 新街口, and then 地铁口B口 of it
        return {**old, "raw_text": told + words} if not new.get("district_code") else dict(new)
    nameless = not any(new.get(key) for key in ("district_code", "road", "landmark", "lat"))
    within = _PART.match(words) or _NARROWS.match(words)
    if nameless and not replaces and within and not is_coarse(old):
        # 二单元到四单元之间 of it
        alike = any(units_like(part[0], told) for part in _PART.finditer(words))
        return {**old, "raw_text": f"{told}，{words}" if alike else told + words}
    if not is_coarse(old) and _is_part(new, words) and words not in told:
        # 港馨家园, and then 东区 of it, or 挨着停车场
        return {**old, "raw_text": told + words}
    if not (new.get("district_code") or is_exact(new) or is_coarse(old)) and not replaces:
        # a detail with no name of its own takes no place's: 块绿化带里头, 东边那家饭馆
        return {**old, "raw_text": told if words in told else f"{told}，{words}"}
    # a whole new place: only the district holds on, when the new one names none
    kept = {} if new.get("district_code") else _known(old, ("district", "district_code"))
    house = _HOUSE.fullmatch(told)
    if house is not None and not any(units_like(part[0], words) for part in _PART.finditer(told)):
        # 3号楼楼下, and then the estate it stands in
        return {**new, **kept, "raw_text": words + told, "number": house["parts"]}
    return {**new, **kept}


def _is_part(new: Mapping[str, Any], words: str) -> bool:
    """Whether words only narrow what was told: no name, no number, no district of their own."""
    return not is_exact(new) and not new.get("district_code") and _NARROWS.match(words) is not None


def narrows(place: Mapping[str, Any]) -> bool:
    """Whether it is a house, a door or a side of what was told before: 3号楼楼下, 东门."""
    words = str(place.get("raw_text") or "")
    closer = _HOUSE.fullmatch(words) or _EXIT.fullmatch(words) or _NARROWS.match(words)
    return closer is not None


_NARROWS = re.compile(
    r"(?:[东西南北中ABCDE一二三四五六七八九十0-9]{1,2}(?:区|期|门|侧|边|口|头|面)|(?:小区)?(?:里面?|外面?|门口|后面|前面|旁边|对面|楼下|楼顶|地下)|挨着|靠|紧|就在|在)"
)


def _append(told: str, part: str) -> str:
    """3号楼门口 and 2单元 make 3号楼2单元门口."""
    tail = _BESIDE.search(told)
    at = tail.start() if tail else len(told)
    return told[:at] + part + told[at:]


def _beside(told: str, closer: re.Match[str]) -> str:
    """`told`, seen from where `closer` stands: 3号楼门口 and 楼下 make 3号楼楼下."""
    side = closer.string[closer.end("parts") :]
    tail = _BESIDE.search(told)
    return told[: tail.start()] + side if side and tail else told


def swap_in_place(draft: Draft, reading: Reading, old: str, new: str) -> Draft:
    """The draft with `new` words for `old` ones in its place and in its story."""
    place = dict(draft.location or {})
    for key in ("raw_text", "road", "number", "landmark"):
        place[key] = swap_words(old, new, str(place[key])) if place.get(key) else None
    if _PART.fullmatch(new) is None and read_number(new) is None:
        # another name, so another place: what was known of the old one no longer holds
        named = next((item for item in reading.entities if item["text"] in new), None)
        known = named["data"] if named else {}
        place |= {**_known(known, ("subdistrict", "subdistrict_code")), "lat": None, "lon": None}
        if known.get("district_code"):
            place |= _known(known, ("district", "district_code"))
    story = swap_words(old, new, draft.description) if draft.description else None
    return replace(draft, location=place, description=story)


def units_like(part: str, text: str) -> list[str]:
    """The parts of `text` with the same unit as `part`: 27号 for 29号, but not 3号楼."""
    unit = match["unit"] if (match := _PART.fullmatch(part)) else None
    return [match[0] for match in _PART.finditer(text) if match["unit"] == unit]


def is_exact(place: Mapping[str, Any]) -> bool:
    """Whether more than a district or a subdistrict is known of it."""
    return any(place.get(key) is not None for key in ("road", "landmark", "number", "lat"))


def _known(place: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: place.get(key) for key in keys}


# --- words in words ----------------------------------------------------------------------------


def find_words(words: str, text: str) -> tuple[int, int] | None:
    """Where `words` stand in `text`, numbers compared whole and by value: 三号楼 is 3号楼."""
    pieces = _NUMBER.split(words)
    values = [read_number(piece) for piece in pieces[1::2]]
    if not values or None in values:
        at = text.find(words)
        return (at, at + len(words)) if at >= 0 else None
    pattern = "".join(
        f"({NUMBER})" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
    )
    for match in re.finditer(pattern, text):
        if [read_number(group) for group in match.groups()] == values:
            return match.span()
    return None


def swap_words(old: str, new: str, text: str) -> str:
    """`text` with `new` for `old`; numbers are written the way they were."""
    span = find_words(old, text)
    if span is None:
        return text
    start, end = span
    for length in range(len(new) - 1, 0, -1):
        if text.startswith(new[-length:], end) and not old.endswith(new[-length:]):
            new = new[:-length]  # E1口 for E2 in E2口
            break
    if re.search("[0-9]", text[start:end]):
        new = re.sub(
            rf"{NUMBER}(?=号|栋|单元|层|室|门|区|弄|点)",
            lambda match: str(read_number(match[0]) or match[0]),
            new,
        )
    return text[:start] + new + text[end:]
