"""Places in words: the card of the chat, lines where there are no cards, one sentence for the ear."""

from __future__ import annotations

from typing import Any

from kb.places import KIND_NAMES, Near

SAMPLE = "样例，不是真实地点"


def describe_place(near: Near) -> dict[str, Any]:
    """The place card of the chat API; what is not known is left out."""
    place = near.place
    card = {
        "id": place.id,
        "version": place.version or None,
        "kind": place.kind.value,
        "kind_name": KIND_NAMES[place.kind],
        "name": place.name,
        "address": place.address,
        "hours": place.hours,
        "open_now": near.open_now,
        "phone": place.phone,
        "distance": tell_distance(near.metres),
        "map_url": place.map_url,
        "source": place.source,
        "checked_on": place.checked_on and place.checked_on.isoformat(),
        "is_sample": place.is_sample or None,
    }
    return {key: value for key, value in card.items() if value not in ("", None)}


def tell_distance(metres: float | None) -> str:
    """约 350 米, 约 1.2 公里; empty when unknown."""
    if metres is None:
        return ""
    if metres < 950:
        return f"约 {max(round(metres / 50), 1) * 50} 米"
    return f"约 {metres / 1000:.1f} 公里"


def tell_line(near: Near) -> str:
    """One place in one line, for channels that show text only."""
    place = near.place
    parts = [f"{place.name}：{place.address or '地址见地图'}"]
    parts += [part for part in (tell_distance(near.metres), _tell_open(near), place.hours) if part]
    if place.phone:
        parts.append(f"电话 {place.phone}")
    parts.append(_tell_source(near))
    return "，".join(parts)


def say_place(near: Near) -> str:
    """One place in one sentence, to be heard: what it is called, where, how far, whether open."""
    place = near.place
    name = f"{place.name}（样例）" if place.is_sample else place.name
    distance = tell_distance(near.metres).replace(" ", "")
    parts = [f"{name}，在{place.address or place.district}", distance, _tell_open(near)]
    return "，".join(part for part in parts if part) + "。"


def _tell_open(near: Near) -> str:
    return {True: "现在营业", False: "现在没开门", None: ""}[near.open_now]


def _tell_source(near: Near) -> str:
    if near.place.is_sample:
        return SAMPLE
    checked = near.place.checked_on
    return f"来源：{near.place.source}" + (f"，{checked:%Y年%m月%d日}核对" if checked else "")
