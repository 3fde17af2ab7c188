"""Units, special areas and dispatch rules in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cases import store
from cases.dispatch import Book, Mode, Rule, SpecialArea, Unit, UnitKind
from hotline.clock import to_city
from hotline.db import Base


class UnitRow(Base):
    """A unit that handles cases."""

    __tablename__ = "case_units"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    parent_name: Mapped[str] = mapped_column(String(64), default="")
    district_code: Mapped[str] = mapped_column(String(12), default="")
    subdistrict_code: Mapped[str] = mapped_column(String(12), default="")
    categories: Mapped[list[Any]]
    contact_name: Mapped[str] = mapped_column(String(64), default="")
    contact_phone: Mapped[str] = mapped_column(String(64), default="")
    duty_hours: Mapped[str] = mapped_column(String(16), default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(Text, default="")
    reviewed_on: Mapped[str] = mapped_column(String(10), default="")
    enabled: Mapped[bool] = mapped_column(default=True)

    def to_unit(self) -> Unit:
        """The row as the plain type."""
        return Unit(
            self.id,
            self.name,
            UnitKind(self.kind),
            self.parent_name,
            self.district_code,
            self.subdistrict_code,
            tuple(self.categories),
            self.contact_name,
            self.contact_phone,
            self.duty_hours,
            self.is_default,
            self.source,
            self.reviewed_on,
            self.enabled,
        )


class SpecialAreaRow(Base):
    """A special area (特殊区域) or the class of a subdistrict."""

    __tablename__ = "case_areas"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    district_code: Mapped[str] = mapped_column(String(12), default="")
    subdistrict_code: Mapped[str] = mapped_column(String(12), default="")
    words: Mapped[list[Any]]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    radius_m: Mapped[int] = mapped_column(default=0)
    area_class: Mapped[str] = mapped_column(String(1), default="")
    source: Mapped[str] = mapped_column(Text, default="")
    reviewed_on: Mapped[str] = mapped_column(String(10), default="")

    def to_area(self) -> SpecialArea:
        """The row as the plain type."""
        return SpecialArea(
            self.id,
            self.name,
            self.district_code,
            self.subdistrict_code,
            tuple(self.words),
            self.lat,
            self.lon,
            self.radius_m,
            self.area_class,
            self.source,
            self.reviewed_on,
        )


class DispatchRuleRow(Base):
    """A dispatch rule (派遣规则)."""

    __tablename__ = "case_dispatch_rules"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    priority: Mapped[int]
    mode: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(64))
    categories: Mapped[list[Any]]
    district_code: Mapped[str] = mapped_column(String(12), default="")
    subdistrict_code: Mapped[str] = mapped_column(String(12), default="")
    area_name: Mapped[str] = mapped_column(String(64), default="")
    days: Mapped[str] = mapped_column(String(8), default="")
    hours: Mapped[str] = mapped_column(String(16), default="")
    helpers: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(Text, default="")
    reviewed_on: Mapped[str] = mapped_column(String(10), default="")
    enabled: Mapped[bool] = mapped_column(default=True)

    def to_rule(self) -> Rule:
        """The row as the plain type."""
        return Rule(
            self.id,
            self.name,
            self.priority,
            Mode(self.mode),
            self.target,
            tuple(self.categories),
            self.district_code,
            self.subdistrict_code,
            self.area_name,
            self.days,
            self.hours,
            tuple(self.helpers),
            self.source,
            self.reviewed_on,
            self.enabled,
        )


async def read_book(session: AsyncSession, now: datetime) -> Book:
    """All that dispatching goes by, as it stands."""
    rules = await session.scalars(select(DispatchRuleRow).order_by(DispatchRuleRow.id))
    units = await session.scalars(select(UnitRow).order_by(UnitRow.id))
    areas = await session.scalars(select(SpecialAreaRow).order_by(SpecialAreaRow.id))
    return Book(
        [row.to_rule() for row in rules],
        [row.to_unit() for row in units],
        [row.to_area() for row in areas],
        await store.own_workdays(session, to_city(now).date()),
    )


async def find_unit(session: AsyncSession, name: str) -> UnitRow | None:
    """The unit with this name that can be sent to."""
    return await session.scalar(
        select(UnitRow).where(UnitRow.name == name, UnitRow.enabled.is_(True))
    )


CLASSED = select(SpecialAreaRow.__table__).where(SpecialAreaRow.__table__.c.area_class != "")


def to_classed(rows: Iterable[Mapping[str, Any]]) -> Book:
    """Rows of CLASSED: only what tells the class of an area."""
    return Book(areas=[SpecialArea(**{**row, "words": tuple(row["words"])}) for row in rows])
