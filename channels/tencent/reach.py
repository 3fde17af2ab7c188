"""Tells the console how much may still be sent to a resident."""

from __future__ import annotations

from channels.tencent import store
from channels.tencent.models import Windows
from conversations.reach import Reach, ReadReach
from hotline.clock import Clock
from hotline.db import Database


def reach_reader(db: Database, clock: Clock) -> ReadReach:
    """A reader of the residents' windows."""

    async def read(conversation_id: str) -> Reach | None:
        async with db.read() as session:
            user = await store.user_of(session, conversation_id)
            if user is None:
                return None
            held = await store.count_held(session, conversation_id)
        windows, now = Windows.from_data(user.windows), clock.now()
        return Reach(windows.left(now), windows.ends_at(now), held, user.blocked is not None)

    return read
