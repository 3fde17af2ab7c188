"""What every clock keeps, and how moments are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.clock import CITY_ZONE, Clock, FakeClock, SystemClock, iso, to_city

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MOMENTS = st.datetimes(
    datetime(1992, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, CITY_ZONE])
)


@pytest.fixture(params=[SystemClock, lambda: FakeClock(START)], ids=["system", "fake"])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    clock: Clock = request.param()
    return clock


def test_now_is_aware_and_in_utc(any_clock: Clock) -> None:
    assert any_clock.now().tzinfo is UTC


def test_time_does_not_run_backwards(any_clock: Clock) -> None:
    seen = [any_clock.now() for _ in range(50)]
    assert seen == sorted(seen)


def test_the_system_clock_tells_the_machines_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_fake_clock_stands_still_until_it_is_told() -> None:
    clock = FakeClock(START)
    assert clock.now() == clock.now() == START
    clock.advance(timedelta(hours=2))
    assert clock.now() == START + timedelta(hours=2)
    clock.advance(timedelta(0))
    assert clock.now() == START + timedelta(hours=2)


def test_a_fake_clock_refuses_what_no_clock_does() -> None:
    with pytest.raises(ValueError, match="aware"):
        FakeClock(datetime(2026, 11, 22, 2, 0))
    clock = FakeClock(START)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(timedelta(microseconds=-1))
    assert clock.now() == START


def test_a_fake_clock_takes_any_zone_and_tells_utc() -> None:
    clock = FakeClock(datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=8))))
    assert (clock.now(), clock.now().tzinfo) == (START, UTC)


def test_moments_are_shown_as_the_citys_clocks_show_them() -> None:
    assert iso(START) == "2026-11-22T10:00:00+08:00"
    assert to_city(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)).date().isoformat() == "2026-11-22"


@given(MOMENTS)
def test_a_shown_moment_is_read_back_as_the_same_moment(moment: datetime) -> None:
    assert to_city(moment) == moment
    assert datetime.fromisoformat(iso(moment)) == moment.replace(microsecond=0)
