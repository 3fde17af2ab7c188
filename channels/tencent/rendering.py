"""Timeline entries as messages of a chat without buttons: numbered choices, cards, safe lengths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from channels.tencent.models import Part
from conversations.models import Button, Entry, Sender

SAFE_CHARS = 600
"""Longer passive texts have been seen to fail (around 1,097 characters); the bound is not told."""
_LONG_ANSWER = 300
_CARD_CHARS = 120
_CARD_TITLE_CHARS = 60
_ENDS = re.compile(r"(?<=[。！？；!?\n])")
_DIGIT_WORDS = {word: n for n, word in enumerate("一二三四五六七八九", 1)}
_CIRCLED = {chr(0x2460 + n): n + 1 for n in range(20)}
_CHOICE = re.compile(
    r"(?:第|选|选择|我选)?\s*(\d{1,2}|[一二三四五六七八九]|[①-⑳])\s*(?:个|项|号|[.、。．)）])?"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A numbered ready answer."""

    number: int
    title: str
    payload: str


def number_choices(entries: Iterable[Entry]) -> dict[str, tuple[Choice, ...]]:
    """The choices of each entry (by its id) since the resident last wrote, numbered through.

    `entries` are in order. Earlier offers have lapsed: a digit means what was offered last.
    """
    numbered: dict[str, tuple[Choice, ...]] = {}
    count = 0
    for entry in entries:
        if entry.sender is Sender.RESIDENT:
            numbered, count = {}, 0
            continue
        buttons = [Button(**item) for item in entry.payload.get("buttons") or ()]
        numbered[entry.id] = tuple(
            Choice(count + n, button.title, button.payload) for n, button in enumerate(buttons, 1)
        )
        count += len(buttons)
    return numbered


def read_choice(text: str, choices: Sequence[Choice]) -> str | None:
    """What the resident chose, by digit or by the choice's own words; None when he did not."""
    words = text.strip().strip("。.！!“”\"'")
    for choice in choices:
        if words in (choice.title, choice.payload):
            return choice.payload
    match = _CHOICE.fullmatch(text.strip())
    if match is None:
        return None
    raw = match.group(1)
    number = _CIRCLED.get(raw) or _DIGIT_WORDS.get(raw) or int(raw)
    return next((choice.payload for choice in choices if choice.number == number), None)


def split_text(text: str, most: int = SAFE_CHARS) -> list[str]:
    """Pieces of at most `most` characters, cut between sentences where there are any."""
    pieces: list[str] = []
    current = ""
    for sentence in _ENDS.split(text):
        rest = sentence
        if len(current) + len(rest) > most and current.strip():
            pieces.append(current.strip())
            current = ""
        while len(rest) > most:
            pieces.append(rest[:most])
            rest = rest[most:]
        current += rest
    if current.strip():
        pieces.append(current.strip())
    return pieces


def render_entry(entry: Entry, choices: Sequence[Choice], base_url: str) -> list[Part]:
    """One entry as the parts to send, before they are merged with their neighbours."""
    text = entry.text.strip()
    if entry.sender is Sender.OPERATOR and entry.operator_name:
        text = f"{entry.operator_name}：{text}"
    case = entry.payload.get("case") or {}
    number = str(case.get("case_number") or "")
    if number and number not in text:
        text = f"{text}\n工单编号：{number}"
    vital = bool(case) or entry.sender is Sender.OPERATOR
    offer = _write_offer(choices)
    citations = [item for item in entry.payload.get("citations") or () if item.get("slug")]
    if citations and base_url and len(text) > _LONG_ANSWER:
        card = Part(
            text=_shorten(text),
            title=str(citations[0].get("title") or "详细说明")[:_CARD_TITLE_CHARS],
            url=_article_url(base_url, citations[0]),
            vital=vital,
        )
        return [card, *(Part(piece, vital=vital) for piece in split_text(offer))]
    if citations and base_url:
        links = (
            f'<a href="{_article_url(base_url, item)}">{_plain(str(item.get("title") or "详细说明"))}</a>'
            for item in citations[:3]
        )
        text = f"{text}\n详细说明：" + "、".join(links)
        # a link must not be cut in two: with one the text is short enough as it is
        return [Part(f"{text}\n\n{offer}".strip(), vital=vital)]
    return [Part(piece, vital=vital) for piece in split_text(f"{text}\n\n{offer}".strip())]


def merge_parts(rows: Sequence[tuple[int, int, Sequence[Part]]]) -> list[Part]:
    """Fewer, fuller messages. `rows`: (outbox row id, parts already sent, all its parts)."""
    merged: list[Part] = []
    for row_id, sent, parts in rows:
        for index, part in enumerate(parts):
            if index < sent:
                continue
            covers = (row_id,) if index == len(parts) - 1 else ()
            item = replace(part, covers=covers, row_id=row_id, index=index)
            before = merged[-1] if merged else None
            if before is not None and len(parts) == 1 and _fit(before, item):
                merged[-1] = replace(
                    item,
                    text=f"{before.text}\n\n{item.text}",
                    covers=(*before.covers, *item.covers),
                    vital=before.vital or item.vital,
                )
            else:
                merged.append(item)
    return merged


def _fit(before: Part, part: Part) -> bool:
    whole = bool(before.covers) and before.index == 0
    plain = not before.url and not part.url
    return whole and plain and len(before.text) + len(part.text) + 2 <= SAFE_CHARS


def _write_offer(choices: Sequence[Choice]) -> str:
    if not choices:
        return ""
    lines = "\n".join(f"{choice.number}. {choice.title}" for choice in choices)
    return f"回复数字选择：\n{lines}"


def _article_url(base_url: str, citation: Mapping[str, object]) -> str:
    return f"{base_url.rstrip('/')}/kb/{citation['slug']}"


def _plain(title: str) -> str:
    return title.replace("<", "＜").replace(">", "＞")


def _shorten(text: str) -> str:
    """The first sentences that fit on a card."""
    pieces = split_text(text, _CARD_CHARS)
    first = pieces[0] if pieces else ""
    return first if first == text else first.rstrip("。；") + "……"
