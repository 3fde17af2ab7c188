"""What is counted, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cases.models import CaseStatus
from cases.statistics import FIELDS, RATES, ClockTimes, Facts, add_up, suppress, work_out

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def clock(name: str, due: int, stopped: int | None, *, paused: bool = False) -> ClockTimes:
    """A clock of ten days; `due` and `stopped` in days from now."""
    end = None if stopped is None else NOW + stopped * DAY
    return ClockTimes(name, NOW + (due - 10) * DAY, NOW + due * DAY, end, paused)


def case(
    status: str = "evaluated",
    call_back: dict[str, bool] | None = None,
    clocks: tuple[ClockTimes, ...] = (),
    steps: tuple[tuple[str | None, str], ...] = (),
    unit: str = "甲队",
) -> Facts:
    """A case with what matters here."""
    return Facts({"total": "", "unit": unit}, CaseStatus(status), call_back, clocks, steps)


def test_rates_are_what_their_formulas_say() -> None:
    yes = {"contacted": True, "solved": True, "satisfied": True}
    cases = [
        case(call_back=yes, clocks=(clock("case", -2, -3), clock("handle", -2, -3))),
        case(call_back={**yes, "satisfied": False}, clocks=(clock("case", -5, 0),)),  # half late
        case(call_back={"contacted": False}, steps=(("rework", "handling"),) * 2),
        case("closed", clocks=(clock("case", -20, 0),)),  # two limits late
        case("handling", clocks=(clock("handle", -1, None), clock("case", 5, None))),
        case("voided"),
        case("filed", steps=(("return", "filed"), ("defer", "handling"))),
        case(
            "deferred",
            clocks=(clock("case", -1, None, paused=True),),
            steps=(("defer", "deferred"),),
        ),
    ]
    figures = add_up(cases, NOW)[("total", "")]
    assert {name: figures[name] for name in ("registered", "open", "closed", "voided")} == {
        "registered": 8,
        "open": 3,
        "closed": 4,
        "voided": 1,
    }
    rates = work_out(figures)
    assert rates["response"] == pytest.approx(2 / 3)
    assert rates["solution"] == pytest.approx(2 / 3)
    assert rates["satisfaction"] == pytest.approx(1 / 3)
    assert rates["call_back"] == pytest.approx(3 / 4)
    assert rates["timely_case"] == pytest.approx(1 / 3)
    assert rates["timely_handle"] == pytest.approx(1 / 2)  # the one that runs late counts
    assert rates["lateness"] == pytest.approx((0.5 + 2.0) / 2)
    assert rates["rework"] == pytest.approx(1 / 8)
    assert rates["return"] == pytest.approx(1 / 8)
    assert rates["deferral"] == pytest.approx(1 / 8)  # a request for one does not count
    assert rates["timely_file"] is None


def test_sums_are_kept_apart_by_key() -> None:
    sums = add_up([case(), case(unit="乙队"), case(unit="乙队")], NOW)
    assert sums[("unit", "甲队")]["registered"] == 1
    assert sums[("unit", "乙队")]["registered"] == 2
    assert sums[("total", "")]["registered"] == 3


def test_every_rate_is_made_of_kept_fields_and_has_a_formula() -> None:
    for rate in RATES:
        assert {rate.above, rate.below} <= set(FIELDS)
        assert "÷" in rate.formula


def test_small_numbers_are_not_published() -> None:
    figures = {"registered": 4, "closed": 9, "called_back": 9, "solved": 9}
    counts, rates = suppress(figures)
    assert counts == {"registered": None, "closed": 9, "called_back": 9}
    assert rates["solution"] is None
    counts, rates = suppress({**figures, "called_back": 10})
    assert rates["solution"] == pytest.approx(0.9)
