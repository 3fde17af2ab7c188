"""Time is injected: everything that asks "now?" holds a Clock.

Stored and compared as aware UTC; shown to people in Asia/Shanghai.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """The source of the present moment."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FakeClock:
    """A clock that stands still until told; for tests and for trying out deadlines."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let `by` pass; time never runs backwards."""
        if by < timedelta(0):
            raise ValueError("time does not run backwards")
        self._now += by


def to_city(moment: datetime) -> datetime:
    """The same moment as the city's people read it off their clocks."""
    return moment.astimezone(CITY_ZONE)


def iso(moment: datetime) -> str:
    """ISO 8601 with the city's zone, to the second: how times leave the product."""
    return to_city(moment).isoformat(timespec="seconds")
