"""What both channels need of the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from conversations.media import Media
from conversations.relay import Relay
from conversations.service import Conversations
from conversations.speech import Recogniser
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.limits import Limiter
from hotline.privacy import Vault
from hotline.settings import Settings

ForgetDialogues = Callable[[Collection[str]], Awaitable[None]]
"""Makes the assistant forget what was said in these conversations."""


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """The services behind the doors."""

    settings: Settings
    db: Database
    clock: Clock
    bus: Bus
    limiter: Limiter
    vault: Vault
    conversations: Conversations
    relay: Relay
    media: Media
    recogniser: Recogniser | None = None
    forget_dialogues: ForgetDialogues | None = None
