"""What the assistant remembers of a dialogue: one sealed row a turn.

Rasa's own SQL store writes a row for every event (some ten a turn), builds an object for each when
it reads them back and counts them all before it writes. Here a turn is one row, its events are one
encrypted text, and a turn costs one query and one insert however long the dialogue is.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Optional, Text

import sqlalchemy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from hotline.privacy import Vault

KEY_NAME = "HOTLINE_MEMORY_KEY"
"""The environment variable with the key, set by `hotline serve`; by hand where Rasa runs apart."""

_TURN = "turn"
_REMEMBERED = ("intent", "entities", "text")
"""Of a message's parse result; the rest (vector, rankings, parts) serves its own turn only."""
_ENTITY = ("entity", "value", "start", "end")
_TAGS = ("model_id", "assistant_id")
"""Rasa writes them into every event."""


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # the gateway's database is the durable one: it repeats a turn whose memory was lost
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class DialogueMemory(SQLTrackerStore):
    """The stock store's table with a turn in each row, encrypted with the memory's key.

    A row of an earlier version holds one event, sealed or not; both are read. Without a key
    (`HOTLINE_MEMORY_KEY` unset) turns are kept in plain.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        key = os.environ.get(KEY_NAME, "")
        self._vault = Vault(key) if key else None
        super().__init__(*args, **kwargs)
        self._table = self.SQLEvent.__table__
        columns = self._table.c
        self._of_sender = (
            sqlalchemy.select(columns.data)
            .where(columns.sender_id == sqlalchemy.bindparam("sender"))
            .order_by(columns.id)
        )
        if self.engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(self.engine, "connect", _prepare)
            self.engine.dispose()

    async def _retrieve(
        self, sender_id: Text, fetch_events_from_all_sessions: bool
    ) -> Optional[DialogueStateTracker]:
        # a sender id is one session: the gateway names another one when a memory begins afresh
        events = self._read(sender_id)
        if not events or not self.domain:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        tracker.events_kept = len(events)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Add what happened since the tracker was read, or saved, as one row."""
        await self.stream_events(tracker)
        kept = getattr(tracker, "events_kept", None)
        if kept is None:
            kept = len(self._read(tracker.sender_id))
        new = list(tracker.events)[kept:]
        if new:
            said = json.dumps([_describe(event) for event in new], ensure_ascii=False)
            row = {
                "sender_id": tracker.sender_id,
                "type_name": _TURN,
                "timestamp": new[0].timestamp,
                "data": said if self._vault is None else self._vault.lock(said),
            }
            with self.engine.begin() as connection:
                connection.execute(self._table.insert(), row)
        tracker.events_kept = kept + len(new)

    def _read(self, sender_id: Text) -> List[Dict[Text, Any]]:
        with self.engine.connect() as connection:
            rows = connection.execute(self._of_sender, {"sender": sender_id}).scalars().all()
        return [event for row in rows for event in self._open(row)]

    def _open(self, data: Text) -> List[Dict[Text, Any]]:
        plain = self._vault is None or data.startswith(("{", "["))
        row = json.loads(data if plain else self._vault.unlock(data))
        return row if isinstance(row, list) else [row]


def _describe(event: Event) -> Dict[Text, Any]:
    """The event as it is kept: what later turns, and an answer given again, are made of."""
    data: Dict[Text, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        parsed = {name: event.parse_data.get(name) for name in _REMEMBERED}
        parsed["entities"] = [
            {name: entity.get(name) for name in _ENTITY} for entity in event.entities
        ]
        del data["metadata"]
        return {**data, "parse_data": parsed}
    tags = {name: value for name, value in event.metadata.items() if name not in _TAGS}
    data.pop("metadata", None)
    return {**data, "metadata": tags} if tags else data
