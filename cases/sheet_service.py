"""What can be done with a deployment's own tables: look, change, take a file in, give one out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.categories import DATA
from cases.dispatch import UnitKind
from cases.divisions import load_divisions
from cases.sheet_list import SHEETS, UNITS
from cases.sheets import Known, Sheet
from cases.unit_store import SpecialAreaRow, UnitRow
from hotline.audit import Actor, record_deed
from hotline.clock import Clock
from hotline.db import Base, Database
from hotline.errors import Conflict, InvalidInput, NotFound
from hotline.tables import read_rows, write_csv, write_xlsx

_SHOWN_PROBLEMS = 20
_BY_LAW = (
    "名称由区划名单生成，未逐个核对；2020-07-01 起多数城管处罚权由街道、乡镇行使："
    "《行政处罚法》第二十四条，《北京市街道办事处条例》第十一条第二款、第二十五条，"
    "京政发〔2020〕9 号（二手）"
)
_BY_DISTRICT = "名称由区划名单生成；DB11/T 2021-2022：职责不清的派区政府（据公开资料转述）"
_REVIEWED = "2026-11-29"


class RowNotFound(NotFound):
    """The table has no such row."""

    code = "row_not_found"
    message = "没有这一行，可能已被删除，请刷新后再看。"


class RowTaken(Conflict):
    """Another row has the same key."""

    code = "row_taken"
    message = "已有同样的一行，请直接修改那一行。"


class BadRows(InvalidInput):
    """Rows of a file cannot be taken in; nothing was."""

    code = "bad_rows"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table as pages show it: its id in addresses, and its cells by field name."""

    id: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a file changed."""

    added: int
    changed: int
    removed: int


class Sheets:
    """The use cases around the tables; every change is audited with what stood there before."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def lines(self, sheet: Sheet) -> list[Line]:
        """Every row, oldest first."""
        async with self._db.read() as session:
            return [Line(_id_of(row), sheet.write(row)) for row in await _rows_of(session, sheet)]

    async def get(self, sheet: Sheet, id: str) -> Line:
        """One row; raises RowNotFound."""
        async with self._db.read() as session:
            row = await _find(session, sheet, id)
            return Line(id, sheet.write(row))

    async def save(
        self, sheet: Sheet, id: str | None, cells: Mapping[str, str], actor: Actor
    ) -> None:
        """Add a row, or change the one with this id; raises InvalidInput or RowTaken."""
        async with self._db.write() as session:
            values = sheet.read(cells, await _known(session))
            row = await _find(session, sheet, id) if id is not None else None
            same = await _same_key(session, sheet, values)
            if same is not None and same is not row:
                raise RowTaken
            await _put(session, sheet, row, values, actor, self._clock)

    async def delete(self, sheet: Sheet, id: str, actor: Actor) -> None:
        """Take a row away; units are not deleted but switched off, cases still name them."""
        async with self._db.write() as session:
            row = await _find(session, sheet, id)
            if isinstance(row, UnitRow):
                raise InvalidInput("单位不能删除，工单里还有它的名字；请改为停用。")
            before = sheet.write(row)
            await session.delete(row)
            record_deed(
                session,
                self._clock.now(),
                actor,
                "case_table_changed",
                sheet.name,
                id,
                before=before,
                after=None,
            )

    async def export(self, sheet: Sheet, ending: str) -> bytes:
        """The whole table as csv or xlsx; no cell is a formula."""
        header = [column.title for column in sheet.fields]
        lines = [
            [line.cells[column.name] for column in sheet.fields] for line in await self.lines(sheet)
        ]
        return (write_csv if ending == "csv" else write_xlsx)(header, lines)

    async def take_in(
        self, sheet: Sheet, name: str, data: bytes, actor: Actor, *, replaces: bool = False
    ) -> TakenIn:
        """Rows of a file, all or none; raises BadTable, TooLarge, or BadRows naming every row.

        `replaces`: rows that the file does not have are taken away (units switched off).
        """
        titles = [column.title for column in sheet.fields]
        rows = read_rows(name, data, titles, "、".join(titles[:2]))
        async with self._db.write() as session:
            known = await _known(session)
            if sheet is UNITS:  # a file may name a parent that stands further down
                named = frozenset(row.cells.get("名称", "") for row in rows)
                known = Known(known.units | named, known.areas)
            wanted = _read_all(sheet, [(row.number, row.cells) for row in rows], known)
            present = {_key_of(sheet, row): row for row in await _rows_of(session, sheet)}
            added = changed = removed = 0
            for key, values in wanted.items():
                row = present.get(key)
                if await _put(session, sheet, row, values, actor, self._clock):
                    added, changed = added + (row is None), changed + (row is not None)
            for key, row in present.items() if replaces else ():
                if key not in wanted:
                    removed += 1
                    if isinstance(row, UnitRow):
                        row.enabled = False
                    else:
                        await session.delete(row)
            counts = {"added": added, "changed": changed, "removed": removed}
            now = self._clock.now()
            record_deed(session, now, actor, "case_table_taken_in", sheet.name, "", **counts)
        return TakenIn(added, changed, removed)


