"""When a case is due: which limit fits, and what a day counts as."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.categories import DATA
from cases.clocks import (
    UNIT_NAMES,
    add_time,
    choose_limit,
    compute_due,
    compute_warning,
    count_time,
    find_clocks,
    is_working_day,
    name_limit,
)
from cases.lifecycle import OVER
from cases.models import CaseKind, CaseStatus, ClockName, Limit
from cases.sheet_list import LIMITS
from cases.sheets import Known
from hotline.clock import CITY_ZONE, to_city
from hotline.tables import read_rows

FILED = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))


def limit(
    amount: int,
    unit: str,
    prefix: str = "",
    urgency: str = "",
    area: str = "",
    clock: ClockName = ClockName.CASE,
) -> Limit:
    return Limit(clock, prefix, urgency, area, amount, unit, "本部署设定", "2026-11-22")


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

GENERAL, NOISE, FUMES, URGENT, URGENT_NOISE, CORE_FUMES, SENDING = (
    limit(7, "days"),
    limit(3, "days", "06"),
    limit(1, "days", "06029"),
    limit(2, "hours", urgency="critical"),
    limit(1, "hours", "06", urgency="critical"),
    limit(4, "hours", "06029", area="A"),
    limit(24, "hours", clock=ClockName.DISPATCH),
)
EVERY = [GENERAL, NOISE, FUMES, URGENT, URGENT_NOISE, CORE_FUMES, SENDING]


@pytest.mark.parametrize(
    ("category", "urgency", "area", "expected"),
    [
        ("06029", "normal", None, FUMES),
        ("06029", "normal", "A", CORE_FUMES),
        ("06029", "normal", "C", FUMES),
        ("06027", "normal", "A", NOISE),
        ("09012", "normal", None, GENERAL),
        (None, "normal", None, GENERAL),
        ("09012", "critical", None, URGENT),
        ("06029", "critical", "A", URGENT_NOISE),
        (None, "critical", None, URGENT),
        ("06029", "urgent", None, FUMES),  # no row for this degree
    ],
)
def test_the_most_exact_limit_wins_and_danger_before_it(
    category: str | None, urgency: str, area: str | None, expected: Limit
) -> None:
    for limits in (EVERY, EVERY[::-1]):
        assert choose_limit(limits, ClockName.CASE, category, urgency, area) == expected


def test_every_step_has_limits_of_its_own() -> None:
    assert choose_limit(EVERY, ClockName.DISPATCH, "06029", "critical", "A") == SENDING
    assert choose_limit(EVERY, ClockName.CHECK, "06029", "normal", None) is None


def test_in_danger_an_ordinary_limit_is_better_than_none() -> None:
    assert choose_limit([GENERAL], ClockName.CASE, "06029", "critical", None) == GENERAL


# --- which clocks are there -------------------------------------------------------------------


def test_a_case_that_is_over_has_no_clock_and_every_other_its_whole_one() -> None:
    for status in CaseStatus:
        clocks = find_clocks(status, CaseKind.REPORT)
        assert bool(clocks) is (status not in OVER)
        assert (ClockName.CASE in clocks) is (status not in OVER)


def test_messages_need_neither_be_filed_nor_dispatched() -> None:
    assert find_clocks(CaseStatus.ACCEPTED, CaseKind.PRAISE) == {ClockName.CASE}


# --- counting and adding back -----------------------------------------------------------------


@given(filed=FILED, hours=st.integers(1, 200), unit=st.sampled_from(list(UNIT_NAMES)))
def test_what_was_added_is_counted_again(filed: datetime, hours: int, unit: str) -> None:
    left = timedelta(hours=hours)
    assert count_time(filed, add_time(filed, left, unit), unit) == left


@given(filed=FILED, amount=st.integers(1, 20), unit=st.sampled_from(list(UNIT_NAMES)))
def test_a_warning_comes_before_the_end(filed: datetime, amount: int, unit: str) -> None:
    ends = compute_due(filed, limit(amount, unit))
    assert filed <= compute_warning(filed, ends, unit) <= ends


def test_four_fifths_of_the_working_hours_have_gone_by_when_it_is_warned() -> None:
    start = city("2025-11-21 16:00").astimezone(UTC)  # a Friday
    ends = compute_due(start, limit(10, "working_hours"))
    assert to_city(compute_warning(start, ends, "working_hours")) == city("2025-11-24 15:00")


def test_a_limit_is_named_as_residents_say_it() -> None:
    names = [name_limit(limit(2, unit)) for unit in UNIT_NAMES]
    assert names == ["2 小时", "2 天", "2 个工作日", "2 个工作时"]


# --- the shipped rows ------------------------------------------------------------------------


def shipped() -> list[Limit]:
    rows = read_rows("limits.csv", (DATA / "limits.csv").read_bytes(), ["环节", "时限"])
    titles = {column.title: column.name for column in LIMITS.fields}
    nobody = Known(frozenset(), frozenset())
    cells = [{titles[key]: cell for key, cell in row.cells.items()} for row in rows]
    return [Limit(**LIMITS.read(each, nobody)) for each in cells]


def test_every_shipped_limit_is_read_and_every_case_has_one_for_every_step() -> None:
    limits = shipped()
    for clock in ClockName:
        for urgency in ("normal", "urgent", "critical"):
            assert choose_limit(limits, clock, None, urgency, None) is not None
    assert all(each.amount > 0 and "国家标准" not in each.source for each in limits)
    assert all(date.fromisoformat(each.reviewed_on) for each in limits)


@pytest.mark.parametrize(
    ("category", "urgency", "hours"),
    [
        (None, "critical", 1),
        ("90008", "normal", 2),
        ("90014", "normal", 2),
        ("06029", "normal", 24),
    ],
)
def test_dispatching_takes_what_the_local_standard_allows(
    category: str | None, urgency: str, hours: int
) -> None:
    limits = shipped()
    found = choose_limit(limits, ClockName.DISPATCH, category, urgency, None)
    assert found is not None
    assert (found.amount, found.unit) == (hours, "hours")
    assert "DB11/T 2021-2022" in found.source


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
