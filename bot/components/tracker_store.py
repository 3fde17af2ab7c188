"""Rasa's SQL tracker store, set up for one busy process on SQLite."""

from __future__ import annotations

import os
from typing import Any, Optional

import sqlalchemy
import sqlalchemy.types
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from hotline.privacy import Vault

KEY_NAME = "HOTLINE_MEMORY_KEY"
"""The environment variable with the key, set by `hotline serve`; by hand where Rasa runs apart."""

_ONLY_THIS_TURN = ("embedding", "intent_ranking", "categories")
"""Parse results that the turn's own actions use and nobody later; most of a tracker's bytes."""


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # the gateway's database is the durable one: it repeats a turn whose memory was lost
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class SealedText(sqlalchemy.types.TypeDecorator):
    """Text that lies encrypted in the database; what an earlier version left in plain is read."""

    impl = sqlalchemy.Text
    cache_ok = False

    def __init__(self, vault: Optional[Vault]) -> None:
        super().__init__()
        self._vault = vault

    def process_bind_param(self, value: Optional[str], dialect: Any) -> Optional[str]:
        return value if value is None or self._vault is None else self._vault.lock(value)

    def process_result_value(self, value: Optional[str], dialect: Any) -> Optional[str]:
        plain = value is None or self._vault is None or value.startswith("{")
        return value if plain else self._vault.unlock(value)


class DialogueMemory(SQLTrackerStore):
    """The stock store, made lighter and sealed.

    What residents say lies encrypted. A turn's vector and rankings are dropped when the turn is over, since every action call carries
    all events; and SQLite writes ahead and does not wait for the disk at each turn.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        key = os.environ.get(KEY_NAME, "")
        self.SQLEvent.__table__.c.data.type = SealedText(Vault(key) if key else None)
        super().__init__(*args, **kwargs)
        if self.engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(self.engine, "connect", _prepare)
            self.engine.dispose()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Save without what only this turn needed."""
        for event in tracker.events:
            if isinstance(event, UserUttered) and event.parse_data:
                for name in _ONLY_THIS_TURN:
                    event.parse_data.pop(name, None)
        await super().save(tracker)