async def seed_sheets(session: AsyncSession) -> None:
    """Put the shipped rows in where tables are empty; edited tables are left alone."""
    for sheet in SHEETS.values():
        if not sheet.seed or await session.scalar(select(sheet.table).limit(1)) is not None:
            continue
        if sheet is UNITS:
            session.add_all(default_units())
        data = (DATA / sheet.seed).read_bytes()
        rows = read_rows(sheet.seed, data, [column.title for column in sheet.fields])
        await session.flush()
        known = await _known(session)
        for values in _read_all(sheet, [(row.number, row.cells) for row in rows], known).values():
            session.add(sheet.table(**values))
        await session.flush()


def default_units() -> list[UnitRow]:
    """A team for every subdistrict, as the law has it, and the district above it."""
    return [
        UnitRow(
            name=f"{name}综合行政执法队" if len(code) > 6 else f"{name}人民政府",
            kind=(UnitKind.SUBDISTRICT if len(code) > 6 else UnitKind.DISTRICT).value,
            parent_name=f"{load_divisions()[code[:6]]}人民政府" if len(code) > 6 else "",
            district_code=code[:6],
            subdistrict_code=code if len(code) > 6 else "",
            categories=[],
            is_default=True,
            source=_BY_LAW if len(code) > 6 else _BY_DISTRICT,
            reviewed_on=_REVIEWED,
            enabled=True,
        )
        for code, name in load_divisions().items()
    ]


def _read_all(
    sheet: Sheet, rows: Sequence[tuple[int, Mapping[str, str]]], known: Known
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows' values by key; raises BadRows with every row that is wrong."""
    wanted: dict[tuple[Any, ...], dict[str, Any]] = {}
    problems = []
    for number, cells in rows:
        try:
            named = {column.name: cells.get(column.title, "") for column in sheet.fields}
            values = sheet.read(named, known)
        except InvalidInput as error:
            problems.append(f"第 {number} 行：{error.message}")
            continue
        key = tuple(values[name] for name in sheet.key)
        if key in wanted:
            problems.append(f"第 {number} 行：与前面的一行重复。")
        wanted[key] = values
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        shown = "\n".join(problems[:_SHOWN_PROBLEMS])
        rest = f"\n还有 {more} 行。" if more > 0 else ""
        raise BadRows(f"有 {len(problems)} 行不能导入，整个文件都没有导入：\n{shown}{rest}")
    return wanted


async def _put(
    session: AsyncSession,
    sheet: Sheet,
    row: Base | None,
    values: Mapping[str, Any],
    actor: Actor,
    clock: Clock,
) -> bool:
    """Add or change one row; returns whether anything is different now."""
    before = sheet.write(row) if row is not None else None
    if row is None:
        row = sheet.table(**values)
        session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    after = sheet.write(row)
    if before == after:
        return False
    await session.flush()
    record_deed(
        session,
        clock.now(),
        actor,
        "case_table_changed",
        sheet.name,
        _id_of(row),
        before=before,
        after=after,
    )
    return True


async def _rows_of(session: AsyncSession, sheet: Sheet) -> Sequence[Base]:
    key = inspect(sheet.table).primary_key[0]
    return (await session.scalars(select(sheet.table).order_by(key))).all()


async def _find(session: AsyncSession, sheet: Sheet, id: str) -> Base:
    numbered = "id" in sheet.table.__table__.columns
    if numbered and not (id.isascii() and id.isdecimal() and len(id) < 10):
        raise RowNotFound
    row = await session.get(sheet.table, int(id) if numbered else id[:10])
    if row is None:
        raise RowNotFound
    return row


async def _same_key(session: AsyncSession, sheet: Sheet, values: Mapping[str, Any]) -> Base | None:
    same = [getattr(sheet.table, name) == values[name] for name in sheet.key]
    found: Base | None = await session.scalar(select(sheet.table).where(*same).limit(1))
    return found


async def _known(session: AsyncSession) -> Known:
    units = await session.scalars(select(UnitRow.name).where(UnitRow.enabled.is_(True)))
    areas = await session.scalars(select(SpecialAreaRow.name))
    return Known(frozenset(units), frozenset(areas))


def _key_of(sheet: Sheet, row: Base) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in sheet.key)


def _id_of(row: Base) -> str:
    (key,) = inspect(type(row)).primary_key
    return str(getattr(row, key.name))
