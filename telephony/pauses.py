"""Cuts speech at its pauses: a side of a call becomes the stretches that were said. Pure.

Works frame by frame, so a recording and a live line are cut alike. Loudness is judged against the
quietest the line has been, because lines hiss at different levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

FRAME_MS = 20
_PAUSE_MS = 700
"""Longer than a breath between clauses, shorter than a turn of talk."""
_LEAST_MS = 160
"""A click or a knock is no speech."""
_MARGIN_MS = 240
"""Kept around what is loud: words begin and end softly."""
_LONGEST_MS = 28_000
"""Recognisers hear half a minute at a time."""
_LOUDER, _QUIETEST = 3.0, 60.0
"""Speech is so many times as loud as the hiss, and at least this (of 32,767)."""
_FORGET_QUIET, _FORGET_LOUD = 1.01, 1.0005
"""The hiss may grow by this a frame, so that one silent moment does not count for ever; while
somebody speaks much slower, else a long sentence would turn into hiss."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something said, in milliseconds from the beginning."""

    samples: Samples
    start_ms: int
    end_ms: int


class Cutter:
    """Takes frames of one side in order and gives each stretch once it is over."""

    def __init__(self, rate: int) -> None:
        self.frame = rate * FRAME_MS // 1000
        self._hiss: float | None = None
        self._kept: list[Samples] = []
        self._before: list[Samples] = []
        self._loud = self._quiet = self._at = 0

    def feed(self, frame: Samples) -> Stretch | None:
        """One frame of `frame` samples; the stretch that ended with it, if one did."""
        self._at += FRAME_MS
        speaks = self._is_loud(frame)
        if not self._kept and not speaks:
            self._before = [*self._before, frame][-_MARGIN_MS // FRAME_MS :]
            return None
        if not self._kept:
            self._kept, self._before = self._before, []
        self._kept.append(frame)
        self._loud += speaks
        self._quiet = 0 if speaks else self._quiet + FRAME_MS
        long = len(self._kept) * FRAME_MS >= _LONGEST_MS
        return self.end() if self._quiet >= _PAUSE_MS or long else None

    def end(self) -> Stretch | None:
        """What is still open, when the line ends."""
        kept, loud, quiet = self._kept, self._loud, self._quiet
        self._kept, self._loud, self._quiet = [], 0, 0
        if loud * FRAME_MS < _LEAST_MS:
            return None
        over = max(quiet - _MARGIN_MS, 0) // FRAME_MS
        said = kept[: len(kept) - over]
        end = self._at - over * FRAME_MS
        return Stretch(np.concatenate(said), end - len(said) * FRAME_MS, end)

    def _is_loud(self, frame: Samples) -> bool:
        level = float(np.sqrt(np.mean(np.square(frame.astype(np.float32)))))
        if self._hiss is None:
            self._hiss = level
        loud = level > max(self._hiss * _LOUDER, _QUIETEST)
        grown = self._hiss * (_FORGET_LOUD if loud else _FORGET_QUIET) + 0.01
        self._hiss = min(level, grown)
        return loud


def cut(samples: Samples, rate: int) -> Iterator[Stretch]:
    """The stretches of one side of a recording."""
    cutter = Cutter(rate)
    whole = len(samples) // cutter.frame * cutter.frame
    for frame in samples[:whole].reshape(-1, cutter.frame):
        found = cutter.feed(frame)
        if found is not None:
            yield found
    last = cutter.end()
    if last is not None:
        yield last
