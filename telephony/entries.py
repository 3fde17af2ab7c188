"""From stored messages to what is said on the line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from conversations.models import Conversation, Entry, EntryType, Holder, Sender
from conversations.timeline import BACK_TO_BOT, CLOSED, RETURNED
from telephony.events import Answer, Answers

_OWN_WORDS = (BACK_TO_BOT, CLOSED, RETURNED)
"""Said by the call itself, in shorter words."""


def to_answers(conversation: Conversation, entries: Sequence[Entry]) -> Answers:
    """Everything not spoken yet, as one turn of the dialogue."""
    answers = tuple(_to_answer(entry) for entry in entries if _is_spoken(entry))
    return Answers(
        answers,
        waits=conversation.holder is Holder.QUEUE,
        unfinished=conversation.draft is not None,
    )


def _is_spoken(entry: Entry) -> bool:
    if entry.type is not EntryType.MESSAGE or entry.sender is Sender.RESIDENT:
        return False
    if entry.sender is not Sender.SYSTEM:
        return True
    queue_words = entry.text.startswith("已为您转接人工")
    taken = entry.text.startswith("坐席") and entry.text.endswith("为您服务。")
    return entry.text not in _OWN_WORDS and not queue_words and not taken


def _to_answer(entry: Entry) -> Answer:
    payload = entry.payload
    case = payload.get("case") or {}
    return Answer(
        text=entry.text,
        choices=tuple((b["title"], b["payload"]) for b in payload.get("buttons") or ()),
        expects=payload.get("expects"),
        missed=bool(payload.get("missed")),
        case_number=case.get("case_number"),
        by_operator=entry.sender is Sender.OPERATOR,
    )
