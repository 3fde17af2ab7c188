"""Places on both databases: a file is looked at, taken in, found, taken back; processes agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hotline.audit import Actor
from hotline.clock import FakeClock
from hotline.db import Database
from kb.place_files import Usual
from kb.place_service import AlreadyDecided, ImportNotFound, NotUndoable, Places
from kb.places import PlaceKind, Where

ANNA = Actor("operator", "anna", "安娜")
USUAL = Usual(PlaceKind.MARKET, "测试")
EAST = Where(district="东城区")


@pytest.fixture
async def places(db: Database, clock: FakeClock) -> AsyncIterator[Places]:
    opened = Places(db, clock, refresh_seconds=0.05)
    await opened.start()
    yield opened
    await opened.stop()


def table(*names: str, hours: str = "6:00-19:00") -> bytes:
    rows = [f"{name},{name}路1号,东城区,{hours}" for name in names]
    return "\n".join(["名称,地址,区,营业时间", *rows]).encode()


async def take_in(places: Places, data: bytes, *, replaces: bool = False) -> int:
    preview = await places.preview("m.csv", data, USUAL, ANNA, replaces=replaces)
    await places.confirm(preview.id, ANNA)
    return preview.id


def names(places: Places) -> list[str]:
    return [near.place.name for near in places.find([PlaceKind.MARKET], EAST).places]


async def test_a_preview_changes_nothing(places: Places) -> None:
    preview = await places.preview("m.csv", table("甲", "乙"), USUAL, ANNA)
    assert (preview.added, preview.changed, preview.removed) == (2, 0, 0)
    await places.refresh()
    assert names(places) == []
    assert not places.has([PlaceKind.MARKET])


async def test_an_import_adds_and_changes(places: Places) -> None:
    await take_in(places, table("甲", "乙"))
    assert names(places) == ["甲", "乙"]
    second = await places.preview("m.csv", table("乙", "丙", hours="全天"), USUAL, ANNA)
    assert (second.added, second.changed) == (1, 1)
    await places.confirm(second.id, ANNA)
    assert names(places) == ["甲", "乙", "丙"]


async def test_an_undone_import_leaves_everything_as_it_was(places: Places) -> None:
    await take_in(places, table("甲", "乙"))
    before = list(places.all())
    second = await take_in(places, table("乙", "丙", hours="全天"), replaces=True)
    assert names(places) == ["乙", "丙"]
    await places.undo(second, ANNA)
    assert {place.key: place.to_data() for place in places.all()} == {
        place.key: place.to_data() for place in before
    }
    assert [each.state for each in await places.recent_imports()] == ["undone", "done"]


async def test_imports_are_undone_from_the_last_on(places: Places) -> None:
    first = await take_in(places, table("甲"))
    second = await take_in(places, table("乙"))
    with pytest.raises(NotUndoable):
        await places.undo(first, ANNA)
    await places.undo(second, ANNA)
    await places.undo(first, ANNA)
    assert names(places) == []
    with pytest.raises(NotUndoable):
        await places.undo(first, ANNA)


async def test_an_import_is_decided_once(places: Places) -> None:
    taken = await take_in(places, table("甲"))
    with pytest.raises(AlreadyDecided):
        await places.confirm(taken, ANNA)
    dropped = await places.preview("m.csv", table("乙"), USUAL, ANNA)
    await places.drop(dropped.id)
    with pytest.raises(AlreadyDecided):
        await places.confirm(dropped.id, ANNA)
    with pytest.raises(ImportNotFound):
        await places.get_import(999_999)


async def test_two_processes_agree_within_a_second(
    places: Places, db: Database, clock: FakeClock
) -> None:
    other = Places(db, clock, refresh_seconds=0.05)
    await other.start()
    try:
        await take_in(places, table("甲"))
        async with asyncio.timeout(1):
            while names(other) != ["甲"]:
                await asyncio.sleep(0.01)
    finally:
        await other.stop()
