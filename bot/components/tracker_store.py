"""Rasa's SQL tracker store, set up for one busy process on SQLite."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

_ONLY_THIS_TURN = ("embedding", "intent_ranking", "categories")
"""Parse results that the turn's own actions use and nobody later; most of a tracker's bytes."""


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # the gateway's database is the durable one: it repeats a turn whose memory was lost
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class DialogueMemory(SQLTrackerStore):
    """The stock store, made lighter.

    A turn's vector and rankings are dropped when the turn is over, since every action call carries
    all events; and SQLite writes ahead and does not wait for the disk at each turn.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
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
