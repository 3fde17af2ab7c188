"""Hours of the day in which something is done, in the city's time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.clock import to_city


@dataclass(frozen=True, slots=True)
class Hours:
    """From `opens` until before `closes`, in minutes after midnight; over midnight when reversed."""

    opens: int
    closes: int

    @classmethod
    def read(cls, text: str) -> Hours:
        """`08:00-20:00`."""
        first, _, last = text.partition("-")
        return cls(_minutes(first), _minutes(last))

    def include(self, moment: datetime) -> bool:
        """Whether the moment lies within."""
        there = to_city(moment)
        minute = there.hour * 60 + there.minute
        if self.opens <= self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself when it lies within, else the next opening."""
        if self.include(moment):
            return moment
        there = to_city(moment)
        opening = there.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
            minutes=self.opens
        )
        if opening <= there:
            opening += timedelta(days=1)
        return opening.astimezone(moment.tzinfo)


ALWAYS = Hours(0, 24 * 60)
"""The whole day."""


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
