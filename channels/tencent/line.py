"""The line to residents on one channel, as the shared workers need it."""

from __future__ import annotations

from typing import Protocol

from channels.tencent.models import Allowance, Part
from conversations.models import Entry


class Line(Protocol):
    """Sends and fetches on one channel. Every method raises ApiFailed or a subclass of it."""

    channel: str
    allowance: Allowance

    async def send(self, user: str, account: str, part: Part, key: str) -> None:
        """One message that spends the quota; the same `key` marks a repeat after a crash."""
        ...

    async def notify(self, user: str, entry: Entry) -> bool:
        """Tell a case's progress outside the window; False where no notice is set up for it."""
        ...

    async def fetch_media(self, media_id: str) -> tuple[bytes, str]:
        """A file that the resident sent, and its content type."""
        ...

    async def prepare(self, user: str, account: str, welcome_code: str) -> None:
        """What the channel needs before the assistant may answer this resident."""
        ...
