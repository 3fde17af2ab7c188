"""A unit's account sees and does what concerns its own cases, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cases.lifecycle import Deed, Order, Part
from cases.models import CaseKind, Location, NewCase
from console.door import CSRF_HEADER
from console.models import Role
from console.testing import Page, World, build_world
from conversations.models import Incoming
from hotline.audit import BOT
from tests.unit.test_console_cases import DHM, OTHER_TEAM, TEAM, picture, text_of

PHONE, NAME = "13812345678", "刘大明"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await build_world(tmp_path)
    for login, name in (("dhm", TEAM), ("tt", OTHER_TEAM)):
        unit = (await world.context.dispatching.book()).unit(name)
        assert unit is not None
        await world.add(login, Role.UNIT, login, unit.id)
    yield world
    await world.close()


@pytest.fixture
async def stranger(world: World) -> Page:
    """The account of a unit that has no case."""
    return await world.log_in("tt")


@pytest.fixture
async def number(world: World) -> str:
    """A case that was sent to the other unit, with a picture of the resident's."""
    talk = await world.open("我要举报")
    kept = await world.context.media.keep_image(talk, "a.jpg", picture())
    incoming = Incoming("p", "", attachment_ids=(kept.id,))
    await world.context.conversations.accept(talk, incoming)
    new = NewCase(
        "k", CaseKind.REPORT, "06029", f"摆烧烤摊，我电话{PHONE}", DHM, phone=PHONE,
        contact_name=NAME, conversation_id=talk, attachment_ids=(kept.id,),
    )  # fmt: skip
    case = await world.context.cases.file(new, BOT)
    for version, deed in enumerate((Deed.FILE, Deed.DISPATCH), 1):
        order = Order(deed, version, unit_name=TEAM)
        await world.context.workflow.act(case.case_number, order, BOT, Part.DESK)
    return case.case_number


async def test_another_units_case_is_not_found(world: World, stranger: Page, number: str) -> None:
    (attachment,) = (await world.context.cases.get(number)).attachment_ids
    assert number not in await text_of(stranger, "/console/unit")
    path = f"/console/unit/cases/{number}"
    picture_path = f"{path}/attachments/{attachment}"
    for address in (path, picture_path, f"{picture_path}?size=small", f"{path}/photos/{'0' * 32}"):
        await text_of(stranger, address, 404)
    own = await world.log_in("dhm")
    await text_of(own, path)
    assert (await own.client.get(picture_path)).status == 200
    assert (await own.client.get(f"{picture_path}?size=small")).content_type == "image/jpeg"


@pytest.mark.parametrize("deed", ["start", "report", "return", "extend", "defer", "resume"])
async def test_another_units_case_is_not_moved(
    world: World, stranger: Page, number: str, deed: str
) -> None:
    before = await world.context.cases.get(number)
    answer = await stranger.submit(
        f"/console/unit/cases/{number}/steps",
        deed=deed, version=str(before.version), note="抢单", until="2027-01-01T00:00",
    )  # fmt: skip
    assert answer.status == 404
    assert await world.context.cases.get(number) == before


async def test_photos_are_not_added_to_another_units_case(
    world: World, stranger: Page, number: str
) -> None:
    answer = await stranger.client.post(
        f"/console/api/unit/cases/{number}/photos",
        data=picture(),
        headers={CSRF_HEADER: stranger.csrf},
    )
    assert answer.status == 404
    assert not await world.context.photos.of(number)


async def test_a_photo_is_not_fetched_through_another_case(world: World, number: str) -> None:
    own = await world.log_in("dhm")
    new = NewCase("b", CaseKind.REPORT, "06029", "另一件", Location("别处"))
    other = (await world.context.cases.file(new, BOT)).case_number
    for version, deed in enumerate((Deed.FILE, Deed.DISPATCH), 1):
        order = Order(deed, version, unit_name=OTHER_TEAM)
        await world.context.workflow.act(other, order, BOT, Part.DESK)
    await own.client.post(
        f"/console/api/unit/cases/{number}/photos",
        data=picture(),
        headers={CSRF_HEADER: own.csrf},
    )
    (photo,) = await world.context.photos.of(number)
    stranger = await world.log_in("tt")
    await text_of(stranger, f"/console/unit/cases/{other}/photos/{photo.id}", 404)


@pytest.mark.parametrize(
    "deed", ["file", "dispatch", "check", "close", "void", "rework", "reopen", "merge", "grade"]
)
async def test_a_unit_does_not_do_the_desks_work_on_its_own_case(
    world: World, number: str, deed: str
) -> None:
    own = await world.log_in("dhm")
    before = await world.context.cases.get(number)
    answer = await own.submit(
        f"/console/unit/cases/{number}/steps", deed=deed, version=str(before.version),
        note="自己结案", unit_name=OTHER_TEAM, urgency="normal", into=number,
    )  # fmt: skip
    assert answer.status == 409
    assert await world.context.cases.get(number) == before


async def test_a_return_is_asked_for_and_not_taken(world: World, number: str) -> None:
    own = await world.log_in("dhm")
    version = str((await world.context.cases.get(number)).version)
    await own.submit(
        f"/console/unit/cases/{number}/steps", deed="return", version=version, note="不归我管"
    )
    assert (await world.context.cases.get(number)).unit_name == TEAM
    ruling = await own.submit(f"/console/cases/{number}/requests/1", ruling="approve")
    assert ruling.status == 403


async def test_the_desk_the_lists_and_the_tables_are_shut_for_units(
    world: World, stranger: Page, number: str
) -> None:
    talk = (await world.context.cases.get(number)).conversation_id
    for path in (
        "cases", f"cases/{number}", f"conversations/{talk}", "lists", "kb", "places", "operators",
        "limits", "units", "units/1", "units/export/csv", "dispatch", "areas", "workdays",
        "reminders", "api/me", f"api/conversations/{talk}/entries", "calls",
    ):  # fmt: skip
        answer = await stranger.client.get(f"/console/{path}")
        assert answer.status in (403, 404), path


async def test_a_units_page_tells_nothing_of_the_person(world: World, number: str) -> None:
    own = await world.log_in("dhm")
    page = await text_of(own, f"/console/unit/cases/{number}")
    for secret in (PHONE, NAME, "刘**"):
        assert secret not in page
    assert "摆烧烤摊" in page
