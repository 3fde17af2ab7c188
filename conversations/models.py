"""Conversations as plain types and rules; no I/O.

A conversation (会话) is held by exactly one party at a time: the bot, the queue (waiting for a
person), one operator, or nobody (closed). Its timeline is a gapless sequence of entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class Holder(StrEnum):
    """Who may speak to the resident now."""

    BOT = "bot"
    QUEUE = "queue"
    OPERATOR = "operator"
    CLOSED = "closed"


class Sender(StrEnum):
    """Who wrote a message."""

    RESIDENT = "resident"
    BOT = "bot"
    OPERATOR = "operator"
    SYSTEM = "system"


class EntryType(StrEnum):
    """What a timeline entry tells."""

    MESSAGE = "message"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Button:
    """A ready answer; pressing it sends `payload` as the resident's words."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class SharedLocation:
    """A position sent by the resident's device (WGS-84 or GCJ-02 as the channel gives it)."""

    lat: float
    lon: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Handoff:
    """The wish that a person takes over, and what she should know first."""

    reason: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says. `handoff` moves the conversation to the queue with it.

    `missed`: it says that the resident was not understood. `expects` names the kind of answer a
    call should listen for: place, phone, case_number, last_four.
    """

    text: str
    buttons: Sequence[Button] = ()
    citations: Sequence[Mapping[str, Any]] = ()
    case: Mapping[str, Any] | None = None
    handoff: Handoff | None = None
    places: Sequence[Mapping[str, Any]] = ()
    missed: bool = False
    expects: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a channel hands in; `external_id` is the channel's own unique id of it.

    `answer` is the channel's own reply to what the bot cannot read (a recording, a film): it is
    said instead of a turn of the bot's.
    """

    external_id: str
    text: str = ""
    location: SharedLocation | None = None
    attachment_ids: Sequence[str] = ()
    answer: Reply | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One resident's message on its way to the bot.

    `session` names the dialogue memory to use; `replayed` says that an earlier try at this very
    message may have reached the bot before a crash.
    """

    conversation_id: str
    session: int
    channel: str
    message_id: str
    text: str
    location: SharedLocation | None = None
    attachments: Sequence[Mapping[str, Any]] = ()
    replayed: bool = False
    question: Mapping[str, Any] | None = None
    """The dialogue to enter first (loop, slots), unless one is under way."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One timeline entry as stored."""

    id: str
    seq: int
    type: EntryType
    sender: Sender
    text: str
    sent_at: datetime
    operator_name: str | None = None
    client_message_id: str | None = None
    in_reply_to: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    sealed: bool = False
    """Numbers in `text` are covered; the words as sent are kept encrypted."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation's state."""

    id: str
    channel: str
    holder: Holder
    operator_id: str | None
    operator_name: str | None
    last_seq: int
    session: int
    created_at: datetime
    updated_at: datetime
    waiting_since: datetime | None
    closed_at: datetime | None
    emergency: str | None
    draft: Mapping[str, Any] | None
    open_question: Mapping[str, Any] | None = None
    """Asked outside of a turn: loop, slots, until. His next words belong to it."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The person at the desk, as conversations need to know her."""

    id: str
    name: str
    role: Literal["operator", "supervisor", "admin"] = "operator"


def merge_replies(replies: Sequence[Reply]) -> list[Reply]:
    """Fewer, fuller messages: a bare line is joined with what follows it.

    A resident reads one bubble instead of two, and channels with a quota spend one message.
    """
    merged: list[Reply] = []
    for reply in replies:
        before = merged[-1] if merged else None
        if before is not None and not (
            before.buttons or before.citations or before.case or before.handoff or before.places
        ):
            merged[-1] = replace(
                reply, text=f"{before.text}\n{reply.text}", missed=before.missed or reply.missed
            )
        else:
            merged.append(reply)
    return merged


LEAVE_QUEUE_WORDS = frozenset(
    {
        "返回",
        "取消",
        "取消排队",
        "不等了",
        "算了不等了",
        "算了，不等了",
        "算了",
        "不用人工了",
        "返回助手",
        "返回智能助手",
        "回到助手",
        "不转了",
        "不用转了",
    }
)
"""Said while waiting for a person: back to the assistant."""


def wants_to_leave_queue(text: str) -> bool:
    """Whether a waiting resident asks to go back to the assistant."""
    return text.strip().strip("。！!.，, ") in LEAVE_QUEUE_WORDS


def may_take_over(conversation: Conversation, operator: Operator) -> bool:
    """Only a conversation that no other operator holds; supervisors may also take from others."""
    if conversation.holder is Holder.CLOSED:
        return False
    if conversation.holder is Holder.OPERATOR and conversation.operator_id != operator.id:
        return operator.role in ("supervisor", "admin")
    return True
