"""Figures in the database, the API, the page, and the files of open data."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from sqlalchemy import func, select

from cases.lifecycle import Answers, Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from cases.service import Cases
from cases.statistics_service import Period, Statistics
from cases.statistics_store import FIGURES
from cases.workflow import Workflow
from console.models import Role
from hotline.api_keys import Scope
from hotline.app import Product
from hotline.audit import SYSTEM
from hotline.clock import FakeClock, to_city
from hotline.db import Database
from hotline.limits import LocalLimiter
from hotline.privacy import Vault
from tests.contract.test_cases_api import key_of
from tests.product import (
    Client,
    bot,
    client,
    first_articles,
    product,
    settings,
)
from tests.security.test_api_attacks import log_in


async def file(cases: Cases, key: str, district: str = "110108") -> str:
    """A filed case's number."""
    place = Location("样例路1号", district_code=district)
    new = NewCase(key, CaseKind.COMPLAINT, "06029", "油烟", place)
    return (await cases.file(new, SYSTEM)).case_number


async def finish(workflow: Workflow, cases: Cases, number: str, answers: Answers) -> None:
    """Take a case to its call-back."""
    for deed in (Deed.FILE, Deed.DISPATCH, Deed.START, Deed.REPORT, Deed.CHECK, Deed.CLOSE):
        version = (await cases.get(number)).version
        order = Order(deed, version, "样例", unit_name="东城区东华门街道综合行政执法队")
        await workflow.act(number, order, SYSTEM, Part.SUPERVISOR)
    version = (await cases.get(number)).version
    order = Order(Deed.CALL_BACK, version, "样例", answers=answers)
    await workflow.act(number, order, SYSTEM, Part.SUPERVISOR)


def today(clock: FakeClock) -> Period:
    """The day of the clock."""
    day = to_city(clock.now()).date()
    return Period(day - timedelta(days=29), day)


async def test_only_days_that_changed_are_counted_anew(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter
) -> None:
    cases, workflow, counting = (
        Cases(db, clock, vault, limiter),
        Workflow(db, clock),
        Statistics(db, clock),
    )
    numbers = [await file(cases, f"{nth}") for nth in range(3)]
    clock.advance(timedelta(days=1))
    await file(cases, "later", "110105")
    clock.advance(timedelta(hours=1))
    assert await counting.refresh() == 2
    clock.advance(timedelta(hours=1))
    assert await counting.refresh() == 0
    await finish(workflow, cases, numbers[0], Answers(True, True, False))
    clock.advance(timedelta(hours=1))
    assert await counting.refresh() == 1
    (total,) = (await counting.count("total", today(clock))).lines
    assert total.figures["registered"] == 4
    assert total.figures["closed"] == 1
    assert (total.figures["solved"], total.figures["satisfied"]) == (1, 0)
    assert total.figures["on_time_file"] >= 1
    by_unit = {line.name: line for line in (await counting.count("unit", today(clock))).lines}
    assert by_unit["东城区东华门街道综合行政执法队"].figures["called_back"] == 1
    districts = (await counting.count("district", today(clock))).lines
    assert [(line.name, line.figures["registered"]) for line in districts] == [
        ("海淀区", 3),
        ("朝阳区", 1),
    ]
    days = (await counting.count("day", today(clock))).lines
    assert [line.name for line in days] == ["2026-11-22", "2026-11-23"]


async def test_a_limit_that_runs_out_changes_the_figures(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter
) -> None:
    cases, counting = Cases(db, clock, vault, limiter), Statistics(db, clock)
    await file(cases, "a")
    await counting.refresh()
    (total,) = (await counting.count("total", today(clock))).lines
    assert total.figures["due_case"] == 0
    clock.advance(timedelta(days=60))
    assert await counting.refresh() == 1
    period = Period(to_city(clock.now()).date() - timedelta(days=90), to_city(clock.now()).date())
    (total,) = (await counting.count("total", period)).lines
    assert (total.figures["due_case"], total.figures["on_time_case"]) == (1, 0)


