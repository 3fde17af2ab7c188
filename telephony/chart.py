"""The chart of a day's calls by hour, as plain numbers for an SVG template. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.measures import ANSWER_GOAL_SECONDS, CONNECT_GOAL, Measures

WIDTH, HEIGHT, LEFT, TOP = 960, 240, 48, 16
_SECONDS_MOST = 30.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour; `x`, `y`, `width`, `height` in the picture's units."""

    hour: int
    x: float
    y: float
    width: float
    height: float
    late: bool
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of the mean answer time, a line of the connect rate, and the two goals."""

    bars: tuple[Bar, ...]
    line: str
    dots: tuple[tuple[float, float, bool], ...]
    seconds_goal_y: float
    rate_goal_y: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP


def draw_hours(hours: Mapping[int, Measures]) -> Chart:
    """The day in 24 bars; hours without a call have none."""
    step = (WIDTH - LEFT * 2) / 24
    bars, dots = [], []
    for hour in range(24):
        found, x = hours[hour], LEFT + hour * step
        if not found.calls:
            continue
        seconds = found.answer_seconds or 0.0
        height = min(seconds / _SECONDS_MOST, 1.0) * HEIGHT
        told = f"{hour} 点：{found.calls} 通，平均应答 {seconds:.1f} 秒，接通率 {found.connect_rate or 0:.0%}"
        late = seconds > ANSWER_GOAL_SECONDS
        bars.append(
            Bar(hour, x + 4, TOP + HEIGHT - max(height, 2), step - 8, max(height, 2), late, told)
        )
        rate = found.connect_rate or 0.0
        dots.append((x + step / 2, _rate_y(rate), rate < CONNECT_GOAL))
    return Chart(
        bars=tuple(bars),
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in dots),
        dots=tuple(dots),
        seconds_goal_y=TOP + HEIGHT - ANSWER_GOAL_SECONDS / _SECONDS_MOST * HEIGHT,
        rate_goal_y=_rate_y(CONNECT_GOAL),
    )


def _rate_y(rate: float) -> float:
    """50 % at the bottom, 100 % at the top: what matters lies near the goal."""
    return TOP + HEIGHT - max(rate - 0.5, 0.0) * 2 * HEIGHT
