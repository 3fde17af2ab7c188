"""Background work goes on after a bad round and ends when told."""

from __future__ import annotations

import asyncio

import pytest

from hotline.rounds import Rounds


class Counting(Rounds):
    """Fails in its first round, has more to do in the second, and rests in the third."""

    def __init__(self, pause_seconds: float) -> None:
        super().__init__("counting", pause_seconds)
        self.rounds = 0

    async def do_round(self) -> bool:
        self.rounds += 1
        if self.rounds == 1:
            raise ConnectionError("a number nobody should read in a log: 13812345678")
        return self.rounds == 2


async def test_a_failed_round_is_logged_without_its_words_and_tried_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    worker = Counting(0.01)
    worker.start()
    async with asyncio.timeout(5):
        while worker.rounds < 3:
            await asyncio.sleep(0.005)
    await worker.stop()
    written = "".join(capsys.readouterr())
    assert "counting.failed" in written
    assert "13812345678" not in written


async def test_a_round_with_more_waiting_is_followed_at_once_and_stopping_ends_it() -> None:
    worker = Counting(3600)
    worker.rounds = 1
    worker.start()
    async with asyncio.timeout(5):
        while worker.rounds < 3:
            await asyncio.sleep(0)
    await worker.stop()
    assert worker.rounds == 3