async def test_counting_twice_leaves_one_row_a_key(
    db: Database, clock: FakeClock, vault: Vault, limiter: LocalLimiter
) -> None:
    cases, counting = Cases(db, clock, vault, limiter), Statistics(db, clock)
    await file(cases, "a")
    await counting.refresh()
    await file(cases, "b")
    clock.advance(timedelta(minutes=1))
    await counting.refresh()
    async with db.read() as session:
        query = select(func.count()).select_from(FIGURES).where(FIGURES.c.dimension == "total")
        assert await session.scalar(query) == 1


async def test_the_public_figures_hide_small_numbers(client: Client, product: Product) -> None:
    for nth in range(4):
        await file(product.cases, f"{nth}")
    for nth in range(5):
        await file(product.cases, f"b{nth}", "110105")
    await product.statistics.refresh()
    body = await (await client.get("/api/v1/statistics?by=district")).json()
    assert [(line["name"], line["counts"]["registered"]) for line in body["lines"]] == [
        ("朝阳区", 5)
    ]
    assert all(each["formula"] for each in body["formulas"])
    assert (await client.get("/api/v1/statistics?by=unit")).status == 400
    assert (await client.get("/api/v1/statistics?since=2020-01-01")).status == 400


async def test_all_figures_need_a_scope(client: Client, product: Product) -> None:
    await file(product.cases, "a")
    await product.statistics.refresh()
    path = "/api/v1/statistics/cases?by=unit"
    assert (await client.get(path)).status == 401
    headers = await key_of(product, Scope.READ_CASES)
    assert (await client.get(path, headers=headers)).status == 403
    headers = await key_of(product, Scope.READ_STATISTICS)
    body = await (await client.get(path, headers=headers)).json()
    assert body["lines"][0]["counts"]["registered"] == 1


async def test_the_page_shows_every_formula(client: Client, product: Product) -> None:
    await file(product.cases, "a")
    await product.statistics.refresh()
    session = await log_in(product, client, "lina", Role.OPERATOR)
    for by in ("unit", "category", "district", "day", "channel", "major"):
        page = await client.get(f"/console/statistics?by={by}", headers=session)
        text = await page.text()
        assert page.status == 200
        assert "回访中答“已解决”的件数 ÷ 已回访件数" in text
        assert "超时倍数" in text
    bad = await client.get("/console/statistics?since=never", headers=session)
    assert bad.status == 400
    assert "2026-11-22 这样" in await bad.text() or "日期" in await bad.text()


async def test_open_data_tells_size_day_and_downloads(client: Client, product: Product) -> None:
    for nth in range(6):
        await file(product.cases, f"{nth}")
    await product.statistics.refresh()
    files = (await (await client.get("/api/v1/open-data")).json())["files"]
    assert {each["name"] for each in files} == {
        "places.csv",
        "articles.json",
        "categories.csv",
        "statistics.csv",
    }
    for each in files:
        response = await client.get(each["url"])
        assert len(await response.read()) == each["bytes"]
        assert each["downloads"] == 0
        assert each["changed_at"].startswith("2026-11-22")
    again = (await (await client.get("/api/v1/open-data")).json())["files"]
    assert {each["downloads"] for each in again} == {1}
    page = await (await client.get("/open-data")).text()
    assert "下载 1 次" in page
    rows = list(
        csv.reader(
            io.StringIO(
                (await (await client.get("/api/v1/open-data/statistics.csv")).read()).decode(
                    "utf-8-sig"
                )
            )
        )
    )
    assert ["区", "110108", "海淀区", "6"] in [row[:4] for row in rows]
    assert (await client.get("/api/v1/open-data/../hotline.db")).status == 404
    assert (await client.get("/api/v1/open-data/passwords.csv")).status == 404
