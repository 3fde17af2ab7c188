"""Waiting for the bot's turn to be over, told by the bus."""

from __future__ import annotations

import asyncio

from hotline.bus import Signal


async def until_answered(signals: asyncio.Queue[Signal], message_id: str, seconds: float) -> bool:
    """Whether the bus tells within `seconds` that this message has its answer stored.

    A hint from another process may be lost, so a caller that hears nothing looks itself.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                signal = await signals.get()
                if signal.get("type") == "answered" and signal.get("message_id") == message_id:
                    return True
    except TimeoutError:
        return False
