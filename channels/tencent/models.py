"""What arrives and how much may be sent, as plain types and rules; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a delivery from Tencent is, whichever of the two channels it came by."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    CLICK = "click"
    SCAN = "scan"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    ENTER = "enter"
    """A customer opened the WeCom chat."""
    PERMISSION = "permission"
    """The resident allowed or refused subscription notices."""
    OUTCOME = "outcome"
    """How the delivery of a notice or message ended."""
    OTHER = "other"
    """Nothing that needs an answer."""


FROM_RESIDENT = frozenset(
    {Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.LOCATION, Kind.LINK, Kind.CLICK}
)
"""Kinds that are written into the timeline as the resident's words."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One delivery. `external_id` is the same for every repeat of it.

    `body` holds what its kind needs: text; media_id, format, recognition; lat, lon, label;
    title, description, url; key; account (the WeCom service account it came by).
    """

    external_id: str
    user: str
    kind: Kind
    created_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


class Opener(StrEnum):
    """What let us write to the resident."""

    MESSAGE = "message"
    MENU = "menu"
    SUBSCRIBE = "subscribe"
    SCAN = "scan"
    ENTER = "enter"


OPENERS: Mapping[Kind, Opener] = {
    Kind.CLICK: Opener.MENU,
    Kind.SUBSCRIBE: Opener.SUBSCRIBE,
    Kind.SCAN: Opener.SCAN,
    Kind.ENTER: Opener.ENTER,
    **dict.fromkeys(FROM_RESIDENT - {Kind.CLICK}, Opener.MESSAGE),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The right to send `allowed` messages until `expires_at`; `sent` of them are used."""

    opened_by: Opener
    opened_at: datetime
    expires_at: datetime
    allowed: int
    sent: int = 0

    def left(self, now: datetime) -> int:
        """How many messages may still be sent."""
        return max(self.allowed - self.sent, 0) if self.opened_at <= now < self.expires_at else 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How far each kind of window goes (settings: accounts differ)."""

    after_message: int = 5
    message_span: timedelta = timedelta(hours=48)
    after_event: int = 3
    event_span: timedelta = timedelta(minutes=1)
    enter_span: timedelta = timedelta(seconds=20)
    """A WeCom welcome code carries one message within 20 seconds."""

    def open(self, opener: Opener, at: datetime) -> Window:
        """The window that this deed of the resident's opens."""
        if opener is Opener.MESSAGE:
            return Window(opener, at, at + self.message_span, self.after_message)
        if opener is Opener.ENTER:
            return Window(opener, at, at + self.enter_span, 1)
        return Window(opener, at, at + self.event_span, self.after_event)


@dataclass(frozen=True, slots=True)
class Windows:
    """Every window of one resident; a new one of the same kind takes the place of the old."""

    items: tuple[Window, ...] = ()

    def left(self, now: datetime) -> int:
        """Messages that may be sent now, over all windows."""
        return sum(item.left(now) for item in self.items)

    def keeps_last(self, now: datetime) -> bool:
        """Whether the last message is worth keeping: a window that lasts for days."""
        return any(item.left(now) for item in self.items if item.opened_by is Opener.MESSAGE)

    def ends_at(self, now: datetime) -> datetime | None:
        """When the last usable window closes; None when none is usable."""
        return max((item.expires_at for item in self.items if item.left(now)), default=None)

    def opened(self, window: Window, now: datetime) -> Windows:
        """With a newly opened window; what has closed is forgotten."""
        # deliveries come in any order: an older one must not shorten a newer window
        same = next((item for item in self.items if item.opened_by is window.opened_by), None)
        if same is not None and same.opened_at > window.opened_at:
            return self
        kept = tuple(
            item
            for item in self.items
            if item.opened_by is not window.opened_by and item.expires_at > now
        )
        return Windows((*kept, window))

    def spent(self, now: datetime) -> Windows:
        """With one message more sent, from the window that closes first."""
        usable = [item for item in self.items if item.left(now)]
        if not usable:
            return self
        first = min(usable, key=lambda item: item.expires_at)
        return Windows(
            tuple(
                replace(item, sent=item.sent + 1) if item is first else item for item in self.items
            )
        )

    def closed(self) -> Windows:
        """After the API said that nothing may be sent, whatever we had counted."""
        return Windows(tuple(replace(item, sent=item.allowed) for item in self.items))

    def to_data(self) -> list[dict[str, Any]]:
        """As JSON for the database."""
        return [
            {
                "opened_by": item.opened_by.value,
                "opened_at": item.opened_at.isoformat(),
                "expires_at": item.expires_at.isoformat(),
                "allowed": item.allowed,
                "sent": item.sent,
            }
            for item in self.items
        ]

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, Any]] | None) -> Windows:
        """From the database's JSON."""
        return cls(
            tuple(
                Window(
                    Opener(item["opened_by"]),
                    datetime.fromisoformat(item["opened_at"]),
                    datetime.fromisoformat(item["expires_at"]),
                    int(item["allowed"]),
                    int(item["sent"]),
                )
                for item in data or ()
            )
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One message as the resident will get it. `row_id` is the outbox row it belongs to last.

    `url` makes it a card (title, text as its description). `vital` parts may spend the last
    message of a window: a case number, an operator's words.
    """

    text: str
    title: str = ""
    url: str = ""
    vital: bool = False
    covers: tuple[int, ...] = ()
    """Outbox rows that are wholly told once this part has been sent."""
    row_id: int = 0
    index: int = 0
    """Which part of its row it is, from 0; what a crash left unsent goes on from here."""


MORE = "\n（还有内容没有发完，回复“继续”查看。）"
"""Ends the last message that may be sent while others wait."""


def choose_parts(
    parts: Sequence[Part], left: int, keep_last: bool = True
) -> tuple[list[Part], bool]:
    """Which of the parts to send while `left` messages may be sent, and whether others wait.

    With `keep_last` the last one is kept for what is vital. Vital parts go first when not all can go; among those
    that go the order is kept.
    """
    kept = 1 if keep_last and not any(part.vital for part in parts) else 0
    if len(parts) <= left - kept:
        return list(parts), False
    vital = [number for number, part in enumerate(parts) if part.vital][:left]
    room = left - max(len(vital), kept)
    plain = [number for number, part in enumerate(parts) if not part.vital][: max(room, 0)]
    chosen = [parts[number] for number in sorted({*vital, *plain})]
    if chosen:
        last = chosen[-1]
        if not last.url:
            chosen[-1] = replace(last, text=last.text + MORE)
    return chosen, len(chosen) < len(parts)
