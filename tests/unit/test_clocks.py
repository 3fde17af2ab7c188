"""When a case is due: which limit fits, and what a day counts as."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.categories import DATA, load_categories
from cases.clocks import UNIT_NAMES, choose_limit, compute_due, is_working_day, name_limit
from cases.models import Limit
from hotline.clock import CITY_ZONE, to_city

FILED = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))


def limit(amount: int, unit: str, prefix: str = "", emergency: bool = False) -> Limit:
    return Limit(prefix, emergency, amount, unit, "本部署设定", "2026-11-22")


def city(text: str) -> datetime:
    """A moment as the city's clocks show it."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE)


def due(filed: str, amount: int, unit: str = "working_days") -> str:
    moment = compute_due(city(filed).astimezone(UTC), limit(amount, unit))
    return to_city(moment).strftime("%Y-%m-%d %H:%M")


# --- natural time ----------------------------------------------------------------------------


def test_hours_and_days_run_through_nights_and_holidays() -> None:
    assert due("2025-09-30 23:30", 2, "hours") == "2025-10-01 01:30"
    assert due("2025-09-30 23:30", 7, "days") == "2025-10-07 23:30"
    assert due("2026-02-26 09:00", 7, "days") == "2026-03-05 09:00"


@given(filed=FILED, amount=st.integers(0, 1000), unit=st.sampled_from(["hours", "days"]))
def test_natural_time_is_added_exactly(filed: datetime, amount: int, unit: str) -> None:
    moment = compute_due(filed, limit(amount, unit))
    assert moment - filed == timedelta(**{unit: amount})
    assert moment.tzinfo is UTC


# --- working days ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        # 2025: the holiday of National Day and Mid-Autumn, 1 to 8 October
        ("2025-09-27", False),
        ("2025-09-28", True),  # a Sunday made up
        ("2025-09-30", True),
        ("2025-10-01", False),
        ("2025-10-08", False),
        ("2025-10-09", True),
        ("2025-10-11", True),  # a Saturday made up
        ("2025-10-12", False),
        # 2026: 1 to 7 October
        ("2026-09-20", True),  # a Sunday made up
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday made up
        ("2026-10-11", False),
        # a year whose calendar is not published yet counts Monday to Friday
        ("2035-10-01", True),
        ("2035-10-06", False),
    ],
)
def test_the_city_works_on_working_days_and_made_up_ones(day: str, works: bool) -> None:
    assert is_working_day(city(f"{day} 12:00")) is works


