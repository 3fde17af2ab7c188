"""What the console needs of the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.contact import Contacts
from cases.dispatch_service import Dispatching
from cases.nearby_service import Nearby
from cases.photos import CasePhotos
from cases.reminders import Reminders
from cases.service import Cases
from cases.sheet_service import Sheets
from cases.workflow import Workflow
from console.service import Accounts
from conversations.media import Media
from conversations.reach import ReadReach
from conversations.service import Conversations
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.db import Database
from hotline.limits import Limiter
from hotline.settings import Settings
from kb.editorial import Editorial
from kb.place_service import Places


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """The services behind the pages."""

    db: Database
    clock: Clock
    bus: Bus
    limiter: Limiter
    settings: Settings
    conversations: Conversations
    cases: Cases
    workflow: Workflow
    nearby: Nearby
    contacts: Contacts
    sheets: Sheets
    dispatching: Dispatching
    reminders: Reminders
    photos: CasePhotos
    media: Media
    accounts: Accounts
    places: Places
    editorial: Editorial
    reach: Mapping[str, ReadReach] = field(default_factory=dict)
    """Channels that bound how much may be sent."""
