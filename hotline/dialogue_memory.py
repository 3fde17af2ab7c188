"""What the assistant remembers of dialogues (Rasa's tracker), as the application may forget it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.clock import Clock
from hotline.db import Database
from hotline.privacy import Vault
from hotline.settings import Settings

KEPT = timedelta(days=30)
"""A dialogue this long silent is begun afresh; the messages themselves are in the timeline."""


class DialogueMemory:
    """The tracker's table: in the database of the product, or in a file beside it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def open(cls, settings: Settings) -> DialogueMemory | None:
        """Where `hotline serve` lets Rasa keep it; None before the first dialogue."""
        if settings.database_url.startswith("postgresql"):
            return cls(Database(settings.database_url))
        path = memory_file(settings.data_dir)
        return cls(Database(f"sqlite+aiosqlite:///{path}")) if path.exists() else None

    async def close(self) -> None:
        """Give the connections back."""
        await self._db.close()

    async def forget(self, conversations: Collection[str]) -> None:
        """Delete what was remembered of these conversations, all their sessions."""
        async with self._db.write() as session:
            if await _has_events(await session.connection()):
                for conversation in sorted(conversations):
                    await session.execute(
                        text("DELETE FROM events WHERE sender_id LIKE :his"),
                        {"his": f"{conversation}.%"},
                    )
        await self._db.wipe_free_space()

    async def forget_old(self, clock: Clock) -> None:
        """Delete what is older than the dialogue needs."""
        async with self._db.write() as session:
            if await _has_events(await session.connection()):
                await session.execute(
                    text("DELETE FROM events WHERE timestamp < :then"),
                    {"then": (clock.now() - KEPT).timestamp()},
                )


async def forget_dialogues(settings: Settings, conversations: Collection[str]) -> None:
    """Make the running assistant forget these conversations; nothing to do before the first one."""
    memory = DialogueMemory.open(settings)
    if memory is None:
        return
    try:
        await memory.forget(conversations)
    finally:
        await memory.close()


def memory_file(data_dir: Path) -> Path:
    """The tracker's own file on a single machine."""
    return data_dir / "rasa.db"


def memory_key(secret_key: str) -> str:
    """The key that Rasa's process seals its memory with: derived, so it opens nothing else."""
    return Vault(secret_key).derive("dialogue memory").hex()


async def _has_events(connection: AsyncConnection) -> bool:
    return bool(await connection.run_sync(lambda raw: inspect(raw).has_table("events")))