def test_the_day_is_the_citys_day_not_utcs() -> None:
    # 16:30 on 30 September in UTC is already the holiday in the city
    assert not is_working_day(datetime(2025, 9, 30, 16, 30, tzinfo=UTC))
    assert is_working_day(datetime(2025, 10, 8, 16, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("filed", "amount", "expected"),
    [
        ("2026-11-20 15:00", 1, "2026-11-23 15:00"),  # over a weekend
        ("2026-11-21 10:00", 1, "2026-11-23 10:00"),  # filed on a Saturday
        ("2025-09-26 10:00", 1, "2025-09-28 10:00"),  # the made-up Sunday counts
        ("2025-09-30 10:00", 1, "2025-10-09 10:00"),  # over the holiday of 2025
        ("2025-09-30 10:00", 3, "2025-10-11 10:00"),  # the made-up Saturday counts
        ("2026-09-30 10:00", 1, "2026-10-08 10:00"),  # over the holiday of 2026
        ("2026-09-30 10:00", 3, "2026-10-10 10:00"),
        ("2026-10-09 10:00", 2, "2026-10-12 10:00"),
        ("2026-12-31 10:00", 1, "2027-01-01 10:00"),  # not published yet: a Friday counts
        ("2026-11-20 15:00", 0, "2026-11-20 15:00"),
    ],
)
def test_working_days_skip_weekends_and_holidays(filed: str, amount: int, expected: str) -> None:
    assert due(filed, amount) == expected


@given(filed=FILED, amount=st.integers(1, 30))
def test_there_are_exactly_so_many_working_days_to_the_end(filed: datetime, amount: int) -> None:
    moment = compute_due(filed, limit(amount, "working_days"))
    assert is_working_day(moment)
    assert to_city(moment).timetz() == to_city(filed).timetz()
    first, last = to_city(filed).date(), to_city(moment).date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    worked = [day for day in days if is_working_day(city(f"{day} 12:00"))]
    assert len(worked) == amount


@pytest.mark.parametrize("unit", ["", "day", "weeks", "工作日", "HOURS"])
def test_an_unknown_unit_is_an_error(unit: str) -> None:
    with pytest.raises(ValueError, match="unknown unit"):
        compute_due(datetime(2026, 1, 5, tzinfo=UTC), limit(1, unit))


# --- which limit -----------------------------------------------------------------------------

GENERAL, NOISE, FUMES, URGENT, URGENT_NOISE = (
    limit(7, "days"),
    limit(3, "days", "06"),
    limit(1, "days", "06029"),
    limit(2, "hours", emergency=True),
    limit(1, "hours", "06", emergency=True),
)
EVERY = [GENERAL, NOISE, FUMES, URGENT, URGENT_NOISE]


@pytest.mark.parametrize(
    ("category", "emergency", "expected"),
    [
        ("06029", False, FUMES),
        ("06027", False, NOISE),
        ("09012", False, GENERAL),
        (None, False, GENERAL),
        ("09012", True, URGENT),
        ("06029", True, URGENT_NOISE),
        (None, True, URGENT),
    ],
)
def test_the_most_exact_limit_wins_and_danger_before_it(
    category: str | None, emergency: bool, expected: Limit
) -> None:
    assert choose_limit(EVERY, category, emergency) == expected
    assert choose_limit(reversed(EVERY), category, emergency) == expected


def test_without_a_fitting_limit_there_is_none() -> None:
    assert choose_limit([], "06029", True) is None
    assert choose_limit([FUMES, URGENT], "09012", False) is None


def test_in_danger_an_ordinary_limit_is_better_than_none() -> None:
    assert choose_limit([GENERAL], "06029", True) == GENERAL


def test_a_limit_is_named_as_residents_say_it() -> None:
    names = [name_limit(limit(2, unit)) for unit in UNIT_NAMES]
    assert names == ["2 小时", "2 天", "2 个工作日", "2 个工作时"]


# --- the shipped rows ------------------------------------------------------------------------


def test_every_shipped_limit_has_a_known_unit_a_category_a_source_and_a_review_date() -> None:
    with (DATA / "limits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert row["unit"] in UNIT_NAMES
        assert int(row["amount"]) > 0
        assert row["emergency"] in ("0", "1")
        assert any(code.startswith(row["category_prefix"]) for code in load_categories())
        assert row["source"].strip()
        date.fromisoformat(row["reviewed_on"])
    fitting = {(row["category_prefix"], row["emergency"]) for row in rows}
    assert fitting >= {("", "0"), ("", "1")}  # every case has a limit, in danger and without


# --- working hours and the deployment's own days -----------------------------------------------


@pytest.mark.parametrize(
    ("filed", "hours", "ends"),
    [
        ("2025-11-20 10:00", 4, "2025-11-20 14:00"),
        ("2025-11-20 16:00", 4, "2025-11-21 11:00"),
        ("2025-11-21 20:00", 4, "2025-11-24 13:00"),  # over a weekend
        ("2025-11-20 03:00", 9, "2025-11-20 18:00"),
        ("2025-09-30 17:00", 2, "2025-10-09 10:00"),  # over the holiday
    ],
)
def test_working_hours_stop_at_night_and_on_holidays(filed: str, hours: int, ends: str) -> None:
    assert due(filed, hours, "working_hours") == ends


def test_a_day_of_ones_own_wins_over_the_calendar() -> None:
    own = {date(2027, 2, 8): False, date(2027, 2, 7): True}
    filed = city("2027-02-06 10:00").astimezone(UTC)
    moment = compute_due(filed, limit(2, "working_days"), own)
    assert to_city(moment).date() == date(2027, 2, 9)
